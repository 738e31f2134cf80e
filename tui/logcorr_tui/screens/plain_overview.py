"""The overview of plain mode: its figures as a list of lines, which a screen reader reads one by one."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from logcorr_tui.look import palette
from logcorr_tui.look.safe_text import plain
from logcorr_tui.state.messages import FindOverRepresented
from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.masthead import Masthead
from logcorr_tui.widgets.overview_lines import Line, lines
from logcorr_tui.widgets.tabs import Tabs

_LOOKS_A_SECOND = 2


class PlainOverviewScreen(Screen[None]):
    """Shows `app.session` as text. Checks twice a second whether the session has changed."""

    CSS_PATH = "plain_overview.tcss"
    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "section(1)", "Next part", id="plain.next", tooltip="To the next heading"),
        Binding("p", "section(-1)", "Part before", id="plain.previous", tooltip="To the heading before"),
        Binding("w", "differs", "Differs", id="plain.differs", tooltip="What differs in the rows of this line"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._seen: tuple[object, ...] = ()
        self._lines: list[Line] = []

    def compose(self) -> ComposeResult:
        yield Masthead(id="masthead")
        yield Tabs("overview", id="tabs")
        yield OptionList(id="lines", compact=True)
        yield FittingFooter()

    def on_mount(self) -> None:
        self.reload()
        self.set_interval(1 / _LOOKS_A_SECOND, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    def _look(self) -> None:
        session = session_of(self)
        if self._seen != (session.run, session.report, session.estimate):
            self.reload()
        self.query_one(Masthead).reload()

    def reload(self) -> None:
        """Shows the session as it is now. The chosen line stays chosen."""
        session = session_of(self)
        self._seen = (session.run, session.report, session.estimate)
        self.query_one(Masthead).reload()
        self.query_one(Tabs).reload()
        found, before = self.query_one("#lines", OptionList), self._chosen
        self._lines = lines(figures(session), session.kind, palette.of(self.app))
        # A figure stands under its heading by two blanks.
        texts = (plain(line.text if line.heading else f"  {line.text}", limit=400) for line in self._lines)
        found.clear_options()
        found.add_options(Option(text) for text in texts)
        same = next((number for number, line in enumerate(self._lines) if line == before), 0)
        found.highlighted = same if self._lines else None

    @property
    def _chosen(self) -> Line | None:
        number = self.query_one("#lines", OptionList).highlighted
        return self._lines[number] if number is not None and number < len(self._lines) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        drill = self._lines[event.option_index].drill
        if drill is None:
            self.notify("No rows stand behind this line.", markup=False)
        else:
            self.post_message(drill)

    def action_section(self, by: int) -> None:
        """Goes to the next or the previous heading."""
        found = self.query_one("#lines", OptionList)
        at = found.highlighted or 0
        headings = [number for number, line in enumerate(self._lines) if line.heading]
        ahead = [number for number in headings if (number > at if by > 0 else number < at)]
        if ahead:
            found.highlighted = ahead[0] if by > 0 else ahead[-1]

    def action_differs(self) -> None:
        """Asks what differs in the rows of the chosen line."""
        drill = self._chosen.drill if self._chosen is not None else None
        if drill is None or session_of(self).run is None:
            self.notify("No rows stand behind this line.", markup=False)
        else:
            self.post_message(FindOverRepresented(drill.view, drill.expression, drill.label))
