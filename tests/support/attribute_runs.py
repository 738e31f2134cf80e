"""Finished correlations whose exchanges have attributes, given durations, no status or no time, made of plain rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from logcorr.figures import latency, pair_report, users
from logcorr.figures.grid import grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.group_figures import GroupData
from logcorr.figures.pair_sums import PairSums, orphan_arrivals
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_groups import GroupLimits, GroupWriter, count_groups, group_views
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.ledger import Inputs, Orphans, SideLedger
from logcorr.model.manifest import Manifest
from logcorr.model.report import DurationSource, Report, RunInfo
from logcorr.runs.run_folder import RunFolder

# Twelve o'clock of some day.
NOON_US = 1_763_726_400_000_000
SUSPICIOUS = 3
_INSTANT = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, Any] = {"status_code": pl.Int16, **dict.fromkeys(("at", "took", "given_us"), pl.Int64)}


class Pair(NamedTuple):
    """An exchange: the time of the request in µs after noon, the distance of its events, and what else it has."""

    at: int | None
    took: int | None
    status_code: int | None
    user_id: str | None = None
    given_us: int | None = None
    endpoint: str | None = None
    method: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    tenant: str | None = None


class Lost(NamedTuple):
    """An orphan: its side, its time in µs after noon, and the user and the endpoint of a request."""

    side: str
    at: int | None
    user_id: str | None = None
    endpoint: str | None = None


def made(
    folder: Path,
    pairs: Sequence[Pair],
    lost: Sequence[Lost] = (),
    *,
    attributes: Sequence[str] = ("endpoint", "method", "ip", "user_agent", "tenant"),
    durations: DurationSource = "events",
    parts: int = 2,
) -> RunFolder:
    """A finished correlation of these exchanges and orphans, written in some parts as a job writes it."""
    names = ["exchanges", "orphans", "users", *group_views(attributes)]
    (folder / "spill").mkdir(parents=True)
    run = folder / "run"
    run.mkdir()
    views = ViewWriter(run, names)
    sums = PairSums(grid(NOON_US, NOON_US + 3_600_000_000, 60_000_000), 1 << 20)
    exchanges = _exchanges(pairs, attributes, durations)
    for number in range(parts):
        part = exchanges[number::parts]
        sums.add(part)
        stored = part.lazy().with_columns(pl.col("request_time", "response_time").cast(_INSTANT))
        views.write(stored, "exchanges", f"{number:04d}")
    views.write(_orphans(lost).with_columns(pl.col("time").cast(_INSTANT)).lazy(), "orphans", "0000")
    orphan_rows = _orphans(lost).lazy()
    counted = users.count_users(views.files("exchanges"), orphan_rows, folder / "spill" / "users", 1 << 30)
    for number, rows in enumerate(counted):
        views.write(rows, "users", f"{number:04d}")
    report = _report(folder, views, sums, pairs, lost, attributes=attributes, durations=durations)
    made_run = RunFolder(run)
    made_run.write(_manifest(views, attributes), report)
    return made_run


def report_of(folder: Path, pairs: Sequence[Pair], lost: Sequence[Lost] = (), **changed: Any) -> Report:
    """The report of `made`."""
    report = made(folder, pairs, lost, **changed).report
    assert isinstance(report, Report)
    return report


def _exchanges(pairs: Sequence[Pair], attributes: Sequence[str], durations: DurationSource) -> pl.DataFrame:
    schema = {name: _SCHEMA.get(name, pl.String) for name in Pair._fields}
    rows = pl.DataFrame(pairs, schema=schema, orient="row")
    request = pl.col("at") + NOON_US
    numbers = pl.int_range(pl.len(), dtype=pl.UInt32)
    return rows.select(
        pl.format("req-{}", pl.int_range(pl.len())).alias("request_id"),
        "user_id",
        "status_code",
        request.alias("request_time"),
        (request + pl.col("took")).alias("response_time"),
        pl.col("took" if durations == "events" else "given_us").alias("duration_us"),
        "given_us",
        *attributes,
        request_file=pl.lit(0, pl.UInt32),
        request_line=numbers + 1,
        response_file=pl.lit(0, pl.UInt32),
        response_line=numbers + 1,
    )


def _orphans(lost: Sequence[Lost]) -> pl.DataFrame:
    schema = {name: _SCHEMA.get(name, pl.String) for name in Lost._fields}
    rows = pl.DataFrame(lost, schema=schema, orient="row")
    return rows.select(
        "side",
        pl.format("lost-{}", pl.int_range(pl.len())).alias("request_id"),
        "user_id",
        pl.lit(None, pl.Int16).alias("status_code"),
        pl.lit("lost").alias("reason"),
        "endpoint",
        (pl.col("at") + NOON_US).alias("time"),
        file=pl.lit(0, pl.UInt32),
        line=pl.int_range(pl.len(), dtype=pl.UInt32) + 1,
    )


def _report(
    folder: Path,
    views: ViewWriter,
    sums: PairSums,
    pairs: Sequence[Pair],
    lost: Sequence[Lost],
    *,
    attributes: Sequence[str],
    durations: DurationSource,
) -> Report:
    by_bucket, by_window = orphan_arrivals(_orphans(lost).lazy(), sums.grid)
    sides = {side: [orphan for orphan in lost if orphan.side == side] for side in ("request", "response")}
    ledgers = [_ledger(f"{side}s.log", len(pairs), len(orphans)) for side, orphans in sides.items()]
    top = users.top([views.scan("users")])
    data = pair_report.PairReportData(
        inputs=Inputs(requests=ledgers[0], responses=ledgers[1]),
        orphans=Orphans(**{side: {"lost": len(orphans)} if orphans else {} for side, orphans in sides.items()}),
        orphans_by_bucket=by_bucket,
        orphans_by_window=by_window,
        users=top,
        users_p99=users.p99_of(sums, top, lambda: views.scan("exchanges")),
        all_users=views.height("users"),
        given=sums.given.given(durations, lambda: views.scan("exchanges")),
        edge_us=0,
        skew_us=0,
        run=_run_info(),
        attributes=attributes,
        groups=_groups(folder, views, sums, by_window, attributes) if group_views(attributes) else None,
    )
    return pair_report.report(sums, latency.figures(sums, lambda: views.scan("exchanges")), data)


def _groups(
    folder: Path, views: ViewWriter, sums: PairSums, by_window: pl.DataFrame, attributes: Sequence[str]
) -> GroupData:
    meter = ProgressMeter(None, None, 1 << 30)
    counts = count_groups(views, GroupCounts(attributes, 60_000_000, 1 << 30, folder / "groups"), meter)
    limits = GroupLimits(window_us=60_000_000, suspicious=SUSPICIOUS)
    return GroupWriter(views, folder / "spill", meter, limits).write(attributes, sums, counts, by_window)


def _ledger(file: str, matched: int, orphans: int) -> SideLedger:
    counts: dict[str, Any] = {
        "bytes": 1,
        "lines": matched + orphans,
        "blank": 0,
        "header": 0,
        "redelivered": 0,
        "superseded": 0,
    }
    return SideLedger(files=[file], malformed={}, matched=matched, orphans=orphans, **counts)


def _run_info() -> RunInfo:
    return RunInfo(
        version="0.1.0",
        options={"memory_bytes": 1 << 30, "suspicious": SUSPICIOUS, "window_us": 60_000_000},
        started="2025-11-21T16:00:00.000000Z",
        seconds={},
        buckets=1,
        spilled_bytes=0,
        peak_rss_bytes=0,
    )


def _manifest(views: ViewWriter, attributes: Sequence[str]) -> Manifest:
    return Manifest(
        schema=1,
        kind="correlation",
        key="made",
        version="0.1.0",
        created="2025-11-21T16:00:00Z",
        options={"window_us": 60_000_000, "suspicious": SUSPICIOUS},
        inputs={},
        files={"request": ["requests.log"], "response": ["responses.log"]},
        parts=views.parts(),
        attributes=["user_id", *attributes],
        rows=views.heights(),
        headline={},
    )
