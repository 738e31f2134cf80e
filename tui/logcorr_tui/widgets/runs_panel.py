"""The panel of recent runs on the Open screen: a list that can be searched, and from which runs can be removed."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from logcorr.model.errors import LogcorrError
from logcorr.runs.run_folder import RunFolder
from logcorr.text.safe import safe
from logcorr_tui.look.plain_text import hint
from logcorr_tui.state.session import WithRuns
from logcorr_tui.widgets import recent_runs

# The cells of the margins, frame, padding and scroll bar of the list.
_AROUND_LIST = 10
_LEAST_WIDTH = 40
DEMO = "demo"


class RunsPanel(Vertical):
    """The runs, newest first, and the demo last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "find", "Find", id="open.find", tooltip="Find runs by name, logs, day or options"),
        Binding("c", "compare", "Compare", id="open.compare", tooltip="Compare this run with another"),
        Binding("x,delete", "remove", "Remove", id="open.remove", tooltip="Remove this run, after a question"),
    ]

    @dataclass
    class Chosen(Message):
        """A run is to be opened, or the demo is to be made."""

        run: str

    @dataclass
    class Told(Message):
        """Something to tell about the runs, and whether it is an error."""

        text: str
        wrong: bool

    def __init__(self, *, demo: str, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._demo = demo
        self._rows: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield Input(placeholder="a name, a log, a day or an option; Esc shows all", id="search", compact=True)
        yield Static(id="columns")
        yield OptionList(id="runs", compact=True)

    def on_mount(self) -> None:
        self.border_title = "Recent runs"
        self.border_subtitle = hint(self.app, "↑↓ select · ⏎ open · f find · x remove")
        self._search.display = False
        self.draw()

    @property
    def _search(self) -> Input:
        return self.query_one("#search", Input)

    @property
    def options(self) -> OptionList:
        """The list of the runs."""
        return self.query_one("#runs", OptionList)

    @property
    def selected(self) -> str | None:
        """The name of the selected run. None where the demo is selected."""
        chosen = self.options.highlighted_option
        return str(chosen.id) if chosen is not None and chosen.id not in (None, DEMO) else None

    def show(self, rows: list[dict[str, Any]]) -> None:
        """Shows these of `run_rows`."""
        self._rows = rows
        self.draw()

    def draw(self) -> None:
        """Lists the runs that are searched for. The selected run stays selected."""
        found = self.options
        before = found.highlighted_option.id if found.highlighted_option else None
        rows = [row for row in self._rows if recent_runs.holds(row, self._search.value)]
        head, lines = recent_runs.lines(rows, max(self.app.size.width - _AROUND_LIST, _LEAST_WIDTH))
        listed = [Option(line, id=str(row["run"])) for line, row in zip(lines, rows, strict=True)]
        listed.append(Option(Text.assemble(("Demo", "bold"), f"  {self._demo}"), id=DEMO))
        found.clear_options()
        found.add_options(listed)
        ids = [option.id for option in listed]
        usable = next((place for place, row in enumerate(rows) if "error" not in row), 0)
        found.highlighted = ids.index(before) if before in ids and before != DEMO else usable
        head.stylize("dim")
        self.query_one("#columns", Static).update(head if rows else "no run here holds that" if self._rows else "")

    def leave(self) -> bool:
        """Ends a search. Whether there was one."""
        if not self._search.display:
            return False
        self._search.value, self._search.display = "", False
        self.options.focus()
        return True

    def action_find(self) -> None:
        """Goes to the field for the words to search for."""
        self._search.display = True
        # At once, because the next key belongs to the field already.
        self.screen.set_focus(self._search)

    def action_compare(self) -> None:
        """Compares the selected run with another."""
        if self.selected is not None:
            app = cast("WithRuns", self.app)
            app.compare(app.runs / self.selected)

    def action_remove(self) -> None:
        """Removes the selected run, after a question."""
        app, name = cast("WithRuns", self.app), self.selected
        if name is None:
            self.post_message(self.Told("The demo is no run. Select a run to remove.", wrong=True))
        elif app.session.run is not None and app.session.run.place == app.runs / name:
            self.post_message(self.Told("This run is open. Open another one first.", wrong=True))
        else:
            row = next(row for row in self._rows if row["run"] == name)
            logs = ", ".join(file for files in row.get("files", {}).values() for file in files)
            detail = safe(f"{name[:8]} of {logs or 'logs that cannot be told'}. The logs stay.", 200)
            app.ask("Remove this run?", detail, partial(self._remove, name))

    def _remove(self, name: str) -> None:
        _: Worker[None] = self.run_worker(self._removing(name), group="remove")

    async def _removing(self, name: str) -> None:
        from logcorr.runs import remove_runs

        try:
            await asyncio.to_thread(remove_runs.remove, RunFolder(cast("WithRuns", self.app).runs / name))
        except (LogcorrError, OSError) as error:
            self.post_message(self.Told(str(error), wrong=True))
            return
        self.show([row for row in self._rows if row["run"] != name])
        self.post_message(self.Told(f"Run {name[:8]} is removed.", wrong=False))

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        event.stop()
        self.draw()

    @on(Input.Submitted, "#search")
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self.options.focus()

    @on(OptionList.OptionSelected, "#runs")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(self.Chosen(event.option_id))
