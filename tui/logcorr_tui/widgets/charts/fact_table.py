"""A small framed table of figures on the overview. A row can be selected, and leads to its rows."""

from typing import ClassVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region

from logcorr.text.fit_columns import middle
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.widgets.charts import fact_rows
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.fact_rows import Fact, Facts

_FRAME = 2
_GAP = 2
_LEAST_NAME = 10


class FactTable(Chart):
    """A table of facts. Up and down select a row, Enter shows the rows behind it."""

    COMPARES = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Row before", show=False, id="facts.previous", tooltip="The row before"),
        Binding("down,j", "move(1)", "Next row", show=False, id="facts.next", tooltip="The next row"),
        Binding("home", "move(-1000)", "First row", show=False, id="facts.first", tooltip="The first row"),
        Binding("end", "move(1000)", "Last row", show=False, id="facts.last", tooltip="The last row"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.set_classes(classes or "")
        self.cursor: int | None = None
        self.facts: Facts | None = None

    def show(self, facts: Facts | None) -> None:
        """Shows other facts, without a selection; nothing at all for None."""
        self.facts, self.cursor = facts, None
        self.display = facts is not None
        self.repaint()

    @property
    def height(self) -> int:
        """How many rows of the screen the table wants."""
        return 0 if self.facts is None else len(self.facts.rows) + _FRAME + bool(self.facts.columns)

    @property
    def _top(self) -> int:
        return 1 + bool(self.facts and self.facts.columns)

    def select(self, number: int, *, scroll: bool = True) -> None:
        """Selects a row by its number, from the end where it is negative. The row scrolls into sight."""
        if self.facts is not None:
            self.cursor = number % len(self.facts.rows)
            self.repaint()
            if scroll:
                self.call_after_refresh(self._keep_in_sight)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        facts = self.facts
        if facts is None:
            return
        title: list[Part] = [
            (facts.title, colours.ink, True),
            (f" · {facts.note}" if facts.note else "", colours.dim, False),
        ]
        leads = any(row.target for row in facts.rows)
        canvas.frame(title, [("↑↓ select · ⏎ its rows", colours.dim, False)] if leads else [], self.edge(colours))
        ends, name_end = self._columns(facts, canvas.width)
        if facts.columns:
            canvas.write(2, 1, middle(facts.head, max(name_end - 2, 1)), colours.dim)
        for column, end in ends.items():
            canvas.right(end, 1, facts.columns[column], colours.dim)
        for number, row in enumerate(facts.rows):
            y, chosen = self._top + number, number == self.cursor
            if chosen:
                canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
                canvas.put(1, y, "▸", colours.ink, bold=True)
            name = middle(row.name, max(name_end - 2, 1))
            end = canvas.write(2, y, name, colours.ink if row.target else colours.dim, bold=chosen)
            if ends:
                # A leader, so that the eye finds the figures of a name.
                first = min(ends)
                canvas.write(end + 1, y, "┈" * (ends[first] - cell_len(row.cells[first][0]) - end - 2), colours.frame)
            self._cells(canvas, colours, row, y, ends or {0: name_end})

    def _cells(self, canvas: Canvas, colours: Palette, row: Fact, y: int, ends: dict[int, int]) -> None:
        """Writes figures that end at their columns, or the text of a table without columns after the name."""
        for column, end in ends.items():
            text, ink = row.cells[column][0], str(getattr(colours, row.cells[column][1]))
            if self.facts is not None and self.facts.columns:
                canvas.right(end, y, text, ink)
            else:
                canvas.write(end + _GAP, y, middle(text, max(canvas.width - end - _GAP - 2, 1)), ink)

    def _columns(self, facts: Facts, width: int) -> tuple[dict[int, int], int]:
        """The cell after each column that has room, and the cell after the name."""
        longest = max(cell_len(row.name) for row in facts.rows)
        if not facts.columns:
            return {}, min(2 + longest, width * 2 // 3)
        wide = [
            max(cell_len(title), *(cell_len(row.cells[column][0]) for row in facts.rows))
            for column, title in enumerate(facts.columns)
        ]
        kept = list(range(len(wide)))
        going = [*facts.spared, *(column for column in reversed(kept) if column not in facts.spared)]
        for column in going[:-1]:
            if width - 4 - sum(wide[k] + _GAP for k in kept) >= min(longest, max(width // 4, _LEAST_NAME)):
                break
            kept.remove(column)
        end, ends = width - 2, dict[int, int]()
        for column in reversed(kept):
            ends[column] = end
            end -= wide[column] + _GAP
        return dict(sorted(ends.items())), max(end, 3)

    def target(self) -> Drill | None:
        if self.facts is None or self.cursor is None or not 0 <= self.cursor < len(self.facts.rows):
            return None
        row = self.facts.rows[self.cursor]
        target = row.drill()
        return None if target is None else self.drill(*target)

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del x, extend
        rows = self.facts.rows if self.facts else []
        if not 0 <= y - self._top < len(rows):
            return False
        again, self.cursor = self.cursor == y - self._top, y - self._top
        self.repaint()
        return again

    def action_move(self, by: int) -> None:
        """Selects another row. The first time, selects the first row."""
        rows = self.facts.rows if self.facts else []
        if not rows or (abs(by) == 1 and self.cursor is not None and not 0 <= self.cursor + by < len(rows)):
            # Another table may come next.
            raise SkipAction
        at = (0 if by < 1000 else len(rows) - 1) if self.cursor is None else self.cursor + by
        self.select(min(max(at, 0), len(rows) - 1))

    def _keep_in_sight(self) -> None:
        """Scrolls what the table lies in, so far that the selected row is in sight."""
        place = next((node for node in self.ancestors if isinstance(node, VerticalScroll)), None)
        if place is None or self.cursor is None:
            return
        row, seen = self.region.y + self._top + self.cursor, place.region
        beyond = min(row - seen.y, 0) or max(row - seen.bottom + 1, 0)
        if beyond:
            place.scroll_relative(y=beyond, animate=False, immediate=True)


class RunFacts(FactTable):
    """One of the tables of `fact_rows`, by its name. It is hidden where the run has none of its rows."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"facts-{name}")
        self._table = name

    def watch_figures(self) -> None:
        """Takes the rows of a finished run. Estimates have none."""
        self.show(fact_rows.facts(self._table, self.figures))
