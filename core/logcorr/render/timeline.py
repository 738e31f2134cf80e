"""The timeline of the summary: draws the points of the report over the columns of a terminal.

Points may be few or many, and may lie millennia apart, so nothing here takes memory or time by the time they span.
"""

import math

from logcorr.model.report import Timeline, TimelinePoint
from logcorr.text import instants
from logcorr.text.instants import seconds, strftime


def draw(timeline: Timeline, width: int, *, color: bool) -> list[str]:
    """Charts with one time axis: requests a second, failures and orphans below, then p50 and p99."""
    from logcorr.render import charts  # noqa: PLC0415 - plotext is loaded only to draw

    covered = instants.span(timeline)
    if covered is None:
        return []
    start, end = covered
    columns = width - charts.GUTTER
    points = timeline.points
    failed = _rate(timeline, [p.errors_4xx + p.errors_5xx for p in points], covered, columns)
    orphans = _rate(timeline, [p.orphans for p in points], covered, columns)
    requests = _rate(timeline, [p.requests for p in points], covered, columns)
    good = [max(r - f, 0.0) for r, f in zip(requests, failed, strict=True)]
    lines = charts.rates(good, failed, width, 6, color=color)
    if any(failed):
        lines += charts.strip(failed, "failed", charts.RED, width, 2, color=color)
    if any(orphans):
        lines += charts.strip(orphans, "orphans", charts.PURPLE, width, 2, color=color)
    p50, p99 = _latency(points, timeline.bucket_s, covered, columns)
    axis = ticks(start, end, columns)
    if any(v is not None for v in p99):
        return lines + charts.percentiles([(p99, charts.AMBER), (p50, charts.CYAN)], axis, width, 5, color=color)
    return lines + charts.strip([], "", charts.GREY, width, 1, color=color, below=axis)


def _rate(timeline: Timeline, counts: list[int], covered: tuple[float, float], columns: int) -> list[float]:
    """The rate of the counts in each column. All columns of a point that is wider than a column have its rate."""
    from logcorr.render import charts  # noqa: PLC0415 - as above

    start, end = covered
    cell, bucket = (end - start) / columns, timeline.bucket_s
    starts = [seconds(p.start) for p in timeline.points]
    spans = [(at, at + bucket, float(n)) for at, n in zip(starts, counts, strict=True) if n]
    if bucket < cell:
        return [n / cell for n in charts.spread(spans, start, end, columns)]
    rates = [0.0] * columns
    for low, high, n in spans:
        for column in range(math.ceil((low - start) / cell - 0.5), math.ceil((high - start) / cell - 0.5)):
            rates[column] = n / bucket
    return rates


def _latency(
    points: list[TimelinePoint], bucket_s: float, covered: tuple[float, float], columns: int
) -> tuple[list[float | None], list[float | None]]:
    """Of the points in each column: the mean of p50 weighted by requests, and the highest p99."""
    start, end = covered
    cell = (end - start) / columns
    worst: list[float | None] = [None] * columns
    weight, total = [0.0] * columns, [0.0] * columns
    for point in points:
        if point.p50_ms is None or point.p99_ms is None:
            continue
        at = (seconds(point.start) - start) / cell
        for column in range(int(at), min(max(int(at + bucket_s / cell - 1e-6), int(at)) + 1, columns)):
            worst[column] = max(worst[column] or 0.0, point.p99_ms)
            weight[column] += max(point.requests, 1)
            total[column] += point.p50_ms * max(point.requests, 1)
    return [t / w if w else None for t, w in zip(total, weight, strict=True)], worst


def ticks(start: float, end: float, columns: int) -> dict[int, str]:
    """Labels of columns: round times, far enough apart to be read."""
    room = (end - start) / max(columns // 13, 1)
    step, form = instants.axis_labels(room)
    # Round times are those of the zone in which they are shown.
    shift = instants.shift_s(start)
    first = -(-(start + shift) // step)
    labels = {}
    for k in range(min(int((end + shift) // step - first) + 1, columns)):
        at = (first + k) * step - shift
        column = int((at - start) / (end - start) * columns)
        if column < columns:
            labels[column] = strftime(at, form)
    if not labels:
        labels[0] = strftime(start, "%H:%M:%S")
    return labels
