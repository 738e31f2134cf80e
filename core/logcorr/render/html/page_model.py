"""What a page shows, before it is HTML: texts, tables, charts, and the sections they stand in.

All texts of logs have passed `safe`. They are texts, not HTML: the template escapes them. A tone is a name of a colour,
or several names, which are classes of the style sheet: good, warn, bad, info, lost, accent, dim, bold.
"""

from typing import Any, ClassVar

import msgspec


class Fragment(msgspec.Struct, frozen=True):
    """A piece of text in one tone."""

    text: str
    tone: str = ""


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table. `value` is what it is sorted by, where that is not its text. `bar` is a share from 0 to 1."""

    text: str
    tone: str = ""
    value: float | None = None
    bar: float | None = None


class Column(msgspec.Struct, frozen=True):
    """The head of a column. `right` is for numbers, `wide` for long texts, which may be folded."""

    name: str
    right: bool = False
    wide: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table. One that is `long` can be sorted and searched, and scrolls.

    The first column names the rows if `named`. A `whole` table is as wide as the page. `nothing` stands for no rows.
    """

    kind: ClassVar[str] = "table"
    id: str
    title: str
    note: str = ""
    columns: list[Column]
    rows: list[list[Cell]]
    nothing: str = "none"
    long: bool = False
    named: bool = True
    strip: "Strip | None" = None
    whole: bool = False

    def marked(self, row: list[Cell]) -> list[tuple[Cell, str]]:
        """The cells of a row, each with its classes: its tone, and what its column says."""
        return [(cell, " ".join(filter(None, (cell.tone, kind)))) for cell, kind in zip(row, self._kinds, strict=True)]

    @property
    def _kinds(self) -> list[str]:
        return ["right" if column.right else "wide" if column.wide else "" for column in self.columns]


class Strip(msgspec.Struct, frozen=True):
    """One bar of several parts: (name, share from 0 to 1, share as text, tone) of each."""

    parts: list[tuple[str, float, str, str]]

    @property
    def placed(self) -> list[tuple[float, float, str]]:
        """Start and width in percent, and the tone of each part. A part is never too narrow to be seen."""
        widths = [max(100 * share, 0.4) for _, share, _, _ in self.parts]
        scale = 100 / sum(widths)
        starts = [sum(widths[:k]) * scale for k in range(len(widths))]
        tones = [tone for *_, tone in self.parts]
        return [
            (round(start, 2), round(wide * scale, 2), tone)
            for start, wide, tone in zip(starts, widths, tones, strict=True)
        ]


class Label(msgspec.Struct, frozen=True):
    """A text in a drawing, at x and y. `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    tone: str = "axis"


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A still picture of a chart: areas and lines, each a path of SVG with its tone, and labels."""

    width: int
    height: int
    areas: list[tuple[str, str]]
    lines: list[tuple[str, str]]
    labels: list[Label]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart: its picture, what the picture shows in words, and its figures as a table.

    `data` is what the script draws it anew from; `form` names the way.
    """

    kind: ClassVar[str] = "chart"
    id: str
    title: str
    note: str = ""
    legend: list[Fragment]
    text: str
    drawing: Drawing
    table: Table | None = None
    form: str
    data: dict[str, Any]
    whole: bool = True


class Tile(msgspec.Struct, frozen=True):
    """A headline figure. `spark` is its course over time as a path of SVG, 100 wide and 24 high; empty without one."""

    tone: str
    name: str
    figure: str
    notes: list[str]
    spark: str = ""


class Notice(msgspec.Struct, frozen=True):
    """What to look at first: lines of fragments."""

    tone: str
    lines: list[list[Fragment]]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the page with its own heading."""

    id: str
    title: str
    note: str = ""
    panels: list[Table | Chart]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """All that a page shows. `badge` is a word of the whole, with its tone."""

    title: str
    head: list[Fragment]
    under: list[str]
    badge: Fragment
    tiles: list[Tile] = []
    notices: list[Notice] = []
    sections: list[Section]
    foot: str
