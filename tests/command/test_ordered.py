"""`--ordered`: what lies before `--since` is not read, and what is reported is the same as if it were."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from logcorr.generate.access.write_access import AccessOptions, generate_access
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from tests.support.helpers import assert_short_error, logcorr, succeed

ROWS = 30_000
_EXPORTS = ("-o", "pairs.ndjson", "--orphans", "orphans.ndjson", "--force")
_COLUMNS = ("--columns", "request_file,request_line,response_file,response_line,request_time")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    generate_pair(PairOptions(directory=str(folder), rows=ROWS, retries=0, redelivered=0, force=True))
    return folder


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("access") / "access.ndjson"
    generate_access(AccessOptions(path=str(path), rows=ROWS))
    return path


def _one_log(pair: Path, target: Path) -> None:
    """The events of a pair in one log, as fastify writes it."""
    events: list[tuple[float, dict[str, Any]]] = []
    for name in ("requests.log", "responses.log"):
        for line in (pair / name).read_text(errors="replace").splitlines():
            stamp, _, fields = line.partition(",")
            if not stamp.startswith("2025-11-21T") or not stamp.endswith("Z") or fields.count(",") != 1:
                continue
            request_id, _, value = fields.partition(",")
            ms = round(datetime.fromisoformat(stamp).timestamp() * 1000)
            more: dict[str, Any] = {"req": {"method": "GET", "url": "/a"}, "msg": "incoming request"}
            if name == "responses.log":
                status = int(value) if value.isdecimal() else 200
                more = {"res": {"statusCode": status}, "responseTime": 1.5, "msg": "request completed"}
            event = {"level": 30, "time": ms, "pid": 1, "hostname": "c1", "reqId": request_id, **more}
            events.append((ms, event))
    events.sort(key=lambda event: event[0])
    target.write_text("".join(json.dumps(event) + "\n" for _, event in events))


def _correlated(logs: Sequence[Path | str], here: Path, *words: str) -> tuple[dict[str, Any], list[list[str]]]:
    """The report, and the sorted lines of all exports."""
    options = ("--no-store", "--report", "report.json", "--edge", "10s", "--since", "-15m", *_EXPORTS, *_COLUMNS)
    succeed("correlate", *logs, *options, *words, cwd=here)
    exports = [sorted((here / name).read_text().splitlines()) for name in ("pairs.ndjson", "orphans.ndjson")]
    return json.loads((here / "report.json").read_text()), exports


def _lines(ledger: dict[str, Any]) -> int:
    return int(ledger["lines"]) + int(ledger.get("skipped", 0))


def test_a_pair_is_reported_as_if_all_of_it_were_read(pair: Path, tmp_path: Path) -> None:
    logs = [pair / "requests.log", pair / "responses.log"]
    whole, exports = _correlated(logs, tmp_path)
    part, part_exports = _correlated(logs, tmp_path, "--ordered", "1m")
    assert part_exports == exports
    assert len(exports[0]) > 1000
    for side in ("requests", "responses"):
        ledger = part["inputs"][side]
        assert ledger["skipped"] > ROWS * 3 // 4
        assert _lines(ledger) == whole["inputs"][side]["lines"]
        assert ledger["left_out"] < whole["inputs"][side]["left_out"]
    assert {**part, "inputs": 0, "run": 0} == {**whole, "inputs": 0, "run": 0}


def test_files_of_which_some_are_not_read_at_all(pair: Path, tmp_path: Path) -> None:
    lines = (pair / "requests.log").read_bytes().splitlines(keepends=True)
    cuts = [0, len(lines) // 3, len(lines) - 500, len(lines)]
    names = [f"requests.log.{number}" for number in range(3)]
    for name, start, end in zip(names, cuts, cuts[1:], strict=False):
        (tmp_path / name).write_bytes(b"".join(lines[start:end]))
    words = [word for name in names for word in ("--requests", name)]
    words += ["--responses", str(pair / "responses.log")]
    whole, exports = _correlated(words, tmp_path)
    part, part_exports = _correlated(words, tmp_path, "--ordered", "1m")
    assert part_exports == exports
    assert _lines(part["inputs"]["requests"]) == len(lines)
    assert part["inputs"]["requests"]["skipped"] >= cuts[1]
    assert {**part, "inputs": 0, "run": 0} == {**whole, "inputs": 0, "run": 0}


def test_one_log_with_both_events(pair: Path, tmp_path: Path) -> None:
    _one_log(pair, tmp_path / "app.log")
    whole, exports = _correlated(["app.log"], tmp_path)
    part, part_exports = _correlated(["app.log"], tmp_path, "--ordered", "1m")
    assert part_exports == exports
    assert _lines(part["inputs"]["log"]) == whole["inputs"]["log"]["lines"]
    assert part["inputs"]["log"]["skipped"] > ROWS
    assert {**part, "inputs": 0, "run": 0} == {**whole, "inputs": 0, "run": 0}


def test_an_access_log(access: Path, tmp_path: Path) -> None:
    reports = []
    for words in ((), ("--ordered", "10s")):
        options = ("--no-store", "--since", "-5m", "--report", "-", *words)
        reports.append(json.loads(succeed("analyze", access, *options, cwd=tmp_path).out))
    whole, part = reports
    assert part["inputs"]["access"]["skipped"] > ROWS // 4
    assert _lines(part["inputs"]["access"]) == whole["inputs"]["access"]["lines"]
    assert part["total_requests"] > 100
    assert {**part, "inputs": 0, "run": 0} == {**whole, "inputs": 0, "run": 0}


def test_a_run_that_is_kept_is_another_one_and_tells_what_it_did_not_read(pair: Path, tmp_path: Path) -> None:
    words = ("correlate", pair / "requests.log", pair / "responses.log", "--since", "-15m", "--store", "runs")
    succeed(*words, cwd=tmp_path)
    outcome = succeed(*words, "--ordered", "1m", cwd=tmp_path)
    assert "lines before 2025-11-21T" in outcome.err
    assert "were not read (--ordered)." in outcome.err
    assert "not read" in outcome.out.decode()
    assert len([run for run in (tmp_path / "runs").iterdir() if (run / "report.json").exists()]) == 2


def test_a_log_in_another_order_is_an_error(pair: Path, tmp_path: Path) -> None:
    lines = (pair / "requests.log").read_bytes().splitlines(keepends=True)
    (tmp_path / "requests.log").write_bytes(b"".join([*lines[1000:], *lines[:1000], *lines[-10:]]))
    (tmp_path / "responses.log").write_bytes((pair / "responses.log").read_bytes())
    words = ("correlate", "requests.log", "responses.log", "--no-store", "--since", "-15m", "--ordered", "1m")
    outcome = logcorr(*words, cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "not in order of time to within 1m")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--ordered", "1m"), "--ordered: what lies before --since is not read. Give --since"),
        (("--ordered", "1m", "--since", "15:00"), "Give --since with a date too, or as -15m."),
        (("--ordered", "x", "--since", "-5m"), "--ordered"),
        (("--ordered", "1m", "--since", "-5m", "--engine", "processes:2"), "--ordered: a run on an engine reads all"),
    ],
)
def test_wrong_usage(pair: Path, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    outcome = logcorr("correlate", pair / "requests.log", pair / "responses.log", *words, cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, told)


def test_a_log_that_is_written_meanwhile_ends_with_its_last_whole_line(pair: Path, tmp_path: Path) -> None:
    for name in ("requests.log", "responses.log"):
        (tmp_path / name).write_bytes((pair / name).read_bytes().rstrip(b"\n"))
    part, _ = _correlated(["requests.log", "responses.log"], tmp_path, "--ordered", "1m")
    whole, _ = _correlated(["requests.log", "responses.log"], tmp_path)
    assert _lines(part["inputs"]["requests"]) == whole["inputs"]["requests"]["lines"]
