"""The table of runs: both kinds in one, at any width, with no figure cut."""

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from logcorr.runs import list_runs
from logcorr.runs.run_folder import RunFolder
from tests.support.access_reports import HOSTILE
from tests.support.helpers import SAMPLE, kept, succeed

PAIR: dict[str, Any] = {
    "run": "9347be399d251c97",
    "bytes": 44_900,
    "kind": "correlation",
    "created": "2026-11-23T11:25:09Z",
    "files": {"request": ["/var/log/shop/requests.log"], "response": ["/var/log/shop/responses.log"]},
    "requests": 12_443_751,
    "matched": 12_440_000,
    "orphans": 53_191,
    "errors_5xx": 166_535,
    "p50_ms": 14.2,
    "p99_ms": 812.0,
}
ACCESS: dict[str, Any] = {
    "run": "9347be390d251c97",
    "bytes": 1_850_000,
    "kind": "access",
    "created": "2026-11-23T11:24:00Z",
    "files": {"access": ["/var/log/shop/access.ndjson"]},
    "requests": 60_000,
    "errors_5xx": 1_710,
    "p50_ms": 21.7,
    "p99_ms": None,
    "suspicious_ips": 37,
}
BROKEN: dict[str, Any] = {
    "run": "deadbeefdeadbeef",
    "bytes": 13,
    "error": "run deadbeefdeadbeef: manifest.json is missing or broken. Remove the run and run again.",
}


def table(width: int, *rows: dict[str, Any]) -> list[list[str]]:
    """The cells of the table, split at two blanks."""
    lines = list_runs.as_text(list(rows), width).splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_both_kinds_in_one_table() -> None:
    head, pair, access = table(200, PAIR, ACCESS)
    named = dict(zip(head, pair, strict=True)), dict(zip(head, access, strict=True))
    assert [row["kind"] for row in named] == ["pair", "access"]
    assert [row["orphans"] for row in named] == ["53.2k", "–"]
    assert [row["suspicious"] for row in named] == ["–", "37"]
    assert [row["5xx"] for row in named] == ["167k", "1.71k"]
    assert [row["made"] for row in named] == ["2026-11-23 11:25", "2026-11-23 11:24"]
    assert named[0]["logs"] == "/var/log/shop/requests.log, /var/log/shop/responses.log"


def test_what_no_run_has_needs_no_column() -> None:
    assert "suspicious" not in table(200, PAIR)[0]
    head = table(200, ACCESS)[0]
    assert "orphans" not in head
    assert "p99" not in head


@pytest.mark.parametrize("width", range(30, 201, 3))
def test_no_figure_is_cut_and_no_line_too_long(width: int) -> None:
    text = list_runs.as_text([PAIR, ACCESS, BROKEN], width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    head, *rows = table(width, PAIR, ACCESS)
    whole_head, *whole = table(200, PAIR, ACCESS)
    for row, all_of in zip(rows, whole, strict=True):
        assert row[0] == all_of[0][: len(row[0])]
        shown, wanted = dict(zip(head, row, strict=True)), dict(zip(whole_head, all_of, strict=True))
        figures = shown.keys() - {"run", "logs"}
        assert {name: shown[name] for name in figures} == {name: wanted[name] for name in figures}
        assert "kind" in shown


def test_a_narrow_terminal_shows_as_much_of_a_name_as_tells_runs_apart() -> None:
    assert [row[0] for row in table(80, PAIR, BROKEN)[1:]] == ["9347be39", "deadbeef"]
    assert [row[0] for row in table(80, PAIR, ACCESS)[1:]] == ["9347be399", "9347be390"]
    assert [row[0] for row in table(100, PAIR, ACCESS)[1:]] == ["9347be399d251c97", "9347be390d251c97"]


def test_logs_lose_their_folders_before_anything_is_cut() -> None:
    assert table(120, PAIR)[1][-1] == "requests.log, responses.log"
    assert table(72, PAIR)[1][-1].count("…") == 1


def test_a_run_that_cannot_be_read_says_why() -> None:
    (error,) = table(120, BROKEN)
    assert error == ["deadbeefdeadbeef", "manifest.json is missing or broken. Remove the run and run again."]


def test_names_of_logs_cannot_reach_the_terminal() -> None:
    rows = [{**ACCESS, "files": {"access": [HOSTILE]}}, {**BROKEN, "error": HOSTILE}]
    text = list_runs.as_text(rows, 200)
    assert len(text.splitlines()) == 3
    assert "\x1b" not in text


def test_runs_of_both_kinds_are_listed_and_shown(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text('203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/1.1" 503 2326\n', encoding="utf8")
    succeed("analyze", "access.log", cwd=tmp_path)
    succeed("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", cwd=tmp_path)
    listed = succeed("runs", "list", cwd=tmp_path, COLUMNS="200").out.decode().splitlines()
    assert [line.split()[1] for line in listed] == ["kind", "pair", "access"]
    (run,) = (path for path in kept(tmp_path) if path.name in listed[2])
    shown = succeed("runs", "show", run.name[:8], cwd=tmp_path).out.decode()
    assert "access.log · com" in shown  # common lines are combined lines without two fields
    assert "Endpoints" in shown
    assert "opened the finished run again" in shown


def test_the_options_that_were_asked_for_tell_runs_of_one_log_apart(tmp_path: Path) -> None:
    for number in range(3):
        words = ("--window", "5m", "--collapse-ids") if number == 1 else ("--where", "status>=500") if number else ()
        logs = SAMPLE / "requests.log", SAMPLE / "responses.log"
        succeed("correlate", *logs, *words, "--progress", "none", cwd=tmp_path)
    rows = list_runs.rows(tmp_path / "cache" / "logcorr" / "runs")
    assert {row["options"] for row in rows} == {"", "window 5m, collapse ids", "where status>=500"}
    for width in (80, 100, 160):
        text = list_runs.as_text(rows, width)
        assert ("where status>=500" in text) == (width > 80)
        assert "window 5m" in text


def test_a_run_that_is_removed_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    size = RunFolder.bytes

    def going(run: RunFolder) -> int:
        if run.name == "two":
            raise FileNotFoundError("users/0000.parquet")
        return size(run)

    monkeypatch.setattr(RunFolder, "bytes", going)
    assert {row["run"] for row in list_runs.rows(tmp_path)} == {"one", "three"}
