"""The rounds: in each, every contender once, in turn, from another one on each time; its counts are taken at once."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.data import CORE
from benchmarks.machine import cores, memory
from benchmarks.measure import measure
from benchmarks.progress import Progress, Step
from benchmarks.roster import Contender
from benchmarks.tables import absent

ROOT = Path(__file__).resolve().parent.parent
# A process that needs more than this share of the machine's memory is ended, before the kernel ends another.
MOST_MEMORY = 0.9


@dataclass(frozen=True)
class Setting:
    """How runs are made: scratch folder, seconds a process may take, what fills the words of commands.

    `small` fills them for a first run that does not count and only brings a program into the page cache.
    """

    scratch: Path
    timeout_s: float
    places: Mapping[str, str]
    small: Mapping[str, str] | None = None


def steps_of(work: str, contenders: Sequence[Contender], rounds: int, *, small: bool) -> list[Step]:
    """What is run for a work, in order: everybody once on a small log where there is one, then the rounds."""
    ready = [one for one in contenders if work in one.jobs and not one.missing(work)]
    first = [Step(work, one.name, 0) for one in ready if small]
    return first + [
        Step(work, one.name, number + 1)
        for number in range(rounds)
        for one in _rotated(ready, number)
        if number < (one.rounds or rounds)
    ]


def run_rounds(
    work: str, contenders: Sequence[Contender], rounds: int, setting: Setting, progress: Progress
) -> list[dict[str, Any]]:
    """Run a work with every contender that takes part; a record each, in the order given.

    A record: name, title, missing (not installed: nothing was run), stopped ("", "time" or "memory"), failed (its
    last words), counts (of the first run), unsteady (counts differ between its own rounds), runs [measurements].
    """
    taking = {one.name: one for one in contenders if work in one.jobs}
    records = {name: _record(one, work) for name, one in taking.items()}
    for record in records.values():
        if record["missing"]:
            progress.note(f"{work:8} {record['name']:18} skipped: {absent(record['missing'])}")
    for step in steps_of(work, contenders, rounds, small=setting.small is not None):
        one, record = taking[step.who], records[step.who]
        if record["stopped"] or record["failed"]:
            continue
        which = f"round {step.round} of {rounds}" if step.round else "first, small"
        progress.begin(step, f"{work:8} {which:13} {one.name:18}")
        if setting.small and not step.round:
            _run_once(one, work, _record(one, work), replace(setting, places=setting.small))
            progress.end()
            continue
        _run_once(one, work, record, setting)
        last = record["runs"][-1]
        told = f"{last['wall_s']:8.2f} s wall {last['cpu_s']:8.2f} s cpu {last['peak_rss'] / 2**20:7.0f} MiB"
        progress.end(told + _trouble(record))
        if record["stopped"] or record["failed"]:
            progress.drop(work, one.name)
    return list(records.values())


def _record(one: Contender, work: str) -> dict[str, Any]:
    return {
        "name": one.name, "title": one.title, "missing": one.missing(work), "stopped": "", "failed": "",
        "counts": None, "unsteady": False, "runs": [],
    }  # fmt: skip


def _rotated(contenders: Sequence[Contender], number: int) -> Iterator[Contender]:
    for place in range(len(contenders)):
        yield contenders[(place + number) % len(contenders)]


def _run_once(one: Contender, work: str, record: dict[str, Any], setting: Setting) -> None:
    job = one.jobs[work]
    folder = setting.scratch / "run"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("spill", "home"):
        (folder / name).mkdir(parents=True)
    out = folder / (f"out.{job.ending}" if job.ending else "out")
    filled = {**setting.places, "out": str(out), "spill": str(folder / "spill"), "cores": str(cores())}
    words = [word.format(**filled) for word in job.words]
    most = round(MOST_MEMORY * memory())
    around = {**environment(folder), **one.variables}
    measured = measure(words, cwd=folder, env=around, timeout_s=setting.timeout_s, most_bytes=most)
    record["runs"].append({**measured.record(), "output": _size(out)})
    record["stopped"] = measured.stopped
    if not measured.stopped and measured.code:
        record["failed"] = measured.error or f"exit code {measured.code}"
    elif not measured.stopped:
        counts, trouble = counted(job.shape, out)
        record["failed"] = trouble
        record["unsteady"] |= record["counts"] is not None and counts != record["counts"]
        record["counts"] = record["counts"] or counts
    shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """What commands find around them: this checkout's logcorr, and the run's folder for all caches and spills."""
    places = {name: str(folder / "home") for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    return {**os.environ, **places, "TMPDIR": str(folder / "spill"), "PYTHONPATH": str(CORE)}


def counted(shape: str, out: Path) -> tuple[dict[str, Any] | None, str]:
    """The counts of an output, or why there are none; in a process of its own, so that this one stays small."""
    command = [sys.executable, "-m", "benchmarks.count", shape, str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, "output not readable: " + done.stderr.strip().rpartition("\n")[2]
    return json.loads(done.stdout), ""


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0


def _trouble(record: Mapping[str, Any]) -> str:
    if record["stopped"]:
        return f"  ended: too much {record['stopped']}"
    return f"  FAILED: {record['failed'][-200:]}" if record["failed"] else ""
