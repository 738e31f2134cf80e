"""A run on an engine beside the same run on one machine: their reports and their exports in order of time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from logcorr.jobs.job import Result
from logcorr.model.options import ClusterOptions, JobOptions, Output
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.write_csv_json_parquet import write

Job = Callable[[Any], Result[Any]]
# What a report may tell otherwise.
_OWN = ("run",)


def on_engine(options: JobOptions, store: Path, engine: str = "inline:", **cut: Any) -> Any:
    """The options of the same job on an engine, whose runs go to `store`."""
    cluster = ClusterOptions(engine=engine, worker_memory_bytes=512 << 20, **cut)
    return msgspec.structs.replace(options, cluster=cluster, store=str(store))


def told(result: Result[Any], folder: Path) -> dict[str, bytes]:
    """What a run tells: its report, and each of its views as the bytes of an export in order of time."""
    report = json.loads(msgspec.json.encode(result.report))
    found = {"report": json.dumps({name: report[name] for name in report if name not in _OWN}).encode()}
    assert result.folder is not None
    run = RunFolder(result.folder)
    run.check()
    folder.mkdir()
    for view in views.views_of(run.manifest):
        path = folder / f"{view}.ndjson"
        write(views.records(run, view), str(path), path, folder / f"{view}-sort", sort_time=True)
        found[view] = path.read_bytes()
    found["rows"] = json.dumps({view: run.manifest.rows[view] for view in sorted(run.manifest.rows)}).encode()
    return found


def all_columns(view: str, path: Path) -> Output:
    """An output of a view with all its columns."""
    return Output(view=view, path=str(path), sort_time=True)  # type: ignore[arg-type]


def differences(local: Job, options: JobOptions, cluster: Job, other: JobOptions, folder: Path) -> list[str]:
    """Runs both jobs, and names what they tell otherwise."""
    one = told(local(options), folder / "local-exports")
    two = told(cluster(other), folder / "cluster-exports")
    return [name for name in sorted(one.keys() | two.keys()) if one.get(name) != two.get(name)]
