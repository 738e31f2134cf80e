"""From entries to views by every memory plan: pairing while reading, in one bucket, in buckets, and of oversized ids.

The views equal the oracle, for all rules and columns.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from logcorr.compute import memory_budget
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.inputs.files import ANY, InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.jobs.pair_by_bucket import pair_by_bucket
from logcorr.jobs.pair_while_reading import PairWhileReading, Sinks, take_back_recurring
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import streaming_join
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.unpaired_entries import UnpairedEntries
from tests.oracle.pair_oracle import Entry
from tests.support.entry_strategies import ALL, Log, Row, logs, rows_of
from tests.support.kernels_or_numpy import search

LEAST = memory_budget.plan(1 << 29)
# Enough is in memory; each entry goes to its bucket on disk; every id with more than two entries is oversized.
PLANS: dict[str, MemoryPlan] = {
    "reading": LEAST,
    "small parts": msgspec.structs.replace(LEAST, part_rows=3, keys_in_memory=2),
    "spilled": msgspec.structs.replace(LEAST, unpaired_bytes=400, bucket_bytes=400, part_rows=5),
    "many buckets": msgspec.structs.replace(LEAST, unpaired_bytes=1, bucket_bytes=100, part_rows=1),
    "buckets": msgspec.structs.replace(LEAST, streaming=False, buckets=3),
    "oversized": msgspec.structs.replace(LEAST, streaming=False, buckets=2, bucket_bytes=1),
}


class Nothing:
    """Takes what only reports and exports need."""

    unfinished = frozenset[Path]()

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


def frames_of(log: Log, chunk: int) -> Iterator[tuple[Side, pl.DataFrame]]:
    """The entries chunk by chunk: a chunk of each side in turn, or both sides of a chunk of one log."""
    sides = {side: log.frame(side) for side in SIDES}
    rows = len(log.entries) + 1
    for start in range(0, rows, chunk):
        for side, entries in sides.items():
            yield side, entries.filter(pl.col("row").is_between(start, start + chunk - 1))


FILE = InputFile(path=Path("log"), name="log", bytes=0, compression="plain", text_bytes=0, mtime_ns=0, identity=ANY)


def lines_read(log: Log) -> dict[Side, LinesRead]:
    """Two files a log; the second one begins at row 4."""
    found: list[LinesRead] = []
    for _ in range(1 if log.rules.one_log else 2):
        lines = LinesRead([FILE, FILE])
        lines.add(0, 0, 4, 0)
        lines.add(1, 4, 1000, 0)
        found.append(lines)
    return {"request": found[0], "response": found[-1]}


def run(log: Log, plan: MemoryPlan, chunk: int, folder: Path) -> dict[str, Counter[Row]]:
    """The rows of the views of exchanges, orphans (with the reasons that pairing gives) and duplicates."""
    work, spill = folder / "run", folder / "spill"
    for made in (work, spill):
        made.mkdir()
    meter = ProgressMeter(None, None, 0)
    views = PairViews(work, spill, lines_read(log), log.columns)
    schemas = {side: log.columns.schema(side) for side in SIDES}
    unpaired = UnpairedEntries(plan, spill / "entries", schemas, lambda: 0.5)
    nothing: Any = Nothing()
    sinks = Sinks(
        views=views,
        export=nothing,
        sums=nothing,
        recurring=RecurringIds(spill / "keys", plan.keys_in_memory),
        unpaired=unpaired,
        estimates=nothing,
        meter=meter,
    )
    PairWhileReading(log.rules, sinks, streaming=plan.streaming, part_rows=plan.part_rows).pair(frames_of(log, chunk))
    take_back_recurring(sinks)
    task = PairingTask(rules=log.rules, schemas=schemas, bucket_bytes=plan.bucket_bytes, tap=meter.tap)
    spilled = unpaired.spilled or not plan.streaming
    for _, paired in pair_by_bucket(unpaired, task, meter, spill / "oversized", spilled=spilled):
        views.add(paired)
    views.finish_duplicates()
    orphans = views.finish_orphans(0, None, None).collect()
    assert sum(views.open_orphans.values()) == orphans.height
    duplicates = views.scan("duplicates").collect()
    assert views.repeats == dict(Counter(duplicates.select("side", "kind").iter_rows()))
    assert views.exchanges_written == views.height("exchanges")
    exchanges = views.scan("exchanges").collect()
    return {
        "exchanges": rows_of([exchanges]),
        "orphans": rows_of([orphans]),
        "repeats": rows_of([instants(duplicates)]),
    }


def instants(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("time").cast(pl.Int64))


def place(row: int) -> tuple[int, int]:
    return (0, row + 1) if row < 4 else (1, row - 3)


def expected(log: Log) -> dict[str, Counter[Row]]:
    """What the oracle says, as the views have it: file and line in place of rows, the least reason where none is."""
    views = log.expected()
    attributes = len(log.columns.attributes)
    alone: dict[str, Counter[Row]] = {"orphans": Counter(), "repeats": Counter()}
    for view, counts in alone.items():
        for (side, request_id, time, user, status, *rest, verdict, row), count in views[view].items():
            counts[side, request_id, user, status, *rest, verdict or "lost", time, *place(row)] += count
    exchanges: Counter[Row] = Counter()
    for (request_id, user, status, *middle, asked, answered), count in views["exchanges"].items():
        times_and_durations = middle[: len(middle) - attributes]
        times = [
            None if at is None else pl.Series([at]).cast(pl.Datetime("us", "UTC"))[0] for at in times_and_durations[:2]
        ]
        row = (request_id, user, status, *middle[len(middle) - attributes :], *times, *times_and_durations[2:])
        exchanges[*row, *place(asked), *place(answered)] += count
    return {"exchanges": exchanges, **alone}


def once(count: int) -> list[Entry]:
    """Ids that come once on each side, a request and then its response, but for one that comes again at the end."""
    entries = []
    for number in range(count):
        name = "r0" if number == count - 1 else f"r{number}"
        entries.append(Entry("request", 2 * number, name, None, "", 0, attributes=(None, "/x", f"l{number}")))
        entries.append(
            Entry("response", 2 * number + 1, name, 200, "", 0, user="v", given_us=7, attributes=("/y", None, "9"))
        )
    return entries


def answered_above() -> Log:
    """Lines of one instant, in their order: one response stands above its request, one below."""
    sides = (("response", "a", 200), ("request", "a", "u"), ("request", "b", "u"), ("response", "b", 200))
    rules = Rules(policy="nearest", ties_by_line=True, one_log=True)
    return Log(rules, ()).numbered([Entry(side, 0, name, value, "", 0) for side, name, value in sides])


@search(30)
@given(logs(), st.sampled_from(sorted(PLANS)), st.sampled_from((1, 3, 7, 100)))
@example(Log(Rules(policy="nearest", columns=ALL), ()).numbered(once(40)), "reading", 3)
@example(Log(Rules(policy="nearest", columns=ALL), ()).numbered(once(40)), "small parts", 3)
@example(Log(Rules(policy="first", columns=ALL, one_log=True), ()).numbered(once(40)), "small parts", 10)
@example(Log(Rules(policy="nearest", columns=ALL, one_log=True), ()).numbered(once(40)[::-1]), "reading", 10)
@example(answered_above(), "reading", 1)
@example(answered_above(), "oversized", 100)
def test_every_memory_plan_equals_the_oracle(log: Log, plan: str, chunk: int) -> None:
    note(str(log))
    with TemporaryDirectory(prefix="logcorr-") as name, pytest.MonkeyPatch.context() as patch:
        # Small logs have few chunks: they are in order for longer, and entries wait for as long as ever.
        patch.setattr(streaming_join, "_TRIAL_CHUNKS", 1000)
        assert run(log, PLANS[plan], chunk, Path(name)) == expected(log)


def test_what_no_view_shows_comes_back_with_the_entries(tmp_path: Path) -> None:
    """The exchange of r0 is written before its id comes again, and then each side has its own values back."""
    log = Log(Rules(policy="last", columns=ALL), ()).numbered(once(60))
    found = run(log, PLANS["small parts"], 4, tmp_path)
    assert found == expected(log)
    superseded = sorted(row[:2] + row[2:4] for row in found["repeats"])
    assert superseded == [("request", "r0", None, None), ("response", "r0", "v", 200)]


def test_buckets_go_by_what_was_measured() -> None:
    plan = msgspec.structs.replace(LEAST, bucket_bytes=100)
    assert plan.buckets_for(50, 1.0) == 2
    # A tenth of the logs left 400 bytes: 4,000 in all, and some more.
    assert plan.buckets_for(400, 0.1) == 50
    assert plan.buckets_for(400, 0.0) == plan.buckets_for(10**9, 1.0) == 128
    assert msgspec.structs.replace(plan, buckets=3).buckets_for(10**9, 0.1) == 3


def test_entries_that_wait_for_a_partner_count_as_not_read(tmp_path: Path) -> None:
    """The first entries to be left are few of those that were read: the rest may be left as well."""
    plan = msgspec.structs.replace(LEAST, unpaired_bytes=1, bucket_bytes=1000)
    columns = Rules().columns
    schemas = {side: columns.schema(side) for side in SIDES}
    found = []
    for decided in (1.0, 0.1):
        unpaired = UnpairedEntries(plan, tmp_path / str(decided), schemas, lambda: 0.5)
        unpaired.decided = decided
        rows = {
            name: [f"{n:040}" if dtype == pl.String else n for n in range(40)]
            for name, dtype in schemas["request"].items()
        }
        unpaired.add("request", pl.DataFrame(rows, schema=schemas["request"]))
        found.append(len(unpaired.buckets()))
    assert found[0] * 8 < found[1]
