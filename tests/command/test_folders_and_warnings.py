"""Folders as people have them, logs that were mixed up, and files that are none: what is read, and what is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import generated, logcorr


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """What `generate pair` writes: the two logs, and truth.json."""
    generated(tmp_path / "pair", 400)
    return tmp_path


def report_of(place: Path, *words: str) -> tuple[dict[str, Any], str]:
    done = logcorr(*words, "--no-store", "--report", "-", cwd=place)
    assert done.code == 0, done.err
    return json.loads(done.out), done.err


@pytest.mark.parametrize("words", [("pair",), ("pair", "pair"), ("--log", "pair"), ("pair/",)])
def test_a_folder_of_both_logs_is_the_pair(pair: Path, words: tuple[str, ...]) -> None:
    truth = json.loads((pair / "pair" / "truth.json").read_text())
    report, said = report_of(pair, "correlate", *words)
    assert report["inputs"]["requests"]["files"] == ["pair/requests.log"]
    assert report["inputs"]["responses"]["files"] == ["pair/responses.log"]
    assert report["inputs"]["requests"]["matched"] == truth["inputs"]["requests"]["matched"]
    assert "left out pair/truth.json: no line of it is an entry." in said
    assert report["warnings"] == []


def test_a_folder_for_each_side_and_rotated_logs(pair: Path) -> None:
    for side in ("requests", "responses"):
        lines = (pair / "pair" / f"{side}.log").read_bytes().splitlines(keepends=True)
        (pair / side).mkdir()
        (pair / side / "b.log").write_bytes(b"".join(lines[200:]))
        (pair / side / "a.log").write_bytes(b"".join(lines[:200]))
        (pair / side / "README.md").write_text("# what this is\n")
    report, said = report_of(pair, "correlate", "requests", "responses")
    whole, _ = report_of(pair, "correlate", "pair/requests.log", "pair/responses.log")
    assert report["status"] == whole["status"]
    assert "left out requests/README.md, responses/README.md: no line of them is an entry." in said


def test_users_that_look_like_statuses_go_by_the_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name, value in (("web-req.log", 7), ("web-resp.log", 200)):
        lines = [f"2025-11-21T14:00:{k:02d}Z,req-{k},{value}\n" for k in range(30)]
        (tmp_path / "logs" / name).write_text("".join(lines))
    report, _ = report_of(tmp_path, "correlate", "logs")
    assert report["status"] == {"200": 30}


def test_a_folder_of_an_access_log_and_other_files(tmp_path: Path) -> None:
    made = logcorr("generate", "access", "shop/access.ndjson", "--rows", "300", cwd=tmp_path)
    assert made.code == 0, made.err
    (tmp_path / "shop" / "tool").write_bytes(bytes(range(256)) * 20)
    report, said = report_of(tmp_path, "analyze", "shop")
    alone, _ = report_of(tmp_path, "analyze", "shop/access.ndjson")
    assert report["total_requests"] == alone["total_requests"]
    assert report["inputs"]["access"]["files"] == ["shop/access.ndjson"]
    assert "left out shop/tool, shop/truth.json: no line of them is an entry." in said


def test_a_file_that_was_named_is_never_left_out(tmp_path: Path) -> None:
    logcorr("generate", "access", "shop/access.ndjson", "--rows", "300", cwd=tmp_path)
    done = logcorr("analyze", "shop/access.ndjson", "shop/truth.json", "--no-store", cwd=tmp_path)
    assert done.code == 2
    assert "'shop/truth.json': no line is of a known format" in done.err


def test_a_folder_without_logs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# one\n")
    for command in ("analyze", "correlate"):
        done = logcorr(command, "docs", "--no-store", cwd=tmp_path)
        assert done.code == 2
        assert "docs/a.md" in done.err


def test_swapped_logs_are_told(pair: Path) -> None:
    report, _ = report_of(pair, "correlate", "pair/responses.log", "pair/requests.log")
    (warning,) = report["warnings"]
    assert warning.endswith(
        "of the lines of the response log are malformed, most for their status code. "
        "Were the request log and the response log swapped?"
    )
    done = logcorr("correlate", "pair/responses.log", "pair/requests.log", "--no-store", cwd=pair)
    summary = done.out.decode()
    assert "! doubtful" in summary
    assert "complete" not in summary
    assert "swapped?" in " ".join(summary.split())


def test_one_file_on_both_sides_is_told(pair: Path) -> None:
    report, _ = report_of(pair, "correlate", "pair/requests.log", "pair/requests.log")
    assert report["warnings"][0] == "pair/requests.log is read as a request log and as a response log."
    assert "swapped" not in " ".join(report["warnings"])


def test_logs_of_two_services_are_told(pair: Path) -> None:
    other = (pair / "pair" / "requests.log").read_text(errors="replace").replace(",req-", ",other-")
    (pair / "other.log").write_text(other)
    report, _ = report_of(pair, "correlate", "other.log", "pair/responses.log")
    assert len(report["warnings"]) == 1
    assert report["warnings"][0].startswith("None of ")


def test_no_log_at_all_is_an_error(pair: Path) -> None:
    (pair / "tool").write_bytes(b"\x7fELF\x01\x02" + bytes(range(256)) * 40)
    for words in (("analyze", "tool"), ("correlate", "tool", "tool"), ("correlate", "pair/requests.log", "tool")):
        done = logcorr(*words, "--no-store", cwd=pair)
        assert done.code == 2, words
        assert "'tool': this is no text, so no line of it can be read. Name a log." in done.err


def test_one_side_of_a_pair_is_no_access_log(pair: Path) -> None:
    done = logcorr("analyze", "pair/requests.log", "--no-store", cwd=pair)
    assert done.code == 2
    assert "Use `logcorr correlate REQUESTS RESPONSES` for them" in done.err
    told = json.loads(logcorr("tell", "pair", cwd=pair).out)
    assert (told["kind"], list(told["logs"]), told["left_out"]) == (
        "pairs",
        ["request", "response"],
        ["pair/truth.json"],
    )


def test_a_quiet_pair_has_no_warning(pair: Path) -> None:
    report, said = report_of(pair, "correlate", "pair/requests.log", "pair/responses.log")
    assert report["warnings"] == []
    assert "left out" not in said
