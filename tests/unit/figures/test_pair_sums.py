"""Sums over exchanges in buckets that widen while exchanges come: they end as if the last grid had been known at first."""

import random
from typing import Any

import polars as pl
import pytest

from logcorr.figures import latency_counts
from logcorr.figures.grid import grid
from logcorr.figures.pair_sums import PairSums

SECOND = 1_000_000
HOUR = 3600 * SECOND
ROOM = 1 << 20


def exchanges(chance: random.Random, count: int, first_us: int, last_us: int) -> pl.DataFrame:
    """Exchanges between two instants; some have no time or no status, and some durations are negative."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        at = chance.choice([None, *[chance.randrange(first_us, last_us) for _ in range(9)]])
        took = chance.choice([None, -7, 0, 13, 900, chance.randrange(10**6)]) if at is not None else None
        rows.append(
            {
                "request_id": str(number),
                "user_id": f"u{chance.randrange(9)}",
                "status_code": chance.choice([None, 200, 404, 503]),
                "request_time": at,
                "response_time": None if at is None or took is None else min(last_us, at + took),
                "duration_us": took,
            }
        )
    schema = {"request_id": pl.String, "user_id": pl.String, "status_code": pl.Int16}
    times: dict[str, Any] = dict.fromkeys(("request_time", "response_time", "duration_us"), pl.Int64)
    return pl.DataFrame(rows, schema={**schema, **times})


def contents(sums: PairSums) -> dict[str, list[tuple[Any, ...]]]:
    """All counts of the sums, in an order of their own."""
    frames = {
        "latencies": sums.latencies.merged(),
        "bands": sums.bands.merged(),
        "timeline": sums.timeline.merged(),
        "windows": sums.windows,
    }
    found = {name: sorted(frame.iter_rows(), key=repr) for name, frame in frames.items()}
    return {
        **found,
        "responses": sorted(sums.responses.items()),
        "totals": [(repr(sums.totals), repr(sums.grid))],
        "slowest": sums.slowest.rows(),
    }


@pytest.mark.parametrize("hours", [0.01, 0.2, 1, 5, 30, 500, 20_000])
@pytest.mark.parametrize("start", [0, -HOUR, 1_763_726_400 * SECOND + 123])
@pytest.mark.parametrize("most_counts", [latency_counts.MOST_COUNTS, 50])
def test_sums_that_widen_are_those_of_the_last_grid(
    hours: float, start: int, most_counts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency_counts, "MOST_COUNTS", most_counts)
    chance = random.Random(f"{hours} {start}")
    stop = start + round(hours * HOUR)
    parts = [exchanges(chance, 40, start, start + (stop - start) * number // 5) for number in range(1, 6)]
    whole = grid(start, stop, 60 * SECOND)
    widening, known = PairSums(grid(start, start, 60 * SECOND), ROOM, widens=True), PairSums(whole, ROOM)
    for part in parts:
        for sums in (widening, known):
            sums.add(part)
    assert widening.grid.bucket_us <= whole.bucket_us
    assert widening.widen(whole)
    if known.latencies.exact == widening.latencies.exact:
        assert contents(widening) == contents(known)
    else:
        own, other = contents(widening), contents(known)
        assert {**own, "latencies": []} == {**other, "latencies": []}


def test_no_grid_is_made_of_buckets_that_do_not_fit() -> None:
    sums = PairSums(grid(0, 480 * SECOND, 60 * SECOND), ROOM)
    assert sums.grid.bucket_us == 2 * SECOND
    sums.add(exchanges(random.Random(1), 9, 0, 480 * SECOND))
    before = contents(sums)
    assert not sums.widen(grid(0, 1200 * SECOND, 60 * SECOND))
    assert not sums.widen(grid(0, 9 * SECOND, 60 * SECOND))
    assert not sums.widen(grid(0, 480 * SECOND, 61 * SECOND))
    assert contents(sums) == before
    assert sums.widen(sums.grid)
    assert contents(sums) == before
