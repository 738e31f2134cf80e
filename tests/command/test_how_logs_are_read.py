"""What the report says of how logs were read: heads, clocks, other lines; and what is an empty run, and what none."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import assert_short_error, logcorr, succeed

PROFILES = r"""
[jobs]
syntax = "text"
time = { field = "t", form = "%H:%M:%S" }
id = "id"
zone = "Europe/Berlin"
[[jobs.rule]]
event = "request"
match = '(?P<t>\S+) begin (?P<id>\w+)'
[[jobs.rule]]
event = "response"
match = '(?P<t>\S+) end (?P<id>\w+)'
status = 200
[[jobs.rule]]
event = "response"
time = "previous"
match = 'lost (?P<id>\w+)'
status = 500
"""
JOBS = "12:00:00 begin a\n12:00:03 end a\n23:59:59 begin b\nlost b\n02:30:00 begin c\n02:30:01 end c\nhello\n"
ENTRY = "2026-01-01T00:00:01Z"


def report(tmp_path: Path, *words: str) -> dict[str, Any]:
    told = succeed(*words, "--report", "-", "--no-store", cwd=tmp_path).out
    return dict(json.loads(told))


def test_clocks_are_told(tmp_path: Path) -> None:
    """The clock falls back into the hour that occurs twice, and one line has the time of the line above."""
    (tmp_path / "jobs.toml").write_text(PROFILES)
    (tmp_path / "jobs.log").write_text(JOBS)
    words = ("correlate", "jobs.log", "--format", "jobs", "--formats", "jobs.toml", "--date", "2026-10-24")
    ledger = report(tmp_path, *words)["inputs"]["log"]
    assert ledger["clock"] == {"doubled": 2, "rolled": 1, "previous": 1}
    assert ledger["other"] == 1
    assert "heads" not in ledger
    summary = succeed(*words, "--no-store", cwd=tmp_path).out.decode()
    for said in ("1 line without a clock", "2 times in an hour that occurs twice", "the clock fell back 1 time"):
        assert said in summary


def test_heads_are_counted(tmp_path: Path) -> None:
    lines = [f'192.0.2.7 - - [01/Jan/2026:00:00:0{n} +0000] "GET / HTTP/1.1" 200 5 "-" "curl"' for n in range(5)]
    (tmp_path / "a.log").write_text("".join(f"web-1  | {line}\n" for line in lines) + "Attaching to web-1\n")
    ledger = report(tmp_path, "analyze", "a.log")["inputs"]["access"]
    assert (ledger["heads"], ledger["joined"]) == ({"compose": 5}, 0)
    assert (ledger["exchanges"], ledger["lines"]) == (5, 6)
    assert "clock" not in ledger
    assert "compose from 5 lines" in succeed("analyze", "a.log", "--no-store", cwd=tmp_path).out.decode()


EMPTY = {"": b"", "blank": b"\n \n", "headers": b"timestamp,request_id,value\n\n", "bom": b"\xef\xbb\xbf\n"}


@pytest.mark.parametrize("requests", EMPTY)
@pytest.mark.parametrize("responses", ["", "headers"])
def test_logs_without_entries_are_an_empty_run(tmp_path: Path, requests: str, responses: str) -> None:
    (tmp_path / "q.log").write_bytes(EMPTY[requests])
    (tmp_path / "r.log").write_bytes(EMPTY[responses])
    inputs = report(tmp_path, "correlate", "q.log", "r.log")["inputs"]
    assert inputs["requests"]["entries"] == inputs["responses"]["entries"] == 0


def test_one_log_without_lines_is_an_empty_run(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"\n")
    assert report(tmp_path, "correlate", "a.log")["inputs"]["log"]["format"] is None
    assert report(tmp_path, "analyze", "a.log")["total_requests"] == 0


def test_a_log_without_lines_is_of_the_format_of_the_other(tmp_path: Path) -> None:
    line = {"level": 30, "time": 1767225601000, "reqId": "r1", "req": {"url": "/"}, "msg": "incoming request"}
    (tmp_path / "q.log").write_text(json.dumps(line) + "\n")
    (tmp_path / "r.log").write_bytes(b"")
    inputs = report(tmp_path, "correlate", "q.log", "r.log")["inputs"]
    assert inputs["requests"]["format"]["name"] == "fastify"
    assert (inputs["requests"]["orphans"], inputs["responses"]["format"]) == (1, None)


def test_what_reads_the_lines_is_named(tmp_path: Path) -> None:
    """Where no line is an entry of the format that the user named."""
    (tmp_path / "a.log").write_text('192.0.2.7 - - [01/Jan/2026:00:00:01 +0000] "GET / HTTP/1.1" 200 5 "-" "curl"\n')
    outcome = logcorr("analyze", "a.log", "--format", "traefik", cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "no line is an entry of the format traefik", "combined")


def test_own_lines_have_no_others(tmp_path: Path) -> None:
    (tmp_path / "q.log").write_text(f"{ENTRY},a,u\nnoise\n")
    (tmp_path / "r.log").write_text(f"{ENTRY},a,-1\n{ENTRY},b,\n{ENTRY},c,-\n")
    outcome = logcorr("correlate", "q.log", "r.log", "--other", "other.csv", cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "the format logcorr has no other lines")
    found = report(tmp_path, "correlate", "q.log", "r.log")
    assert found["inputs"]["responses"]["entries"] == 3
    assert found["status"] == {"none": 1}


def exchanges(tmp_path: Path, *words: str) -> list[dict[str, Any]]:
    told = succeed("correlate", *words, "-o", "-", "--columns", "request_time", "--no-store", cwd=tmp_path).out
    return [json.loads(line) for line in told.splitlines()]


def test_own_lines_in_a_zone(tmp_path: Path) -> None:
    """The zone is of times that name none. Everything else is as without it, but that headers are other lines."""
    (tmp_path / "q.log").write_text("time,request_id,user\n2026-07-01T02:00:00,a,u\n2026-07-01T00:00:00Z, b ,\n1,2\n")
    (tmp_path / "r.log").write_text("2026-07-01T02:00:00.5,a,200\n2026-07-01T00:00:01Z,b,-\n2026-07-01T00:00:01Z,-,9\n")
    words = ("q.log", "r.log", "--zone", "Europe/Berlin")
    rows = sorted(exchanges(tmp_path, *words), key=lambda row: str(row["request_id"]))
    midnight = "2026-07-01T00:00:00.000000Z"
    assert [tuple(row.values()) for row in rows] == [("a", "u", 200, 500, midnight), ("b", None, None, 1000, midnight)]
    inputs = report(tmp_path, "correlate", *words)["inputs"]
    assert [inputs["requests"][name] for name in ("other", "malformed")] == [1, {"fields": 1}]
    assert inputs["responses"]["malformed"] == {"request_id": 1}
    assert inputs["requests"]["format"]["name"] == "logcorr"


def test_own_lines_behind_heads(tmp_path: Path) -> None:
    for name, lines in (("q.log", [f"{ENTRY},a,u", f"{ENTRY},b,u"]), ("r.log", [f"{ENTRY},a,200"])):
        (tmp_path / name).write_text("".join(f"{ENTRY} stdout F {line}\n" for line in lines))
    assert len(exchanges(tmp_path, "q.log", "r.log")) == 1
    inputs = report(tmp_path, "correlate", "q.log", "r.log")["inputs"]
    assert inputs["requests"]["heads"] == {"cri": 2}
    assert (inputs["requests"]["orphans"], inputs["requests"]["matched"]) == (1, 1)
