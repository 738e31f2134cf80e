"""The ledger of the overview: where every line of each side went. The counts must add up to the lines."""

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
from logcorr_tui.widgets.charts.ledger_blocks import Block, rows_of

__all__ = ["Ledger", "rows_of"]

_WHOLE_NAMES = 90


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
            top, row = top + 1 + len(block.lines), row + len(block.lines)
        missing = self._missing(self.size.width - 4)
        if missing and row == 1:
            canvas.write(2, 3, missing, colours.dim)

    def _paint_block(self, canvas: Canvas, colours: Palette, block: Block, top: int, first: int) -> None:
        """Draws a block from the row `top` of the canvas on; its first line is the row `first` of the cursor."""
        ends = self._ends(block)
        for k, (x, name) in enumerate(zip(ends, (block.whole, *self._names(block)), strict=True)):
            canvas.right(x, top, name, colours.dim)
            for number, line in enumerate(block.lines):
                y, count = top + 1 + number, (line.total, *line.counts)[k]
                figure = f"{count:,}" if self._wide else short(count)
                chosen = self.cursor == (k - 1, first + number)
                if chosen:
                    canvas.paper(Region(x - len(figure) - 1, y, len(figure) + 2, 1), colours.raised)
                    canvas.put(x - len(figure) - 1, y, "▸", colours.ink)
                canvas.right(x, y, figure, colours.ink if count else colours.dim, bold=k == 0 or chosen)
        for number, line in enumerate(block.lines):
            y = top + 1 + number
            canvas.write(2, y, line.name, colours.dim)
            canvas.put(ends[0] + 1, y, "=" if line.closes else "≠", colours.good if line.closes else colours.bad)

    @property
    def _wide(self) -> bool:
        return self.size.width >= 108

    def _names(self, block: Block) -> tuple[str, ...]:
        return tuple(count[0] if self.size.width >= _WHOLE_NAMES else count[1] for count in block.names)

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
        """The cell after each column of a block: the whole, then each count."""
        start, room = 12, max(self.size.width - 14, 16)
        names = (block.whole, *self._names(block))
        if not self._wide and self.size.width >= _WHOLE_NAMES:
            # Whole names, where there is no room for columns of one width.
            widths = [len(name) for name in names]
            spare = room - sum(widths)
            return [start + sum(widths[: k + 1]) + spare * (k + 1) // len(widths) for k in range(len(widths))]
        return [start + (k + 1) * room // len(names) for k in range(len(names))]

    def _rows(self) -> list[tuple[Block, int, int]]:
        """For each row of the cursor its block, the number of its line in the block, and its row of the canvas."""
        rows, top = [], 1
        for block in self.blocks():
            rows += [(block, number, top + 1 + number) for number in range(len(block.lines))]
            top += 1 + len(block.lines)
        return rows

    def target(self) -> Drill | None:
        rows = self._rows()
        if self.cursor is None or not rows:
            return None
        column, row = self.cursor
        block, number, _ = rows[min(row, len(rows) - 1)]
        found = block.drill(min(column, len(block.names) - 1), number)
        return self.drill(*found) if found is not None else None

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        for row, (block, _, at) in enumerate(self._rows()):
            if at != y:
                continue
            column = next((k for k, end in enumerate(self._ends(block)) if x < end), -1) - 1
            if not 0 <= column < len(block.names):
                return False
            again, self.cursor = self.cursor == (column, row), (column, row)
            self.repaint()
            return again
        return False

    def action_move(self, right: int, down: int) -> None:
        """Selects a neighbouring count. The first time, selects the first count."""
        rows = self._rows()
        if self.cursor is None or not rows:
            self.cursor = (0, 0)
        else:
            column, row = self.cursor
            row = min(max(row + down, 0), len(rows) - 1)
            self.cursor = (min(max(column + right, 0), len(rows[row][0].names) - 1), row)
        self.repaint()
