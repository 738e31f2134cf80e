"""The ledger of the overview: where every line of each side went. The counts must add up to the lines."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.model.access_report import AccessReport
from logcorr.text.quantities import short
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.charts import ledger_blocks
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.ledger_blocks import WHOLE_NAMES, Block, Line, rows_of

__all__ = ["Ledger", "rows_of"]


class Ledger(Chart):
    """Arrows select a count. Enter shows the rows behind the count. The cursor is (column, row) over all blocks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "Left", show=False, id="ledger.left", tooltip="Figure to the left"),
        Binding("right,l", "move(1, 0)", "Right", show=False, id="ledger.right", tooltip="Figure to the right"),
        Binding("up,k", "move(0, -1)", "Up", show=False, id="ledger.up", tooltip="The ledger above"),
        Binding("down,j", "move(0, 1)", "Down", show=False, id="ledger.down", tooltip="The ledger below"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.cursor: tuple[int, int] | None = None

    def blocks(self) -> list[Block]:
        """The blocks of the ledger: lines of one log, or of each side."""
        report = self.figures.report if self.figures else None
        return ledger_blocks.blocks(report, session_of(self).kind)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        blocks = self.blocks()
        filled = any(block.lines for block in blocks)
        title: list[Part] = [("Ledger", colours.ink, True)]
        if filled and all(line.closes for block in blocks for line in block.lines):
            title += [(" · every line accounted for ", colours.dim, False), ("✓", colours.good, True)]
        elif filled:
            title.append((" · ✗ does not add up", colours.bad, True))
        report = self.figures.report if self.figures else None
        if report is not None and report.inputs.lines.repaired:
            title.append((f" · {report.inputs.lines.repaired:,} lines repaired", colours.warn, False))
        canvas.frame(title, [("↔↑↓ select · ⏎ drill", colours.dim, False)], self.edge(colours))
        if not filled:
            canvas.write(3, 2, "the ledger closes when the run is complete", colours.dim)
            return
        top = row = 0
        for block in blocks:
            self._paint_block(canvas, colours, block, 1 + top, row)
            top, row = top + self._height(block), row + len(block.lines)
        missing = self._missing(self.size.width - 4)
        if missing and row == 1 and not self._tall:
            canvas.write(2, 3, missing, colours.dim)

    def _paint_block(self, canvas: Canvas, colours: Palette, block: Block, top: int, first: int) -> None:
        """Draws a block from the row `top` of the canvas on; its first line is the row `first` of the cursor."""
        if self._tall:
            return self._paint_tall(canvas, colours, block, top, first)
        ends = self._ends(block)
        for k, (x, name) in enumerate(zip(ends, self._heads(block), strict=True)):
            canvas.right(x, top, name, colours.dim)
            for number in range(len(block.lines)):
                self._figure(canvas, colours, block, cell=(k - 1, number), at=(x, top + 1 + number), first=first)
        for number, line in enumerate(block.lines):
            y = top + 1 + number
            canvas.write(2, y, line.name, colours.dim)
            self._sum_sign(canvas, colours, line, (ends[0] + 1, y))
        return None

    def _paint_tall(self, canvas: Canvas, colours: Palette, block: Block, top: int, first: int) -> None:
        """Draws a block with a row for each count, and a column for each line."""
        ends = self._ends(block)
        for k, name in enumerate(self._heads(block)):
            canvas.write(2, top + 1 + k, name, colours.dim)
        for number, (x, line) in enumerate(zip(ends, block.lines, strict=True)):
            canvas.right(x, top, line.name, colours.dim)
            for k in range(-1, len(block.names)):
                self._figure(canvas, colours, block, cell=(k, number), at=(x, top + 2 + k), first=first)
            self._sum_sign(canvas, colours, line, (x + 1, top + 1))

    def _figure(
        self,
        canvas: Canvas,
        colours: Palette,
        block: Block,
        *,
        cell: tuple[int, int],
        at: tuple[int, int],
        first: int,
    ) -> None:
        """Writes a count, which ends before the cell `at`. `cell` is (column, number of the line in the block)."""
        (column, number), (x, y) = cell, at
        count = block.count(column, number)
        figure = f"{count:,}" if self._wide or self._tall else short(count)
        chosen = self.cursor == (column, first + number)
        if chosen:
            canvas.paper(Region(x - len(figure) - 1, y, len(figure) + 2, 1), colours.raised)
            canvas.put(x - len(figure) - 1, y, "▸", colours.ink)
        canvas.right(x, y, figure, colours.ink if count else colours.dim, bold=column < 0 or chosen)

    @staticmethod
    def _sum_sign(canvas: Canvas, colours: Palette, line: Line, at: tuple[int, int]) -> None:
        canvas.put(*at, "=" if line.closes else "≠", colours.good if line.closes else colours.bad)

    @property
    def _wide(self) -> bool:
        return self.size.width >= 108

    @property
    def _tall(self) -> bool:
        return self.size.width < WHOLE_NAMES

    @staticmethod
    def _heads(block: Block) -> list[str]:
        return [block.whole, *(name.replace("_", " ") for name, _ in block.names)]

    def _missing(self, room: int) -> str:
        """Which fields exchanges lack, and in how many exchanges. As many fields as there is room for."""
        report = self.figures.report if self.figures else None
        text = ""
        for name, count in report.missing.items() if isinstance(report, AccessReport) else ():
            more = f"{' ·' if text else 'exchanges without'} {name.replace('_', ' ')} {short(count)}"
            if len(text) + len(more) > room:
                return text + " …"
            text += more
        return text

    def _ends(self, block: Block) -> list[int]:
        """The cell after each column of a block: the whole, then each count; or each line, where counts are rows."""
        start, room = 12, max(self.size.width - 14, 16)
        if self._tall:
            columns = len(block.lines) or 1
            return [start + (k + 1) * room // columns - 2 for k in range(columns)]
        names = self._heads(block)
        if not self._wide:
            # Whole names, where there is no room for columns of one width.
            widths = [len(name) for name in names]
            spare = room - sum(widths)
            return [start + sum(widths[: k + 1]) + spare * (k + 1) // len(widths) for k in range(len(widths))]
        return [start + (k + 1) * room // len(names) for k in range(len(names))]

    def _height(self, block: Block) -> int:
        """The rows of the canvas that a block takes."""
        return 2 + len(block.names) if self._tall else 1 + len(block.lines)

    def _cells(self) -> Iterator[tuple[int, int, int, int]]:
        """Each count: its column and row for the cursor, the cell after it, and its row of the canvas."""
        top, first = 1, 0
        for block in self.blocks():
            ends = self._ends(block)
            for number in range(len(block.lines)):
                for column in range(len(block.names)):
                    x, y = (ends[number], top + 2 + column) if self._tall else (ends[column + 1], top + 1 + number)
                    yield column, first + number, x, y
            top, first = top + self._height(block), first + len(block.lines)

    def _rows(self) -> list[tuple[Block, int]]:
        """For each row of the cursor its block, and the number of its line in the block."""
        return [(block, number) for block in self.blocks() for number in range(len(block.lines))]

    def target(self) -> Drill | None:
        rows = self._rows()
        if self.cursor is None or not rows:
            return None
        column, row = self.cursor
        block, number = rows[min(row, len(rows) - 1)]
        found = block.drill(min(column, len(block.names) - 1), number)
        return self.drill(*found) if found is not None else None

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        after = [(end, column, row) for column, row, end, at in self._cells() if at == y and x < end]
        if not after or (x < self._ends(self.blocks()[0])[0] and not self._tall):
            return False
        _, *cell = min(after)
        chosen = (cell[0], cell[1])
        again, self.cursor = self.cursor == chosen, chosen
        self.repaint()
        return again

    def action_move(self, right: int, down: int) -> None:
        """Selects a neighbouring count, as the counts stand on the screen. The first time, selects the first count."""
        cells = list(self._cells())
        here = next(((x, y) for column, row, x, y in cells if (column, row) == self.cursor), None)
        if here is None or not cells:
            self.cursor = (0, 0)
        else:
            beyond = [
                (abs(y - here[1]), abs(x - here[0]), (column, row))
                for column, row, x, y in cells
                if ((y - here[1]) * down > 0 if down else y == here[1] and (x - here[0]) * right > 0)
            ]
            self.cursor = min(beyond)[2] if beyond else self.cursor
        self.repaint()
