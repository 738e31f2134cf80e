"""A canvas: a grid of coloured cells that all charts are drawn on, and that becomes strips."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, groupby, pairwise

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

EIGHTHS = " ▁▂▃▄▅▆▇█"
_LEFT_EIGHTHS = "▏▎▍▌▋▊▉"
Part = tuple[str, str, bool]
_Cell = tuple[str, str, str, bool]


@lru_cache(maxsize=8192)
def _style(ink: str, paper: str, bold: bool) -> Style:
    return Style(color=ink, bgcolor=paper, bold=bold)


class Canvas:
    """Cells of (glyph, ink, paper, bold). Cells outside of the canvas are left out."""

    def __init__(self, width: int, height: int, ink: str, paper: str) -> None:
        self.width, self.height = width, height
        self._rows: list[list[_Cell]] = [[(" ", ink, paper, False)] * width for _ in range(height)]

    def put(self, x: int, y: int, glyph: str, ink: str, paper: str | None = None, *, bold: bool = False) -> None:
        """Sets one cell. Without a paper, the cell keeps its paper."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._rows[y][x] = (glyph, ink, paper or self._rows[y][x][2], bold)

    @property
    def region(self) -> Region:
        """The region of the whole canvas."""
        return Region(0, 0, self.width, self.height)

    def cell(self, x: int, y: int) -> tuple[str, str, str, bool]:
        """(glyph, ink, paper, bold) of a cell."""
        return self._rows[y][x]

    def paper(self, region: Region, paper: str) -> None:
        """Sets the paper of all cells in a region."""
        for y in range(max(region.y, 0), min(region.bottom, self.height)):
            for x in range(max(region.x, 0), min(region.right, self.width)):
                glyph, ink, _, bold = self._rows[y][x]
                self._rows[y][x] = (glyph, ink, paper, bold)

    def write(self, x: int, y: int, text: str, ink: str, paper: str | None = None, *, bold: bool = False) -> int:
        """Writes text from a cell on, by its width in cells. Returns the cell after the text."""
        for glyph in text:
            cells = cell_len(glyph)
            if cells == 0:
                continue
            if cells == 2 and x + 1 >= self.width:
                glyph, cells = "…", 1  # noqa: PLW2901 - half a wide character is worse
            self.put(x, y, glyph, ink, paper, bold=bold)
            if cells == 2:
                self.put(x + 1, y, "", ink, paper, bold=bold)
            x += cells
        return x

    def right(self, end: int, y: int, text: str, ink: str, *, bold: bool = False) -> None:
        """Writes text that ends before a cell."""
        self.write(end - cell_len(text), y, text, ink, bold=bold)

    def parts(self, x: int, y: int, parts: Sequence[Part], end: int) -> int:
        """Writes coloured pieces of text, as many as fit whole before `end`. Returns the cell after the pieces."""
        for text, ink, bold in parts:
            if x + cell_len(text.rstrip()) > end:
                break
            x = self.write(x, y, text, ink, bold=bold)
        return x

    def bar(self, x: int, bottom: int, eighths: int, inks: Sequence[str]) -> None:
        """Draws a bar upwards from row `bottom`, in eighths of a cell; `inks` from the lowest row up."""
        for row in range(-(-eighths // 8)):
            self.put(x, bottom - row, EIGHTHS[min(eighths - row * 8, 8)], inks[min(row, len(inks) - 1)])

    def frame(self, title: Sequence[Part], note: Sequence[Part], ink: str) -> list[tuple[range, str]]:
        """Draws a round frame around the canvas, with a title at the top left and a note at the bottom right.

        Returns the cells of the parts of the note that have room.
        """
        wide, high = self.width, self.height
        if wide < 4 or high < 2:
            return []
        for y, left, right in ((0, "╭", "╮"), (high - 1, "╰", "╯")):
            self.write(0, y, left + "─" * (wide - 2) + right, ink)
        for y in range(1, high - 1):
            self.put(0, y, "│", ink)
            self.put(wide - 1, y, "│", ink)
        end = self.parts(3, 0, title, wide - 3)
        if end > 3:
            self.put(2, 0, " ", ink)
            self.put(end, 0, " ", ink)
        cells = sum(cell_len(text) for text, _, _ in note)
        while note and cells > wide - 6:
            cells, note = cells - cell_len(note[-1][0]), note[:-1]
        x = wide - 3 - cells
        if note:
            self.put(x - 1, high - 1, " ", ink)
            self.put(self.parts(x, high - 1, note, wide - 2), high - 1, " ", ink)
        ends = accumulate((cell_len(text) for text, _, _ in note), initial=x)
        return [(range(start, end), part[0]) for (start, end), part in zip(pairwise(ends), note, strict=True)]

    def strip(self, y: int) -> Strip:
        """One line, cells of one style joined."""
        if not 0 <= y < self.height:
            return Strip.blank(self.width)
        runs = groupby(self._rows[y], key=lambda cell: cell[1:])
        return Strip([Segment("".join(c[0] for c in cells), _style(*key)) for key, cells in runs], self.width)

    def text(self) -> list[str]:
        """The glyphs alone, a string for each line."""
        return ["".join(cell[0] for cell in row) for row in self._rows]


def horizontal_bar(eighths: int) -> str:
    """A bar from left to right, in eighths of a cell."""
    cells, rest = divmod(eighths, 8)
    return "█" * cells + (_LEFT_EIGHTHS[rest - 1] if rest else "")
