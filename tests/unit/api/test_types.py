"""What a type checker is told of the Python API. mypy checks this file; the test that runs it only needs it to be true."""

import datetime as dt
import threading
from pathlib import Path
from typing import assert_type

import polars as pl

import logcorr
from logcorr import errors, events
from logcorr.model.access_report import RunReport
from logcorr.model.report import UserRow


def listener(event: events.Event) -> None:
    if isinstance(event, events.ProgressEvent):
        assert_type(event.eta_s, float | None)


def test_types(pair: Path, access: Path, tmp_path: Path) -> None:
    run = logcorr.correlate(
        pair / "requests.log",
        [pair / "responses.log"],
        on_event=listener,
        cancel=threading.Event(),
        window=dt.timedelta(minutes=1),
        memory=600 * 10**6,
        store=tmp_path,
        pairing="in-order",
    )
    assert_type(run, logcorr.Run[logcorr.Report])
    assert_type(run.report.users[0], UserRow)
    assert_type(run.exchanges, pl.LazyFrame)
    assert_type(run.folder, Path)
    assert_type(run.notes, tuple[str, ...])
    other = logcorr.analyze(access, store=str(tmp_path), memory="600MB")
    assert_type(other.report.total_requests, int)
    opened = logcorr.open(run.folder.name, tmp_path)
    assert_type(opened.report, RunReport)
    if isinstance(opened.report, logcorr.Report):
        assert_type(opened.report.edge_ms, float)
    assert_type(logcorr.diff(run, opened), logcorr.Diff)
    assert_type(logcorr.scan(access, zone="local"), pl.LazyFrame)
    assert_type(errors.InputError("what").exit_code, int)


def test_wrong_types_are_told_to_a_checker(tmp_path: Path) -> None:
    def never() -> None:
        logcorr.analyze(tmp_path, windw="1s")  # type: ignore[call-arg]
        logcorr.analyze(tmp_path, window=3)  # type: ignore[arg-type]
        logcorr.correlate(tmp_path, tmp_path, pairing="guess")  # type: ignore[arg-type]
        logcorr.scan(tmp_path, window="1s")  # type: ignore[call-arg]
        logcorr.diff(3, 4)  # type: ignore[arg-type]

    assert callable(never)
