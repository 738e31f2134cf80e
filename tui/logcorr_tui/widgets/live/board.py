"""The figures of the window: tiles with their trends, the shares of statuses, and what was read."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.geometry import Region

from logcorr.model.status import class_of, code_of, in_order
from logcorr.text.quantities import percent, short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.status_codes import colour_of
from logcorr_tui.look.time_text import spaced
from logcorr_tui.state.live_record import Record
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Painted
from logcorr_tui.widgets.charts.sparkline import sparkline

_TILE_CELLS = 16
TILE_ROWS = 5


class _Tile(NamedTuple):
    name: str
    value: str
    note: str
    ink: str
    trend: Sequence[float]


class LiveBoard(Painted):
    """Tiles in as many rows as they need, then a line of statuses."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.record: Record | None = None

    def show(self, record: Record | None) -> None:
        """Shows a record."""
        self.record = record
        self.repaint()

    @staticmethod
    def rows_for(width: int) -> int:
        """How many rows the board needs."""
        return TILE_ROWS * -(-6 // max(1, min(6, width // _TILE_CELLS))) + 2

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        record = self.record
        if record is None or not record.get("window"):
            text = "waiting for the first lines" if record is None else "no entry yet"
            canvas.write(max((canvas.width - len(text)) // 2, 0), canvas.height // 2, text, colours.dim)
            return
        tiles = _tiles(record, colours)
        columns = max(1, min(len(tiles), canvas.width // _TILE_CELLS))
        for number, tile in enumerate(tiles):
            row, column = divmod(number, columns)
            left = canvas.width * column // columns
            right = canvas.width * (column + 1) // columns
            _draw(canvas, Region(left, row * TILE_ROWS, right - left, TILE_ROWS), tile, colours)
        self._statuses(canvas, record, TILE_ROWS * -(-len(tiles) // columns), colours)

    def _statuses(self, canvas: Canvas, record: Record, y: int, colours: Palette) -> None:
        status = record["window"]["status"]
        total = sum(status.values())
        width = canvas.width - 2
        x = 1
        done = 0
        for key in in_order(status):
            done += status[key]
            end = 1 + round(done / total * width)
            canvas.write(x, y, "█" * (end - x), colour_of(code_of(key), colours))
            x = max(x, end)
        parts: list[Part] = []
        frequent = sorted(status, key=lambda key: -status[key])
        for key in frequent:
            code = code_of(key)
            share = percent(status[key], total, 1)
            parts += [(f"■ {key} ", colour_of(code, colours), class_of(code) != 2), (f"{share}   ", colours.dim, False)]
        canvas.parts(1, y + 1, parts, canvas.width - 1)


def _tiles(record: Record, colours: Palette) -> list[_Tile]:
    window, counts = record["window"], record["counts"]
    rates = window["rates"]
    failed = percent(window["failures"], window["exchanges"])
    tiles = [
        _Tile("Requests", f"{short(window['requests_per_s'])}/s", f"{short(window['requests'])} in the window",
              colours.accent, rates["requests"]),
        _Tile("Errors", failed, f"{short(window['failures'])} failed", colours.bad, rates["failures"]),
        _Tile("p50", spaced(window["p50_ms"]), f"p95 {spaced(window['p95_ms'])}", colours.info, ()),
        _Tile("p99", spaced(window["p99_ms"]), f"p99.9 {spaced(window['p999_ms'])}", colours.warn, ()),
    ]  # fmt: skip
    if "open" in counts:
        overdue = counts["overdue"]
        oldest = record["in_flight"][0]["age_ms"] if record["in_flight"] else None
        tiles += [
            _Tile("In flight", short(counts["open"]), f"{short(counts['matched'])} answered",
                  colours.good, ()),
            _Tile("Overdue", short(overdue), f"oldest {spaced(oldest)}" if overdue else "none waits too long",
                  colours.lost if overdue else colours.good, ()),
        ]  # fmt: skip
    else:
        tiles.append(_Tile("Exchanges", short(counts["matched"]), "since the start", colours.good, ()))
    return tiles


def _draw(canvas: Canvas, place: Region, tile: _Tile, colours: Palette) -> None:
    """A tile in its place: a frame with the name, the value, the note, and the trend."""
    box = Canvas(place.width, place.height, colours.ink, colours.ground)
    box.frame([(tile.name, colours.dim, False)], [], colours.frame)
    room = place.width - 4
    box.write(2, 1, tile.value[:room], tile.ink, bold=True)
    box.write(2, 2, tile.note if cell_len(tile.note) <= room else f"{tile.note[: room - 1]}…", colours.dim)
    if tile.trend:
        box.write(2, 3, sparkline(tile.trend, room), tile.ink)
    for y in range(place.height):
        for x in range(place.width):
            glyph, ink, paper, bold = box.cell(x, y)
            canvas.put(place.x + x, place.y + y, glyph, ink, paper, bold=bold)
