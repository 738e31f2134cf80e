"""Small runs of every kind: a pair of logs, logs of applications with attributes, access logs with and without gaps."""

import json
from pathlib import Path

from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.model.options import AnalyzeOptions, CorrelateOptions
from logcorr.runs.run_folder import RunFolder
from tests.support import app_logs
from tests.support.helpers import SAMPLE

_MEMORY = 1 << 30


def pair(folder: Path) -> RunFolder:
    """A run of the sample pair, which has orphans, malformed lines, repeats and negative durations."""
    return _correlated(folder, requests=(str(SAMPLE / "requests.log"),), responses=(str(SAMPLE / "responses.log"),))


def all_kinds(folder: Path) -> dict[str, RunFolder]:
    """A run of each kind, by a name."""
    one = app_logs.write(folder / "one.log", [*app_logs.fastify(60), '{"level"'])
    asked, done = app_logs.morgan(50)
    requests = app_logs.write(folder / "requests.log", [*asked, "hello"])
    responses = app_logs.write(folder / "responses.log", done)
    combined = app_logs.write(folder / "combined.log", app_logs.combined())
    gaps = app_logs.write(folder / "gaps.log", _access_with_gaps())
    return {
        "pair": pair(folder),
        "first of each id": _correlated(
            folder,
            requests=(str(SAMPLE / "requests.log"),),
            responses=(str(SAMPLE / "responses.log"),),
            pairing="first",
        ),
        "one log": _correlated(folder, log=(one,)),
        "two logs of an application": _correlated(folder, requests=(requests,), responses=(responses,)),
        "access log": _analyzed(folder, combined),
        "access log with gaps": _analyzed(folder, gaps),
    }


def _access_with_gaps() -> list[str]:
    """Lines of an access log that each lack some of the fields, and one that is broken."""
    whole = {"method": "GET", "endpoint": "/a", "ip": "192.0.2.1", "user_agent": "curl/8", "response_time": 12.5}
    lines = []
    for number in range(40):
        fields = {name: value for place, (name, value) in enumerate(whole.items()) if number >> place & 1}
        stamp = f"2026-03-04T09:00:{number:02}.{number % 10}00Z"
        lines.append(json.dumps({"timestamp": stamp, "status_code": 200 + 100 * (number % 4), **fields}))
    return [*lines, "{"]


def _correlated(folder: Path, **options: object) -> RunFolder:
    made = correlate(CorrelateOptions(memory_bytes=_MEMORY, store=str(folder / "runs"), **options))  # type: ignore[arg-type]
    assert made.folder is not None
    return RunFolder(made.folder)


def _analyzed(folder: Path, log: str) -> RunFolder:
    made = analyze(AnalyzeOptions(files=(log,), memory_bytes=_MEMORY, store=str(folder / "runs")))
    assert made.folder is not None
    return RunFolder(made.folder)
