"""The charts of a run: latency distribution, flow, percentiles and heat over time, orphans by reason over time."""

import math
from collections.abc import Mapping, Sequence

from logcorr.model.access_report import RunReport
from logcorr.model.report import Timeline, TimelinePoint
from logcorr.render.html import drawings
from logcorr.render.html.drawings import Frame
from logcorr.render.html.page_model import Cell, Chart, Column, Fragment, Label, Table
from logcorr.text import instants
from logcorr.text.quantities import duration, rate, round_duration, short

_ORPHAN_TONES = ("bad", "info", "accent", "warn", "lost")
_TALL, _TALLER, _LOW = 250, 320, 190


def histogram(report: RunReport) -> Chart | None:
    """The latency distribution on a log axis, with the percentiles; None without durations."""
    bins = [one for one in report.histogram if one.count]
    if not bins:
        return None
    latency = report.latency
    named = {"p50": latency.p50_ms, "p95": latency.p95_ms, "p99": latency.p99_ms}
    marks = {name: ms for name, ms in named.items() if ms}
    edges = [(math.log10(one.log_from_ms), math.log10(one.to_ms)) for one in bins]
    frame = Frame(edges[0][0], edges[-1][1], _TALLER)
    tones = [_slowness(low, high, marks) for low, high in edges]
    bars = [(low, high, float(one.count)) for (low, high), one in zip(edges, bins, strict=True)]
    series = [(tone, _only(bars, tones, tone)) for tone in ("good", "warn", "bad")]
    drawings.stacked(frame, series, short)
    frame.durations()
    for k, (name, ms) in enumerate(marks.items()):
        x = frame.x(math.log10(ms))
        frame.lines.append(("mark", f"M{x:.1f} {frame.y(1):.1f}V{frame.y(0):.1f}"))
        side = "end" if x > drawings.WIDTH - 120 else "start"
        label = f"{name} {duration(ms)}"
        frame.labels.append(Label(round(x + (-5 if side == "end" else 5), 1), 22 + 14 * k, label, side, "marked"))
    shown = ", ".join(f"{name} {duration(ms)}" for name, ms in marks.items())
    return Chart(
        id="latency",
        title="Latency distribution",
        note="log x",
        legend=[Fragment("up to p95", "good"), Fragment("up to p99", "warn"), Fragment("above", "bad")],
        text=f"Histogram of {latency.count:,} durations, {_from_to(latency.min_ms, latency.max_ms)}. {shown}.",
        drawing=frame.drawing(),
        table=Table(
            id="latency-table",
            title="Latency distribution",
            columns=[Column("from"), Column("to", right=True), Column("requests", right=True)],
            rows=[[Cell(duration(one.from_ms)), Cell(duration(one.to_ms)), Cell(f"{one.count:,}")] for one in bins],
        ),
        form="histogram",
        data={
            "edges": [[round(low, 4), round(high, 4)] for low, high in edges],
            "counts": [one.count for one in bins],
            "tones": tones,
            "marks": {name: round(math.log10(ms), 4) for name, ms in marks.items()},
        },
        whole=False,
    )


def flow(timeline: Timeline, *, orphans: bool) -> Chart | None:
    """Requests a second, with failed ones on top; None without points. Its table has all figures over time."""
    covered = instants.span(timeline)
    if covered is None:
        return None
    starts, width = _starts(timeline), timeline.bucket_s
    failed = [point.errors_4xx + point.errors_5xx for point in timeline.points]
    good = [max(point.requests - bad, 0) for point, bad in zip(timeline.points, failed, strict=True)]
    frame = Frame(*covered, _TALL)
    drawings.stacked(frame, [("accent", _bars(starts, width, good)), ("bad", _bars(starts, width, failed))], rate)
    frame.times()
    most = max(point.requests for point in timeline.points) / width
    legend = [Fragment("successful or unanswered", "accent"), Fragment("failed", "bad")]
    return Chart(
        id="flow",
        title="Requests",
        note=f"a second, in steps of {round_duration(width * 1000)}",
        legend=legend,
        text=f"Requests over time {_hours(covered)}: at most {rate(most)}; {sum(failed):,} failed.",
        drawing=frame.drawing(),
        table=_points_table(timeline, orphans=orphans),
        form="flow",
        data={"good": good, "failed": failed},
    )


def percentiles(timeline: Timeline) -> Chart | None:
    """p50 and p99 over time on a log axis; None without any."""
    covered = instants.span(timeline)
    p50, p99 = [point.p50_ms for point in timeline.points], [point.p99_ms for point in timeline.points]
    known = [value for value in p99 if value is not None]
    if covered is None or not known:
        return None
    middles = [start + timeline.bucket_s / 2 for start in _starts(timeline)]
    frame = Frame(*covered, _TALL)
    drawings.lines(
        frame, [("warn", list(zip(middles, p99, strict=True))), ("info", list(zip(middles, p50, strict=True)))]
    )
    frame.times()
    return Chart(
        id="percentiles",
        title="Percentiles over time",
        note="log y",
        legend=[Fragment("p50", "info"), Fragment("p99", "warn")],
        text=f"p50 and p99 of the latency {_hours(covered)}: p99 {_from_to(min(known), max(known))}.",
        drawing=frame.drawing(),
        form="percentiles",
        data={"p50": p50, "p99": p99},
    )


def heat_map(report: RunReport) -> Chart | None:
    """How many requests took how long, over time; None without cells."""
    covered, heatmap = instants.span(report.timeline), report.heatmap
    starts, width = _starts(report.timeline), report.timeline.bucket_s
    counted = [cell for cell in heatmap.cells if cell[0] < len(starts)]
    if covered is None or not counted:
        return None
    bands = max(len(heatmap.edges_ms) - 1, max(band for _, band, _ in counted) + 1)
    cells = [(starts[at], starts[at] + width, band, count) for at, band, count in counted]
    frame = Frame(*covered, _TALL)
    for k, edge in enumerate(heatmap.edges_ms[: bands + 1]):
        if k % 2 == 0:
            frame.rule(k / bands, duration(edge))
    drawings.heat(frame, cells, bands)
    frame.times()
    most = max(counted, key=lambda cell: cell[2])
    when = instants.strftime(starts[most[0]], "%d %b %H:%M:%S")
    told = f"most requests, {most[2]:,}, {_band(heatmap.edges_ms, most[1])} at {when}"
    return Chart(
        id="heat",
        title="Latency over time",
        note="the brighter or darker, the more requests",
        legend=[],
        text=f"Heat map of latency {_hours(covered)}: {told}.",
        drawing=frame.drawing(),
        form="heat",
        data={"edges": heatmap.edges_ms, "bands": bands, "cells": counted},
    )


def orphans(timeline: Timeline, by_reason: Mapping[str, Sequence[int]]) -> Chart | None:
    """Orphans over time by reason; `by_reason` has a count for each point. None without orphans that have a time."""
    covered = instants.span(timeline)
    counts = {reason: list(numbers) for reason, numbers in by_reason.items() if any(numbers)}
    if covered is None or not counts:
        return None
    starts, width = _starts(timeline), timeline.bucket_s
    tones = {reason: _ORPHAN_TONES[k % len(_ORPHAN_TONES)] for k, reason in enumerate(by_reason)}
    frame = Frame(*covered, _LOW)
    series = [(tones[reason], _bars(starts, 1.0, numbers, width)) for reason, numbers in counts.items()]
    drawings.stacked(frame, series, short)
    frame.times()
    names = {reason: reason.replace("_", " ") for reason in counts}
    told = ", ".join(f"{sum(numbers):,} {names[reason]}" for reason, numbers in counts.items())
    return Chart(
        id="orphans-over-time",
        title="Orphans by reason",
        note=f"in steps of {round_duration(width * 1000)}",
        legend=[Fragment(names[reason], tones[reason]) for reason in counts],
        text=f"Orphans over time {_hours(covered)}: {told}.",
        drawing=frame.drawing(),
        form="orphans",
        data={"series": [[names[reason], tones[reason], numbers] for reason, numbers in counts.items()]},
    )


def time_data(timeline: Timeline) -> dict[str, object]:
    """What all charts over time share: the start of each point in seconds since 1970, and the width of a point."""
    return {"starts": _starts(timeline), "width": timeline.bucket_s}


def _points_table(timeline: Timeline, *, orphans: bool) -> Table:
    names = ["requests", "4xx", "5xx", *(["orphans"] if orphans else []), "p50", "p99"]
    form = "%Y-%m-%d %H:%M" if timeline.bucket_s >= 60 else "%Y-%m-%d %H:%M:%S"
    return Table(
        id="flow-table",
        title="Figures over time",
        columns=[Column("from"), *(Column(name, right=True) for name in names)],
        rows=[_point_cells(point, form, orphans=orphans) for point in timeline.points],
    )


def _point_cells(point: TimelinePoint, form: str, *, orphans: bool) -> list[Cell]:
    counts = [point.requests, point.errors_4xx, point.errors_5xx, *([point.orphans] if orphans else [])]
    at = instants.strftime(instants.seconds(point.start), form)
    times = (point.p50_ms, point.p99_ms)
    return [Cell(at), *(Cell(f"{n:,}") for n in counts), *(Cell(duration(ms)) for ms in times)]


def _starts(timeline: Timeline) -> list[float]:
    return [instants.seconds(point.start) for point in timeline.points]


def _bars(starts: Sequence[float], per: float, counts: Sequence[int], width: float | None = None) -> list[drawings.Bar]:
    return [(start, start + (width or per), n / (per or 1)) for start, n in zip(starts, counts, strict=True)]


def _only(bars: Sequence[drawings.Bar], tones: Sequence[str], tone: str) -> list[drawings.Bar]:
    """The bars of a tone; the others are as low as can be."""
    return [(low, high, n if own == tone else 0.0) for (low, high, n), own in zip(bars, tones, strict=True)]


def _slowness(low: float, high: float, marks: Mapping[str, float]) -> str:
    """The tone of a bar of the histogram, by the percentile that its middle is above."""
    middle = 10 ** ((low + high) / 2)
    if middle <= marks.get("p95", math.inf):
        return "good"
    return "warn" if middle <= marks.get("p99", math.inf) else "bad"


def _from_to(low_ms: float | None, high_ms: float | None) -> str:
    return f"from {duration(low_ms)} to {duration(high_ms)}"


def _hours(covered: tuple[float, float]) -> str:
    first, last = (instants.strftime(at, "%d %b %Y %H:%M:%S") for at in covered)
    return f"from {first} to {last} UTC"


def _band(edges_ms: Sequence[float], band: int) -> str:
    if band + 1 < len(edges_ms):
        return f"took {duration(edges_ms[band])} to {duration(edges_ms[band + 1])}"
    return f"took {duration(edges_ms[-1])} or more"
