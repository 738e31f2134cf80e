"""The places of the labels of the percentile marks: no label covers another label, or the line of another mark."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product


@dataclass(frozen=True)
class Mark:
    """A vertical line from `row` (0 on top) downwards. Its label starts at `start`; None where it has no room."""

    name: str
    value: str
    column: int
    row: int = 0
    start: int | None = None

    @property
    def width(self) -> int:
        return len(self.name) + 1 + len(self.value)

    def covers(self, row: int, column: int, margin: int = 0) -> bool:
        """Whether the label, or the margin around it, takes this cell."""
        return self.start is not None and row == self.row and -margin <= column - self.start < self.width + margin


def _collides(one: Mark, other: Mark, rows: int) -> bool:
    """Whether the label of one mark is too near the label of the other, or covers the line of the other."""
    if one.start is None:
        return False
    if any(other.covers(one.row, x, 1) for x in range(one.start, one.start + one.width)):
        return True
    return any(one.covers(row, other.column) for row in range(other.row, rows))


def place_marks(marks: list[tuple[str, str, int]], columns: int, rows: int) -> list[Mark]:
    """Places the labels of (name, value, column): as many labels as possible, in as few rows as possible."""
    choices = []
    for name, value, column in marks:
        mark = Mark(name, value, column)
        starts = (column + 1, column - mark.width, None)
        fitting = [s for s in starts if s is None or (s >= 0 and s + mark.width <= columns)]
        choices.append([replace(mark, row=row, start=start) for row in range(rows) for start in fitting])

    def cost(way: Sequence[Mark]) -> tuple[int, int, int, int]:
        hidden = sum(mark.start is None for mark in way)
        left = sum(mark.start is not None and mark.start < mark.column for mark in way)
        return hidden, max((mark.row for mark in way), default=0), left, sum(mark.row for mark in way)

    ways: list[Sequence[Mark]] = [
        way
        for way in product(*choices)
        if not any(_collides(a, b, rows) for k, a in enumerate(way) for m, b in enumerate(way) if k != m)
    ]
    best = min(ways, key=cost)
    return list(best)
