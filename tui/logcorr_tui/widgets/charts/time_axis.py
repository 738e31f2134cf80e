"""The time axis over columns: points shared out into slots, and round times as labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from logcorr.model.report import TimelinePoint
from logcorr.text import instants


@dataclass(frozen=True)
class Axis:
    """Points [first, end) on columns: slot k covers points [from, to), `of_column` gives each column's slot."""

    slots: list[tuple[int, int]]
    of_column: list[int]
    start: float
    end: float


def axis(points: Sequence[TimelinePoint], first: int, end: int, bucket_s: float, columns: int) -> Axis | None:
    """The axis for points [first, end). With more points than columns, a slot holds several points."""
    count = end - first
    if count < 1 or columns < 1:
        return None
    many = min(count, columns)
    slots = [(first + k * count // many, first + (k + 1) * count // many) for k in range(many)]
    start = instants.seconds(points[first].start)
    stop = max(instants.seconds(points[end - 1].start) + bucket_s, start + 1e-6)
    return Axis(slots, [c * many // columns for c in range(columns)], start, stop)


def shift(before: Sequence[TimelinePoint], now: Sequence[TimelinePoint], bucket_s: float) -> int | None:
    """How many points the same instants have moved from one series to another. None where a series is empty."""
    if not before or not now:
        return None
    return round((instants.seconds(before[0].start) - instants.seconds(now[0].start)) / bucket_s)


def moved(span: tuple[int, int], by: int, points: int) -> tuple[int, int]:
    """A span of points after a shift, cut to the points that there are, and never empty."""
    first = min(max(span[0] + by, 0), points - 1)
    return first, min(max(span[1] + by, first + 1), points)


def points_within(points: Sequence[TimelinePoint], bucket_s: float, start: float, end: float) -> tuple[int, int] | None:
    """The points [from, to) of a time (seconds since 1970). None where no point is of that time."""
    starts = [instants.seconds(point.start) for point in points]
    inside = [number for number, at in enumerate(starts) if at < end - 1e-6 and at + bucket_s > start + 1e-6]
    return (inside[0], inside[-1] + 1) if inside else None


def worst_slot(found: Axis, points: Sequence[TimelinePoint]) -> int:
    """The number of the slot with the most failures."""
    failures = [sum(point.errors_5xx + point.orphans for point in points[slice(*slot)]) for slot in found.slots]
    return failures.index(max(failures))


def ticks(found: Axis) -> list[tuple[int, str]]:
    """The columns and texts of the labels, far enough apart to be read. The last label ends with the axis."""
    columns, span = len(found.of_column), found.end - found.start
    room = span / max(columns // 12, 1)
    step, form = instants.axis_labels(room)
    out: list[tuple[int, str]] = []
    free = 0
    at = -(-found.start // step) * step
    for _ in range(columns + 1):
        column = int((at - found.start) / span * columns)
        label = instants.strftime(at, form)
        if at > found.end or column > columns:
            break
        if column + len(label) > columns:
            column = columns - len(label)
        if column >= free:
            out.append((column, label))
            free = column + len(label) + 2
        at += step
    if not out:
        label = instants.strftime(found.start, "%H:%M:%S")
        out = [(0, label[:columns])]
    return out
