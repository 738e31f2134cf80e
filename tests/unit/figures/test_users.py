"""Counts by user, in one piece or parted: the same as by plain Python."""

from collections import Counter
from pathlib import Path
from random import Random

import polars as pl
import pytest

from logcorr.figures import users
from logcorr.figures.sums import TOP


@pytest.mark.parametrize("room", [1 << 30, 8000, 1000], ids=["at once", "few partitions", "many partitions"])
def test_users_are_counted(room: int, tmp_path: Path) -> None:
    chance = Random(3)
    names: list[str | None] = [None, "", *(f"user-{number}" for number in range(70))]
    exchanges = [(chance.choice(names), chance.choice((99, 100, 200, 399, 400, 503, None))) for _ in range(1600)]
    lost = [(chance.choice(names), chance.choice(("request", "request", "response"))) for _ in range(500)]
    requests, errors, orphans = (Counter[str | None]() for _ in range(3))
    for user, status in exchanges:
        requests[user] += 1
        errors[user] += status is None or status >= 400 or status < 100
    for user, side in lost:
        requests[user] += side == "request"
        orphans[user] += side == "request"
    frame = pl.DataFrame(exchanges, schema={"user_id": pl.String, "status_code": pl.Int16}, orient="row")
    files = [tmp_path / f"{number}.parquet" for number in range(8)]
    for file, part in zip(files, frame.iter_slices(200), strict=True):
        part.write_parquet(file)
    alone = pl.LazyFrame(lost, schema={"user_id": pl.String, "side": pl.String}, orient="row")
    parts = list(users.count_users(files, alone, tmp_path / "users", room))
    assert len(parts) > 1 or room == 1 << 30
    assert (tmp_path / "users").exists() == (room < 1 << 30)
    found = pl.concat(parts).collect()
    expected = {user: (requests[user], errors[user], orphans[user]) for user in requests}
    assert {user: tuple(counts) for user, *counts in found.iter_rows()} == expected
    assert found.height == len(expected)


def test_the_top_is_in_full_order() -> None:
    chance = Random(4)
    rows: list[tuple[str | None, int, int, int]] = [
        (None, 7, 0, 0),
        *((f"u{number}", chance.choice((1, 2, 7)), 0, 0) for number in range(400)),
    ]
    chance.shuffle(rows)
    frame = pl.LazyFrame(rows, schema=["user_id", "requests", "errors", "orphans"], orient="row")
    expected = sorted(rows, key=lambda row: (-row[1], row[0] is not None, row[0] or ""))[:TOP]
    assert users.top([frame]).rows() == expected
    assert users.top([frame.slice(0, 90), frame.clear(), frame.slice(90)]).rows() == expected
    assert users.top([frame.clear()]).rows() == []
