"""The live screen: logs that are followed, what is in flight now, and what is overdue, slow and failed lately."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from logcorr.text.quantities import round_duration
from logcorr_tui.look import palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.screens.live_detail import LiveDetailScreen
from logcorr_tui.state.live_alerts import LiveAlerts
from logcorr_tui.state.live_record import LiveTab, Record, came_since, clock_of, count_of, rows_of, tabs_of
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.live.bar import LiveBar
from logcorr_tui.widgets.live.board import LiveBoard
from logcorr_tui.widgets.live.head import LiveHead
from logcorr_tui.widgets.live.live_table import LiveTable
from logcorr_tui.work.follow_words import Follow
from logcorr_tui.work.short_collections import leave_out_present_objects
from logcorr_tui.work.watch_child import LONGEST_WINDOW_S, WatchChild

_WINDOWS_S = (10, 30, 60, 120, 300, 600, 900, 1800, LONGEST_WINDOW_S)
_ROOMY_ROWS = 26


class LiveScreen(Screen[None]):
    """Follows logs in a child process."""

    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "freeze", "Freeze", id="live.freeze", tooltip="Hold the screen still; counting goes on"),
        Binding("plus", "widen(1)", "Longer", key_display="+", id="live.longer", tooltip="A longer window"),
        Binding("minus", "widen(-1)", "Shorter", key_display="-", id="live.shorter", tooltip="A shorter window"),
        Binding("escape", "go_on", "Go on", id="live.go_on", tooltip="Show the present again", show=False),
        Binding("tab", "turn(1)", "Next table", id="live.next", tooltip="The next table", show=False),
        Binding("shift+tab", "turn(-1)", "Table before", id="live.previous", tooltip="The table before", show=False),
        *(
            Binding(str(number), f"table({number})", f"Table {number}", id=f"live.table{number}",
                    tooltip=f"Table {number}", show=False)
            for number in range(1, 6)
        ),
    ]  # fmt: skip

    def __init__(self, follow: Follow) -> None:
        super().__init__()
        self._follow = follow
        self.child = WatchChild([f"--window={follow.window_s}s", *follow.words], follow.pipe)
        self._window_s = follow.window_s
        self._windows_s = sorted({*_WINDOWS_S, follow.window_s})
        self._record: Record | None = None
        self._shown: Record | None = None
        self._alerts = LiveAlerts()
        self.frozen = False
        self._tab = "in_flight"
        self._ended: int | None = None
        self._notice = ""

    def compose(self) -> ComposeResult:
        yield LiveHead(self._follow.names, self._follow.where, id="head")
        yield LiveBar(id="alerts")
        yield LiveBar(id="frozen")
        yield LiveBar(id="doubts")
        yield LiveBoard(id="board")
        yield Static(id="tables")
        yield LiveTable(id="rows")
        yield FittingFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw())
        self._draw()
        self.run_worker(self._run_child(), exit_on_error=False)

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)

    async def _run_child(self) -> None:
        try:
            self._ended = await self.child.run(self.take, self.note)
        except OSError as error:
            self._ended, self._notice = 126, f"the engine could not be started: {error}"
        if self.is_mounted:
            if self._ended not in (0, 130):
                self.query_one(LiveTable).tell(self._notice)
            self._draw()

    def take(self, record: Record) -> None:
        """Takes a record. While the screen is frozen, only what is told of the present is shown of it."""
        if self._record is None:
            self.call_after_refresh(leave_out_present_objects)
        self._record = record
        if self._alerts.take(record) and self._follow.bell:
            self.app.bell()
        if not self.is_mounted:
            return
        if self.frozen:
            self._draw_lines()
            return
        same = self._shown is not None and {**self._shown, "quiet_s": 0} == {**record, "quiet_s": 0}
        self._shown = record
        if same:
            self._draw_head()
            return
        self._draw()
        if isinstance(self.app.screen, LiveDetailScreen):
            self.app.screen.follow()

    def note(self, text: str) -> None:
        """Takes what the child says to people."""
        if not text.startswith("alert: "):
            self._notice = text.removeprefix("note: ").removeprefix("error: ")
            # Why following ended, and what is doubtful, stay on the screen.
            if self.is_mounted and not text.startswith(("error: ", "doubtful: ")):
                self.notify(safe(self._notice, 300), timeout=6, markup=False)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#board", LiveBoard).styles.height = LiveBoard.rows_for(event.size)
        self.set_class(event.size.height >= _ROOMY_ROWS, "-roomy")
        self._draw()

    # Keys

    def action_freeze(self) -> None:
        """Holds the screen still, or shows the present again."""
        self.frozen = not self.frozen and self._record is not None
        if not self.frozen:
            self._shown = self._record
        self._draw()

    def action_go_on(self) -> None:
        """Shows the present again, if the screen is held still."""
        if self.frozen:
            self.action_freeze()

    def action_widen(self, by: int) -> None:
        """Takes the next longer or shorter window. A screen that is held still goes on."""
        self.action_go_on()
        there = [one for one in self._windows_s if (one > self._window_s if by > 0 else one < self._window_s)]
        if not there:
            most = "longest" if by > 0 else "shortest"
            self.notify(f"The {most} window is {round_duration(self._window_s * 1000)}.", timeout=3, markup=False)
            return
        self._window_s = min(there) if by > 0 else max(there)
        self.run_worker(self.child.ask_window(self._window_s), exit_on_error=False)
        self._draw()

    def action_turn(self, by: int) -> None:
        """Shows the next table, or the one before."""
        names = [tab.name for tab in tabs_of(self._shown)]
        at = names.index(self._tab) if self._tab in names else 0
        self._tab = names[(at + by) % len(names)]
        self._draw()

    def action_table(self, number: int) -> None:
        """Shows a table by its number."""
        tabs = tabs_of(self._shown)
        if number <= len(tabs):
            self._tab = tabs[number - 1].name
            self._draw()

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        tab = self._shown_tab()
        detail = LiveDetailScreen(message.row, lambda: rows_of(self._shown, tab.name), self.child, tab.title)
        self.app.push_screen(detail, self._select)

    def _select(self, row: Record | None) -> None:
        """Moves the cursor to the row that was shown last."""
        if row is not None:
            self.query_one("#rows", LiveTable).select(row)

    # What is drawn

    def _shown_tab(self) -> LiveTab:
        tabs = tabs_of(self._shown)
        return next((tab for tab in tabs if tab.name == self._tab), tabs[0])

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#rows"):
            return
        record, tab = self._shown, self._shown_tab()
        self._draw_head()
        self._draw_lines()
        doubts = [f"  ! {doubt}" for doubt in (record["doubts"] if record else [])]
        more = f"  +{len(doubts) - 1} more" if len(doubts) > 1 else ""
        # Where there is little room, the question at the end says most.
        shown = (
            ("".join(doubts), f"{doubts[0]}{more}", f"  ! {doubts[0].rpartition('. ')[2].lstrip(' !')}{more}")
            if doubts
            else ()
        )
        self.query_one("#doubts", LiveBar).show(shown, "lost")
        self.query_one("#board", LiveBoard).show(record)
        tables = _tabs(tabs_of(record), tab, record, palette.of(self.app), self.size.width)
        self.query_one("#tables", Static).update(tables, layout=False)
        self.query_one("#rows", LiveTable).show(tab, rows_of(record, tab.name), count_of(record, tab.name))

    def _draw_head(self) -> None:
        self.query_one("#head", LiveHead).show(self._shown, self._window_s, *self._state())

    def _draw_lines(self) -> None:
        """Draws what is told of the present, frozen or not: the alerts, and how much came since."""
        texts, holds = self._alerts.line()
        self.query_one("#alerts", LiveBar).show(texts, "bad" if holds else None)
        frozen: tuple[str, ...] = ()
        if self.frozen and self._shown is not None and self._record is not None:
            at = clock_of(self._shown["time"]) if self._shown["time"] else "the start"
            since = came_since(self._shown, self._record)
            lines = since.partition(",")[0]
            frozen = (
                f"  ‖ frozen at {at} · {since} came since · Space or Esc goes on",
                f"  ‖ frozen at {at} · {since} came since",
                f"  ‖ frozen at {at} · {lines} since",
            )
        self.query_one("#frozen", LiveBar).show(frozen, "warn")

    def _state(self) -> tuple[str, str]:
        if self._ended is not None:
            return ("■ ended", "dim") if self._ended in (0, 130) else (f"✗ {self._notice or 'ended'}", "bad")
        if self._record is not None and self._record.get("ended"):
            return "■ ended", "dim"
        if self.frozen:
            return "‖ frozen", "warn"
        return ("● live", "good") if self._record is not None else ("◌ starting", "warn")


def _tabs(tabs: Sequence[LiveTab], shown: LiveTab, record: Record | None, colours: palette.Palette, width: int) -> Text:
    """The names of the tables with their keys and counts: short names where there is little room."""
    for short in (0, 1, 2):
        text = Text(no_wrap=True, overflow="ellipsis")
        for tab in tabs:
            count = count_of(record, tab.name)
            text.append(f" {tab.key} ", f"bold {colours.accent}")
            if short < 2 or tab == shown:
                text.append(tab.title, f"bold {colours.ink} underline" if tab == shown else colours.dim)
                text.append(" ")
            text.append(f"{count:,}", colours.ink if count else colours.dim)
            text.append("  " if short else "   ")
        if cell_len(text.plain.rstrip()) <= width:
            break
    return text
