"""Rows counted by a column equal a plain count, for exchanges, orphans and users, whatever the values are."""

import math
from collections import defaultdict
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from logcorr.query.count_by import count_by, countable, users_within
from logcorr.query.table_columns import columns_of

_EXCHANGES = {"user_id": pl.String, "status_code": pl.Int16, "duration_us": pl.Int64, "bytes": pl.Int64}
_ORPHANS = {"side": pl.String, "user_id": pl.String, "reason": pl.String}
_users = st.none() | st.sampled_from(["a", "b", "", "[/x]", "\x1b"])
_exchanges = st.lists(
    st.tuples(
        _users,
        st.none() | st.sampled_from([0, 200, 404, 500, 599]),
        st.none() | st.integers(-1000, 100_000),
        st.none() | st.integers(0, 1000),
    ),
    max_size=30,
)
_orphans = st.lists(
    st.tuples(st.sampled_from(["request", "response"]), _users, st.sampled_from(["lost", "too_far"])), max_size=15
)
Rows = list[tuple[Any, ...]]


def _frame(rows: Rows, schema: dict[str, Any]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _failed(status: int | None) -> bool:
    return status is None or status >= 400 or status < 100


def _percentile(durations: list[int], share: int) -> int | None:
    known = sorted(durations)
    return known[math.ceil(len(known) * share / 100) - 1] if known else None


def _expected(rows: Rows) -> dict[Any, dict[str, Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    told = {}
    for user, own in groups.items():
        durations = [row[2] for row in own if row[2] is not None and row[2] >= 0]
        told[user] = {
            "requests": len(own),
            "errors": sum(_failed(row[1]) for row in own),
            "errors_4xx": sum(400 <= (row[1] or 0) < 500 for row in own),
            "errors_5xx": sum(500 <= (row[1] or 0) < 600 for row in own),
            "p50_us": _percentile(durations, 50),
            "p99_us": _percentile(durations, 99),
            "bytes": sum(row[3] or 0 for row in own),
        }
    return told


@given(_exchanges)
def test_exchanges_by_user_are_as_plain_python(rows: Rows) -> None:
    counted = count_by(_frame(rows, _EXCHANGES), "user_id").collect(engine="streaming")
    expected = _expected(rows)
    assert {
        row["user_id"]: {name: row[name] for name in own}
        for row in counted.to_dicts()
        for own in [expected[row["user_id"]]]
    } == expected
    for row in counted.to_dicts():
        assert math.isclose(row["share"], row["requests"] / len(rows))
        assert math.isclose(row["error_rate"], row["errors"] / row["requests"])
    assert counted.columns[-1] == "user_id"


@given(_orphans, st.sampled_from(["user_id", "reason", "side"]))
def test_orphans_by_a_column_are_as_plain_python(rows: Rows, column: str) -> None:
    counted = count_by(_frame(rows, _ORPHANS), column).collect(engine="streaming")
    place = list(_ORPHANS).index(column)
    values = [row[place] for row in rows]
    assert dict(zip(counted[column], counted["entries"], strict=True)) == {
        value: values.count(value) for value in values
    }


@given(_exchanges, _orphans)
def test_users_have_their_exchanges_and_their_lost_requests(exchanges: Rows, orphans: Rows) -> None:
    counted = users_within(_frame(exchanges, _EXCHANGES), _frame(orphans, _ORPHANS)).collect(engine="streaming")
    lost = [row[1] for row in orphans if row[0] == "request"]
    users = {row[0] for row in exchanges} | {*lost}
    assert {*counted["user_id"]} == users
    assert counted.height == len(users)
    expected = _expected(exchanges)
    for row in counted.to_dicts():
        own = expected.get(row["user_id"], {"requests": 0, "errors": 0, "p99_us": None})
        assert row["orphans"] == lost.count(row["user_id"])
        assert (row["requests"], row["errors"], row["p99_us"]) == (
            own["requests"] + row["orphans"], own["errors"], own["p99_us"],
        )  # fmt: skip


def test_the_counted_value_comes_first_in_a_table_and_the_usual_columns_first_in_a_choice() -> None:
    counted = count_by(_frame([("a", 200, 1, 2)], _EXCHANGES), "status_code").collect_schema()
    assert [column.name for column in columns_of(counted)][:3] == ["status_code", "requests", "share"]
    assert countable({**_ORPHANS, "request_id": pl.String, "line": pl.UInt32}) == (  # type: ignore[dict-item]
        "user_id", "reason", "side", "request_id",
    )  # fmt: skip
