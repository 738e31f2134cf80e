"""Users counted by the kernel: the same as by plain Python, however many there are and whatever they are called."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.kernels import compiled
from logcorr.figures.user_table import UserTable

pytestmark = pytest.mark.skipif(compiled is None, reason="there are no kernels in this installation")

# A user and a status.
Row = tuple[str | None, int | None]
SCHEMA = {"user_id": pl.String, "status_code": pl.Int16}
ROOM = 1 << 30


def expected(rows: Sequence[Row]) -> dict[str | None, tuple[int, int]]:
    requests, errors = Counter(user for user, _ in rows), Counter[str | None]()
    for user, status in rows:
        errors[user] += status is None or status >= 400 or status < 100
    return {user: (requests[user], errors[user]) for user in requests}


def counted(frames: list[pl.DataFrame], room: int = ROOM) -> dict[str | None, tuple[int, int]]:
    table = UserTable(room)
    for frame in frames:
        table.add(frame)
    assert not table.full
    found = table.counts()
    assert found.schema == {"user_id": pl.String, "requests": pl.Int64, "errors": pl.Int64}
    assert found["user_id"].is_unique().all()
    return {user: (requests, errors) for user, requests, errors in found.iter_rows()}


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


NAMES = st.one_of(st.none(), st.sampled_from(["", "a", "\0", "user-1234567", "user-12345678"]), st.text(max_size=30))


@given(
    st.lists(st.lists(st.tuples(NAMES, st.sampled_from([99, 100, 200, 399, 400, 503, 0, 999, None])))),
    st.integers(0, 5),
)
def test_users_are_counted(parts: list[list[Row]], skipped: int) -> None:
    rows = [row for part in parts for row in part]
    assert counted([frame_of(part) for part in parts]) == expected(rows)
    # Of several chunks in one frame, and from a row within it.
    whole = pl.concat([frame_of(part) for part in parts] or [frame_of([])])
    assert counted([whole[skipped:]]) == expected(rows[skipped:])


@pytest.mark.parametrize("longest", [5, 12, 13, 60])
def test_many_users_make_the_table_larger(longest: int) -> None:
    chance = Random(longest)
    names = ["x" * chance.randrange(longest) + f"{number:05}" for number in range(20_000)]
    rows: list[Row] = [(chance.choice(names), chance.choice((200, 404))) for _ in range(60_000)]
    rows += [(name, 200) for name in names]
    assert counted([frame_of(rows[:100]), frame_of(rows[100:])]) == expected(rows)


def test_a_name_longer_than_all_before() -> None:
    rows: list[tuple[str | None, int]] = [("a", 200), ("b" * 1_000_000, 500), ("b" * 1_000_000, 200)]
    assert counted([frame_of(rows)]) == expected(rows)


def full_after(table: UserTable, names: list[str]) -> bool:
    table.add(frame_of([(name, 200) for name in names]))
    return table.full


def test_too_many_users_are_told() -> None:
    table = UserTable(1 << 20)
    names = [f"user-{number}" for number in range(100_000)]
    assert not full_after(table, names[:10_000])
    assert full_after(table, names)
    assert full_after(table, names[:1])
    assert full_after(UserTable(1 << 20), ["x" * (1 << 21)])
