"""The detail of a row of the live screen: its fields, and the raw lines of its request and its response."""

import json
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from logcorr.text.instants import clock_and_day
from logcorr_tui.look import palette
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.look.status_codes import colour_of, reason
from logcorr_tui.look.time_text import spaced
from logcorr_tui.screens import detail_sections
from logcorr_tui.screens.copy import CopyingScreen
from logcorr_tui.state.live_record import Record, attributes_of, index_of, key_of, shown_name
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.live.live_columns import age_text
from logcorr_tui.work.raw_lines import Excerpt
from logcorr_tui.work.watch_child import WatchChild

_NAME_CELLS = 16
_SECTIONS = ("fields", "request", "response")
_GONE = "It is not among the rows of the table any more: what is shown is what was known of it last."


class LiveDetailScreen(CopyingScreen):
    """Everything that is known of a row. `rows` gives those of its table now, `child` reads the lines of its logs."""

    CSS_PATH = "live_detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", id="live_detail.next", tooltip="The next row of the table"),
        Binding("p", "step(-1)", "Previous", id="live_detail.previous", tooltip="The row before"),
        Binding("y", "copy", "Copy", id="live_detail.copy", tooltip="Copy all of this as text"),
        Binding("Y", "copy_row", "Copy row", id="live_detail.copy_row", tooltip="Copy the row as JSON", show=False),
        Binding("ctrl+y", "copy_lines", "Copy lines", id="live_detail.copy_lines", tooltip="Copy the raw lines",
                show=False),
        Binding("j,down", "scroll(1)", "Down", id="live_detail.down", tooltip="Scroll down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="live_detail.up", tooltip="Scroll up", show=False),
        Binding("ctrl+d,pagedown", "scroll(15)", "Page down", id="live_detail.page_down", tooltip="Scroll on",
                show=False),
        Binding("ctrl+u,pageup", "scroll(-15)", "Page up", id="live_detail.page_up", tooltip="Scroll back",
                show=False),
        Binding("escape,enter", "back", "Back", id="live_detail.back", tooltip="Back to the table"),
    ]  # fmt: skip

    def __init__(self, row: Record, rows: Callable[[], Sequence[Record]], child: WatchChild, title: str) -> None:
        super().__init__()
        self.row = row
        self._rows, self._child, self._of_table = rows, child, title
        self._number = index_of(rows(), row) or 0
        self._gone = False
        self._copied: dict[str, tuple[str, list[Text]]] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("", id="where", markup=False)
            yield Static("", id="id", markup=False)
        with VerticalScroll(id="body"):
            for name in _SECTIONS:
                yield Static("", id=name, classes="section", markup=False)
        yield FittingFooter()

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_fields())
        self._load()

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)

    def follow(self) -> None:
        """Shows the row as it is now: a request that waits grows older, and may have got its answer."""
        rows = self._rows()
        number = index_of(rows, self.row)
        self._gone = number is None
        if number is not None:
            self.row, self._number = rows[number], number
        if self.is_mounted:
            self._show_fields()

    def _load(self) -> None:
        self._copied.clear()
        for name in _SECTIONS:
            self.query_one(f"#{name}").display = False
        self._show_fields()
        self.run_worker(self._read_lines(), group="lines", exclusive=True, exit_on_error=False)

    def _show_fields(self) -> None:
        row, colours = self.row, palette.of(self.app)
        where = f"{self._of_table} · row {self._number + 1:,} of {len(self._rows()):,}"
        self.query_one("#where", Static).update(plain(self._of_table if self._gone else where))
        self.query_one("#id", Static).update(plain(row["request_id"] or clock_and_day(row["time"]), limit=120))
        lines = _fields(row, colours)
        if self._gone:
            lines.append(Text(_GONE, style=f"italic {colours.warn}"))
        self._show_section("fields", "Request" if "age_ms" in row else "Exchange", lines)

    def _show_section(self, name: str, title: str, lines: list[Text]) -> None:
        section = self.query_one(f"#{name}", Static)
        section.display = bool(lines)
        section.border_title = Text(title)
        raw = name != "fields"
        section.update(detail_sections.raw_line_table(lines) if raw else Text("\n").join(lines))
        self._copied[name] = (title, lines)

    async def _read_lines(self) -> None:
        """Reads the lines of the logs, through the child that follows them."""
        row = self.row
        places = list(dict.fromkeys(place for place in row.get("places", ()) if place >= 0))
        lines = await self._child.lines(places) if places else []
        if not self.is_mounted or key_of(row) != key_of(self.row):
            return
        for name, line in zip(("request", "response"), lines, strict=False):
            number = line["line"]
            what = "Log" if len(lines) < len(row["places"]) else f"{name.capitalize()} log"
            stands = (
                f"{number:,}" if number is not None else "(its number is not known: the log was begun in the middle)"
            )
            at = number or 0
            excerpt = Excerpt([(at + after, text) for after, text in line["lines"]], line["note"])
            texts = detail_sections.raw_line_texts(excerpt, at)
            self._show_section(name, f"{what} · {safe(line['file'], 60)}:{stands}", texts)
        if places and not lines:
            note = Text("The lines of the logs cannot be read: following has ended.", style="italic")
            self._show_section("request", "Log", [note])

    # Keys

    def action_step(self, by: int) -> None:
        rows = self._rows()
        number = self._number + (by if not self._gone else max(by - 1, -1))
        if not 0 <= number < len(rows):
            self.notify("This is the last row." if by > 0 else "This is the first row.", timeout=2)
            return
        self.row, self._number, self._gone = rows[number], number, False
        self._load()

    def action_scroll(self, by: int) -> None:
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def action_copy(self) -> None:
        parts = [
            "\n".join([f"# {title}", *(line.plain for line in lines)])
            for title, lines in (self._copied[name] for name in _SECTIONS if name in self._copied)
        ]
        self.copy_text("\n\n".join(parts) + "\n", "all of this")

    def action_copy_row(self) -> None:
        row = {name: value for name, value in self.row.items() if name != "places"}
        self.copy_text(json.dumps(row, ensure_ascii=False), "the row")

    def action_copy_lines(self) -> None:
        """Copies the raw lines of the row, without their neighbours."""
        texts = [line.plain for name in _SECTIONS[1:] for line in self._copied.get(name, ("", []))[1]]
        lines = [text[detail_sections.NUMBER_CELLS :] for text in texts if text.startswith("▶")]
        if lines:
            self.copy_text("\n".join(lines), "the raw line" if len(lines) == 1 else f"{len(lines)} raw lines")

    def action_back(self) -> None:
        self.dismiss(self.row)


def _fields(row: Record, colours: Palette) -> list[Text]:
    """A line of text for each field of a row."""
    found: list[tuple[str, Text]] = [("id", plain(row["request_id"], colours.ink, 2000))]
    found.append(("request at", Text(clock_and_day(row["time"]), colours.ink)))
    if "age_ms" in row:
        waits = Text(age_text(row), f"bold {colours.lost if row['overdue'] else colours.good}")
        found.append(("waits for", waits.append("  overdue" if row["overdue"] else "", colours.lost)))
    else:
        status, answered = row["status_code"], row["response_time"]
        said = Text("none" if status is None else str(status), f"bold {colour_of(status, colours)}")
        said.append(f"  {reason(status)}" if status is not None else "", colours.dim)
        took = Text(spaced(row["duration_ms"]), f"bold {colours.warn if row['late'] else colours.info}")
        if row["duration_ms"] is not None:
            took.append(f"  ({round(row['duration_ms'] * 1000):,} µs)", colours.dim)
        took.append("  late: the request was overdue before its answer came" if row["late"] else "", colours.warn)
        found += [("response at", Text(clock_and_day(answered), colours.ink))] if row["request_id"] else []
        found += [("status", said), ("duration", took)]
    found += [(shown_name(name), plain(value, colours.ink, 2000)) for name, value in attributes_of(row)]
    wide = max(_NAME_CELLS, *(len(name) + 2 for name, _ in found))
    return [Text(f"{safe(name, 40):<{wide}}", colours.dim).append_text(text) for name, text in found if text.plain]
