"""The findings of a run on the overview: sentences on what chance does not explain, each with its rows.

What makes the figures doubtful stands above the findings, and what the run was narrowed to.
"""

import textwrap
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.findings import Finding
from logcorr.text.finding_text import finding_text
from logcorr.text.fit_columns import head
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart

_LONGEST = 400
_MOST_LINES = 2
# The sentence that is selected is shown whole.
_MOST_OF_SELECTED = 8
_FRAME = 2
# On a lower screen there is no frame, and a sentence has one line.
_FRAMED = 33
_MOST_BARE = 3
_LOW = 28


@dataclass(frozen=True)
class Said:
    """One sentence. `ink` is the name of its colour, `sign` stands before it. `finding` is what it leads to."""

    text: str
    sign: str
    ink: str
    finding: Finding | None = None


def sentences(figures: Figures | None) -> list[Said]:
    """The warnings, what the run was narrowed to, and the findings."""
    report = figures.report if figures is not None else None
    if figures is None or report is None:
        return []
    said = [Said(safe(text, _LONGEST), "!", "warn") for text in report.warnings]
    if figures.narrowed:
        said.append(Said(_narrowed(figures, report), "◂", "warn"))
    return [*said, *(Said(finding_text(finding), "•", "ink", finding) for finding in report.findings)]


def _narrowed(figures: Figures, report: RunReport) -> str:
    asked = ", ".join(f"--{name} {safe(value, 60)}" for name, value in figures.narrowed.items())
    if isinstance(report, AccessReport):
        out, of = report.inputs.access.left_out, report.inputs.access.exchanges
    else:
        sides = (report.inputs.requests, report.inputs.responses)
        out, of = sum(side.left_out for side in sides), sum(side.entries or 0 for side in sides)
    return f"A part of the logs: {asked}. {out:,} of {of:,} entries are left out; the ledger is of all of them."


class FindingsStrip(Chart):
    """Up and down select a finding. Enter shows exactly its rows, `w` what differs in them."""

    COMPARES = True

    @dataclass
    class Fitted(Message):
        """The strip may need other rows of the screen now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Finding before", show=False, id="findings.previous", tooltip="The finding before"),
        Binding("down,j", "move(1)", "Next finding", show=False, id="findings.next", tooltip="The next finding"),
        Binding("home", "move(-1000)", "First finding", show=False, id="findings.first", tooltip="The first finding"),
        Binding("end", "move(1000)", "Last finding", show=False, id="findings.last", tooltip="The last finding"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # The first finding is selected from the start.
        self.cursor = 0
        self._clicked: int | None = None

    def watch_figures(self) -> None:
        self.cursor, self._clicked = 0, None
        self.can_focus = any(said.finding for said in sentences(self.figures))
        super().watch_figures()

    def rows_for(self, width: int, height: int) -> int:
        """How many rows of a screen the strip takes; 0 where there is nothing to say."""
        said = sentences(self.figures)
        if height < _FRAMED:
            rows = min(len(said), _MOST_BARE if height >= _LOW else _MOST_BARE - 1)
            more = max((len(self._lines_of(one, width)) for one in said), default=1) - 1
            # Below a sentence of several lines, how many more there are has a row of its own.
            return rows + more + (1 if more and rows < len(said) else 0)
        lines = sum(len(self._lines_of(one, width)) for one in said)
        return min(lines + _FRAME, height // 4) if lines else 0

    @property
    def _framed(self) -> bool:
        return self.screen.size.height >= _FRAMED

    def _findings(self) -> list[Finding]:
        return [said.finding for said in sentences(self.figures) if said.finding is not None]

    def _rows(self) -> list[tuple[Said, int, str]]:
        """(sentence, number of its finding or -1, text) for each line in sight."""
        rows: list[tuple[Said, int, str]] = []
        number = -1
        for said in sentences(self.figures):
            number += said.finding is not None
            own = number if said.finding is not None else -1
            rows += [(said, own, line) for line in self._lines_of(said, self.size.width)]
        room = max(self.size.height - (_FRAME if self._framed else 0), 0)
        if not self._framed and len(rows) > room and len({own for _, own, _ in rows}) < len(rows):
            room -= 1
        last = max((at for at, row in enumerate(rows) if row[1] == self.cursor), default=0)
        first = max(last - room + 1, 0)
        return rows[first : first + room]

    def _lines_of(self, said: Said, width: int) -> list[str]:
        """The lines of a sentence on a screen of a width: the selected one is whole, others may end in an ellipsis."""
        if self.has_focus and said.finding is not None and said.finding is self._selected:
            return _lines(said.text, width, _MOST_OF_SELECTED)
        return _lines(said.text, width, _MOST_LINES) if self._framed else [head(said.text, width - 5)]

    @property
    def _selected(self) -> Finding | None:
        found = self._findings()
        return found[self.cursor] if 0 <= self.cursor < len(found) else None

    def on_focus(self) -> None:
        self._show_selected()

    def on_blur(self) -> None:
        self._show_selected()

    def _show_selected(self) -> None:
        self.post_message(self.Fitted())
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        count = len(self._findings())
        title: list[Part] = [("Findings" if count else "Of this run", colours.ink, True)]
        if count:
            title.append((" · what chance does not explain", colours.dim, False))
        note: list[Part] = [("⏎ its rows · w what differs · ↑↓", colours.dim, False)] if count else []
        hidden = len(set(range(count)) - {number for _, number, _ in self._rows()})
        if hidden:
            note.insert(0, (f"{hidden} more · ", colours.ink, False))
        if self._framed:
            canvas.frame(title, note, self.edge(colours))
        before: Said | None = None
        for y, (said, number, text) in enumerate(self._rows(), 1 if self._framed else 0):
            chosen = self.has_focus and number == self.cursor
            if chosen:
                canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
            ink = str(getattr(colours, said.ink))
            if said is not before:
                canvas.put(2, y, "▸" if chosen else said.sign, colours.accent if said.finding else ink, bold=True)
            canvas.write(4, y, text, ink, bold=chosen)
            before = said
        if hidden and not self._framed:
            canvas.right(canvas.width - 1, canvas.height - 1, f"… {hidden} more ↓", colours.dim)

    def target(self) -> Drill | None:
        finding = self._selected
        if finding is None:
            return None
        return Drill(finding.view, finding.filter, safe(finding_text(finding), 120), whole=True)

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del x, extend
        rows, at = self._rows(), y - 1 if self._framed else y
        if not 0 <= at < len(rows) or rows[at][1] < 0:
            return False
        number = rows[at][1]
        again, self._clicked, self.cursor = number == self._clicked, number, number
        self._show_selected()
        return again

    def action_move(self, by: int) -> None:
        """Selects another finding."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self._findings()) - 1, 0))
        self._show_selected()


def _lines(text: str, width: int, most: int) -> list[str]:
    """A sentence in lines of a screen of a width. An ellipsis tells that it is longer."""
    return textwrap.wrap(text, max(width - 7, 10), max_lines=most, placeholder=" …") or [""]
