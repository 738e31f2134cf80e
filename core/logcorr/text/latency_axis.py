"""What every drawing of latencies on a log axis shares: the durations that get a label, and how slow a column is."""

import math
from collections.abc import Iterator


def round_durations(start: float, end: float, columns: int) -> Iterator[tuple[float, float]]:
    """Durations (ms) for labels, each with its place on an axis of `columns` columns from 10**start to 10**end ms.

    These are decades, and also 2 and 5 of each decade where few decades are shown. A place may lie beyond the axis.
    """
    steps = (1,) if end - start > 2 else (1, 2, 5)
    for power in range(math.floor(start), math.ceil(end) + 1):
        for step in steps:
            yield step * 10.0**power, (math.log10(step) + power - start) / (end - start) * columns


def slowness(column: int, p50: int, p95: int, p99: int) -> tuple[int, float]:
    """How slow a column of a latency axis is, given the columns of the percentiles: a step, and a share of the next.

    Up to the p50 it is (0, 0). (0, 1) is at the p95, (1, 1) at the p99. Beyond the p99 the share is above 1.
    """
    if column <= p50:
        return 0, 0.0
    if column <= p95:
        return 0, (column - p50) / max(p95 - p50, 1)
    return 1, (column - p95) / max(p99 - p95, 1)
