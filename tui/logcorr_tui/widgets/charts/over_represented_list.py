"""A ranked list of values that are over-represented in a selection: share here, share of the rest, lift, count."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from logcorr.query.over_represented import Contrast, Standout
from logcorr.text.fit_columns import middle
from logcorr.text.quantities import percent, short
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.status_codes import reason
from logcorr_tui.state.messages import Drill
from logcorr_tui.widgets.charts.canvas import Canvas, Part, horizontal_bar
from logcorr_tui.widgets.charts.chart import Chart

_LEAST_BAR = 8
_LEAST_NAME = 6
_MOST_BAR = 40
_FIGURE = 7
# How many times as often a value is here as in the rest.
_HEADS = {"lift": "times"}


@dataclass(frozen=True)
class ListContent:
    """The content of a list: its title, the word for its values, the values, and the rows that a value leads to."""

    title: str
    word: str
    contrast: Contrast
    drill: Callable[[Standout], Drill]

    def name(self, row: Standout) -> str:
        """The value as safe text for people."""
        if row.value is None:
            return f"(no {self.word})"
        if self.contrast.column == "status_code" and isinstance(row.value, int):
            return f"{row.value} {reason(row.value)}"
        return safe(str(row.value), 200)

    def lift(self, row: Standout) -> str:
        """How many times as large the share here is as the share of the rest."""
        lift = self.contrast.lift(row)
        return "×∞" if math.isinf(lift) else f"×{short(lift)}"

    def told(self, row: Standout) -> str:
        """All figures of a row, in words."""
        of = self.contrast
        here = f"{row.inside:,} of {of.inside:,} here ({percent(row.inside, of.inside)})"
        rest = f"{row.outside:,} of {of.outside:,} elsewhere ({percent(row.outside, of.outside)})"
        lift = of.lift(row)
        often = "nowhere else" if math.isinf(lift) else f"{short(lift)} times as often"
        return f"{safe(self.name(row), 60)}: {here} · {rest} · {often}"


class OverRepresentedList(Chart):
    """Up and down select a value. Enter shows exactly the rows of the value, `w` what differs in these."""

    COMPARES = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="standouts.previous", tooltip="The value before"),
        Binding("down,j", "move(1)", "Down", show=False, id="standouts.next", tooltip="The next value"),
        Binding("right,l,tab", "app.focus_next", "Next list", show=False, id="standouts.next_list",
                tooltip="To the next list"),
        Binding("left,h,shift+tab", "app.focus_previous", "List before", show=False, id="standouts.previous_list",
                tooltip="To the list before"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="standouts.page_up", tooltip="Ten values up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="standouts.page_down", tooltip="Ten values down"),
        Binding("home", "move(-1000)", "First", show=False, id="standouts.first", tooltip="What stands out most"),
        Binding("end", "move(1000)", "Last", show=False, id="standouts.last", tooltip="The last value"),
    ]  # fmt: skip

    class Moved(Message):
        """Another row is selected, or the list has the focus now."""

    def __init__(self, listing: ListContent, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.listing = listing
        self.can_focus = bool(listing.contrast.rows)
        self.cursor = self._first = 0
        self._clicked: int | None = None

    @property
    def rows(self) -> list[Standout]:
        return self.listing.contrast.rows

    @property
    def told(self) -> str:
        """All figures of the selected row, in words."""
        return self.listing.told(self.rows[self.cursor]) if self.rows else ""

    def _in_sight(self) -> list[tuple[int, Standout]]:
        room = max(self.size.height - 3, 0)
        self._first = min(max(self._first, self.cursor - room + 1), self.cursor)
        self._first = max(min(self._first, len(self.rows) - room), 0)
        return list(enumerate(self.rows))[self._first : self._first + room]

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        rows, of = self.rows, self.listing
        visible = self._in_sight()
        title: list[Part] = [(of.title, colours.ink, True)]
        if rows:
            title.append((f" · {len(rows)} stand{'s' if len(rows) == 1 else ''} out", colours.dim, False))
        below = len(rows) - self._first - len(visible)
        note: list[Part] = [(f"{below} more · ", colours.ink, False)] if below > 0 else []
        keys: list[Part] = [("↑↓ select", colours.dim, False), (" · ⏎ its rows", colours.dim, False)]
        keys.append((" · w what differs in them", colours.dim, False))
        canvas.frame(title, [*note, *keys] if rows else [], self.edge(colours))
        if not rows:
            canvas.write(3, 1, "nothing stands out", colours.dim)
            return
        layout = _Layout.of(canvas.width, max(cell_len(of.name(row)) for row in rows))
        self._head(canvas, colours, layout)
        for y, (number, row) in enumerate(visible, 2):
            self._line(canvas, colours, y, row, layout, chosen=self.has_focus and number == self.cursor)

    def _head(self, canvas: Canvas, colours: Palette, layout: "_Layout") -> None:
        canvas.write(layout.name[0], 1, self.listing.word[: layout.name[1]], colours.dim)
        if layout.bar[1] >= 13:
            canvas.write(layout.bar[0], 1, "█ here │ rest", colours.dim)
        for title, end in layout.ends.items():
            canvas.right(end, 1, _HEADS.get(title, title), colours.dim)

    def _line(
        self, canvas: Canvas, colours: Palette, y: int, row: Standout, layout: "_Layout", *, chosen: bool
    ) -> None:
        of = self.listing.contrast
        if chosen:
            canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
            canvas.put(1, y, "▸", colours.ink, bold=True)
        x, wide = layout.name
        canvas.write(x, y, middle(self.listing.name(row), wide), colours.ink, bold=chosen)
        figures = {
            "lift": (self.listing.lift(row), colours.warn),
            "here": (_share(row.inside, of.inside), colours.ink),
            "rest": (_share(row.outside, of.outside), colours.dim),
            "rows": (short(row.inside), colours.ink),
        }
        for title, end in layout.ends.items():
            text, ink = figures[title]
            canvas.right(end, y, text, ink, bold=title == "lift")
        x, wide = layout.bar
        if wide >= _LEAST_BAR:
            most = max(of.share_inside(other) for other in self.rows)
            eighths = max(round(of.share_inside(row) / most * wide * 8), 1)
            canvas.write(x, y, horizontal_bar(eighths), colours.accent)
            # The share of the rest is the smaller share, so its mark stands within the bar, or has no room.
            at = round(of.share_outside(row) / most * wide)
            if 0 < at < wide:
                full = at < eighths // 8
                canvas.put(x + at, y, "│", colours.on_badge if full else colours.ink, colours.accent if full else None)

    def target(self) -> Drill | None:
        return self.listing.drill(self.rows[self.cursor]) if self.rows else None

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del x, extend
        visible = self._in_sight()
        if not 0 <= y - 2 < len(visible):
            return False
        at = visible[y - 2][0]
        # The first row of a list is selected from the start, without a click.
        again, self._clicked = at == self.cursor == self._clicked, at
        self._choose(at)
        return again

    def action_move(self, by: int) -> None:
        """Up or down the list."""
        if self.rows:
            self._choose(min(max(self.cursor + by, 0), len(self.rows) - 1))

    def on_focus(self) -> None:
        super().on_focus()
        self.post_message(self.Moved())

    def _choose(self, number: int) -> None:
        self.cursor = number
        self.repaint()
        self.post_message(self.Moved())


@dataclass(frozen=True)
class _Layout:
    """The columns of a list: (start, width) of value and bar, and the end of each figure."""

    name: tuple[int, int]
    bar: tuple[int, int]
    ends: dict[str, int]

    @classmethod
    def of(cls, width: int, longest: int) -> "_Layout":
        """The columns for a width. A narrow list has fewer figures, and the narrowest has no bar."""
        figures = ["lift", "here", "rest", "rows"] if width >= 52 else ["lift", "here"] if width >= 32 else ["lift"]
        room = max(width - 5 - _FIGURE * len(figures), 1)
        wanted = min(longest, room - 1 - _LEAST_BAR) if room - 1 - _LEAST_BAR >= _LEAST_NAME else min(longest, room)
        ends = {figure: 3 + wanted + _FIGURE * (number + 1) for number, figure in enumerate(figures)}
        start = max(ends.values()) + 2
        bar = min(width - 2 - start, _MOST_BAR)
        return cls((3, wanted), (start, bar if bar >= _LEAST_BAR else 0), ends)


def _share(part: int, whole: int) -> str:
    return percent(part, whole, 1).replace(" ", "")
