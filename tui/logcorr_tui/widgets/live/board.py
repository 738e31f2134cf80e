"""The figures of the window: tiles, the rates over the time of the window, and the shares of statuses."""

from textual.geometry import Region, Size

from logcorr.model.status import class_of, code_of, in_order
from logcorr.text.quantities import percent, rate, short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.status_codes import colour_of
from logcorr_tui.look.time_text import spaced
from logcorr_tui.state.live_record import Record, clock_of
from logcorr_tui.widgets.charts.canvas import EIGHTHS, Canvas, Part
from logcorr_tui.widgets.charts.chart import Painted
from logcorr_tui.widgets.charts.sparkline import squeeze
from logcorr_tui.widgets.charts.tiles import ShownTile, draw_tile

_TILE_ROWS, _STATUS_ROWS, _RATE_ROWS = 3, 2, 6
# The statuses are one row without their bar where the screen is lower, and rates are drawn where it is this high.
_LOW_ROWS, _ROOMY_ROWS = 22, 34
# On a lower screen there are the values alone.
_LEAST_ROWS, _VALUE_ROWS = 14, 2
_LEAST_TILE_CELLS = 9
_WIDE_CELLS = 100
_LABEL_CELLS = 8


class LiveBoard(Painted):
    """Tiles, rates where there is room for them, and statuses. `rows_for` tells how many rows they need on a screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.record: Record | None = None

    def show(self, record: Record | None) -> None:
        """Shows a record."""
        self.record = record
        self.repaint()

    @staticmethod
    def rows_for(screen: Size) -> int:
        """How many rows the board needs on a screen."""
        if screen.height >= _ROOMY_ROWS:
            return _TILE_ROWS + _RATE_ROWS + _STATUS_ROWS
        if screen.height < _LEAST_ROWS:
            return _VALUE_ROWS
        return _TILE_ROWS + (_STATUS_ROWS if screen.height >= _LOW_ROWS else 1)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        record = self.record
        if record is None or not record.get("window"):
            text = "waiting for the first lines" if record is None else "no entry yet"
            canvas.write(max((canvas.width - len(text)) // 2, 0), canvas.height // 2, text, colours.dim)
            return
        tiles = _tiles(record, colours)
        # On a very narrow screen some figures are left out.
        room = max(1, canvas.width // _LEAST_TILE_CELLS)
        tiles = [tile for tile in tiles if tile in sorted(tiles, key=_weight)[:room]]
        gap = int(canvas.width >= _WIDE_CELLS)
        width = canvas.width + gap
        for number, tile in enumerate(tiles):
            left, right = (width * at // len(tiles) for at in (number, number + 1))
            draw_tile(canvas, Region(left, 0, right - left - gap, _TILE_ROWS), tile, colours)
        y = _TILE_ROWS
        if canvas.height >= _TILE_ROWS + _RATE_ROWS + _STATUS_ROWS:
            _draw_rates(canvas, record["window"], y, colours)
            y += _RATE_ROWS
        _draw_statuses(canvas, record["window"]["status"], y, colours)


def _weight(tile: ShownTile) -> int:
    """The place of a tile among those that are shown where there is little room."""
    return ("Errors", "Overdue", "In flight", "Requests", "p99", "p50", "Exchanges").index(tile.name)


def _tiles(record: Record, colours: Palette) -> list[ShownTile]:
    window, counts = record["window"], record["counts"]
    rates = window["rates"]
    failed = percent(window["failures"], window["exchanges"])
    requests, failures = short(window["requests"]), short(window["failures"])
    in_all = (f"{requests} in the window", f"{requests} in all", requests)
    tiles = [
        ShownTile("Requests", rate(window["requests_per_s"]), in_all, colours.accent, rates["requests"]),
        ShownTile("Errors", failed, (f"{failures} failed", failures), colours.bad, rates["failures"]),
        ShownTile("p50", spaced(window["p50_ms"]), (f"p95 {spaced(window['p95_ms'])}", ""), colours.info),
        ShownTile("p99", spaced(window["p99_ms"]), (f"p99.9 {spaced(window['p999_ms'])}", ""), colours.warn),
    ]
    if "open" in counts:
        overdue, given_up = counts["overdue"], counts.get("given_up", 0)
        oldest = spaced(record["in_flight"][0]["age_ms"]) if record["in_flight"] else "–"
        told = ("given up", given_up) if given_up else ("answered", counts["matched"])
        notes = (f"{short(told[1])} {told[0]}", short(told[1]))
        age = (f"oldest {oldest}", oldest) if overdue else ("none waits too long", "none")
        tiles += [
            ShownTile("In flight", short(counts["open"]), notes, colours.warn if given_up else colours.good),
            ShownTile("Overdue", short(overdue), age, colours.lost if overdue else colours.good),
        ]
    else:
        tiles.append(ShownTile("Exchanges", short(counts["matched"]), ("since the start", ""), colours.good))
    return tiles


def _draw_rates(canvas: Canvas, window: Record, y: int, colours: Palette) -> None:
    """Requests a second over the time of the window, the share of failures on top, with the highest rate beside it."""
    left, width, rows = _LABEL_CELLS, canvas.width - _LABEL_CELLS - 1, _RATE_ROWS - 2
    requests = squeeze(window["rates"]["requests"], width)
    failures = squeeze(window["rates"]["failures"], width)
    top = max(requests, default=0.0)
    bottom = y + rows
    canvas.right(left - 1, y + 1, rate(top), colours.dim)
    canvas.right(left - 1, bottom, "0", colours.dim)
    if top <= 0 or width < 1:
        return
    for at in range(width):
        number = at * len(requests) // width
        eighths = max(round(requests[number] / top * rows * 8), int(requests[number] > 0))
        failed = -int(-failures[number] / top * rows * 8 // 1)
        _draw_bar(canvas, (left + at, bottom), eighths, max(0, eighths - failed), colours)
    legend = (("requests a second, ", colours.dim), ("■ ", colours.bad), ("failed", colours.dim))
    canvas.parts(left, y, [(text, ink, False) for text, ink in legend], canvas.width)
    canvas.write(left, bottom + 1, clock_of(window["from"]), colours.dim)
    canvas.right(left + width, bottom + 1, clock_of(window["to"]), colours.dim)


def _draw_bar(canvas: Canvas, foot: tuple[int, int], eighths: int, fine: int, colours: Palette) -> None:
    """Draws a bar upwards from a cell, in eighths of a cell: those above `fine` are failures."""
    x, bottom = foot
    for row in range(-(-eighths // 8)):
        whole, good = min(eighths - row * 8, 8), max(0, min(fine - row * 8, 8))
        if good in (0, whole):
            canvas.put(x, bottom - row, EIGHTHS[whole], colours.accent if good else colours.bad)
        elif whole == 8:
            canvas.put(x, bottom - row, EIGHTHS[good], colours.accent, colours.bad)
        else:  # a cell has two colours, and its upper part is empty
            canvas.put(x, bottom - row, EIGHTHS[whole], colours.bad)


def _draw_statuses(canvas: Canvas, status: dict[str, int], y: int, colours: Palette) -> None:
    """The shares of statuses: a bar, where there is a row for it, and what its colours mean."""
    total = sum(status.values())
    width = canvas.width - 2
    if y + 1 < canvas.height:
        x, done = 1, 0
        for key in in_order(status):
            done += status[key]
            end = 1 + round(done / total * width)
            canvas.write(x, y, "█" * (end - x), colour_of(code_of(key), colours))
            x = max(x, end)
        y += 1
    parts: list[Part] = []
    for key in sorted(status, key=lambda key: -status[key]):
        code = code_of(key)
        share = percent(status[key], total, 1)
        parts += [(f"■ {key} ", colour_of(code, colours), class_of(code) != 2), (f"{share}   ", colours.dim, False)]
    canvas.parts(1, y, parts, canvas.width - 1)
