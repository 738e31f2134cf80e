"""The benchmarks: wrong counts are found, absent rivals are skipped, tables and chart say so, small runs go through."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, data, publish, rounds, tables
from benchmarks.__main__ import main
from benchmarks.count import count
from benchmarks.measure import Measured, measure
from benchmarks.roster import ROSTER, WORKS, Contender, Job, chosen
from benchmarks.rounds import Setting, run_rounds
from benchmarks.verdict import judge

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they measure through /proc")
MIB = 1 << 20


def run_of(wall: float, cpu: float) -> dict[str, Any]:
    return {**Measured(wall, cpu, 300 * MIB, 20 * MIB, 0, "", "").record(), "output": 10 * MIB}


def record(name: str, counts: dict[str, Any] | None = None, *walls: float, **more: Any) -> dict[str, Any]:
    runs = [run_of(wall, 2 * wall) for wall in walls or (1.0,)]
    base = {"name": name, "title": name.upper(), "missing": [], "stopped": "", "failed": "", "unsteady": False}
    return {**base, "counts": counts, "runs": runs, "wrong": [], **more}


def wrongs(records: Sequence[dict[str, Any]], truth: dict[str, Any]) -> dict[str, list[str]]:
    judge(records, truth)
    return {one["name"]: one["wrong"] for one in records if one["wrong"]}


class TestVerdict:
    def test_all_agree(self) -> None:
        assert (
            wrongs([record("a", {"matched": 5, "sum": 9}), record("b", {"matched": 5, "sum": 9})], {"matched": 5}) == {}
        )

    def test_one_against_the_truth(self) -> None:
        records = [record(name, {"matched": 4}) for name in "ab"] + [record("c", {"matched": 5})]
        assert wrongs(records, {"matched": 5}) == {"a": ["matched is 4, not 5"], "b": ["matched is 4, not 5"]}

    def test_one_against_most_where_the_truth_is_silent(self) -> None:
        records = [record("a", {"sum": 9}), record("b", {"sum": 8}), record("c", {"sum": 9})]
        assert wrongs(records, {}) == {"b": ["sum is 8, not 9"]}

    def test_where_none_has_most_nobody_is_right(self) -> None:
        assert set(wrongs([record("a", {"sum": 9}), record("b", {"sum": 8})], {})) == {"a", "b"}

    def test_a_zero_is_no_missing_value(self) -> None:
        assert set(wrongs([record("a", {"sum": 0}), record("b", {"sum": 8}), record("c", {"sum": 8})], {})) == {"a"}

    def test_endpoints(self) -> None:
        truth = {"endpoints": {"/a": [3, 1], "/b": [2, 0]}}
        no_errors_told = record("plain", {"endpoints": {"/a": [3], "/b": [2]}})
        one_off = record("off", {"endpoints": {"/a": [3, 0], "/b": [2, 0]}})
        one_less = record("less", {"endpoints": {"/a": [3, 1]}})
        one_more = record("more", {"endpoints": {"/a": [3], "/b": [2], "/c": [1]}})
        assert wrongs([no_errors_told, one_off, one_less, one_more], truth) == {
            "off": ["1 endpoints differ, such as /a"],
            "less": ["1 endpoints differ, such as /b"],
            "more": ["1 endpoints differ, such as /c"],
        }

    def test_counts_that_change_between_rounds(self) -> None:
        assert wrongs([record("a", {"sum": 1}, unsteady=True)], {}) == {"a": ["tells other counts in other rounds"]}


ALL = {
    "full": [
        record("logcorr", {"matched": 5}, 1.0, 3.0, 2.0),
        record("slow", {"matched": 5}, 40.0),
        record("liar", {"matched": 4}, 1.0, wrong=["matched is 4, not 5"]),
        record("lost", stopped="time"),
        record("broken", failed="Traceback\nboom"),
        record("absent", missing=["absent_module"], runs=[]),
    ]
}


def test_a_table_has_medians_ratios_and_what_went_wrong() -> None:
    text = tables.of_works(ALL)
    rows = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in text.splitlines() if line.startswith("|")
    }
    assert rows["**LOGCORR**"][:4] == ["2.00", "1.00 to 3.00", "4.00", "2.00 to 6.00"]
    assert rows["**LOGCORR**"][4:9] == ["300", "20", "10", "1.00", "1.00"]
    assert rows["SLOW"][7:9] == ["20.00", "20.00"]
    assert "LIAR (**wrong**)" in rows
    assert rows["LOST"][0] == "over 1 s"
    assert rows["BROKEN"][0] == "failed"
    assert rows["ABSENT"][0] == "not installed"
    assert "**LIAR is wrong:** matched is 4, not 5." in text
    assert "BROKEN failed: `boom`" in text
    assert "ABSENT was skipped: absent_module not installed." in text
    assert "tell the same counts" not in text


def test_a_table_where_all_agree_says_so() -> None:
    assert "All 2 that ended tell the same counts." in tables.of_works({"full": ALL["full"][:2]})


def test_the_chart_breaks_long_bars_and_shows_troubles() -> None:
    svg = ET.fromstring(chart.chart(ALL, "title & more", "note"))
    texts = ["".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "title & more" in texts
    assert "2.00 s · CPU 4.00 s · 300 MiB" in texts
    assert "wrong · 1.00 s · CPU 2.00 s · 300 MiB" in texts
    assert {"over 1 s", "failed"} <= set(texts)
    assert "ABSENT" not in texts
    breaks = [node for node in svg.iter("{http://www.w3.org/2000/svg}path") if node.get("class") == "break"]
    assert len(breaks) == 2
    width = int(svg.get("viewBox", "").split()[2])
    bars = svg.iter("{http://www.w3.org/2000/svg}rect")
    assert all(float(bar.get("x", 0)) + float(bar.get("width", 0)) <= width for bar in bars)


def test_every_script_of_a_rival_is_there() -> None:
    for one in ROSTER:
        assert set(one.jobs) <= set(WORKS)
        for job in one.jobs.values():
            if job.words[1] != "-m":
                assert Path(job.words[1]).is_file()


def test_choosing() -> None:
    works, contenders = chosen(["ndjson", "polars"])
    assert (works, [one.name for one in contenders]) == (["ndjson"], ["polars"])
    works, contenders = chosen([])
    assert (works, contenders) == (list(WORKS), list(ROSTER))
    with pytest.raises(ValueError, match="mystery is neither"):
        chosen(["mystery"])


def python(code: str, **more: Any) -> Contender:
    return Contender("it", "It", {"full": Job((sys.executable, "-c", code), "csv", "csv")}, **more)


class TestRounds:
    def test_a_rival_that_is_not_installed_is_skipped(self, tmp_path: Path) -> None:
        told: list[str] = []
        one = python("1/0", modules=("no_such_module",), commands=("no-such-command", "sh"))
        (got,) = run_rounds("full", [one], 2, Setting(tmp_path, 10, {}), told.append)
        assert got["missing"] == ["no_such_module", "no-such-command"]
        assert got["runs"] == []
        assert "skipped: no_such_module, no-such-command" in told[0]

    def test_a_rival_that_fails_is_not_run_again(self, tmp_path: Path) -> None:
        (got,) = run_rounds("full", [python("1/0")], 3, Setting(tmp_path, 10, {}), lambda _: None)
        assert "ZeroDivisionError" in got["failed"]
        assert len(got["runs"]) == 1

    def test_a_rival_that_writes_nothing_fails(self, tmp_path: Path) -> None:
        (got,) = run_rounds("full", [python("pass")], 1, Setting(tmp_path, 10, {}), lambda _: None)
        assert got["failed"].startswith("output not readable")

    def test_a_rival_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        slow = python("import time; time.sleep(60)")
        (got,) = run_rounds("full", [slow], 3, Setting(tmp_path, 0.1, {}), lambda _: None)
        assert got["stopped"] == "time"
        assert len(got["runs"]) == 1

    def test_a_first_run_on_a_small_log_does_not_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rounds, "counted", lambda *_: ({}, ""))
        log = tmp_path / "read.txt"
        one = Contender("it", "It", {"full": Job(("sh", "-c", f"echo {{requests}} >>{log}"), "csv", "csv")})
        setting = Setting(tmp_path, 10, {"requests": "large"}, {"requests": "small"})
        (got,) = run_rounds("full", [one], 2, setting, lambda _: None)
        assert log.read_text().split() == ["small", "large", "large"]
        assert len(got["runs"]) == 2

    def test_the_order_rotates_and_rounds_are_limited(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        monkeypatch.setattr(rounds, "counted", lambda shape, _: ({"matched": shape}, ""))
        job = Job(("true",), "csv", "csv")
        both = [Contender(name, name, {"full": job}, rounds=most) for name, most in (("a", None), ("b", 2), ("c", 1))]
        run_rounds("full", both, 3, Setting(tmp_path, 10, {}), told.append)
        assert "".join(line.split()[1] for line in told) == "abcbaa"


class TestMeasure:
    def measured(self, tmp_path: Path, code: str, most: int = 1 << 34) -> Measured:
        return measure([sys.executable, "-c", code], cwd=tmp_path, env={}, timeout_s=30, most_bytes=most)

    def test_children_count(self, tmp_path: Path) -> None:
        burn = "import time; t = time.process_time() + 0.2\nwhile time.process_time() < t: pass"
        code = f"import subprocess, sys; [subprocess.run([sys.executable, '-c', {burn!r}]) for _ in 'ab']"
        assert 0.4 <= self.measured(tmp_path, code).cpu_s < 2

    def test_memory_is_that_of_all_processes_together(self, tmp_path: Path) -> None:
        hold = "import time; b = b'x' * (60 << 20); time.sleep(0.4)"
        code = f"import subprocess, sys; [p.wait() for p in [subprocess.Popen([sys.executable, '-c', {hold!r}]) for _ in 'ab']]"
        assert self.measured(tmp_path, code).peak_rss > 120 * MIB

    def test_too_much_memory_is_ended(self, tmp_path: Path) -> None:
        got = self.measured(tmp_path, "import time; b = b'x' * (60 << 20); time.sleep(30)", most=50 * MIB)
        assert got.stopped == "memory"
        assert got.wall_s < 20

    def test_bytes_written_and_exit_code(self, tmp_path: Path) -> None:
        code = "import sys; f = open('out', 'wb'); f.write(bytes(1 << 20)); f.flush(); sys.exit('so it ended')"
        got = self.measured(tmp_path, code)
        assert got.written >= MIB
        assert (got.code, got.error) == (1, "so it ended")


def test_counting_tells_wrong_partners_apart(tmp_path: Path) -> None:
    """A sum of durations comes out right with any partners; the sum of squares does not."""
    head = "request_id,user_id,status_code,request_time,response_time,duration_us\n"
    right, crossed = tmp_path / "right.csv", tmp_path / "crossed.csv"
    alone = "c,u,,9,,\nd,,500,,9,\nd,,500,,9,\n"
    right.write_text(f"{head}a,u,200,0,1000,1000\nb,,200,0,3000,3000\n{alone}")
    crossed.write_text(f"{head}a,u,200,0,2000,2000\nb,,200,0,2000,2000\n{alone}")
    one, other = count("csv", right), count("csv", crossed)
    assert one == {
        "matched": 2, "request_orphans": 1, "response_orphans": 2, "sum_duration_us": 4000, "sum_squares": 10,
        "sum_status": 1400,
    }  # fmt: skip
    assert {name for name in one if one[name] != other[name]} == {"sum_squares"}


def test_counting_matched_exchanges(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    records = [{"request_id": "a", "user_id": None, "status_code": 200, "duration_ms": took} for took in (3, -1)]
    out.write_text("".join(json.dumps(one) + "\n" for one in records))
    assert count("ndjson", out) == {"matched": 2, "sum_duration_ms": 2, "sum_squares": 10, "sum_status": 400}


def test_counting_endpoints(tmp_path: Path) -> None:
    rows = [{"endpoint": "/b", "requests": 2, "errors": 0}, {"endpoint": "/a", "requests": 3, "errors": 1}]
    panel = {"data": [{"data": "/a", "method": method, "hits": {"count": 2}} for method in ("GET", "PUT")]}
    told = {"endpoints": rows, "report": {"endpoints": rows}, "goaccess": {"requests": panel, "not_found": panel}}
    found = {}
    for shape, what in told.items():
        (tmp_path / shape).write_text(json.dumps(what))
        found[shape] = count(shape, tmp_path / shape)["endpoints"]
    both = {"/a": [3, 1], "/b": [2, 0]}
    assert found == {"endpoints": both, "report": both, "goaccess": {"/a": [8]}}


def test_logcorr_and_a_plain_script_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--rows", "2000", "--rounds", "1", "--dir", ".", "--out", "out"]
    assert main([*words, "--only", "full,logcorr", "dictionary"]) == 0
    assert "All 2 that ended tell the same counts." in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "bench-2000.json").read_text())
    truth = data.pair(tmp_path, 2000).truth
    ours, script = result["works"]["full"]
    assert ours["counts"] == script["counts"]
    assert {name: ours["counts"][name] for name in truth} == truth
    assert truth["matched"] > 1900
    assert ours["runs"][0]["cpu_s"] > 0.1
    ET.fromstring((tmp_path / "out" / "bench-2000.svg").read_text())


def test_publishing_keeps_other_sizes(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "benchmarks" / "NOTES.md").write_text("## What was tried\n\nMuch.\n")
    machine = {"cpu": "Abacus", "cores": 2, "memory": 1 << 34, "kernel": "Linux 1"}
    base = {"date": "2025-11-21", "rounds": 3, "machine": machine, "lines": {"pair": 4, "access": 2}}
    base["versions"] = {"python": "3.14", "logcorr": "1", "polars": "2"}
    for rows, works in ((2000, ALL), (9000, {"full": ALL["full"][:2]}), (2000, ALL)):
        publish.publish({**base, "rows": rows, "works": works}, "bench", tmp_path)
    case = {"name": "plain", "title": "plain", "skipped": "", "wrong": [], "lines": 8, "matched": 4, "spilled": 0}
    cases = [{**case, "run": run_of(1, 2)}, {**case, "title": "huge", "run": None, "skipped": "needs 9 GB of disk"}]
    publish.publish({**base, "rows": 4, "budget": 512_000_000, "cases": cases}, "scale", tmp_path)
    text = (tmp_path / "benchmarks" / "RESULTS.md").read_text()
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert [head.split()[1] for head in heads] == ["2,000", "9,000", "Odd", "What"]
    assert "Abacus, 2 cores, 16.0 GiB, Linux 1." in text
    assert "skipped: needs 9 GB of disk" in text
    assert "2,000 lines a log" in (tmp_path / "assets" / "bench.svg").read_text()


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "mystery"]) == 2
    assert main(["scale", "--only", "mystery"]) == 2
    assert capsys.readouterr().err.count("error: mystery is") == 2
