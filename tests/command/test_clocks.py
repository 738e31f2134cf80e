"""Clocks by the command: no date, no year, none at all; midnights, leap days, hours that come twice or never; restarts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import assert_short_error, kept, logcorr, succeed

TEXT = """[clocks]
syntax = "text"
time = { field = "t", form = "FORM" }
id = "id"
[[clocks.rule]]
event = "request"
match = '''\\[(?P<t>[^\\]]*)\\] (?P<id>\\S+) in'''
[[clocks.rule]]
event = "response"
match = '''\\[(?P<t>[^\\]]*)\\] (?P<id>\\S+) out (?P<code>\\d+)'''
status = "code"
[[clocks.rule]]
event = "response"
time = "previous"
match = '''\\((?P<id>\\S+)\\) broke'''
status = 500
[[clocks.rule]]
event = "restart"
match = "begin"
"""


def pairs(folder: Path, form: str, lines: list[str], *options: str) -> list[dict[str, Any]]:
    """The exchanges of a log in this form of time."""
    (folder / "clocks.toml").write_text(TEXT.replace("FORM", form))
    (folder / "x.log").write_text("\n".join([*lines, ""]))
    columns = ("--columns", "request_time,response_time,duration_us,request_line,response_line")
    words = ("correlate", "x.log", "--formats", "clocks.toml", "--format", "clocks", "--no-store")
    succeed(*words, "-o", "x.ndjson", *columns, "--sort", "time", "--report", "r.json", "--force", *options, cwd=folder)
    return [json.loads(line) for line in (folder / "x.ndjson").read_text().splitlines()]


def counted(folder: Path) -> dict[str, int]:
    """What the report counts of clocks, without what never happened."""
    clock = json.loads((folder / "r.json").read_text())["inputs"]["log"].get("clock", {})
    return {name: count for name, count in clock.items() if count}


def times(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["request_time"][:19], one["response_time"][:19]) for one in found]


def test_midnights_without_a_date(tmp_path: Path) -> None:
    lines = ["[23:59:58] a in", "[00:00:02] a out 200", "[11:00:00] b in", "[10:59:59] b out 200"]
    lines += ["[23:00:00] c in", "[01:00:00] c out 200"]
    found = pairs(tmp_path, "%H:%M:%S", lines, "--date", "2026-12-31")
    assert times(found) == [
        ("2026-12-31T23:59:58", "2027-01-01T00:00:02"),
        ("2027-01-01T11:00:00", "2027-01-01T10:59:59"),
        ("2027-01-01T23:00:00", "2027-01-02T01:00:00"),
    ]
    assert counted(tmp_path) == {"rolled": 2}


@pytest.mark.parametrize("form", ["%b %d %H:%M:%S", "%m-%d %H:%M:%S"])
def test_the_end_of_a_year_without_a_year(form: str, tmp_path: Path) -> None:
    months = ("Dec", "Jan") if form.startswith("%b") else ("12", "01")
    mark = " " if form.startswith("%b") else "-"
    lines = [f"[{months[0]}{mark}31 23:59:59] a in", f"[{months[1]}{mark}01 00:00:01] a out 200"]
    found = pairs(tmp_path, form, lines, "--date", "2026-05-05")
    assert times(found) == [("2026-12-31T23:59:59", "2027-01-01T00:00:01")]
    assert counted(tmp_path) == {"rolled": 1}


def test_a_leap_day_without_a_year(tmp_path: Path) -> None:
    lines = [
        "[Feb 28 23:59:59] a in",
        "[Feb 29 00:00:01] a out 200",
        "[Mar  1 00:00:00] b in",
        "[Mar  1 00:00:01] b out 200",
    ]
    found = pairs(tmp_path, "%b %d %H:%M:%S", lines, "--date", "2028-01-01")
    assert times(found) == [
        ("2028-02-28T23:59:59", "2028-02-29T00:00:01"),
        ("2028-03-01T00:00:00", "2028-03-01T00:00:01"),
    ]
    of_another_year = pairs(tmp_path, "%b %d %H:%M:%S", lines, "--date", "2027-01-01")
    assert times(of_another_year) == [("2027-03-01T00:00:00", "2027-03-01T00:00:01")]
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["inputs"]["log"]["malformed"] == {"timestamp": 1}


def test_a_date_is_needed_and_never_guessed(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text(TEXT.replace("FORM", "%H:%M:%S"))
    (tmp_path / "x.log").write_text("[00:00:01] a in\n[00:00:02] a out 200\n")
    words = ("correlate", "x.log", "--formats", "clocks.toml", "--format", "clocks")
    outcome = logcorr(*words, cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "clocks", "no date", "--date YYYY-MM-DD")
    wrong = logcorr(*words, "--date", "2026-02-30", cwd=tmp_path)
    assert wrong.code == 2
    assert_short_error(wrong, "--date", "2026-02-30")
    assert kept(tmp_path) == []


def test_hours_that_come_twice_and_hours_that_do_not_come(tmp_path: Path) -> None:
    # Clocks in Berlin go from 03:00 back to 02:00 on 2026-10-25, and from 02:00 on to 03:00 on 2026-03-29.
    lines = ["[2026-10-25 01:59:59] a in", "[2026-10-25 02:30:00] a out 200"]
    lines += ["[2026-10-25 03:30:00] b in", "[2026-10-25 03:30:01] b out 200"]
    lines += ["[2026-03-29 02:30:00] c in", "[2026-03-29 03:00:00] c out 200"]
    found = pairs(tmp_path, "%Y-%m-%d %H:%M:%S", lines, "--zone", "Europe/Berlin")
    assert times(found) == [
        ("2026-10-24T23:59:59", "2026-10-25T00:30:00"),
        ("2026-10-25T02:30:00", "2026-10-25T02:30:01"),
    ]
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["inputs"]["log"]["malformed"] == {"timestamp": 1}
    assert report["inputs"]["responses"]["orphans"] == 1
    assert counted(tmp_path) == {"doubled": 1}


def test_a_clock_without_a_year_is_in_no_doubled_hour_of_another_year(tmp_path: Path) -> None:
    # In 1972 clocks in New York were set back on 29 October, in 2026 they are on 1 November.
    lines = [
        "[Oct 29 01:30:00] a in",
        "[Oct 29 01:30:01] a out 200",
        "[Nov  1 01:30:00] b in",
        "[Nov  1 03:00:00] b out 200",
    ]
    form, options = "%b %d %H:%M:%S", ("--date", "2026-10-29", "--zone", "America/New_York")
    assert times(pairs(tmp_path, form, lines, *options)) == [
        ("2026-10-29T05:30:00", "2026-10-29T05:30:01"),
        ("2026-11-01T05:30:00", "2026-11-01T08:00:00"),
    ]
    assert counted(tmp_path) == {"doubled": 1}


@pytest.mark.parametrize(
    ("zone", "hour"), [("Z", "10"), ("+05:30", "04"), ("-0330", "13"), ("America/New_York", "15"), ("Asia/Tokyo", "01")]
)
def test_zones(zone: str, hour: str, tmp_path: Path) -> None:
    lines = ["[2026-02-03 10:00:00] a in", "[2026-02-03 10:00:01] a out 200"]
    found = pairs(tmp_path, "%Y-%m-%d %H:%M:%S", lines, "--zone", zone)
    assert found[0]["request_time"][11:13] == hour


def test_a_line_without_a_clock_has_that_of_the_line_above(tmp_path: Path) -> None:
    lines = [
        "(z) broke",
        "[2026-02-03 10:00:00] a in",
        "[2026-02-03 10:00:05] b in",
        "(a) broke",
        "a line",
        "(b) broke",
    ]
    found = pairs(tmp_path, "%Y-%m-%d %H:%M:%S", lines)
    assert sorted((one["request_id"], one["duration_us"]) for one in found) == [("a", 5_000_000), ("b", 0)]
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["inputs"]["log"]["malformed"] == {"timestamp": 1}
    assert counted(tmp_path) == {"previous": 2}


def test_ids_are_new_ones_after_a_restart(tmp_path: Path) -> None:
    first = ["[2026-02-03 10:00:00] 1 in", "begin", "[2026-02-03 10:00:09] 1 in", "[2026-02-03 10:00:10] 1 out 200"]
    found = pairs(tmp_path, "%Y-%m-%d %H:%M:%S", first)
    assert [(one["request_id"], one["request_line"], one["response_line"]) for one in found] == [("1#1", 3, 4)]


def test_restarts_of_one_file_are_not_those_of_another(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text(TEXT.replace("FORM", "%Y-%m-%d %H:%M:%S"))
    for name, second in (("a", 10), ("b", 20)):
        lines = ["begin", f"[2026-02-03 10:00:{second}] 1 in", f"[2026-02-03 10:00:{second + 1}] 1 out 200"]
        (tmp_path / f"{name}.log").write_text("\n".join([*lines, ""]))
    words = ("correlate", "--log", "a.log", "--log", "b.log", "--formats", "clocks.toml", "--format", "clocks")
    succeed(*words, "--no-store", "-o", "x.ndjson", "--columns", "request_file,response_file", cwd=tmp_path)
    found = [json.loads(line) for line in (tmp_path / "x.ndjson").read_text().splitlines()]
    assert sorted((one["request_file"], one["response_file"]) for one in found) == [
        ("a.log", "a.log"),
        ("b.log", "b.log"),
    ]
    assert len({one["request_id"] for one in found}) == 2
