"""Lines of access logs in every format: what the engine makes of each of them, and the report, against the oracle."""

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from logcorr.jobs.analyze import analyze
from logcorr.model.errors import InputError
from logcorr.model.options import AnalyzeOptions, Output, Reading
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import drawn, mutated
from tests.oracle.access_lines_oracle import FORMATS, Exchange, classify
from tests.oracle.pair_oracle import Record, lines_of, rfc3339
from tests.oracle.test_analyze_equals_oracle import GOLDEN, compare_report
from tests.support.access_strategies import AccessCase, access_cases

_VALUES = ("method", "endpoint", "ip", "user_agent")


def make(chance: Random) -> Batch:
    """Lines of many small cases, mutated, in among hundreds of ordinary ones of one format."""
    found = drawn(access_cases(), chance.choice((10, 20, 40)), chance)
    form = chance.choice(FORMATS)
    share = chance.choice((0.0, 0.05, 0.3, 0.7))
    raw = [line for case in found for _, data in case.files for line in data.splitlines(keepends=True)]
    golden = (GOLDEN / f"{form}.log").read_bytes().splitlines(keepends=True)
    plain = [line for line in golden if isinstance(classify(line.strip(), form), Exchange)]
    raw += [chance.choice(plain) for _ in range(chance.choice((0, 200, 1500)))]
    spoilt = [mutated(line, chance, raw) if chance.random() < share else line for line in raw]
    chance.shuffle(spoilt)
    if chance.random() < 0.7:
        spoilt[:0] = plain[:3]
    files = chance.randint(1, 2)
    pieces = [[f"{index * files // len(spoilt)}.log", line.decode("latin1")] for index, line in enumerate(spoilt)]
    options = {
        "form": form,
        "window_us": chance.choice((60_000_000, 1_000_000, 3_600_000_000)),
        "suspicious": chance.choice((1, 5, 25)),
        "collapse_ids": chance.random() < 0.5,
    }
    return Batch(pieces, options)


def case_of(batch: Batch) -> AccessCase:
    """The case that the pieces make."""
    files: dict[str, bytes] = {}
    for name, line in batch.pieces:
        files[name] = files.get(name, b"") + line.encode("latin1")
    return AccessCase(tuple(files.items()), **batch.options)


def check(batch: Batch) -> list[str]:
    """All differences: each line's exchange or reason, and the whole report."""
    case = case_of(batch)
    with TemporaryDirectory(prefix="logcorr-") as name:
        folder = Path(name)
        case.write(folder)
        try:
            report = _analyzed(case, folder)
        except InputError:
            ledger = case.expected()["inputs"]["access"]
            return [f"refused, oracle: {ledger}"] if ledger["exchanges"] else []
        found = compare_report(case, folder, report)
        expected = _expected(case, report["format"])
        told = _told(folder, "exchanges") | _told(folder, "malformed")
    for place in sorted(expected.keys() | told.keys()):
        if expected.get(place) != told.get(place):
            found.append(f"{place}: engine {told.get(place)}, oracle {expected.get(place)}"[:2000])
    return found


def _analyzed(case: AccessCase, folder: Path) -> Record:
    outputs = (
        Output(view="exchanges", path=f"{folder}/exchanges.ndjson", columns=("duration_us", "file", "line")),
        Output(view="malformed", path=f"{folder}/malformed.ndjson"),
    )
    options = AnalyzeOptions(
        files=tuple(str(folder / name) for name, _ in case.files),
        form=None if case.form == "auto" else case.form,
        window_us=case.window_us,
        suspicious=case.suspicious,
        collapse_ids=case.collapse_ids,
        memory_bytes=512 << 20,
        store=f"{folder}/store",
        keep=False,
        reading=Reading(unwrap=("none",)),
        outputs=outputs,
    )
    report: Record = msgspec.to_builtins(analyze(options).report)
    report["inputs"]["access"]["files"] = [name for name, _ in case.files]
    return report


def _told(folder: Path, view: str) -> dict[tuple[str, int], Any]:
    rows = [json.loads(line) for line in (folder / f"{view}.ndjson").read_bytes().splitlines()]
    names = ("request_time", *_VALUES, "status_code", "duration_us")
    return {
        (Path(row["file"]).name, row["line"]): row["reason"] if "reason" in row else [row[name] for name in names]
        for row in rows
    }


def _expected(case: AccessCase, form: str) -> dict[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    for name, raw in case.files:
        for number, line in enumerate(lines_of(raw), 1):
            what = classify(line, form, collapse_ids=case.collapse_ids)
            if isinstance(what, Exchange):
                values = [getattr(what, value) for value in _VALUES]
                found[name, number] = [rfc3339(what.at), *values, what.status, what.took]
            elif what not in ("blank", "other"):
                found[name, number] = what
    return found


def count(batch: Batch) -> int:
    """Lines; the outcome of each is compared."""
    return sum(len(lines_of(raw)) for _, raw in case_of(batch).files)


TARGET = Target("accesses", make, check, count)
