"""`--openmetrics` and `--junit` from outside: published with the outputs, whole or not at all, whatever the exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.diff_cases import User, pair_run
from tests.support.helpers import files_of, kept, logcorr, succeed, write_pair
from tests.support.metric_families import openmetrics_families

PAIR = ("correlate", "requests.log", "responses.log")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_pair(tmp_path)
    entry = {"method": "GET", "status_code": 200, "timestamp": "2025-03-01T12:00:00Z", "ip": "::1", "response_time": 5}
    rows = [{**entry, "endpoint": f"/{number % 3}"} for number in range(9)]
    (tmp_path / "access.log").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def metrics(path: Path) -> dict[str, float]:
    """The sum of all samples of each name."""
    sums: dict[str, float] = {}
    for family in openmetrics_families(path.read_text()):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def cases(path: Path) -> list[tuple[str | None, list[str]]]:
    return [(case.get("name"), [child.tag for child in case]) for case in ET.parse(path).iter("testcase")]


@pytest.mark.parametrize("keep", [(), ("--no-store",)])
def test_a_pair(here: Path, keep: tuple[str, ...]) -> None:
    succeed(*PAIR, *keep, "--openmetrics", "pair.prom", cwd=here)
    found = metrics(here / "pair.prom")
    assert found["logcorr_lines_total"] == 5
    assert found["logcorr_exchanges_total"] == found["logcorr_requests_total"] == 2
    assert found["logcorr_orphans_total"] == 1
    assert found["logcorr_request_duration_seconds_sum"] == pytest.approx(0.722)


@pytest.mark.parametrize("keep", [(), ("--no-store",)])
def test_an_access_log(here: Path, keep: tuple[str, ...]) -> None:
    succeed("analyze", "access.log", *keep, "--openmetrics", "access.prom", cwd=here)
    found = metrics(here / "access.prom")
    assert (found["logcorr_requests_total"], found["logcorr_request_duration_seconds_count"]) == (9, 9)
    assert found["logcorr_request_duration_seconds_sum"] == pytest.approx(0.045)
    assert (here / "access.prom").read_text().count('logcorr_requests_total{status_class="2xx",endpoint="/1"} 3') == 1


def test_a_run_that_is_opened_again_and_an_export_give_the_same(here: Path) -> None:
    succeed(*PAIR, "--store", "runs", "--openmetrics", "a.prom", cwd=here)
    succeed(*PAIR, "--store", "runs", "--openmetrics", "b.prom", cwd=here)
    (run,) = (path.name for path in (here / "runs").iterdir() if path.name[0] != ".")
    succeed("export", run, "--store", "runs", "--openmetrics", "c.prom", cwd=here)
    words = ("--view", "orphans", "-o", "orphans.csv", "--openmetrics", "d.prom")
    succeed("export", run, "--store", "runs", *words, cwd=here)
    assert len({(here / f"{name}.prom").read_bytes() for name in "abcd"}) == 1
    assert (here / "orphans.csv").exists()
    assert logcorr("export", run, "--store", "runs", "--openmetrics", "c.prom", cwd=here).code == 3
    for incomplete in ((), ("--view", "orphans"), ("-o", "x.csv"), ("--view", "orphans", "--openmetrics", "x.prom")):
        outcome = logcorr("export", run, "--store", "runs", *incomplete, cwd=here)
        assert (outcome.code, "give --view and -o, or --html, or --openmetrics." in outcome.err) == (2, True)
        assert not (here / "x.prom").exists()


@pytest.mark.parametrize("command", [PAIR, ("analyze", "access.log")])
def test_conditions_are_written_also_where_one_fails(here: Path, command: tuple[str, ...]) -> None:
    conditions = ("--fail-if", "p99>1ms", "--fail-if", "error_rate>=100%")
    outcome = logcorr(*command, *conditions, "--junit", "ci.xml", "--openmetrics", "m.prom", cwd=here)
    assert outcome.code == 1, outcome.err
    assert cases(here / "ci.xml") == [("p99>1ms", ["failure"]), ("error_rate>=100%", ["system-out"])]
    assert (here / "m.prom").read_bytes().endswith(b"# EOF\n")


def test_a_condition_that_cannot_be_judged_is_skipped(here: Path) -> None:
    (here / "responses.log").write_bytes(b"2025-03-01T12:00:00Z,z,200\n")
    outcome = succeed(*PAIR, "--fail-if", "p99>1ms", "--junit", "ci.xml", cwd=here)
    assert "note: p99>1ms cannot be judged" in outcome.err
    assert cases(here / "ci.xml") == [("p99>1ms", ["skipped"])]


def test_a_comparison(here: Path) -> None:
    for name, errors in (("aa", 10), ("ab", 400)):
        pair_run(here / "runs" / name, [User("u", 1000, errors)])
    conditions = ("--fail-if", "error_rate>+10%", "--fail-if", "requests>+10%")
    words = ("diff", "aa", "ab", "--store", "runs", "--junit", "diff.xml", *conditions)
    outcome = logcorr(*words, cwd=here)
    assert outcome.code == 1, outcome.err
    assert cases(here / "diff.xml") == [("error_rate>+10%", ["failure"]), ("requests>+10%", ["system-out"])]
    before = files_of(here)
    assert logcorr(*words, cwd=here).code == 3
    assert files_of(here) == before
    assert logcorr(*words, "--force", cwd=here).code == 1
    assert logcorr("diff", "aa", "ab", "--store", "runs", "--junit", "x.xml", cwd=here).code == 2


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (2, ("--junit", "ci.xml"), "--junit goes with --fail-if"),
        (2, ("--junit", "-", "--fail-if", "p99>1s"), "--junit writes a file"),
        (2, ("--openmetrics", "-"), "--openmetrics writes a file"),
        (3, ("--openmetrics", "there"), "exists. Give --force"),
        (3, ("--openmetrics", "requests.log", "--force"), "one of the inputs"),
        (3, ("--openmetrics", "x", "--report", "./x"), "named twice"),
        (3, ("--openmetrics", "x", "--fail-if", "p99>1s", "--junit", "x"), "named twice"),
        (3, ("--openmetrics", "no/m.prom"), "its folder does not exist"),
        (2, ("--openmetrics", "m.prom", "--fail-if", "p98>1s"), "--fail-if"),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(here: Path, code: int, words: tuple[str, ...], said: str) -> None:
    (here / "there").write_text("old")
    before = files_of(here)
    outcome = logcorr(*PAIR, *words, cwd=here)
    assert (outcome.code, said in outcome.err) == (code, True), outcome.err
    assert files_of(here) == before
    assert kept(here) == []


def test_force_replaces_a_file(here: Path) -> None:
    (here / "there").write_text("old")
    succeed(*PAIR, "--openmetrics", "there", "--force", cwd=here)
    assert metrics(here / "there")["logcorr_exchanges_total"] == 2


def test_where_one_output_has_no_place_none_is_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if ".ci.xml." in path.name:
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    words = ("--openmetrics", "m.prom", "--fail-if", "p99>1s", "--junit", "ci.xml", "-o", "out.csv")
    before = files_of(here)
    outcome = logcorr(*PAIR, *words, cwd=here)
    assert (outcome.code, "ci.xml" in outcome.err) == (3, True)
    assert files_of(here) == before
    assert kept(here) == []
