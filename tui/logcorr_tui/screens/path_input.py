"""A field for a path. Tab completes as in a shell: to the end that all fitting names share."""

from os.path import commonprefix
from typing import Any, ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import Input

from logcorr_tui.work.path_completion import PathSuggester, candidates


class PathInput(Input):
    """A field whose path is completed by Tab, and by the right arrow to the name that is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="open.complete", show=False, tooltip="Complete the path"),
    ]

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, suggester=PathSuggester(), **more)

    def action_complete(self) -> None:
        """Completes the path as far as it is told. Where there is nothing to complete, Tab goes to the next field."""
        found = candidates(self.value) if self.value and self.cursor_at_end else []
        longest = commonprefix(found)  # noqa: RUF071 - of characters, as in a shell
        if len(longest) <= len(self.value):
            # A name that is whole, or one of several that part here: the shown one is taken.
            longest = found[0] if len(found) > 1 or (found and found[0] != self.value) else ""
        if not longest or longest == self.value:
            raise SkipAction
        self.value = longest
        self.cursor_position = len(longest)
