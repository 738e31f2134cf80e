"""The ledger of the overview: where every line of each side went. The counts must add up to the lines."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.ledger import ONE_LOG, AccessLedger, LogLedger, SideLedger
from logcorr.model.options import View
from logcorr.text.quantities import short
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart

HEIGHT = 5
_WHOLE_NAMES = 90
# The name of a count, its name on a narrow screen, and the view of its rows.
Count = tuple[str, str, View | None]
_PAIR: tuple[Count, ...] = (
    ("matched", "matched", "exchanges"),
    ("orphans", "orphan", "orphans"),
    ("redelivered", "redeliv", "redelivered"),
    ("superseded", "supers", "superseded"),
    ("malformed", "malform", "malformed"),
    ("blank", "blank", None),
    ("header", "head", None),
)
# The counts of a side whose log holds the other side too.
_ONE_LOG: tuple[Count, ...] = _PAIR[:4]
# The counts that are shown only where they are not zero.
_SOMETIMES: tuple[Count, ...] = (("surplus", "surpl", None), ("other", "other", None), ("header", "head", None))
_ACCESS: tuple[Count, ...] = (
    ("exchanges", "exchang", "exchanges"),
    ("encoding", "encod", "malformed"),
    ("json", "json", "malformed"),
    ("fields", "fields", "malformed"),
    ("timestamp", "time", "malformed"),
    ("status_code", "status", "malformed"),
    ("blank", "blank", None),
)


@dataclass(frozen=True)
class Line:
    """A side: the number of its lines, and the counts that add up to it."""

    side: str
    lines: int
    counts: tuple[int, ...]
    closes: bool


def _counts_of(report: RunReport | None) -> tuple[Count, ...]:
    """The counts that the ledger of a report has, in order."""
    if isinstance(report, AccessReport):
        always, sides = _ACCESS, [report.inputs.access.counts()]
    elif report is not None:
        always = _PAIR if report.inputs.requests.has_lines else _ONE_LOG
        sides = [report.inputs.requests.counts(), report.inputs.responses.counts()]
    else:
        return _PAIR
    sometimes = [count for count in _SOMETIMES if any(side.get(count[0]) for side in sides) and count not in always]
    return (*always, *sometimes)


def _line(name: str, side: SideLedger | AccessLedger, names: tuple[Count, ...]) -> Line:
    counts = side.counts()
    if isinstance(side, AccessLedger):  # which has room for the reasons
        counts |= {reason: side.malformed.get(reason, 0) for reason in ACCESS_REASONS}
    total = side.lines if isinstance(side, AccessLedger) else side.total
    return Line(name, total, tuple(counts[count] for count, *_ in names), side.closes())


def _told(log: LogLedger) -> str:
    """The counts of a log that holds both sides, in words."""
    counts = [f"{n:,} {name}" for name, n in log.counts().items() if n]
    return f"{log.lines:,} lines: {', '.join(counts)}"


class Ledger(Chart):
    """Arrows select a count. Enter shows the rows behind the count."""

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
        """The counts of each side."""
        report = self.figures.report if self.figures else None
        sides = report.ledgers() if report is not None else {}
        # The log that holds both sides has other counts than a side. The title tells them.
        return [_line(name, side, self._counts) for name, side in sides.items() if not isinstance(side, LogLedger)]

    @property
    def _counts(self) -> tuple[Count, ...]:
        report = self.figures.report if self.figures else None
        return _ACCESS if report is None and session_of(self).kind == "access" else _counts_of(report)

    @property
    def _log(self) -> LogLedger | None:
        """The ledger of the log that holds both sides, if there is one."""
        report = self.figures.report if self.figures else None
        log = report.ledgers().get(ONE_LOG) if report is not None else None
        return log if isinstance(log, LogLedger) else None

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        lines = self.lines()
        log = self._log
        closes = bool(lines) and all(line.closes for line in lines) and (log is None or log.closes())
        title: list[Part] = [("Ledger", colours.ink, True)]
        if closes:
            title += [(" · every line accounted for ", colours.dim, False), ("√", colours.good, True)]
        elif lines:
            title.append((" · ✗ does not add up", colours.bad, True))
        if log is not None:
            title.append((f" · {_told(log)}", colours.dim, False))
        canvas.frame(title, [("↔↑↓ select · ⏎ drill", colours.dim, False)], self.edge(colours))
        if not lines:
            canvas.write(3, 2, "the ledger closes when the run is complete", colours.dim)
            return
        for k, (x, name) in enumerate(zip(self._ends(), (self._whole, *self._names()), strict=True)):
            canvas.right(x, 1, name, colours.dim)
            for row, line in enumerate(lines):
                count = (line.lines, *line.counts)[k]
                figure = f"{count:,}" if self._wide else short(count)
                chosen = self.cursor == (k - 1, row)
                if chosen:
                    canvas.paper(Region(x - len(figure) - 1, 2 + row, len(figure) + 2, 1), colours.raised)
                    canvas.put(x - len(figure) - 1, 2 + row, "▸", colours.ink)
                canvas.right(x, 2 + row, figure, colours.ink if count else colours.dim, bold=k == 0 or chosen)
        missing = self._missing(self.size.width - 4)
        if missing and len(lines) == 1:
            canvas.write(2, 3, missing, colours.dim)
        for row, line in enumerate(lines):
            canvas.write(2, 2 + row, line.side, colours.dim)
            between = self._ends()[0] + 1
            canvas.put(between, 2 + row, "=" if line.closes else "≠", colours.good if line.closes else colours.bad)

    @property
    def _wide(self) -> bool:
        return self.size.width >= 108

    @property
    def _whole(self) -> str:
        """What the counts of a side add up to."""
        return "lines" if self._log is None else "entries"

    def _names(self) -> tuple[str, ...]:
        return tuple(count[0] if self.size.width >= _WHOLE_NAMES else count[1] for count in self._counts)

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

    def _ends(self) -> list[int]:
        """The cell after each column: the lines, then each count."""
        start, room = 12, max(self.size.width - 14, 16)
        names = (self._whole, *self._names())
        if not self._wide and self.size.width >= _WHOLE_NAMES:
            # Whole names, where there is no room for columns of one width.
            widths = [len(name) for name in names]
            spare = room - sum(widths)
            return [start + sum(widths[: k + 1]) + spare * (k + 1) // len(widths) for k in range(len(widths))]
        return [start + (k + 1) * room // len(names) for k in range(len(names))]

    def target(self) -> Drill | None:
        lines = self.lines()
        if self.cursor is None or not lines:
            return None
        column, row = self.cursor
        (name, _, view), side = self._counts[column], lines[row].side
        if view is None:
            return None
        if view == "exchanges":
            return self.drill(view, "", "all exchanges")
        if len(lines) == 1:
            return self.drill(view, f"reason={name}", f"malformed: {name}")
        return self.drill(view, f"side={side.removesuffix('s')}", f"{name} {side}")

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        column = next((k for k, end in enumerate(self._ends()) if x < end), -1) - 1
        if not 0 <= column < len(self._counts) or not 2 <= y < 2 + len(self.lines()):
            return False
        again, self.cursor = self.cursor == (column, y - 2), (column, y - 2)
        self.repaint()
        return again

    def action_move(self, right: int, down: int) -> None:
        """Selects a neighbouring count. The first time, selects the first count."""
        if self.cursor is None:
            self.cursor = (0, 0)
        else:
            column, row = self.cursor
            self.cursor = (
                min(max(column + right, 0), len(self._counts) - 1),
                min(max(row + down, 0), max(len(self.lines()) - 1, 0)),
            )
        self.repaint()
