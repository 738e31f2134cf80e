"""Pairing while reading: both logs abreast, what pairs at once, what is left, and what is taken back."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.inputs.both_sides import in_time_order
from logcorr.jobs.correlate import correlate
from logcorr.model.ledger import SIDES, Side
from logcorr.model.options import CorrelateOptions, Output
from logcorr.model.report import Report
from logcorr.pairing.join_steps import KEY, keyed
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.streaming_join import StreamingJoin
from tests.support.kernels_or_numpy import some

ROWS = 2000
SECOND = 1_000_000


def times(*medians: int) -> Iterator[pl.DataFrame]:
    for median in medians:
        yield pl.DataFrame({"time": [median - 1, median, median + 1]})


def order(requests: Iterator[pl.DataFrame], responses: Iterator[pl.DataFrame]) -> list[tuple[str, int]]:
    sides: dict[Side, Iterator[pl.DataFrame]] = {"request": requests, "response": responses}
    return [(side, frame["time"].to_list()[1] if frame.height else -1) for side, frame in in_time_order(sides)]


def test_the_side_that_is_behind_comes_next() -> None:
    found = order(times(10, 20, 30, 40), times(25, 35))
    assert found == [
        ("request", 10),
        ("response", 25),
        ("request", 20),
        ("request", 30),
        ("response", 35),
        ("request", 40),
    ]


def test_logs_that_go_back_in_time_are_read_abreast_too() -> None:
    found = [side for side, _ in order(times(40, 30, 20, 10), times(41, 31, 21, 11))]
    assert max(abs(found[:n].count("request") - found[:n].count("response")) for n in range(len(found) + 1)) <= 2


def test_a_side_that_is_empty_or_fails() -> None:
    empty = pl.DataFrame({"time": []}, schema={"time": pl.Int64})
    assert order(iter(()), times(1, 2)) == [("response", 1), ("response", 2)]
    assert len(order(iter((empty, empty)), times(1))) == 3

    def broken() -> Iterator[pl.DataFrame]:
        yield from times(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        order(times(1, 2, 3), broken())


def entries(side: Side, rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    """Entries (id, time in s, row), keyed."""
    value = pl.lit("u").alias("user_id") if side == "request" else pl.lit(200, pl.Int16).alias("status_code")
    schema = {"request_id": pl.String, "time": pl.Int64, "row": pl.UInt32}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("time") * SECOND, value)
    return keyed(frame)


class Pairs:
    """A join, and what it left."""

    def __init__(self, **rules: Any) -> None:
        self.left: list[tuple[Side, str]] = []
        self.join = StreamingJoin(Rules(**rules), self._leave)

    def _leave(self, side: Side, frame: pl.DataFrame) -> None:
        self.left += [(side, name) for name in frame["request_id"]]

    def add(self, side: Side, *rows: tuple[str, int, int]) -> list[str]:
        found = self.join.add(side, entries(side, list(rows)))
        return [] if found is None else sorted(found["request_id"])


def test_what_is_alone_on_both_sides_pairs() -> None:
    pairs = Pairs()
    assert pairs.add("request", ("a", 1, 0), ("b", 2, 1), ("c", 3, 2)) == []
    assert pairs.add("response", ("b", 3, 0), ("x", 3, 1), ("a", 4, 2)) == ["a", "b"]
    assert pairs.add("request", ("x", 1, 3)) == ["x"]
    assert pairs.left == []
    pairs.join.finish()
    assert pairs.left == [("request", "c")]


def test_an_id_that_comes_twice_is_left() -> None:
    pairs = Pairs()
    pairs.add("request", ("a", 1, 0), ("a", 2, 1), ("b", 2, 2))
    assert pairs.add("response", ("a", 3, 0), ("b", 3, 1)) == ["b"]
    assert sorted(pairs.left) == [("request", "a"), ("request", "a"), ("response", "a")]


def test_a_pair_that_lasts_too_long_is_left() -> None:
    pairs = Pairs(max_duration_us=10 * SECOND)
    pairs.add("request", ("a", 1, 0), ("b", 1, 1))
    assert pairs.add("response", ("a", 12, 0), ("b", 11, 1)) == ["b"]
    assert sorted(pairs.left) == [("request", "a"), ("response", "a")]


def test_a_response_before_its_request_is_left_where_it_is_none() -> None:
    pairs = Pairs(policy="nearest")
    pairs.add("request", ("a", 2, 0), ("b", 2, 1), ("c", 2, 2))
    assert pairs.add("response", ("a", 1, 0), ("b", 2, 1), ("c", 3, 2)) == ["b", "c"]
    assert sorted(pairs.left) == [("request", "a"), ("response", "a")]
    assert Pairs().add("response", ("a", 1, 0)) == []


def test_a_response_above_its_request_is_left_where_lines_are_in_order() -> None:
    pairs = Pairs(policy="nearest", ties_by_line=True, one_log=True)
    pairs.add("request", ("a", 2, 1), ("b", 2, 2))
    assert pairs.add("response", ("a", 2, 0), ("b", 2, 3)) == ["b"]
    assert sorted(pairs.left) == [("request", "a"), ("response", "a")]


def test_logs_without_a_clock_are_read_abreast() -> None:
    def timeless() -> Iterator[pl.DataFrame]:
        for _ in range(4):
            yield pl.DataFrame({"time": [None] * 3}, schema={"time": pl.Int64})

    for other in (timeless(), times(5, 6, 7, 8)):
        found = [side for side, _ in order(timeless(), other)]
        assert max(abs(found[:n].count("request") - found[:n].count("response")) for n in range(9)) <= 1


def test_ids_that_share_a_hash_are_left() -> None:
    pairs = Pairs()
    one, two = entries("request", [("a", 1, 0)]), entries("response", [("b", 1, 0)])
    pairs.join.add("request", one)
    found = pairs.join.add("response", two.with_columns(one[KEY]))
    assert found is None or not found.height
    assert sorted(pairs.left) == [("request", "a"), ("response", "b")]


def test_an_entry_waits_for_some_chunks_and_no_longer() -> None:
    pairs = Pairs()
    pairs.add("request", ("early", 1, 0))
    for row in range(1, 12):
        pairs.add("request", (f"r{row}", row, row))
    assert ("request", "early") in pairs.left
    assert pairs.join.given_up > 0
    assert ("request", "r11") not in pairs.left


def test_logs_without_order_are_left_whole() -> None:
    pairs = Pairs()
    for row in range(20):
        pairs.add("request", (f"q{row}", row, row))
        pairs.add("response", (f"s{row}", row, row))
    pairs.add("request", ("late", 20, 20))
    assert pairs.add("response", ("late", 20, 20)) == []
    assert len(pairs.left) == 42


@pytest.mark.parametrize("most", [5, 10**9])
def test_keys_that_come_again(most: int, tmp_path: Path) -> None:
    keys = pl.Series(KEY, [number * (1 << 58) + number for number in range(60)], dtype=pl.UInt64)
    used = RecurringIds(tmp_path / "keys", most)
    for part in keys.to_frame().iter_slices(7):
        used.add(part[KEY])
    others = pl.LazyFrame({KEY: [keys[3], 1, keys[3]]}, schema={KEY: pl.UInt64})
    none = pl.LazyFrame(schema={KEY: pl.UInt64})
    used.add(keys[10:12])
    assert sorted(used.recurring(others)) == sorted([keys[3], keys[10], keys[11]])
    empty = RecurringIds(tmp_path / "empty", most)
    assert empty.recurring(none).len() == 0
    assert empty.recurring(others).len() == 0


def run(folder: Path, *outputs: Output) -> Report:
    """The report on the q.log and r.log of a folder."""
    logs = [(str(folder / name),) for name in ("q.log", "r.log")]
    store = str(folder / "store")
    options = CorrelateOptions(
        requests=logs[0], responses=logs[1], memory_bytes=1 << 30, store=store, keep=False, outputs=outputs
    )
    return correlate(options).report


def log(rows: list[tuple[int, str, str]]) -> str:
    return "".join(f"2025-11-21T14:{at // 60:02}:{at % 60:02}.000Z,{name},{value}\n" for at, name, value in rows)


@pytest.mark.parametrize(
    ("chunk", "distance"),
    some(itertools.product((1000, 4000, 1 << 23), (1, 60, 1700)), (4000, 1), (4000, 60), (4000, 1700), (1 << 23, 60)),
)
def test_an_id_that_comes_again_later_takes_its_pair_back(
    chunk: int, distance: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request of such an id has the first response, the second one the second, however far apart."""
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", str(chunk))
    usual = [(at, f"id-number-{at}", "u") for at in range(1800)]
    asked = [(at, name, value) for at, name, value in usual if at % 7 != 3]
    again = [(at + distance, name, "v") for at, name, _ in asked if at % 50 == 0 and at + distance < 1800]
    (tmp_path / "q.log").write_text(log(sorted(asked + again)))
    (tmp_path / "r.log").write_text(log(sorted((at, name, "200") for at, name, _ in usual + again)))
    out = tmp_path / "out.ndjson"
    output = Output(view="exchanges", path=str(out), columns=("duration_us", "request_line", "response_line"))
    report = run(tmp_path, output)
    assert report.inputs.requests.matched == len(asked) + len(again)
    assert report.inputs.responses.orphans == len(usual) - len(asked)
    assert sum(report.status.values()) == len(asked) + len(again)
    assert sum(point.requests for point in report.timeline.points) >= len(asked) + len(again)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {record["duration_us"] for record in records} == {0}
    for side, lines in zip(SIDES, (len(asked), len(usual)), strict=True):
        assert len({record[f"{side}_line"] for record in records}) == len(records) <= lines + len(again)


def test_pairs_are_taken_back_from_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is that of the first request of its id, which had no partner nearby; the later one has none."""
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "4000")
    usual = [(at, f"id-number-{at}", "u") for at in range(1800)]
    before = [(at - 800, name, "v") for at, name, _ in usual if at >= 1000 and at % 100 == 0]
    (tmp_path / "q.log").write_text(log(sorted(usual + before)))
    (tmp_path / "r.log").write_text(log([(at, name, "200") for at, name, _ in usual]))
    out = tmp_path / "out.ndjson"
    report = run(tmp_path, Output(view="exchanges", path=str(out), columns=("duration_us",)))
    assert report.inputs.requests.orphans == len(before) == 8
    durations = Counter(json.loads(line)["duration_us"] for line in out.read_text().splitlines())
    assert durations == {0: len(usual) - len(before), 800_000_000: len(before)}


def test_logs_in_any_order_come_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "5000")
    rows = [(at % 3600, f"id-number-{at}", "u") for at in range(ROWS)]
    answers = [(at, name, str(200 + at % 3)) for at, name, _ in rows]
    found = []
    for number, seeds in enumerate([(None, None), (1, None), (1, 2)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, of, seed in (("q.log", rows, seeds[0]), ("r.log", answers, seeds[1])):
            order_ = list(of)
            if seed is not None:
                random.Random(seed).shuffle(order_)
            (folder / name).write_text(log(order_))
        report = run(folder)
        assert report.inputs.requests.matched == ROWS
        found.append((report.status, report.latency, report.timeline, report.histogram))
    assert found[0] == found[1] == found[2]
