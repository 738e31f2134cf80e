"""No sentence on logs in which nothing happens, of any size; planted incidents and groups are found, with their rows."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pytest

from logcorr.figures import latency_counts, nearest_rank
from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.model.findings import MOST_FINDINGS, Finding
from logcorr.model.options import AnalyzeOptions, CorrelateOptions, Narrowing
from logcorr.query import filter_language, findings_by_group, findings_by_time
from logcorr.query.findings_by_group import Group
from logcorr.query.findings_by_time import Measure
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import zones
from logcorr.text.finding_text import finding_text
from tests.support.helpers import generated

MINUTE_US = 60_000_000
NO_EXCHANGES = pl.DataFrame({"at": [], "n": []}, schema={"at": pl.Int64, "n": pl.Int64})
SIZES = (50, 500, 5_000, 100_000)


def measures(rows: int, seed: int) -> list[Measure]:
    """Four measures of a quiet log of 240 minutes, with more requests at noon, and rare and frequent hits."""
    chance = np.random.default_rng(seed)
    load = 1 + 0.8 * np.sin(np.linspace(0, np.pi, 240))
    of = chance.poisson(rows * load / load.sum())
    shares = {"5xx": 0.005, "4xx": 0.05, "lost": 0.003}
    told = []
    for name, share in shares.items():
        counts = pl.DataFrame({"at": np.arange(240), "of": of, "hits": chance.binomial(of, share)})
        told.append(Measure(name=name, counts=counts))
    slow = chance.binomial(of, 0.01)
    durations = pl.concat(
        [
            pl.DataFrame({"at": np.arange(240), "duration_us": 10_000, "n": of - slow}),
            pl.DataFrame({"at": np.arange(240), "duration_us": 900_000, "n": slow}),
        ]
    )
    counts = pl.DataFrame({"at": np.arange(240), "of": of, "hits": slow})
    return [*told, Measure(name="slow", counts=counts, durations=durations)]


def groups(rows: int, seed: int) -> list[Group]:
    """Users and addresses of a quiet log, who ask with very different frequency and fail alike."""
    chance = np.random.default_rng(seed)
    told = []
    for column, count in (("user_id", max(rows // 10, 3)), ("ip", 40)):
        weights = 1 / np.arange(1, count + 1)
        requests = chance.multinomial(rows, weights / weights.sum())
        orphans = chance.binomial(requests, 0.004)
        errors = chance.binomial(requests - orphans, 0.03)
        names = pl.format("n{}", pl.int_range(count, eager=True))
        frame = pl.DataFrame({"requests": requests, "errors": errors, "orphans": orphans})
        frame = frame.with_columns(pl.select(names).to_series().alias(column))
        told.append(Group(column=column, noun=column, rows=frame.lazy(), has_orphans=column == "user_id"))
    return told


def said(rows: int, seed: int) -> list[Finding]:
    by_time = findings_by_time.findings(measures(rows, seed), NO_EXCHANGES, MINUTE_US, 7)
    return [*by_time, *findings_by_group.findings(groups(rows, seed), 7)]


@pytest.mark.parametrize("rows", SIZES)
def test_nothing_is_said_of_quiet_counts(rows: int) -> None:
    assert [finding for seed in range(25) for finding in said(rows, seed)] == []


@pytest.mark.long
@pytest.mark.parametrize("rows", SIZES)
def test_hardly_anything_is_said_of_a_thousand_quiet_logs(rows: int) -> None:
    assert sum(bool(said(rows, seed)) for seed in range(1000)) <= 3


def made(folder: Path, seed: int, rows: int, *, incident: bool = False) -> RunFolder:
    generated(folder, rows, seed=seed, incident=incident)
    done = correlate(options_of(folder)).folder
    assert done is not None
    return RunFolder(done)


def options_of(folder: Path, zone: str | None = None) -> CorrelateOptions:
    return CorrelateOptions(
        requests=(str(folder / "requests.log"),),
        responses=(str(folder / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(folder / "store"),
        narrowing=Narrowing(zone=zone),
    )


@pytest.mark.parametrize(
    ("seed", "rows"),
    [
        *((seed, rows) for seed in range(3) for rows in (300, 4_000, 30_000)),
        *(pytest.param(seed, rows, marks=pytest.mark.long) for seed in range(3, 60) for rows in (300, 4_000, 30_000)),
    ],
)
def test_a_quiet_log_has_no_findings(tmp_path: Path, seed: int, rows: int) -> None:
    assert made(tmp_path, seed, rows).report.findings == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_incident_is_found_with_its_rows(tmp_path: Path, seed: int) -> None:
    run = made(tmp_path, seed, 60_000, incident=True)
    findings = run.report.findings
    assert 2 <= len(findings) <= MOST_FINDINGS
    together, second, *each = findings
    assert together.view == "exchanges"
    assert "requests without a response" in together.text
    assert "p99" in together.text
    assert f"; {rows_of(run, together).height:,} exchanges in all" in together.text
    assert {one.view for one in each} == {"orphans", "exchanges", "slow"}
    for finding in (together, *each):
        assert within(finding, "2025-11-21T15:00", "2025-11-21T15:20")
    assert within(second, "2025-11-21T15:38", "2025-11-21T15:42"), "the second incident is told beside the first"
    nouns = {
        "orphans": "requests without a response, ×",
        "exchanges": "responses with 5",
        "slow": "exchanges slower than",
    }
    for finding in (second, *each):
        assert f" UTC: {rows_of(run, finding).height:,} {nouns[finding.view]}" in finding.text
    failed = next(one for one in each if one.view == "exchanges")
    assert failed.ratio is not None
    assert failed.ratio > 10


def within(finding: Finding, start: str, end: str) -> bool:
    return finding.start is not None and finding.end is not None and start < finding.start < finding.end < end


def test_counts_that_are_by_bin_give_exact_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many different durations only bins are counted: what a sentence counts is read again."""
    exact = made(tmp_path / "exact", 1, 60_000, incident=True).report.findings
    monkeypatch.setattr(latency_counts, "MOST_COUNTS", 500)
    read_again = mock.Mock(wraps=nearest_rank.near)
    monkeypatch.setattr(findings_by_time, "near", read_again)
    run = made(tmp_path / "bins", 1, 60_000, incident=True)
    assert read_again.called
    slow = next(one for one in run.report.findings if one.view == "slow")
    assert f" UTC: {rows_of(run, slow).height:,} exchanges slower than" in slow.text
    assert [one.text for one in run.report.findings] == [one.text for one in exact]


def rows_of(run: RunFolder, finding: Finding) -> pl.DataFrame:
    """The rows that a sentence leads to."""
    schema = views.scan(run, finding.view).collect_schema()
    terms = filter_language.parse(finding.filter, schema, None, run.manifest.files)
    return views.scan(run, finding.view).filter(filter_language.expression(terms)).collect()


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(k, marks=pytest.mark.long) for k in range(4, 40))])
@pytest.mark.parametrize("rows", [200, 5_000])
def test_a_quiet_access_log_has_no_findings(tmp_path: Path, seed: int, rows: int) -> None:
    """Endpoints and addresses that ask with very different frequency, and are alike in what becomes of it."""
    chance = np.random.default_rng(seed)
    at = np.sort(chance.integers(0, 7200, rows))
    status = chance.choice([200, 201, 304, 401, 404, 500, 503], rows, p=[0.8, 0.06, 0.06, 0.02, 0.04, 0.01, 0.01])
    places = (chance.pareto(1, rows).astype(int) % 30, chance.pareto(1, rows).astype(int) % 200)
    took = chance.lognormal(3, 1, rows)
    lines = [
        json.dumps(
            {
                "timestamp": f"2025-11-21T{14 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z",
                "endpoint": f"/page/{page}",
                "status_code": int(code),
                "ip": f"10.0.0.{address}",
                "response_time": round(float(ms), 3),
            }
        )
        for second, code, page, address, ms in zip(at, status, *places, took, strict=True)
    ]
    log = tmp_path / "access.ndjson"
    log.write_text("\n".join(lines) + "\n")
    report = analyze(AnalyzeOptions(files=(str(log),), memory_bytes=1 << 30, keep=False)).report
    assert report.total_requests == rows
    assert report.findings == []
    assert report.warnings == []


def test_who_fails_is_found_by_name(tmp_path: Path) -> None:
    """An endpoint that fails half of the time, and an address behind it, among many that hardly fail."""
    chance = np.random.default_rng(4)
    lines = []
    for number in range(6_000):
        endpoint = '/pay with a "quote' if number % 50 == 0 else f"/page/{number % 37}"
        bad = number % 100 == 0 or chance.random() < 0.004
        line = {
            "timestamp": f"2025-11-21T14:{number // 100:02d}:{number % 60:02d}Z",
            "method": "GET",
            "endpoint": endpoint,
            "status_code": 500 if bad else 200,
            "ip": "198.51.100.7" if endpoint.startswith("/pay") and number % 100 == 0 else f"10.0.0.{number % 90}",
            "response_time": 12.5,
        }
        lines.append(json.dumps(line))
    log = tmp_path / "access.ndjson"
    log.write_text("\n".join(lines) + "\n")
    done = analyze(AnalyzeOptions(files=(str(log),), memory_bytes=1 << 30, store=str(tmp_path / "store")))
    assert done.folder is not None
    run = RunFolder(done.folder)
    told = {finding.text.partition(":")[0]: finding for finding in run.report.findings}
    assert set(told) == {'endpoint /pay with a "quote', "address 198.51.100.7"}
    for finding in told.values():
        assert finding.view == "errors"
        assert finding.start is None
        assert f": {rows_of(run, finding).height:,} of " in finding.text
    assert "61 of 120 requests failed (50.8 %), ×" in told['endpoint /pay with a "quote'].text


def test_a_user_who_fails_and_gets_no_response_is_found_with_the_rows(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    requests, responses = [], []
    for number in range(6_000):
        loud = number % 40 == 0
        user = "batch importer" if loud else f"user-{number % 97}"
        at = f"2025-11-21T{14 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
        requests.append(f"{at}Z,r{number},{user}\n")
        if chance.random() >= (0.4 if loud else 0.002):
            responses.append(f"{at}.020Z,r{number},{500 if chance.random() < (0.5 if loud else 0.004) else 200}\n")
    (tmp_path / "requests.log").write_text("".join(requests), encoding="utf8")
    (tmp_path / "responses.log").write_text("".join(responses), encoding="utf8")
    done = correlate(options_of(tmp_path)).folder
    assert done is not None
    run = RunFolder(done)
    told = {finding.view: finding for finding in run.report.findings}
    assert set(told) == {"errors", "orphans"}
    for finding in told.values():
        assert finding.text.startswith(f"user batch importer: {rows_of(run, finding).height:,} of ")


def test_sentences_are_shown_in_a_zone_and_stored_in_utc(tmp_path: Path) -> None:
    generated(tmp_path, 60_000, seed=1, incident=True)
    finding = correlate(options_of(tmp_path, "+05:30")).report.findings[0]
    assert finding.text.startswith("15:")
    assert finding_text(finding) == finding.text
    with zones.shown_in(zones.zone_of("+05:30")):
        shown = finding_text(finding)
    assert shown.startswith("20:")
    assert shown.partition(": ")[0].endswith(" +05:30")
    assert shown.partition(": ")[2] == finding.text.partition(": ")[2]


def test_without_a_clock_there_are_no_times() -> None:
    counts = pl.DataFrame({"at": [4], "of": [100], "hits": [50]})
    assert findings_by_time.findings([Measure(name="5xx", counts=counts)], NO_EXCHANGES, MINUTE_US, 1) == []
    empty = counts.clear()
    assert findings_by_time.findings([Measure(name="lost", counts=empty)], NO_EXCHANGES, MINUTE_US, 1) == []


def test_hostile_names_are_inert() -> None:
    hits: list[dict[str, Any]] = [{"ip": "\x1b[31mevil\n", "requests": 50, "errors": 40}]
    rows = pl.DataFrame(hits + [{"ip": f"10.0.0.{k}", "requests": 500, "errors": 1} for k in range(20)])
    (finding,) = findings_by_group.findings([Group(column="ip", noun="address", rows=rows.lazy())], 1)
    assert "\x1b" not in finding.text
    assert "\n" not in finding.text
