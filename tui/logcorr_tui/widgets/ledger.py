"""The ledger: where every line of both sides went, down to the sum that must be the number of lines."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.model import View
from logcorr.text import short
from logcorr_tui.messages import Drill
from logcorr_tui.palette import Palette
from logcorr_tui.widgets.canvas import Canvas, Chart, Part

HEIGHT = 5
_WHOLE = 90
_NAMES = ("matched", "orphans", "redelivered", "superseded", "malformed", "blank", "header")
_NARROW = ("matched", "orphan", "redeliv", "supers", "malform", "blank", "head")
_VIEWS: dict[str, View] = {
    "matched": "exchanges",
    "orphans": "orphans",
    "redelivered": "redelivered",
    "superseded": "superseded",
    "malformed": "malformed",
}


@dataclass(frozen=True)
class Line:
    side: str
    lines: int
    counts: tuple[int, ...]
    closes: bool


class Ledger(Chart):
    """Arrows choose a figure; Enter leads to the lines behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "Left", show=False, id="ledger.left", tooltip="Figure to the left"),
        Binding("right,l", "move(1, 0)", "Right", show=False, id="ledger.right", tooltip="Figure to the right"),
        Binding("up,k", "move(0, -1)", "Up", show=False, id="ledger.up", tooltip="The requests' ledger"),
        Binding("down,j", "move(0, 1)", "Down", show=False, id="ledger.down", tooltip="The responses' ledger"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.cursor: tuple[int, int] | None = None

    def lines(self) -> list[Line]:
        """Both sides, as counted."""
        report = self.figures.report if self.figures else None
        if report is None:
            return []
        sides = (("requests", report.inputs.requests), ("responses", report.inputs.responses))
        return [
            Line(
                name,
                side.lines,
                (
                    side.matched, side.orphans, side.redelivered, side.superseded, sum(side.malformed.values()),
                    side.blank, side.header,
                ),
                side.closes(),
            )
            for name, side in sides
        ]  # fmt: skip

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        lines = self.lines()
        closes = bool(lines) and all(line.closes for line in lines)
        title: list[Part] = [("Ledger", colours.ink, True)]
        if closes:
            title += [(" · every line accounted for ", colours.dim, False), ("√", colours.good, True)]
        elif lines:
            title.append((" · ✗ does not add up", colours.bad, True))
        canvas.frame(title, [("↔↑↓ select · ⏎ drill", colours.dim, False)], self.edge(colours))
        if not lines:
            canvas.write(3, 2, "the ledger closes when the run is complete", colours.dim)
            return
        for k, (x, name) in enumerate(zip(self._ends(), ("lines", *self._names()), strict=True)):
            canvas.right(x, 1, name, colours.dim)
            for row, line in enumerate(lines):
                count = (line.lines, *line.counts)[k]
                figure = f"{count:,}" if self._wide else short(count)
                chosen = self.cursor == (k - 1, row)
                if chosen:
                    canvas.paper(Region(x - len(figure) - 1, 2 + row, len(figure) + 2, 1), colours.raised)
                    canvas.put(x - len(figure) - 1, 2 + row, "▸", colours.ink)
                canvas.right(x, 2 + row, figure, colours.ink if count else colours.dim, bold=k == 0 or chosen)
        for row, line in enumerate(lines):
            canvas.write(2, 2 + row, line.side, colours.dim)
            between = self._ends()[0] + 1
            canvas.put(between, 2 + row, "=" if line.closes else "≠", colours.good if line.closes else colours.bad)

    @property
    def _wide(self) -> bool:
        return self.size.width >= 108

    def _names(self) -> tuple[str, ...]:
        return _NAMES if self.size.width >= _WHOLE else _NARROW

    def _ends(self) -> list[int]:
        """The cells after each column: lines, then what they are the sum of."""
        start, room = 12, max(self.size.width - 14, 16)
        if not self._wide and self.size.width >= _WHOLE:
            # Whole names where there is no room for all to be as wide as the widest.
            widths = [len(name) for name in ("lines", *self._names())]
            spare = room - sum(widths)
            return [start + sum(widths[: k + 1]) + spare * (k + 1) // len(widths) for k in range(len(widths))]
        return [start + (k + 1) * room // (len(_NAMES) + 1) for k in range(len(_NAMES) + 1)]

    def target(self) -> Drill | None:
        lines = self.lines()
        if self.cursor is None or not lines:
            return None
        column, row = self.cursor
        name, side = _NAMES[column], lines[row].side
        view = _VIEWS.get(name)
        if view is None:
            return None
        if view == "exchanges":
            return self.drill(view, "", "all exchanges")
        return self.drill(view, f"side={side.removesuffix('s')}", f"{name} {side}")

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        column = next((k for k, end in enumerate(self._ends()) if x < end), -1) - 1
        if not 0 <= column < len(_NAMES) or not 2 <= y <= 3:
            return False
        again, self.cursor = self.cursor == (column, y - 2), (column, y - 2)
        self.repaint()
        return again

    def action_move(self, right: int, down: int) -> None:
        """To a neighbouring figure; the first time to the first."""
        if self.cursor is None:
            self.cursor = (0, 0)
        else:
            column, row = self.cursor
            self.cursor = (min(max(column + right, 0), len(_NAMES) - 1), min(max(row + down, 0), 1))
        self.repaint()
