"""The overview as lines of text: every figure that the charts draw, each with the rows that stand behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

from logcorr.model.report import TimelinePoint
from logcorr.model.status import code_of, in_order, key_of
from logcorr.render.reading_notices import narrowed_to
from logcorr.text import instants
from logcorr.text.finding_text import finding_text
from logcorr.text.quantities import percent
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.status_codes import reason
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts import ledger_blocks
from logcorr_tui.widgets.charts.headline_figures import tiles

# A timeline of more points is told in so many spans.
_MOST_SPANS = 60
_LONGEST = 400


@dataclass(frozen=True)
class Line:
    """A line: a heading, or a figure with the rows that Enter shows. `drill` is None where there are none."""

    text: str
    drill: Drill | None = None
    heading: bool = False


def lines(found: Figures | None, kind: str, colours: Palette) -> list[Line]:
    """All lines of the overview, under headings, in the order in which they are read."""
    if found is None:
        return [Line("No figures yet.")]
    sections = (
        ("Findings", _findings(found)),
        ("Figures", _figures(found, colours)),
        ("Status codes", _status(found)),
        ("Latency", _latency(found)),
        ("Time", _time(found)),
        ("Ledger: where every line went", _ledger(found, kind)),
    )
    told: list[Line] = [Line(found.note().replace("·", "of"), heading=True)] if found.note() else []
    for title, section in sections:
        known = list(section)
        told += [Line(title, heading=True), *known] if known else []
    return told


def _findings(found: Figures) -> Iterator[Line]:
    report = found.report
    if report is None:
        return
    for warning in report.warnings:
        yield Line(f"Warning: {safe(warning, _LONGEST)}")
    if narrowed := narrowed_to(report.run.options):
        yield Line(f"A part of the logs only: {narrowed.replace(' · ', ', ')}")
    for one in report.findings:
        yield Line(finding_text(one), Drill(one.view, one.filter, "finding", whole=True))
    if not report.findings:
        yield Line("Nothing in this run stands out beyond what chance explains.")


def _figures(found: Figures, colours: Palette) -> Iterator[Line]:
    for tile in tiles(found, colours):
        yield Line(f"{tile.name}: {tile.value}, {tile.note}", tile.target)


def _status(found: Figures) -> Iterator[Line]:
    total = sum(found.status.values())
    for key in in_order(found.status):
        code, count = code_of(key), found.status[key]
        name = key_of(code)
        text = f"{name} {reason(code)}: {count:,}, {percent(count, total)}"
        yield Line(text, Drill("exchanges", f"status={name}", f"status {name}"))
    if found.request_orphans:
        yield Line(f"No response: {found.request_orphans:,}", Drill("orphans", "side=request", "no response"))


def _latency(found: Figures) -> Iterator[Line]:
    named = (("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("longest", found.slowest))
    known = [f"{name} {spaced(ms)}" for name, ms in named if ms is not None]
    if not known:
        yield Line(found.why_no_latency())
        return
    yield Line(", ".join(known))
    total = sum(bar.count for bar in found.histogram)
    for bar in found.histogram:
        if bar.count:
            span = f"{spaced(bar.from_ms)} to {spaced(bar.to_ms)}"
            expression = f"duration>={bound(bar.from_ms)} duration<{bound(bar.to_ms)}"
            text = f"{span}: {bar.count:,}, {percent(bar.count, total)}"
            yield Line(text, Drill("exchanges", expression, f"latency {span}"))


def _time(found: Figures) -> Iterator[Line]:
    points = found.points
    per = max(-(-len(points) // _MOST_SPANS), 1)
    for first in range(0, len(points), per):
        span = points[first : first + per]
        if any(point.requests or point.responses or point.orphans for point in span):
            start = instants.seconds(span[0].start)
            end = instants.seconds(span[-1].start) + found.bucket_s
            expression = f"time>={stamp(start)} time<{stamp(end)}"
            label = clocks(start, end)
            text = f"{label.replace(' – ', ' to ')}: {_counts(span, orphans=found.request_orphans is not None)}"
            yield Line(text, Drill("exchanges", expression, label))


def _counts(span: list[TimelinePoint], *, orphans: bool) -> str:
    requests, fours, fives, without = (
        sum(getattr(point, name) for point in span) for name in ("requests", "errors_4xx", "errors_5xx", "orphans")
    )
    parts = [f"{requests:,} request{'' if requests == 1 else 's'}", f"{fours:,} 4xx", f"{fives:,} 5xx"]
    parts += [f"{without:,} without a partner"] if orphans else []
    slowest = max((point.p99_ms for point in span if point.p99_ms is not None), default=None)
    return ", ".join([*parts, *([f"p99 {spaced(slowest)}"] if slowest is not None else [])])


def _ledger(found: Figures, kind: str) -> Iterator[Line]:
    for block in ledger_blocks.blocks(found.report, kind):
        for row, line in enumerate(block.lines):
            closes = "they add up" if line.closes else "they do not add up"
            yield Line(f"{line.name}, {block.whole}: {line.total:,}; {closes}")
            for column, (name, *_), count in zip(range(len(block.names)), block.names, line.counts, strict=True):
                if count:
                    drill = block.drill(column, row)
                    target = Drill(*drill) if drill is not None else None
                    yield Line(f"{line.name}, {name}: {count:,}", target)
