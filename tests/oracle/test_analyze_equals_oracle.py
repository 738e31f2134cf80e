"""`analyze` equals the plain oracle on logs of every format, and the order, splitting and packing of lines do not matter.

LOGCORR_EXAMPLES=n tries n times as many examples, fresh ones.
"""

import json
import math
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, note

from tests.oracle.access_lines_oracle import FORMATS, Exchange, classify
from tests.oracle.access_oracle import durations
from tests.oracle.pair_oracle import Record, lines_of
from tests.support.access_strategies import AccessCase, access_cases, access_shuffles
from tests.support.helpers import logcorr
from tests.support.kernels_or_numpy import search, some
from tests.support.pair_strategies import SECOND

GOLDEN = Path(__file__).parents[1] / "golden_access"
LATENCIES = ("latency", "latency_success", "latency_failure")
# Dictionaries whose keys are data: elsewhere the engine may say more than the oracle does.
OPEN = {"status", "missing", "malformed"}


def engine(case: AccessCase, folder: Path) -> Record | None:
    """The report that the command prints for a case, whose files it finds in `folder`.

    None where the command refuses the log, since none of its lines is an exchange.
    """
    words = ["analyze", *case.write(folder), "--no-store", "--report", "-", "--progress", "none"]
    outcome = logcorr(*words, cwd=folder, LOGCORR_DEBUG="1")
    if outcome.code == 2 and "no line is of a known format" in outcome.err:
        return None
    assert outcome.code == 0, outcome.err
    assert list(folder.rglob("*.parquet")) == []
    result: Record = json.loads(outcome.out)
    return result


def asked(told: Any, expected: Any, name: str = "") -> Any:
    """What is told, without what the oracle knows nothing of; counts of nothing are left out of open dictionaries."""
    if isinstance(told, dict) and name in OPEN:
        return {key: value for key, value in told.items() if value}
    if isinstance(told, dict) and isinstance(expected, dict):
        return {key: asked(told[key], value, key) for key, value in expected.items() if key in told}
    if isinstance(told, list) and isinstance(expected, list) and len(told) == len(expected):
        return [asked(one, other) for one, other in zip(told, expected, strict=True)]
    return told


def same_means(told: Record, expected: Record) -> Record:
    """The expected figures with the mean that was told, where both differ in their last digits only."""
    ours, theirs = told["mean_ms"], expected["mean_ms"]
    close = ours == theirs or (None not in (ours, theirs) and math.isclose(ours, theirs, rel_tol=1e-9))
    return expected | {"mean_ms": ours if close else theirs}


def timeline_differences(timeline: Record, expected: list[Record]) -> list[str]:
    """Points in order of time; those where nothing happened are all zero, the others as the oracle has them."""
    starts = [point["start"] for point in timeline["points"]]
    busy = [
        point for point in timeline["points"] if any(point.get(name) for name in ("requests", "responses", "orphans"))
    ]
    found = [] if len(set(starts)) == len(starts) else [f"timeline: a start stands twice in {starts}"]
    return found + ([] if asked(busy, expected) == expected else [f"timeline: engine {busy}, oracle {expected}"])


def histogram_differences(report: Record, took_us: list[int]) -> list[str]:
    """Every known duration that is not negative is in exactly one bin, and in one cell of the heat map."""
    took = [value / 1000 for value in took_us]
    found = [
        f"histogram: {bin_}, but there are {count}"
        for bin_ in report["histogram"]
        if (count := sum(bin_["from_ms"] <= value < bin_["to_ms"] for value in took)) != bin_["count"]
    ]
    totals = sum(bin_["count"] for bin_ in report["histogram"]), sum(cell[2] for cell in report["heatmap"]["cells"])
    return found + ([] if totals == (len(took), len(took)) else [f"histogram and heat map: {totals}, not {len(took)}"])


def compare(case: AccessCase, folder: Path) -> list[str]:
    """All differences between engine and oracle. A log of which every line is malformed or other is refused."""
    report = engine(case, folder)
    ledger = case.expected()["inputs"]["access"]
    if report is None or (not ledger["exchanges"] and ledger["lines"] > ledger["blank"]):
        return [] if report is None and not ledger["exchanges"] else [f"refused: {report is None}, oracle: {ledger}"]
    return compare_report(case, folder, report)


def compare_report(case: AccessCase, folder: Path, report: Record) -> list[str]:
    """What is otherwise in a report than the oracle has it."""
    expected = case.expected(round(report["timeline"]["bucket_s"] * SECOND) or SECOND)
    expected["inputs"]["access"]["bytes"] = sum((folder / name).stat().st_size for name, _ in case.files)
    points = expected.pop("timeline")
    expected |= {name: same_means(report[name], expected[name]) for name in LATENCIES}
    told = asked(report, expected)
    found = [
        f"{name}: engine {told.get(name)}, oracle {value}"
        for name, value in expected.items()
        if told.get(name) != value
    ]
    lines = (classify(line, expected["format"]) for _, raw in case.files for line in lines_of(raw))
    rows = [row for row in lines if isinstance(row, Exchange)]
    return found + timeline_differences(report["timeline"], points) + histogram_differences(report, durations(rows))


def check(case: AccessCase) -> None:
    with TemporaryDirectory(prefix="logcorr-") as name:
        found = compare(case, Path(name))
    assert not found, "\n".join(line[:2000] for line in found)


@pytest.mark.parametrize("name", FORMATS)
def test_golden_files(name: str) -> None:
    check(AccessCase(((f"{name}.log", (GOLDEN / f"{name}.log").read_bytes()),), form=name, collapse_ids=True))


@pytest.mark.parametrize(("rows", "chunk"), some([(3_000, 60_000), (20_000, 1_000_000)], (3_000, 60_000)))
@pytest.mark.parametrize("form", FORMATS)
def test_a_few_odd_lines_among_many(form: str, rows: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough lines for several chunks: what one odd line does to its own must not be done to another."""
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", str(chunk))
    golden = {name: (GOLDEN / f"{name}.log").read_bytes().splitlines() for name in FORMATS}
    plain = [line for line in golden[form] if isinstance(classify(line, form), Exchange)]
    odd = [line for lines in golden.values() for line in lines] + [b"\xff", b"{},{}", b'{"x":[{}', b"{}]}", b"\x00"]
    chance = random.Random(1)
    lines = [chance.choice(odd if index % (rows // 20) == rows // 20 - 1 else plain) for index in range(rows)]
    cut = rows * 2 // 3
    files = (("a.log", b"\n".join(lines[:cut])), ("b.log.gz", b"\r\n".join(lines[cut:]) + b"\r\n"))
    check(AccessCase(files, form))


def test_a_form_is_not_told_by_user_agents_alone() -> None:
    lines = [(GOLDEN / f"{name}.log").read_bytes().splitlines()[0] for name in ("caddy", "combined")]
    check(AccessCase((("a.log", b"\n".join(lines)), ("b.log", b""))))


@search(8)
@given(access_cases())
def test_the_engine_equals_the_oracle(case: AccessCase) -> None:
    note(case.readable())
    check(case)


@search(3)
@given(access_shuffles())
def test_order_files_and_packing_do_not_matter(twice: tuple[AccessCase, AccessCase]) -> None:
    note("\n".join(case.readable() for case in twice))
    reports = []
    for case in twice:
        with TemporaryDirectory(prefix="logcorr-") as name:
            report = engine(case, Path(name)) or {}
        if report:
            del report["run"], report["inputs"]["access"]["files"], report["inputs"]["access"]["bytes"]
        reports.append(report)
    first, second = reports
    differing = [name for name in first if first[name] != second[name]]
    assert not differing, "\n".join(f"{name}: {first[name]} against {second[name]}" for name in differing)
