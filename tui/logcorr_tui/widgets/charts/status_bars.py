"""The status codes of the overview: the share of each class, and a log bar for each code and for no response."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.model.status import class_of, code_of, in_order, key_of
from logcorr.text.quantities import percent, short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.status_codes import colour_of, reason
from logcorr_tui.state.messages import Drill
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart


@dataclass(frozen=True)
class Row:
    """A status, or the requests without a response, which have no key. `key` is the status as a filter names it."""

    code: int | None
    count: int
    reason: str
    key: str | None

    @property
    def label(self) -> str:
        return "–" if self.key is None else self.key


class StatusBars(Chart):
    """Up and down select a code. Enter shows its exchanges, or the requests without a response."""

    COMPARES = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Previous status", show=False, id="status.previous", tooltip="Previous status"),
        Binding("down,j", "move(1)", "Next status", show=False, id="status.next", tooltip="Next status"),
        Binding("home", "move(-1000)", "First status", show=False, id="status.first", tooltip="First status"),
        Binding("end", "move(1000)", "Last status", show=False, id="status.last", tooltip="Last status"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.cursor: int | None = None
        self._first = 0
        # The numbers of the rows in sight at the last click: a row must not move away below the pointer.
        self._kept: tuple[int, ...] = ()

    def watch_figures(self) -> None:
        if self.cursor is not None:
            self.cursor = min(self.cursor, len(self.rows()) - 1) if self.rows() else None
        self._kept = ()
        super().watch_figures()

    def rows(self) -> list[Row]:
        """The codes in their order, then the requests without a response."""
        if self.figures is None:
            return []
        status = self.figures.status
        codes = [(code_of(key), status[key]) for key in in_order(status)]
        rows = [Row(code, n, reason(code), key_of(code)) for code, n in codes if code is not None and code >= 100]
        rows += [Row(code, n, reason(code), key_of(code)) for code, n in codes if code is None or code < 100]
        if self.figures.request_orphans:
            rows.append(Row(None, self.figures.request_orphans, "No response", None))
        return rows

    @property
    def _body(self) -> tuple[int, int]:
        """The first row of the list on the canvas, and the number of rows."""
        head = 2 if self.size.height >= 11 and self.size.width >= 34 else 0
        return 1 + head, max(self.size.height - 2 - head, 0)

    def in_sight(self) -> list[tuple[int, Row]]:
        """(number, row) of the rows in sight: the most frequent codes and no response, or those around the cursor."""
        rows, (_, room) = list(enumerate(self.rows())), self._body
        if self._kept and len(self._kept) == min(room, len(rows)) and self._kept[-1] < len(rows):
            return [rows[number] for number in self._kept]
        if self.cursor is not None and room:
            self._first = min(max(self._first, self.cursor - room + 1), self.cursor)
            self._first = max(min(self._first, len(rows) - room), 0)
            return rows[self._first : self._first + room]
        ranked = sorted(rows, key=lambda item: (item[1].key is not None, -item[1].count))
        return sorted(ranked[:room])

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        rows = self.rows()
        start, _ = self._body
        visible = self.in_sight()
        title: list[Part] = [("Status codes", colours.ink, True), (" · log bars", colours.dim, False)]
        if self.figures and self.figures.share is not None:
            title = [title[0], (f" · {self.figures.note()}", colours.warn, False)]
        hidden = len(rows) - len(visible)
        note: list[Part] = [(f"{hidden} more · ", colours.ink, False)] if hidden > 0 else []
        note.append(("↑↓ select · ⏎ drill", colours.dim, False))
        if self.cursor is not None and rows and rows[min(self.cursor, len(rows) - 1)].count:
            note.append((" · w what differs", colours.dim, False))
        canvas.frame(title, note, self.edge(colours))
        if not rows:
            text = "no response yet" if self.figures is None else "no exchange"
            canvas.write(max((canvas.width - len(text)) // 2, 1), canvas.height // 2, text, colours.dim)
            return
        if start > 1:
            self._composition(canvas, colours)
        total = sum(row.count for row in rows if row.key is not None)
        top = max(row.count for row in rows)
        for y, (number, row) in enumerate(visible, start):
            self._line(canvas, colours, y, row, total=total, top=top, chosen=number == self.cursor)

    def _composition(self, canvas: Canvas, colours: Palette) -> None:
        assert self.figures is not None  # noqa: S101 - there are rows
        shares: Counter[int] = Counter()
        for code, n in self.figures.status.items():
            shares[class_of(code_of(code))] += n
        total, width = sum(shares.values()), canvas.width - 4
        classes = [(kind, shares[kind]) for kind in (2, 3, 4, 5, 0) if shares[kind]]
        x, summed = 2, 0
        legend = 2
        for at, (kind, n) in enumerate(classes):
            summed += n
            # Each class takes at least a cell, and leaves a cell for each class that follows.
            end = min(max(2 + round(summed / total * width), x + 1), 2 + width - (len(classes) - 1 - at))
            ink = colour_of(kind * 100 or None, colours)
            canvas.write(x, 1, "█" * (end - x), ink)
            x = end
            share = percent(n, total, 1).replace(" %", "%")
            name = f"{kind}xx " if kind else "other "
            if legend + 2 + len(name) + len(share) <= canvas.width - 1:
                parts: list[Part] = [("■ ", ink, False), (name, colours.dim, False), (share, colours.ink, True)]
                legend = canvas.parts(legend, 2, parts, canvas.width - 1) + 2

    def _line(self, canvas: Canvas, colours: Palette, y: int, row: Row, *, total: int, top: int, chosen: bool) -> None:
        ink, end = colour_of(row.code, colours), canvas.width - 2
        wide = canvas.width >= 50
        if chosen:
            canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
            canvas.put(1, y, "▸", colours.ink, bold=True)
        x = canvas.write(2, y, f"{row.label:<4}", ink, bold=True)
        if wide:
            # The key of no status is longer than a code.
            canvas.write(max(x, 3 + len(row.label)), y, row.reason[:17], colours.dim)
            x += 18
            # The shares are of exchanges; a request without a response is no exchange.
            share = "" if row.key is None else percent(row.count, total).replace(" %", "%")
            canvas.right(end, y, share, colours.dim)
            end -= 8
        figure = f"{row.count:,}" if wide else short(row.count)
        canvas.right(end, y, figure, colours.ink)
        columns = end - (11 if wide else 8) - x
        if columns >= 3:
            filled = max(round(math.log10(row.count + 1) / math.log10(top + 1) * columns * 2), 1) if row.count else 0
            canvas.write(x, y, "─" * columns, colours.frame)
            canvas.write(x, y, "━" * (filled // 2) + "╸" * (filled % 2), ink)

    def target(self) -> Drill | None:
        rows = self.rows()
        if self.cursor is None or not 0 <= self.cursor < len(rows):
            return None
        row = rows[self.cursor]
        if row.key is None:
            return self.drill("orphans", "side=request", "no response")
        return self.drill("exchanges", f"status={row.key}", f"status {row.key}")

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del x, extend
        start, _ = self._body
        visible = self.in_sight()
        if not 0 <= y - start < len(visible):
            return False
        self._kept = tuple(number for number, _ in visible)
        at = visible[y - start][0]
        again, self.cursor = at == self.cursor, at
        self.repaint()
        return again

    def action_move(self, by: int) -> None:
        """Moves the selection up or down the list. The first time, selects the first code."""
        rows = self.rows()
        if rows:
            at = (0 if by < 1000 else len(rows) - 1) if self.cursor is None else self.cursor + by
            if self._kept and self.cursor is not None:
                # The list goes on from the row of the canvas where the click left the selection.
                row = next((y for y, (number, _) in enumerate(self.in_sight()) if number == self.cursor), 0)
                self._first = max(self.cursor - row, 0)
            self._kept = ()
            self.cursor = min(max(at, 0), len(rows) - 1)
            self.repaint()
