"""logcorr alone on odd logs, each with `--memory 512MB`: what a line costs, whether memory and ledger hold."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import data, odd_logs
from benchmarks.machine import memory
from benchmarks.measure import measure
from benchmarks.rounds import MOST_MEMORY, environment

BUDGET = 512_000_000
_LEDGER = ("blank", "header", "redelivered", "superseded", "matched", "orphans")


@dataclass(frozen=True)
class Case:
    """An odd pair of logs: how it is made of a plain one (None: it is the plain one), how many times larger it is.

    `unique` says that its ids are, so that the generator's truth is true of it as well.
    """

    name: str
    title: str
    make: Callable[[Path, Path], None] | None
    size: float = 1.0
    unique: bool = True


CASES = (
    Case("plain", "plain", None),
    Case("one-id", "one id on a tenth of all lines", odd_logs.one_id, unique=False),
    Case("many-users", "every request from a user of its own", odd_logs.many_users),
    Case("backwards", "all lines in reverse order", odd_logs.backwards),
    Case("short-ids", "ids of 4 bytes", odd_logs.short_ids, 0.8, unique=False),
    Case("long-ids", "ids of 200 bytes", odd_logs.long_ids, 5.0),
    Case("parts", f"{odd_logs.PARTS:,} rotated parts a side", odd_logs.parts),
)


def run(
    folder: Path,
    rows: int,
    only: Sequence[str],
    *,
    timeout_s: float,
    tell: Callable[[str], None],
    budget: int = BUDGET,
) -> dict[str, Any]:
    """Run every case in turn, and give {"budget": bytes, "cases": records}; raises ValueError for an unknown case.

    A record: name, title, skipped (why, or ""), wrong [words], lines, run (a measurement), matched, orphans,
    spilled and seconds as the report tells them.
    """
    if unknown := [name for name in only if name not in {case.name for case in CASES}]:
        raise ValueError(f"{unknown[0]} is no case; there are {', '.join(case.name for case in CASES)}")
    folder = folder.resolve()  # the command has a working folder of its own
    pair = data.pair(folder, rows, name="scale")
    records = []
    for case in CASES:
        if not only or case.name in only:
            records.append(_case(case, pair, folder / "run", timeout_s, budget))
            tell(_told(records[-1]))
    return {"budget": budget, "cases": records}


def _case(case: Case, pair: data.Pair, folder: Path, timeout_s: float, budget: int) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("spill", "home", "odd"):
        (folder / name).mkdir(parents=True)
    record: dict[str, Any] = {"name": case.name, "title": case.title, "skipped": "", "wrong": [], "run": None}
    need = (pair.requests.stat().st_size + pair.responses.stat().st_size) * case.size * (2.5 if case.make else 1.5)
    if need > shutil.disk_usage(folder).free:
        record["skipped"] = f"needs {need / 1e9:.0f} GB of disk"
    else:
        logs = []
        for log in pair[:2]:
            target = folder / "odd" / log.name if case.make else log
            if case.make:
                case.make(log, target)
            logs.append(str(target.resolve()))
        report = folder / "report.json"
        command = [sys.executable, "-m", "logcorr", "correlate", "--requests", logs[0], "--responses", logs[1]]
        command += ["--memory", f"{budget // 1_000_000}MB", "--store", str(folder / "store"), "--report", str(report)]
        most = round(MOST_MEMORY * memory())
        environ = environment(folder)
        measured = measure(command, cwd=folder, env=environ, timeout_s=timeout_s, most_bytes=most)
        record["run"] = measured.record()
        if measured.stopped:
            record["wrong"] = [f"ended: too much {measured.stopped}"]
        elif measured.code:
            record["wrong"] = [f"failed: {measured.error.rpartition(chr(10))[2]}"]
        else:
            record |= _findings(json.loads(report.read_text(encoding="utf-8")), case, pair.truth)
        if measured.peak_rss > budget:
            record["wrong"].append("over its memory budget")
    shutil.rmtree(folder, ignore_errors=True)
    return record


def _findings(report: Mapping[str, Any], case: Case, truth: Mapping[str, int]) -> dict[str, Any]:
    """Lines, matched, orphans, spilled bytes, seconds of a report, and what of it is wrong."""
    sides = report["inputs"]
    wrong = []
    for side, told in sides.items():
        parts = sum(told[name] for name in _LEDGER) + sum(told["malformed"].values())
        if parts != told["lines"]:
            wrong.append(f"the ledger of {side} does not close: {told['lines']:,} lines, {parts:,} accounted for")
    lines = sum(told["lines"] for told in sides.values())
    known = 2 * truth["matched"] + truth["request_orphans"] + truth["response_orphans"]
    if lines != known:
        wrong.append(f"{lines:,} lines, not {known:,}")
    matched = sides["requests"]["matched"]
    if case.unique and matched != truth["matched"]:
        wrong.append(f"{matched:,} matched, not {truth['matched']:,}")
    orphans = {side: told["orphans"] for side, told in sides.items()}
    run = report["run"]
    return {
        "lines": lines, "matched": matched, "orphans": orphans, "wrong": wrong, "spilled": run["spilled_bytes"],
        "seconds": run["seconds"],
    }  # fmt: skip


def _told(record: Mapping[str, Any]) -> str:
    if not record["run"]:
        return f"{record['name']:12} skipped: {record['skipped']}"
    run = record["run"]
    wrong = f"  WRONG: {'; '.join(record['wrong'])}" if record["wrong"] else ""
    times = f"{run['wall_s']:8.2f} s wall {run['cpu_s']:8.2f} s cpu"
    return f"{record['name']:12} {times} {run['peak_rss'] / 2**20:6.0f} MiB{wrong}"
