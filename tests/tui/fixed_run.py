"""A finished run that is the same on every machine: a generated pair with an incident, correlated, and then frozen.

What differs from run to run is set: names, times, memory, and the order in which rows happen to be stored.
"""

import os
from contextlib import chdir
from pathlib import Path

import msgspec
import polars as pl

from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.write_access import generate_access
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.model.access_report import RunReport
from logcorr.model.manifest import Manifest
from logcorr.model.options import AnalyzeOptions, CorrelateOptions
from logcorr.model.report import RunInfo
from logcorr.runs.run_folder import RunFolder
from tests.support import app_logs

STORE = Path("runs")
RUN = STORE / "5e1f3c0ffee4a7b9"
ACCESS_STORE = Path("access-runs")
ACCESS_RUN = ACCESS_STORE / "acce55f0caccac1a"
ONE_LOG_STORE = Path("app-runs")
ONE_LOG_RUN = ONE_LOG_STORE / "0ne10605aaaaaaaa"
_OLDER = STORE / "a1b2c3d4e5f60718"
_BROKEN = STORE / "badbadbadbadbad0"
_CREATED = "2025-11-21T16:04:05Z"
_HOW = RunInfo(
    version="1.2.3",
    options={"memory_bytes": 1_000_000_000, "pairing": "in-order"},
    started=_CREATED,
    seconds={"read": 1.42, "pair": 0.61, "report": 0.21},
    buckets=4,
    spilled_bytes=2_104_000,
    peak_rss_bytes=212_000_000,
)


def make(folder: Path) -> None:
    """Makes logs and runs in a folder; all paths in them are relative to it."""
    with chdir(folder):
        pair = PairOptions(
            directory="logs", rows=20_000, users=300, retries=0.01, redelivered=0.005, malformed=0.003, incident=True
        )
        generate_pair(pair)
        logs = [f"logs/{side}.log" for side in ("requests", "responses")]
        options = CorrelateOptions(
            requests=(logs[0],), responses=(logs[1],), memory_bytes=1 << 30, pairing="first", store=str(STORE)
        )
        found = correlate(options).folder
        assert found is not None
        Path(found).rename(RUN)
        _freeze(RunFolder(RUN))
        _list_more(RunFolder(RUN).manifest, RunFolder(RUN).report)


def make_access(folder: Path) -> None:
    """Makes an access log and its run in a folder."""
    with chdir(folder):
        log = "access/access.ndjson"
        Path("access").mkdir()
        generate_access(AccessOptions(path=log, rows=20_000, span_s=3600, ips=900, malformed=0.002, incident=True))
        options = AnalyzeOptions(files=(log,), memory_bytes=1 << 30, store=str(ACCESS_STORE))
        found = analyze(options).folder
        assert found is not None
        Path(found).rename(ACCESS_RUN)
        _freeze(RunFolder(ACCESS_RUN))


def make_one_log(folder: Path) -> None:
    """Makes a log with both events, in Docker's lines, and its run in a folder."""
    with chdir(folder):
        Path("app").mkdir()
        log = app_logs.write(Path("app/app.log"), app_logs.in_docker([*app_logs.fastify(600), '{"level":30,"time":17']))
        options = CorrelateOptions(log=(log,), memory_bytes=1 << 30, store=str(ONE_LOG_STORE))
        found = correlate(options).folder
        assert found is not None
        Path(found).rename(ONE_LOG_RUN)
        _freeze(RunFolder(ONE_LOG_RUN), told=True)


def _freeze(run: RunFolder, *, told: bool = False) -> None:
    manifest, report = run.manifest, run.report
    for view in {part.partition("/")[0] for part in manifest.parts}:
        _order(sorted(run.path / part for part in manifest.parts if part.startswith(f"{view}/")))
    parts = {part: (run.path / part).stat().st_size for part in manifest.parts}
    # What an access log's screens tell of its options is what it was run with.
    options = manifest.options if told or manifest.kind != "correlation" else {}
    kept = {"key": run.path.name, "version": _HOW.version, "created": _CREATED, "parts": parts}
    run.write(
        msgspec.structs.replace(manifest, **kept),
        msgspec.structs.replace(report, run=msgspec.structs.replace(_HOW, options={**_HOW.options, **options})),
    )


def _order(files: list[Path]) -> None:
    """Rows come from threads in any order: sorts those of a view, and writes them to as many files."""
    frames = [pl.read_parquet(file) for file in files]
    together = pl.concat(frames)
    times = [name for name in ("request_time", "time") if name in together.columns]
    if "window_start" in together.columns:  # these come in their own order
        return
    together = together.sort([*times, *(name for name in together.columns if name not in times)], nulls_last=True)
    start = 0
    for file, frame in zip(files, frames, strict=True):
        together.slice(start, frame.height).write_parquet(file, compression="uncompressed", statistics=False)
        start += frame.height


def _list_more(manifest: Manifest, report: RunReport) -> None:
    """Two older runs for the list of recent ones: one of several files, and one that cannot be read."""
    headline = {**manifest.headline, "requests": 12_499_871, "orphans": 53_191}
    older = msgspec.structs.replace(
        manifest, key=_OLDER.name, created="2025-11-20T09:30:00Z", headline=headline, parts={},
        files={"request": ["web-1/req.log.gz", "web-2/req.log.gz"], "response": ["responses.log.zst"]},
    )  # fmt: skip
    _OLDER.mkdir()
    RunFolder(_OLDER).write(older, report)
    _BROKEN.mkdir()
    (_BROKEN / "manifest.json").write_bytes(b"{")
    for age, folder in enumerate((RUN, _OLDER, _BROKEN)):
        os.utime(folder / "manifest.json", (1_763_740_000 - age, 1_763_740_000 - age))
