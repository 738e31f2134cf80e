"""The same job on this machine and by steps on an engine, and all differences of what both have made."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from logcorr.cluster import analyze as analyze_on_engine
from logcorr.cluster import correlate as on_engine
from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.jobs.job import Result
from logcorr.model.errors import LogcorrError
from logcorr.model.options import AnalyzeOptions, ClusterOptions, CorrelateOptions, Output
from logcorr.runs import run_folder, views
from logcorr.runs.run_folder import RunFolder

MEMORY = 512 << 20
ENDINGS = ("ndjson", "csv", "json", "parquet")
COLUMNS = {
    "correlation": (
        *("duration_us", "request_time", "response_time"),
        *("request_file", "request_line", "response_file", "response_line"),
    ),
    "access": ("duration_us", "request_time", "file", "line"),
}
Options = CorrelateOptions | AnalyzeOptions


def cluster(engine: str = "inline", **changed: Any) -> ClusterOptions:
    """Options of an engine; splits of some hundred bytes and two buckets, unless they are others."""
    cut: dict[str, Any] = {"split_bytes": 300, "buckets": 2, "worker_memory_bytes": MEMORY}
    return ClusterOptions(engine=engine, **(cut | changed))


def differences(
    options: Options, folder: Path, how: ClusterOptions, variables: dict[str, str] | None = None
) -> list[str]:
    """What differs between a run on this machine and one on an engine: reports but for `run`, and sorted exports.

    Where one raises an error, the other is to raise the same.
    """
    # No test pulls a plug, and to wait for the disk would take most of the time.
    with patch.dict(os.environ, variables or {}), patch("logcorr.cluster.folder_store.os.fsync"):
        local = _run(options, folder / "local", None)
        other = _run(options, folder / "cluster", how)
    if isinstance(local, LogcorrError) or isinstance(other, LogcorrError):
        return [] if _said(local) == _said(other) else [f"local {local!r}, cluster {other!r}"]
    found = compared_runs(options, local, other, folder)
    if left := left_over(folder / "cluster"):
        found.append(f"left over: {left}")
    return found


def compared_runs(options: Options, local: RunFolder, other: RunFolder, folder: Path) -> list[str]:
    """What differs between two runs: reports but for `run`, and a sorted export of each view, made in a folder."""
    found = compared_reports(local, other)
    names = _names(options, local)
    for number, (view, ending) in enumerate(names):
        ours, theirs = (
            _exported(run, folder / f"{number}-{at}.{ending}", view) for at, run in enumerate((local, other))
        )
        if ours != theirs:
            found.append(f"{view}.{ending}: local {ours[:300]!r}, cluster {theirs[:300]!r}")
    return found


def compared_reports(local: RunFolder, other: RunFolder) -> list[str]:
    """The parts of both reports that differ, but for how the runs were made; and the rows and columns of views."""
    ours, theirs = (msgspec.to_builtins(run.report) for run in (local, other))
    found = [
        f"{name}: local {ours[name]}, cluster {theirs[name]}"
        for name in ours
        if name != "run" and run_folder.encode(ours[name]) != run_folder.encode(theirs[name])
    ]
    ours, theirs = local.manifest, other.manifest
    found += [
        f"manifest.{name}: local {getattr(ours, name)}, cluster {getattr(theirs, name)}"
        for name in ("kind", "key", "options", "inputs", "files", "attributes", "rows", "headline")
        if getattr(ours, name) != getattr(theirs, name)
    ]
    for view in views.views_of(ours):
        mine, its = (views.scan(run, view).collect_schema() for run in (local, other))
        if mine != its:
            found.append(f"{view}: local {mine}, cluster {its}")
    return found


def let_steps_end() -> None:
    """Waits for steps that are under way in this process. Those of a run that is gone remove what they wrote."""
    for thread in threading.enumerate():
        if thread.name == "engine":
            thread.join(60)
            assert not thread.is_alive()


def left_over(store: Path) -> list[str]:
    """The files of a store that no manifest names."""
    named = set()
    for manifest in store.glob("*/manifest.json"):
        run = RunFolder(manifest.parent)
        named |= {manifest, run.path / "report.json", *(run.path / part for part in run.manifest.parts)}
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file() and path not in named)


def _run(options: Options, store: Path, how: ClusterOptions | None) -> RunFolder | LogcorrError:
    own = msgspec.structs.replace(options, store=str(store), keep=True, outputs=(), cluster=how)
    try:
        result = _job(own)(own)
    except LogcorrError as error:
        return error
    assert result.folder is not None
    assert not result.reused
    return RunFolder(result.folder)


def _job(options: Options) -> Callable[[Any], Result[Any]]:
    """The job on this machine, or that on an engine."""
    if isinstance(options, CorrelateOptions):
        return correlate if options.cluster is None else on_engine.correlate
    return analyze if options.cluster is None else analyze_on_engine.analyze


def _said(made: RunFolder | LogcorrError) -> str:
    return f"{type(made).__name__}: {made}" if isinstance(made, LogcorrError) else "a run"


def _names(options: Options, run: RunFolder) -> Sequence[tuple[str, str]]:
    """Every view once, each in another form."""
    known = views.views_of(run.manifest)
    shift = options.window_us + len(run.manifest.files)
    return [(view, ENDINGS[(number + shift) % len(ENDINGS)]) for number, view in enumerate(known)]


def _exported(run: RunFolder, path: Path, view: Any) -> bytes:
    """The bytes of a sorted export of a view with all its columns."""
    from logcorr.runs.export_view import export_view

    columns = COLUMNS[run.manifest.kind] if view in views.OF_EXCHANGES else ()
    output = Output(view=view, path=str(path), columns=columns, sort_time=True)
    export_view(run, output, path.parent / "root", force=True)
    return path.read_bytes()
