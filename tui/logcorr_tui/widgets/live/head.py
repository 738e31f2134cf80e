"""The head of the live screen: the logs, the time that they have come to, the window, and how following stands."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from rich.cells import cell_len

from logcorr.render.watch_lines import QUIET_S
from logcorr.text.quantities import round_duration, short, size
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.state.live_record import Record, clock_of, window_length_s
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Painted

_MUCH_BEHIND = 1 << 20
_LEAST_NAME, _MOST_NAME = 8, 30
_JOINS = " ⋈ "
# A window is shorter than it should be while the logs do not go back so far.
_SLACK_S = 5


class _Detail(NamedTuple):
    """A text of the head. Where there is no room, those of the highest `rank` are made short or left out first."""

    rank: int
    part: Part
    short: str = ""


class LiveHead(Painted):
    """One line. `names` are the logs as the user named them, `where` is the filter on what is reported."""

    def __init__(self, names: Sequence[str], where: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._names, self._where = tuple(names), where
        self._record: Record | None = None
        self._window_s = 0
        self._state, self._ink = "", "dim"

    def show(self, record: Record | None, window_s: int, state: str, ink: str) -> None:
        """Shows a record, the window that was asked for, and the state with the name of its colour."""
        self._record, self._window_s, self._state, self._ink = record, window_s, state, ink
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        canvas.paper(canvas.region, colours.raised)
        badge = f" {safe(self._state, max(canvas.width // 2, 12))} "
        end = canvas.width - cell_len(badge)
        canvas.write(end, 0, badge, colours.on_badge, getattr(colours, self._ink), bold=True)
        name = "logcorr" if colours.plain else "◆ logcorr"
        x = canvas.write(0, 0, f" {name} ", colours.on_badge, colours.accent, bold=True) + 1
        count = max(len(self._names), 1)
        there = (end - x - 1 - len(_JOINS) * (count - 1)) // count
        limit = max(2, min(there, max(_LEAST_NAME, (end - x) // 2 // count), _MOST_NAME))
        title: list[Part] = []
        for word in self._names:
            title += [(_JOINS, colours.lost, True)] if title else []
            title.append((safe(PurePath(word).name or word, limit), colours.ink, True))
        x = canvas.parts(x, 0, title, end - 1)
        details = self._details(colours)
        while details and x + sum(cell_len(one.part[0]) for one in details) > end - 1:
            last = max(details, key=lambda one: one.rank)
            at = details.index(last)
            brief = _Detail(last.rank, (last.short, *last.part[1:]))
            details[at : at + 1] = [brief] if last.short else []
        canvas.parts(x, 0, [one.part for one in details], end)

    def _details(self, colours: Palette) -> list[_Detail]:
        """The texts behind the names, in their order."""
        record = self._record
        asked = round_duration(self._window_s * 1000)
        window = _Detail(1, (f"  window {asked}", colours.dim, False), f"  {asked}")
        if record is None:
            return [window]
        found = []
        if record["time"] is not None:
            found.append(_Detail(0, (f"  {clock_of(record['time'])}", colours.ink, False)))
        found.append(window)
        if self._where:
            found.append(_Detail(2, (f"  where {safe(self._where, 60)}", colours.accent, True), "  filtered"))
        length = window_length_s(record)
        if length is not None and length < self._window_s - _SLACK_S:
            found.append(_Detail(4, (f", {round_duration(length * 1000)} there", colours.dim, False)))
        if record.get("watermark") is not None:
            found.append(_Detail(5, (f"  watermark {clock_of(record['watermark'])}", colours.dim, False)))
        lines = record["counts"]["lines"]
        found.append(_Detail(6, (f"  {lines:,} lines", colours.dim, False), f"  {short(lines)} lines"))
        if bad := record["counts"]["malformed"]:
            found.append(_Detail(3, (f"  {short(bad)} malformed", colours.warn, False)))
        if (quiet := record["quiet_s"]) > QUIET_S and not record.get("ended"):
            found.append(_Detail(2, (f"  nothing for {round_duration(int(quiet) * 1000)}", colours.warn, True)))
        if (behind := record["behind_bytes"]) > _MUCH_BEHIND:
            found.append(_Detail(2, (f"  {size(behind)} to read", colours.warn, False)))
        return found
