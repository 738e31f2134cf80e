"""The first rows of views equal what plain Python takes from all rows; orphans are counted at their point of time."""

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.object_path import local
from logcorr.render.html import first_rows
from logcorr.render.html.page_model import Cell, Table
from logcorr.render.html.room import Room
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from tests.support import attribute_runs
from tests.support.attribute_runs import NOON_US, Lost, Pair

SECOND_US = 1_000_000


def column(table: Table, name: str) -> list[Cell]:
    """The cells of a column."""
    (place,) = (k for k, head in enumerate(table.columns) if head.name == name)
    return [row[place] for row in table.rows]


def run_of(folder: Path) -> RunFolder:
    """Durations that come again, statuses of every class, and orphans of both sides over five minutes."""
    pairs = [
        Pair(
            (k * 7919 % 300) * SECOND_US, (k * 31 % 1999) * 1000, [200, 404, 500, None, 302][k % 5], user_id=f"u{k % 9}"
        )
        for k in range(3000)
    ]
    lost = [Lost("request" if k % 3 else "response", (k * 13 % 290) * SECOND_US) for k in range(1200)]
    return attribute_runs.made(folder, pairs, lost)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_of(tmp_path_factory.mktemp("rows"))


def stored(run: RunFolder, view: str) -> list[dict[str, Any]]:
    return pl.concat([pl.read_parquet(local(part)) for part in run.view(view)]).to_dicts()


def test_the_slowest_are_the_slowest(run: RunFolder) -> None:
    table = first_rows.slowest(run, Room())
    took = sorted((row["duration_us"] for row in stored(run, "exchanges")), reverse=True)[:1000]
    assert [cell.value for cell in column(table, "took")] == took
    assert table.note == "first 1,000 of 3,000"
    by_id = {row["request_id"]: row for row in stored(run, "exchanges")}
    for name, key in (("status", "status_code"), ("user", "user_id")):
        shown = [cell.text for cell in column(table, name)]
        ids = [cell.text for cell in column(table, "request")]
        texts = [str(by_id[one][key]) if by_id[one][key] is not None else "none" for one in ids]
        assert shown == texts


def test_the_failed_are_the_first_by_time(run: RunFolder) -> None:
    table = first_rows.failed(run, Room())
    rows = [row for row in stored(run, "exchanges") if row["status_code"] is None or row["status_code"] >= 400]
    times = sorted(row["request_time"] for row in rows)[:1000]
    assert [cell.text for cell in column(table, "asked at")] == [f"{time:%Y-%m-%d %H:%M:%S.%f}" for time in times]
    assert table.note == f"first 1,000 of {len(rows):,}"


def test_orphans_are_the_first_by_time_with_their_reasons(run: RunFolder) -> None:
    table = first_rows.orphans(run, Room())
    assert table.note == "first 1,000 of 1,200"
    times = [cell.text for cell in column(table, "at")]
    assert times == sorted(times)
    assert {cell.text for cell in column(table, "reason")} == {"lost"}


def test_orphans_by_reason_equal_a_plain_count(run: RunFolder) -> None:
    points = run.report.timeline.points
    width = run.report.timeline.bucket_s
    counted = first_rows.orphans_by_reason(run, ("too_far", "lost"))
    plain = Counter((row["time"].timestamp() // width * width, row["reason"]) for row in stored(run, "orphans"))
    assert list(counted) == ["lost"]
    assert counted["lost"] == [plain[instants.seconds(point.start), "lost"] for point in points]
    assert sum(counted["lost"]) == 1200


def test_worst_windows_come_first(run: RunFolder) -> None:
    table = first_rows.worst_windows(run)
    lost = [cell.value for cell in column(table, "failed or lost")]
    assert lost == sorted(lost, key=lambda value: -(value or 0))
    assert table.note == "of 1m, most failures first"
    assert column(table, "from")[0].text.startswith("2025-11-21 12:0")
    assert NOON_US == 1_763_726_400 * SECOND_US


def test_rows_without_a_clock_come_as_they_are_stored(tmp_path: Path) -> None:
    pairs = [Pair(None, None, 500, given_us=k) for k in range(30)]
    table = first_rows.failed(attribute_runs.made(tmp_path / "run", pairs, durations="given"), Room())
    assert [cell.value for cell in column(table, "took")] == [*range(0, 30, 2), *range(1, 30, 2)]
    assert "asked at" not in [head.name for head in table.columns]


@given(st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=4), max_size=30), st.integers(0, 2000))
def test_rows_stay_within_their_room(texts: list[list[str]], most: int) -> None:
    rows = [[Cell(text) for text in row] for row in texts]
    room = Room(3000)
    kept = [room.within(rows, most) for _ in range(3)]
    for part in kept:
        assert part == rows[: len(part)]
        assert sum(len(cell.text.encode()) for row in part for cell in row) <= most
    assert sum(len(cell.text.encode()) for part in kept for row in part for cell in row) <= 3000
    if kept[0] == rows and most >= 3000:
        assert kept[1] == rows or kept[2] != rows
