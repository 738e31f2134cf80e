"""The live screen: logs that are followed, what is in flight now, and what is overdue, slow and failed lately."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from logcorr.render.watch_lines import QUIET_S
from logcorr.text.instants import clock_and_day
from logcorr.text.quantities import round_duration, size
from logcorr_tui.look import palette
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.look.time_text import spaced
from logcorr_tui.state.live_record import LiveTab, Record, attributes_of, count_of, rows_of, tabs_of
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.live.board import LiveBoard
from logcorr_tui.widgets.live.live_table import LiveTable
from logcorr_tui.work.short_collections import leave_out_present_objects
from logcorr_tui.work.watch_child import WatchChild

_WINDOWS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MUCH_BEHIND = 1 << 20


class LiveScreen(Screen[None]):
    """Follows logs in a child process. `names` are shown, `words` are those of `logcorr watch`."""

    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "freeze", "Freeze", id="live.freeze", tooltip="Hold the screen still; counting goes on"),
        Binding("plus", "widen(1)", "Longer window", key_display="+", id="live.longer", tooltip="A longer window"),
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

    def __init__(self, words: Sequence[str], names: Sequence[str], *, window_s: int = 300, bell: bool = False) -> None:
        super().__init__()
        self._names, self._bell = tuple(names), bell
        self.child = WatchChild([f"--window={window_s}s", *words])
        self._window_s = window_s
        self._record: Record | None = None
        self._shown: Record | None = None
        self.frozen = False
        self._drawn_head: Text | None = None
        self._tab = "in_flight"
        self._ended: int | None = None
        self._notice = ""

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Static(id="alerts")
        yield LiveBoard(id="board")
        yield Static(id="tables")
        yield LiveTable(id="rows")
        yield FittingFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw())
        self._draw()
        self.run_worker(self._follow(), exit_on_error=False)

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)

    async def _follow(self) -> None:
        try:
            self._ended = await self.child.run(self.take, self.note)
        except OSError as error:
            self._ended, self._notice = 126, f"the engine could not be started: {error}"
        if self.is_mounted:
            self._draw()

    def take(self, record: Record) -> None:
        """Takes a record. While the screen is frozen it is kept, and not shown."""
        if self._record is None:
            self.call_after_refresh(leave_out_present_objects)
        before = set(self._record["alerts"]) if self._record and "alerts" in self._record else set()
        self._record = record
        if self._bell and set(record.get("alerts", ())) - before:
            self.app.bell()
        if not self.frozen and self.is_mounted:
            same = self._shown is not None and {**self._shown, "quiet_s": 0} == {**record, "quiet_s": 0}
            self._shown = record
            if same:
                self._draw_head()
            else:
                self._draw()

    def note(self, text: str) -> None:
        """Takes what the child says to people."""
        if not text.startswith("alert: "):
            self._notice = text.removeprefix("note: ").removeprefix("error: ")
            self.notify(safe(self._notice, 300), timeout=6, markup=False) if self.is_mounted else None

    def on_resize(self, event: events.Resize) -> None:
        board = self.query_one("#board", LiveBoard)
        board.styles.height = LiveBoard.rows_for(event.size.width)
        self._draw()

    def action_freeze(self) -> None:
        """Holds the screen still, or shows the present again."""
        self.frozen = not self.frozen
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
        near = min(range(len(_WINDOWS_S)), key=lambda at: abs(_WINDOWS_S[at] - self._window_s))
        self._window_s = _WINDOWS_S[max(0, min(near + by, len(_WINDOWS_S) - 1))]
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
        self.app.push_screen(LiveDetail(message.row))

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#rows"):
            return
        record, colours = self._shown, palette.of(self.app)
        self._draw_head()
        alerts = record.get("alerts", []) if record else []
        line = self.query_one("#alerts", Static)
        line.display = bool(alerts)
        line.update(plain("  ▲ " + "  ▲ ".join(alerts), f"bold {colours.on_badge} on {colours.bad}", 400))
        self.query_one("#board", LiveBoard).show(record)
        tabs = tabs_of(record)
        tab = next((tab for tab in tabs if tab.name == self._tab), tabs[0])
        self.query_one("#tables", Static).update(_tabs(tabs, tab, record, colours, self.size.width))
        self.query_one("#rows", LiveTable).show(tab, rows_of(record, tab.name), count_of(record, tab.name))

    def _draw_head(self) -> None:
        """Draws the first line, where it has changed."""
        head = self._head(self._shown, palette.of(self.app))
        if head != self._drawn_head:
            self._drawn_head = head
            self.query_one("#head", Static).update(head)

    def _head(self, record: Record | None, colours: palette.Palette) -> Text:
        badge, style = palette.badge(colours)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(badge, style)
        state, ink = self._state()
        text.append(f" {state} ", f"bold {colours.on_badge} on {getattr(colours, ink)}")
        names = " ⋈ ".join(safe(PurePath(name).name or name, 30) for name in self._names)
        text.append(f" {names}", f"bold {colours.ink}")
        if record is not None and record["time"] is not None:
            text.append(f"  {clock_and_day(record['time']).partition('.')[0]}", colours.ink)
        text.append(f"  window {round_duration(self._window_s * 1000)}", colours.dim)
        if record is not None:
            text.append(f"  {record['counts']['lines']:,} lines", colours.dim)
            bad = record["counts"]["malformed"]
            text.append(f"  {bad:,} malformed" if bad else "", colours.warn)
            quiet = record["quiet_s"]
            text.append(
                f"  nothing for {round_duration(int(quiet) * 1000)}" if quiet > QUIET_S else "", f"bold {colours.warn}"
            )
            behind = record["behind_bytes"]
            text.append(f"  {size(behind)} to read" if behind > _MUCH_BEHIND else "", colours.warn)
        return text

    def _state(self) -> tuple[str, str]:
        if self._ended is not None:
            return ("■ ended", "dim") if self._ended in (0, 130) else (f"✗ {self._notice or 'ended'}"[:60], "bad")
        if self.frozen:
            return "‖ frozen", "warn"
        return ("● live", "good") if self._record is not None else ("◌ starting", "warn")


class LiveDetail(ModalScreen[None]):
    """Everything that is known of a row."""

    CSS_PATH = "live.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Back", id="live_detail.back", tooltip="Back to the table"),
        Binding("y", "copy", "Copy id", id="live_detail.copy", tooltip="Copy the request id"),
    ]

    def __init__(self, row: Record) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="detail"):
            yield Static(id="fields")
            yield FittingFooter()

    def on_mount(self) -> None:
        colours, row = palette.of(self.app), self._row
        fields = [("request id", row["request_id"]), ("time", row["time"])]
        if "age_ms" in row:
            fields.append(("waits for", spaced(row["age_ms"]) + (", overdue" if row["overdue"] else "")))
        else:
            status = "none" if row["status_code"] is None else str(row["status_code"])
            fields += [("status", status), ("duration", spaced(row["duration_ms"]))]
            fields += [("", "the answer came after the request was overdue")] if row["late"] else []
        text = Text()
        for name, value in [*fields, *attributes_of(row)]:
            if value:
                text.append(f"{name:<14}", colours.dim)
                text.append(safe(value, 2000) + "\n", colours.ink)
        self.query_one("#fields", Static).update(text)
        self.query_one("#detail").border_title = "Request" if "age_ms" in row else "Exchange"

    def action_copy(self) -> None:
        """Copies the id of the request."""
        self.app.copy_to_clipboard(self._row["request_id"])
        self.notify("the request id was sent to the clipboard of the terminal", markup=False)


def _tabs(tabs: Sequence[LiveTab], shown: LiveTab, record: Record | None, colours: palette.Palette, width: int) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for tab in tabs:
        chosen = tab == shown
        count = count_of(record, tab.name)
        text.append(f" {tab.key} ", f"bold {colours.accent}")
        text.append(
            tab.name.replace("_", " ") if width < 80 else tab.title,
            f"bold {colours.ink} underline" if chosen else colours.dim,
        )
        text.append(f" {count:,}   ", colours.ink if count else colours.dim)
    return text
