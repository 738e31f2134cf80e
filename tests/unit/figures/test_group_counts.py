"""Counts by attribute against plain Python: in memory, spilled at any time, and added up of any number of parts."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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


def add(counts: GroupCounts, rows: Sequence[Row]) -> None:
    with counts.counting():
        counts.add(frame_of(rows), counts.codes_of(frame_of(rows)))


def counted(parts: Sequence[Sequence[Row]], room: int, counters: int, folder: Path) -> GroupCounts:
    all_counts = [GroupCounts(NAMES, WINDOW_US, room, folder / str(number)) for number in range(counters)]
    for number, rows in enumerate(parts):
        counts = all_counts[number % counters]
        add(counts, rows)
    for other in all_counts[1:]:
        all_counts[0].merge(other)
    return all_counts[0]


def outcomes(statuses: Sequence[int | None]) -> tuple[int, ...]:
    which = (is_failure, is_client_error, is_server_error)
    return len(statuses), *(sum(bool(one(status)) for status in statuses) for one in which)


def check_ips(counts: GroupCounts, rows: Sequence[Row]) -> None:
    """Addresses, their windows, and the busiest window of each."""
    windows, by_ip = defaultdict(list), defaultdict(list)
    for at, _, status, _, _, ip, _ in rows:
        if ip is not None:
            windows[ip, None if at is None else at // WINDOW_US].append(status)
            by_ip[ip].append(status)
    found: dict[str, Any] = {}
    seen: dict[Any, int] = {}
    for part in counts.ips():
        in_windows = part.named("ip", part.windows).select("ip", "at", "requests").collect()
        seen |= {(ip, at): n for ip, at, n in in_windows.iter_rows()}
        addresses = endpoints_and_addresses.ips(part, WINDOW_US, 2).with_columns(pl.col("busiest_start").cast(pl.Int64))
        found |= {line["ip"]: line for line in addresses.collect().iter_rows(named=True)}
    assert seen == {key: len(statuses) for key, statuses in windows.items()}
    assert found.keys() == by_ip.keys()
    for ip, line in found.items():
        four = (line["requests"], line["errors"], line["errors_4xx"], line["errors_5xx"])
        assert four == outcomes(by_ip[ip])
        timed = {at: len(statuses) for (own, at), statuses in windows.items() if own == ip and at is not None}
        most = max(timed.values(), default=0)
        assert (line["busiest_requests"], line["suspicious"]) == (most, most > 2)
        start = min((at for at, n in timed.items() if n == most), default=None)
        assert line["busiest_start"] == (None if start is None else start * WINDOW_US)


def check_endpoints(counts: GroupCounts, rows: Sequence[Row]) -> None:
    """Endpoints, their statuses, and the percentiles of each."""
    endpoints = defaultdict(list)
    for row in rows:
        endpoints[row[4]].append(row)
    found: list[dict[str, Any]] = []
    seen: list[Any] = []
    for part in counts.endpoints():
        seen += part.named("endpoint", part.statuses).select("endpoint", "status_code", "n").collect().rows()
        found += endpoints_and_addresses.endpoints(part).collect().rows(named=True)
    assert {(endpoint, status): n for endpoint, status, n in seen} == Counter((row[4], row[2]) for row in rows)
    assert {line["endpoint"] for line in found} == endpoints.keys()
    assert len(found) == len(endpoints)
    for line in found:
        own = endpoints[line["endpoint"]]
        four = (line["requests"], line["errors"], line["errors_4xx"], line["errors_5xx"])
        assert four == outcomes([row[2] for row in own])
        took = sorted(row[1] for row in own if row[1] is not None and row[1] >= 0)
        for name, share in {"p50_us": 500, "p95_us": 950, "p99_us": 990}.items():
            assert line[name] == (took[-(-share * len(took) // 1000) - 1] if took else None)
        assert (line["min_us"], line["max_us"]) == ((took[0], took[-1]) if took else (None, None))


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
            most, total = counts.top(name)
            assert {text: (n, errors) for text, n, errors in most.iter_rows()} == expected
            assert total == len(expected)
        check_ips(counts, rows)
        check_endpoints(counts, rows)


def test_threads_share_counts_that_are_spilled_meanwhile(tmp_path: Path) -> None:
    # Each part has texts of its own, and texts that all parts have. There is never room for all of them.
    parts: list[list[Row]] = [
        [(n, n, 200 + n % 2 * 300, "GET", f"/{n % 50}", f"10.{part}.0.{n % 9}", None) for n in range(300)]
        for part in range(24)
    ]
    counts = GroupCounts(NAMES, WINDOW_US, 100_000, tmp_path / "groups")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(partial(add, counts), parts))
    assert any(counts.spilled.values())
    rows = [row for part in parts for row in part]
    assert counts.missing == {"method": 0, "endpoint": 0, "ip": 0, "user_agent": len(rows)}
    check_ips(counts, rows)
    check_endpoints(counts, rows)


def test_what_fails_while_counting_lets_others_count(tmp_path: Path) -> None:
    counts = GroupCounts(("ip",), WINDOW_US, 0, tmp_path / "groups")
    with pytest.raises(pl.exceptions.ColumnNotFoundError), counts.counting():
        counts.add(pl.DataFrame(), counts.codes_of(pl.DataFrame({"ip": ["10.0.0.1"]})))
    add(counts, [(1, 1, 200, None, None, "10.0.0.2", None)])
    assert [ip for part in counts.ips() for ip in part.named("ip", part.windows).collect()["ip"]] == ["10.0.0.2"]


def test_an_attribute_that_is_not_there(tmp_path: Path) -> None:
    counts = GroupCounts(("ip",), WINDOW_US, 1 << 30, tmp_path / "groups")
    none, total = counts.top("method")
    assert none.schema == {"method": pl.String, "requests": pl.Int64, "errors": pl.Int64}
    assert total == 0
    assert [part.windows.collect().height for part in counts.ips()] == [0]
