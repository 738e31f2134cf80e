"""The generated access log: its truth must be what a plain reading of its lines gives, whatever the options."""

import itertools
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from logcorr.generate.access import write_access as generator
from logcorr.generate.access.texts import Vocabulary
from logcorr.generate.access.traffic import Traffic
from logcorr.generate.access.write_access import AccessOptions, generate_access
from logcorr.model.errors import OutputError, UsageError
from tests.oracle.access_lines_oracle import Exchange, classify, path_of, text
from tests.oracle.access_oracle import analyze, errors, latency
from tests.oracle.pair_oracle import instant, lines_of
from tests.oracle.profile_syntax import Number
from tests.support.helpers import logcorr, succeed
from tests.support.kernels_or_numpy import some

FIELDS = {"method", "endpoint", "ip", "response_time", "user_agent"}
FIGURES = (
    *("schema", "kind", "inputs", "missing", "total_requests", "successful_requests", "failed_requests"),
    *("failed_4xx", "failed_5xx", "fastest_request", "slowest_request", "fastest_endpoint", "slowest_endpoint"),
    *("busiest_endpoint", "worst_window", "suspicious_ips", "suspicious_ip_count", "endpoints", "methods"),
    *("user_agents", "latency", "latency_success", "latency_failure", "status"),
)
REASONS = {"json", "timestamp", "status_code"}
BUSY: dict[str, Any] = {"rows": 1_500, "malformed": 0.1, "blank": 0.02, "missing": 0.1}
CASES: dict[str, dict[str, Any]] = {
    "defaults": {"rows": 3_000, "ips": AccessOptions(path="").ips},
    "busy": BUSY,
    "dense": BUSY | {"span_s": 100.0, "seed": 7, "ips": 50, "endpoints": 3, "ids": 2},
    "incident": BUSY | {"span_s": 900.0, "incident": True, "disorder_s": 120.0, "seed": -3},
    "sparse": BUSY | {"rows": 900, "span_s": 1e8, "ips": 1, "endpoints": 1, "ids": 1, "encoding_errors": False},
    "odd start": BUSY | {"rows": 700, "span_s": 0.9, "start": "1969-12-31T23:59:59.7654+05:30"},
    "nobody hammers": {"rows": 2_000, "abusers": 0, "span_s": 86_400.0},
    "all hammer": {"rows": 2_000, "abusers": 500, "span_s": 3_600.0},
    "many endpoints": {"rows": 3_000, "endpoints": 2_000, "ids": 25},
    "only incomplete": {"rows": 800, "missing": 0.5, "malformed": 0.0, "blank": 0.0},
}
TRUTH = "truth.json"


def make(folder: Path, **options: Any) -> dict[str, Any]:
    """A log and its truth; of fewer addresses than by default, as to think of all of these takes longer than the log."""
    return generate_access(AccessOptions(path=str(folder / "access.ndjson"), **{"ips": 2_000, **options}))


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("access.ndjson", TRUTH)]


def reckoned(path: Path) -> dict[str, Any]:
    """What the truth must say of a log, as the plain oracle reads it."""
    log = [(path.name, path.read_bytes())]
    report, collapsed = (analyze(log, form="ndjson", collapse_ids=flag) for flag in (False, True))
    del report["inputs"]["access"]["files"]
    named = ("fastest_endpoint", "slowest_endpoint", "busiest_endpoint", "endpoints")
    return {name: report[name] for name in FIGURES} | {"collapsed": {name: collapsed[name] for name in named}}


def exchanges(folder: Path) -> list[tuple[bytes, Exchange]]:
    lines = lines_of(contents(folder)[0])
    return [(line, found) for line in lines if isinstance(found := classify(line, "ndjson"), Exchange)]


@pytest.mark.parametrize(
    ("case", "chunk"),
    some(itertools.product(CASES, (700, generator.CHUNK)), *((case, 700) for case in CASES), ("busy", generator.CHUNK)),
)
def test_truth_is_what_the_lines_say(case: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", chunk)
    truth = make(tmp_path, **CASES[case])
    assert json.loads((tmp_path / TRUTH).read_bytes()) == truth
    expected = reckoned(tmp_path / "access.ndjson")
    for name, value in expected.items():
        assert truth[name] == value, name
    assert truth.keys() - expected.keys() == {"seed", "options", "scenario"}
    ledger = truth["inputs"]["access"]
    assert ledger["lines"] == CASES[case]["rows"]
    assert ledger["lines"] == ledger["blank"] + sum(ledger["malformed"].values()) + ledger["exchanges"]


@pytest.mark.parametrize("flag", ["--no-store", "--collapse-ids"])
def test_the_report_is_the_truth(flag: str, tmp_path: Path) -> None:
    truth = make(tmp_path, rows=30_000, incident=True, malformed=0.002, missing=0.02, seed=4)
    succeed("analyze", "access.ndjson", flag, "--report", "report.json", cwd=tmp_path, LOGCORR_CHUNK_BYTES="1000000")
    report = json.loads((tmp_path / "report.json").read_bytes())
    ledger = report["inputs"]["access"]
    # The truth has only what the generator writes: no files, no lines of another kind.
    report["inputs"]["access"] = {name: ledger[name] for name in truth["inputs"]["access"]}
    told = truth["collapsed"] if flag == "--collapse-ids" else {name: truth[name] for name in FIGURES}
    assert {name: report[name] for name in told} == told


def test_everything_asked_for_is_there(tmp_path: Path) -> None:
    truth = make(tmp_path, **BUSY | {"rows": 20_000, "incident": True})
    ledger = truth["inputs"]["access"]
    assert ledger["malformed"].keys() == REASONS
    # Of the lines that are no JSON every other one is no UTF-8 either.
    turns = [*ledger["malformed"].values(), ledger["repaired"], ledger["repaired"]]
    turns[turns.index(ledger["malformed"]["json"])] //= 2
    assert max(turns) - min(turns) <= 1
    assert sum(ledger["malformed"].values()) == pytest.approx(2_000, rel=0.1)
    assert ledger["blank"] == pytest.approx(400, rel=0.2)
    assert truth["missing"].keys() == FIELDS
    assert min(truth["missing"].values()) > 300
    assert truth["options"]["missing"] == 0.1
    assert not {"path", "force", "truth"} & truth["options"].keys()
    assert set(truth["suspicious_ips"]) == set(truth["scenario"]["abusive_ips"])
    sound = [line for line, _ in exchanges(tmp_path)]
    codes = Counter(type(json.loads(line)["status_code"]) for line in sound)
    assert codes[str] > 5 * codes[int] > 0
    assert sum(b"?" in line for line in sound) == pytest.approx(len(sound) / 8, rel=0.2)


def test_the_phases_and_the_incident_show(tmp_path: Path) -> None:
    truth = make(tmp_path, rows=20_000, incident=True, abusers=0, endpoints=1, ids=1)
    rows = [found for _, found in exchanges(tmp_path)]
    incidents = [(stretch["start"], stretch["end"]) for stretch in truth["scenario"]["incidents"]]

    def within(start: str, end: str) -> list[Exchange]:
        low, high = instant(start) or 0, instant(end) or 0
        return [row for row in rows if low <= row.at < high]

    medians, rates = defaultdict(list), defaultdict(list)
    for phase in truth["scenario"]["phases"]:
        start, end = phase["start"], phase["end"]
        seen = within(start, end)
        rates[phase["traffic"]].append(len(seen) / ((instant(end) or 0) - (instant(start) or 0)))
        if not any(start <= begin < end for begin, _ in incidents):
            medians[phase["latency"]].append(latency(seen)["p50_ms"])
    assert max(medians["fast"]) < min(medians["normal"])
    assert max(medians["normal"]) * 4 < min(medians["slow"])
    assert max(medians["slow"]) * 3 < min(medians["very slow"])
    assert max(rates["sparse"]) * 3 < min(rates["normal"])
    assert max(rates["normal"]) * 1.5 < min(rates["dense"])
    worst = within(*incidents[0])
    assert latency(worst)["p50_ms"] > 8 * min(medians["normal"])
    assert errors(worst)["errors_5xx"] / len(worst) == pytest.approx(0.25, abs=0.03)
    assert incidents[0][0] <= truth["worst_window"]["start"] < incidents[0][1]
    assert truth["suspicious_ips"] == []


def test_without_encoding_errors_the_log_is_utf8(tmp_path: Path) -> None:
    truth = make(tmp_path, **BUSY, encoding_errors=False)
    contents(tmp_path)[0].decode()
    assert truth["inputs"]["access"]["malformed"].keys() == REASONS
    assert truth["inputs"]["access"]["repaired"] == 0


def test_rates_of_zero_give_whole_lines_only(tmp_path: Path) -> None:
    truth = make(tmp_path, rows=2_000, malformed=0.0, blank=0.0, missing=0.0)
    assert truth["missing"] == truth["inputs"]["access"]["malformed"] == {}
    assert truth["total_requests"] == truth["inputs"]["access"]["lines"] == 2_000


def test_lines_move_no_further_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", 700)
    for disorder in (0.0, 2.0):
        make(tmp_path, rows=3_000, span_s=60.0, malformed=0.0, blank=0.0, disorder_s=disorder, force=True)
        highest, late = 0, 0
        for _, found in exchanges(tmp_path):
            highest = max(highest, found.at)
            late = max(late, highest - found.at)
        assert late <= disorder * 1_000_000
        assert (late > 0) == (disorder > 0)


@pytest.mark.parametrize("rows", [0, 1, 2, 49, 399, 400, 401])
def test_any_number_of_lines(rows: int, tmp_path: Path) -> None:
    truth = make(tmp_path, rows=rows)
    expected = reckoned(tmp_path / "access.ndjson")
    assert {name: truth[name] for name in expected} == expected
    assert truth["inputs"]["access"]["lines"] == rows


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make(tmp_path / name, **BUSY, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    lines = [set(contents(tmp_path / name)[0].splitlines()) for name in "ac"]
    assert len(lines[0] & lines[1]) < len(lines[0]) / 100


def test_lines_are_the_same_on_every_machine_and_version() -> None:
    words = Vocabulary(endpoints=40, ids=20, ips=50_000, abusers=6)
    frame = Traffic(AccessOptions(path="", rows=1_000), words).lines(0, 3)
    assert frame.select("at", "status", "us", "method", "endpoint", "ip", "agent", "query", "form").rows() == [
        (1763733613148000, 200, 13000, 5, 415, 258, 0, 98, 9),
        (1763733634893000, 200, 18000, 0, 0, 2246, 0, 94, 14),
        (1763733647477000, 200, 15000, 0, 137, 10019, 16, 205, 0),
    ]


def test_texts_are_what_they_are_written_as() -> None:
    words = Vocabulary(endpoints=1_000, ids=3, ips=10_000, abusers=500)
    assert words.endpoints.is_unique().all()
    assert words.ips.is_unique().all()
    for path, written in zip(words.endpoints, words.endpoints_json, strict=True):
        for query in words.queries_json.unique():
            assert text(json.loads(written + query).split("?")[0]) == path
    for agent, written in zip(words.agents, words.agents_json, strict=True):
        assert text(json.loads(written, parse_int=Number)) == agent
    assert [path_of(path, collapse_ids=True) for path in words.endpoints] == words.collapsed.to_list()


@pytest.mark.parametrize("taken", ["access.ndjson", TRUTH])
def test_existing_files_are_refused_without_force(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(OutputError, match=rf"already holds {re.escape(taken)}: .*--force"):
        make(tmp_path, rows=10)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    make(tmp_path, rows=10, force=True)
    assert not any(b"mine" in content for content in contents(tmp_path))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_nothing(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, total: int) -> None:
        assert 0 < done < total
        raise error

    monkeypatch.setattr(generator, "CHUNK", 100)
    with pytest.raises(error):
        generate_access(AccessOptions(path=str(tmp_path / "new" / "folder" / "log"), rows=1_000), stop)
    assert not list(tmp_path.iterdir())
    make(tmp_path, rows=10)
    before = contents(tmp_path)
    with pytest.raises(error):
        generate_access(AccessOptions(path=str(tmp_path / "access.ndjson"), rows=1_000, force=True), stop)
    assert contents(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write the logs"):
        make(tmp_path / "file" / "folder", rows=10)


@pytest.mark.parametrize(
    "options",
    [
        {"rows": -1},
        {"ips": 0},
        {"ips": 10_000_000},
        {"abusers": -1},
        {"endpoints": 0},
        {"ids": 0},
        {"endpoints": 10_000, "ids": 10},
        {"missing": -0.1},
        {"malformed": float("nan")},
        {"malformed": 0.3, "missing": 0.3},
        {"span_s": 0.0},
        {"disorder_s": -1.0},
        {"start": "yesterday"},
        {"truth": ""},
        {"truth": "up/truth.json"},
        {"truth": "access.ndjson"},
        {"start": "9999-12-31T00:00:00Z"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r": (give|lower|a share)"):
        make(tmp_path / "new", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["access.ndjson.gz", "access.ZST"])
def test_a_name_that_promises_something_else_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give a name for plain NDJSON"):
        generate_access(AccessOptions(path=str(tmp_path / name), rows=1))


def test_the_command_writes_both_files(tmp_path: Path) -> None:
    words = ("generate", "access", "logs/access.ndjson", "--rows", "500", "--span", "5m", "--utf8-only", "--seed", "9")
    code, out, err = logcorr(*words, cwd=tmp_path)
    assert (code, out) == (0, b"")
    truth = json.loads((tmp_path / "logs" / TRUTH).read_bytes())
    exchanges = truth["inputs"]["access"]["exchanges"]
    where = "what a correct run must report is in logs/truth.json"
    assert err == f"logcorr: wrote logs/access.ndjson: {exchanges} exchanges; {where}.\n"
    assert truth["options"]["span_s"] == 300.0
    assert logcorr(*words, cwd=tmp_path)[0] == 3


def test_each_log_in_a_folder_may_have_a_truth_of_its_own(tmp_path: Path) -> None:
    first = make(tmp_path, rows=20)
    with pytest.raises(OutputError, match=r"truth\.json"):
        generate_access(AccessOptions(path=str(tmp_path / "access.log"), rows=10))
    second = generate_access(AccessOptions(path=str(tmp_path / "access.log"), rows=10, truth="other.json"))
    assert first != second
    for name, truth in ((TRUTH, first), ("other.json", second)):
        assert json.loads((tmp_path / name).read_bytes()) == truth
