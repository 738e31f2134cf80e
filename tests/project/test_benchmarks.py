"""The benchmarks: wrong counts are found, absent rivals are skipped, tables and chart say so, small runs go through."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, data, live, live_table, publish, roster, rounds, tables
from benchmarks.__main__ import main
from benchmarks.count import count
from benchmarks.measure import Measured, measure
from benchmarks.progress import Progress, Step, guesses, spoken
from benchmarks.roster import ROSTER, WORKS, Contender, Job, chosen
from benchmarks.rounds import Setting, run_rounds, steps_of
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
        record("older", missing=["--threads"], runs=[]),
    ]
}


def test_a_table_has_medians_ratios_and_what_went_wrong() -> None:
    text = tables.of_works(ALL)
    rows = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in text.splitlines() if line.startswith("|")
    }
    assert rows["**LOGCORR**"][:4] == ["2.00", "1.00 to 3.00", "4.00", "2.00 to 6.00"]
    assert rows["**LOGCORR**"][4:10] == ["2.00", "300", "20", "10", "1.00", "1.00"]
    assert rows["SLOW"][8:10] == ["20.00", "20.00"]
    assert "LIAR (**wrong**)" in rows
    assert rows["LOST"][0] == "over 1 s"
    assert rows["BROKEN"][0] == "failed"
    assert rows["ABSENT"][0] == "not installed"
    assert rows["OLDER"][0] == "no --threads"
    assert "**LIAR is wrong:** matched is 4, not 5." in text
    assert "BROKEN failed: `boom`" in text
    assert "ABSENT was skipped: absent_module not installed." in text
    assert "OLDER was skipped: this logcorr has no --threads." in text
    assert "tell the same counts" not in text


def test_a_table_tells_the_size_of_its_logs() -> None:
    assert "30.0 MiB of logs." in tables.of_works(ALL, {"full": 30 * MIB})
    assert "of logs" not in tables.of_works(ALL)


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


class Clock:
    """A clock that goes on only where it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def silent(told: list[str] | None = None) -> Progress:
    return Progress([], lambda _: 1.0, ([] if told is None else told).append)


class TestProgress:
    def follow(self, plan: Sequence[Step], guess: Callable[[Step], float]) -> tuple[Progress, Clock, list[str]]:
        told: list[str] = []
        clock = Clock()
        return Progress(plan, guess, told.append, clock), clock, told

    def test_what_is_left_comes_from_the_first_round(self) -> None:
        plan = [Step("full", name, number) for number in (1, 2) for name in ("a", "b")]
        progress, clock, told = self.follow(plan, lambda _: 10.0)
        for step, seconds in zip(plan[:2], (100, 2), strict=True):
            progress.begin(step, step.who)
            clock.now += seconds
            progress.end("done")
        assert progress.left() == 102
        progress.begin(plan[2], "a")
        assert "".join(told).splitlines() == [
            "[1/4] 0 s, about 40 s left: a done",
            "[2/4] 1 min 40 s, about 4 min 18 s left: b done",
            "[3/4] 1 min 42 s, about 1 min 42 s left: a",
        ]

    def test_guesses_are_put_right_by_what_was_measured(self) -> None:
        plan = [Step("full", "a", 1), Step("gz", "a", 1), Step("gz", "", 0)]
        progress, clock, _ = self.follow(plan, lambda _: 10.0)
        progress.begin(plan[0], "")
        clock.now += 23
        progress.end()
        assert progress.left() == 10 * 26 / 13 + 10

    def test_what_is_not_run_is_not_waited_for(self) -> None:
        plan = [Step("full", name, number) for number in (1, 2, 3) for name in ("a", "b")]
        progress, _, told = self.follow(plan, lambda _: 10.0)
        progress.begin(plan[0], "")
        progress.end()
        progress.drop("full", "a")
        assert progress.left() == pytest.approx(30 * 3 / 13)
        progress.begin(plan[1], "")
        assert told[-1].startswith("[2/4] ")

    def test_guesses_come_from_the_last_results(self) -> None:
        def result(rows: int, wall: float) -> dict[str, Any]:
            lost = record("lost", None, 900.0, stopped="time")
            return {"rows": rows, "works": {"full": [record("logcorr", None, wall), record("slow", None, 50.0), lost]}}

        published = {"1000000": result(1_000_000, 10.0), "9000000": result(9_000_000, 45.0)}
        guess = guesses(published, 2_000_000, lambda work: work == "gz")
        seconds = {name: guess(Step("full", name, 1)) for name in ("logcorr", "logcorr-1-thread", "lost", "new")}
        assert seconds["logcorr"] == seconds["logcorr-1-thread"] == guess(Step("gz", "logcorr", 2))
        assert 20 < seconds["logcorr"] < 22
        assert 1800 < seconds["lost"] < 1802
        assert 640 < seconds["new"] < 642
        assert 0 < guess(Step("access", "logcorr", 1)) < 10
        assert guess(Step("gz", "", 0)) < guess(Step("full", "", 0)) < 30
        assert guesses({}, 2000, lambda _: True)(Step("full", "logcorr", 1)) < 2

    def test_old_results_give_guesses(self) -> None:
        published = publish.published("bench")
        assert published
        for rows in (20_000, 2_000_000, 100_000_000):
            guess = guesses(published, rows, lambda _: False)
            assert all(guess(Step(work, one.name, 1)) > 0 for one in ROSTER for work in one.jobs)

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (3900, "1 h 05 min")],
    )
    def test_times_for_people(self, seconds: float, text: str) -> None:
        assert spoken(seconds) == text


class TestRounds:
    def test_a_rival_that_is_not_installed_is_skipped(self, tmp_path: Path) -> None:
        told: list[str] = []
        one = python("1/0", modules=("no_such_module",), commands=("no-such-command", "sh"))
        (got,) = run_rounds("full", [one], 2, Setting(tmp_path, 10, {}), silent(told))
        assert got["missing"] == ["no_such_module", "no-such-command"]
        assert got["runs"] == []
        assert "skipped: no_such_module, no-such-command" in told[0]

    def test_a_rival_that_fails_is_not_run_again(self, tmp_path: Path) -> None:
        (got,) = run_rounds("full", [python("1/0")], 3, Setting(tmp_path, 10, {}), silent())
        assert "ZeroDivisionError" in got["failed"]
        assert len(got["runs"]) == 1

    def test_a_rival_that_writes_nothing_fails(self, tmp_path: Path) -> None:
        (got,) = run_rounds("full", [python("pass")], 1, Setting(tmp_path, 10, {}), silent())
        assert got["failed"].startswith("output not readable")

    def test_a_rival_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        slow = python("import time; time.sleep(60)")
        (got,) = run_rounds("full", [slow], 3, Setting(tmp_path, 0.1, {}), silent())
        assert got["stopped"] == "time"
        assert len(got["runs"]) == 1

    def test_a_first_run_on_a_small_log_does_not_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rounds, "counted", lambda *_: ({}, ""))
        log = tmp_path / "read.txt"
        one = Contender("it", "It", {"full": Job(("sh", "-c", f"echo {{requests}} >>{log}"), "csv", "csv")})
        setting = Setting(tmp_path, 10, {"requests": "large"}, {"requests": "small"})
        (got,) = run_rounds("full", [one], 2, setting, silent())
        assert log.read_text().split() == ["small", "large", "large"]
        assert len(got["runs"]) == 2

    def test_the_order_rotates_and_rounds_are_limited(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        monkeypatch.setattr(rounds, "counted", lambda shape, _: ({"matched": shape}, ""))
        job = Job(("true",), "csv", "csv")
        both = [Contender(name, name, {"full": job}, rounds=most) for name, most in (("a", None), ("b", 2), ("c", 1))]
        run_rounds("full", both, 3, Setting(tmp_path, 10, {}), silent(told))
        lines = "".join(told).splitlines()
        assert "".join(line.split()[-9] for line in lines) == "abcbaa"
        assert "full     round 1 of 3  a " in lines[0]
        assert [step.who for step in steps_of("full", both, 3, small=False)] == list("abcbaa")
        assert [step[1:] for step in steps_of("full", both[1:], 1, small=True)] == [
            ("b", 0),
            ("c", 0),
            ("b", 1),
            ("c", 1),
        ]

    def test_what_logcorr_has_no_option_for_is_skipped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        words = (sys.executable, "-m", "logcorr", "correlate")
        one = Contender("it", "It", {"full": Job(words, "run")}, ("logcorr",), options=("--memory", "--no-such"))
        assert one.missing("full") == ["--no-such"]
        monkeypatch.setattr(roster, "_help", lambda _: ("--memory", "--no-such"))
        assert one.missing("full") == []

    def test_variables_of_a_contender_are_set_for_it(self, tmp_path: Path) -> None:
        code = "import os, sys; sys.exit(os.environ.get('LOGCORR_KERNELS', 'none'))"
        for more, told in (({}, "none"), ({"variables": {"LOGCORR_KERNELS": "off"}}, "off")):
            (got,) = run_rounds("full", [python(code, **more)], 1, Setting(tmp_path, 10, {}), silent())
            assert got["failed"] == told


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
    hits = {"count": 2}
    panel = {"data": [{"data": target, "hits": hits} for target in ("/a", "http://shop.example:80/a")]}
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


def test_counting_lines(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("3\n4\n")
    assert count("lines", tmp_path / "out") == {"lines": 7}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose logs several tests read."""
    return tmp_path_factory.mktemp("bench")


def run_work(folder: Path, work: str, *names: str) -> list[dict[str, Any]]:
    words = ["--rows", "500", "--rounds", "1", "--dir", str(folder), "--out", str(folder / "out")]
    assert main([*words, "--only", work, *names]) == 0
    records: list[dict[str, Any]] = json.loads((folder / "out" / "bench-500.json").read_text())["works"][work]
    return records


# Those that are installed with logcorr or by a system, and start fast.
@pytest.mark.parametrize("work", WORKS)
def test_every_work_end_to_end(work: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = run_work(folder, work, "logcorr", "dictionary", "zcat", "lnav", "goaccess")
    ran = {record["name"] for record in records if not record["missing"]}
    assert "logcorr" in ran
    assert "dictionary" in ran or work in ("access", "combined", "alb")
    told = capsys.readouterr()
    assert "of logs." in told.out
    lines = [line for line in told.err.splitlines() if line.startswith("[")]
    assert len(lines) == 1 + len(ran)
    assert all(" left: " in line for line in lines)


@pytest.mark.long
@pytest.mark.parametrize("work", WORKS)
def test_every_contender_end_to_end(work: str, folder: Path) -> None:
    run_work(folder, work)


def test_results_of_before_are_still_read() -> None:
    for result in publish.published("bench").values():
        text = publish.bench_section(result)
        assert f"## {result['rows']:,} lines a log" in text
        assert " 0 lines in" not in text
        ET.fromstring(publish.picture(result))


def test_the_picture_is_of_what_tells_most() -> None:
    records = [*ALL["full"][:2], record("logcorr-1-thread", None, 1.0)]
    assert publish._shown({"full": records, "gz": records}) == {"full": records[:2]}
    assert publish._shown({"gz": records}) == {"gz": records[:2]}
    assert publish._shown({"gz": records[2:]}) == {"gz": records[2:]}


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
    assert main(["live", "--only", "mystery"]) == 2
    assert capsys.readouterr().err.count("error: mystery is") == 3


def test_a_line_is_shown_once_as_many_are_told() -> None:
    told = [(1.0, 10), (2.0, 30), (2.5, 20), (3.0, 40)]
    assert live._latencies([(0.5, 10), (0.6, 11), (1.5, 30), (1.75, 40), (2.0, 41)], told) == [0.5, 1.4, 0.5, 1.25]


def test_logs_that_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_WARM_S", 1.0)
    monkeypatch.setattr(live, "RATE", 1000)
    told: list[str] = []
    result = live.run(tmp_path, 2000, ["watch", "day"], seconds=1.0, timeout_s=60, tell=told.append)
    (view,) = result["views"]
    assert view["lines"] > 1000
    assert (view["lost"], len(told)) == (0, 2)
    assert 0 < view["p50_ms"] <= view["p99_ms"]
    assert result["day"]["lines"] > 3000
    versions = {"python": "3.14", "logcorr": "1", "polars": "2"}
    machine = {"cpu": "Abacus", "cores": 2, "memory": 1 << 34, "kernel": "Linux 1"}
    text = live_table.section({**result, "date": "2025-11-21", "machine": machine, "versions": versions})
    assert "`logcorr watch --json --every 200ms`" in text
    assert "A day of traffic" in text
