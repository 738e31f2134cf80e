"""Counts by attribute against plain Python: in memory, spilled at any time, and added up of any number of parts."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.figures import endpoints_and_addresses
from logcorr.figures.group_counts import GroupCounts
from logcorr.model.status import is_client_error, is_failure, is_server_error
from tests.support.kernels_or_numpy import search

pytestmark = pytest.mark.usefixtures("way")

NAMES = ("method", "endpoint", "ip", "user_agent")
WINDOW_US = 60
# The time, the duration, the status, and the four attributes.
Row = tuple[int | None, int | None, int | None, str | None, str | None, str | None, str | None]
TEXTS = st.sampled_from([None, "", "a", "b", "a much longer text", "é"])
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-200, 200), st.just(1 << 60)),
        st.one_of(st.none(), st.integers(-3, 5), st.integers(0, 1 << 62)),
        st.sampled_from([None, 0, 99, 200, 399, 404, 499, 500, 599, 600, -7, 30_000]),
        *[TEXTS] * 4,
    ),
    max_size=12,
)


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    schema = {"request_time": pl.Int64, "duration_us": pl.Int64, "status_code": pl.Int16}
    return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(NAMES, pl.String)}, orient="row")


def counted(parts: Sequence[Sequence[Row]], room: int, counters: int, folder: Path) -> GroupCounts:
    all_counts = [GroupCounts(NAMES, WINDOW_US, room, folder / str(number)) for number in range(counters)]
    for number, rows in enumerate(parts):
        counts = all_counts[number % counters]
        counts.add(frame_of(rows), counts.codes_of(frame_of(rows)))
    for other in all_counts[1:]:
        all_counts[0].merge(other)
    return all_counts[0]


def outcomes(statuses: Sequence[int | None]) -> tuple[int, ...]:
    which = (is_failure, is_client_error, is_server_error)
    return len(statuses), *(sum(bool(one(status)) for status in statuses) for one in which)


@search(40)
@given(st.lists(ROWS, max_size=4), st.sampled_from([0, 1 << 30]), st.integers(1, 3))
def test_counts_are_those_of_plain_python(parts: list[list[Row]], room: int, counters: int) -> None:
    rows = [row for part in parts for row in part]
    with TemporaryDirectory() as folder:
        counts = counted(parts, room, counters, Path(folder))
        assert counts.missing == {name: sum(row[3 + at] is None for row in rows) for at, name in enumerate(NAMES)}
        for at, name in ((3, "method"), (6, "user_agent")):
            by_text = defaultdict(list)
            for row in rows:
                by_text[row[at]].append(row[2])
            expected = {text: outcomes(statuses)[:2] for text, statuses in by_text.items()}
            assert {text: (n, errors) for text, n, errors in counts.top(name).iter_rows()} == expected
        windows = defaultdict(list)
        for row in rows:
            if row[5] is not None:
                windows[row[5], None if row[0] is None else row[0] // WINDOW_US].append(row[2])
        found = [row for part in counts.ip_windows() for row in part.collect().rows()]
        assert {row[:2]: row[2:] for row in found} == {key: outcomes(statuses) for key, statuses in windows.items()}
        assert len(found) == len(windows)
        endpoints, seen = defaultdict(list), Counter[tuple[str | None, int | None]]()
        for row in rows:
            endpoints[row[4]].append(row)
            seen[row[4], row[2]] += 1
        found_endpoints, found_statuses = [], []
        for statuses, durations in counts.endpoints():
            kept = statuses.collect()
            found_statuses += kept.rows()
            found_endpoints += endpoints_and_addresses.endpoints(kept.lazy(), durations).collect().rows(named=True)
        assert Counter({row[:2]: row[2] for row in found_statuses}) == seen
        assert {row["endpoint"] for row in found_endpoints} == endpoints.keys()
        assert len(found_endpoints) == len(endpoints)
        for line in found_endpoints:
            own = endpoints[line["endpoint"]]
            four = (line["requests"], line["errors"], line["errors_4xx"], line["errors_5xx"])
            assert four == outcomes([one[2] for one in own])
            took = sorted(one[1] for one in own if one[1] is not None and one[1] >= 0)
            ranks = {"p50_us": 500, "p95_us": 950, "p99_us": 990}
            expected_us = {
                name: took[-(-share * len(took) // 1000) - 1] if took else None for name, share in ranks.items()
            }
            assert {name: line[name] for name in ranks} == expected_us
            assert (line["min_us"], line["max_us"]) == ((took[0], took[-1]) if took else (None, None))


def test_an_attribute_that_is_not_there(tmp_path: Path) -> None:
    counts = GroupCounts(("ip",), WINDOW_US, 1 << 30, tmp_path / "groups")
    assert counts.top("method").schema == {"method": pl.String, "requests": pl.Int64, "errors": pl.Int64}
    assert [part.collect().height for part in counts.ip_windows()] == [0]
