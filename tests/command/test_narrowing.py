"""`--since`, `--until` and `--where`: the report and the exports of a part, the ledger and the pairing of the whole."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logcorr.generate.access.write_access import AccessOptions, generate_access
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.text import zones
from tests.support.helpers import assert_short_error, logcorr, succeed
from tests.support.kernels_or_numpy import some

Row = dict[str, Any]
# The words, and what they leave: by the time of a row, and by the row.
Case = tuple[tuple[str, ...], Callable[[int], bool], Callable[[Row], bool]]
Folder = tuple[Path, pytest.MonkeyPatch]
_COLUMNS = "duration_us,request_time"
_AT_3 = "2025-11-21T15:00:00Z"


TEN_MINUTES = {f"14:{minute}" for minute in range(30, 40)}


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    generate_pair(PairOptions(directory=str(folder), rows=6000, incident=True, retries=0.05, force=True))
    return folder


@pytest.fixture(scope="session")
def access(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("access") / "access.ndjson"
    generate_access(AccessOptions(path=str(path), rows=5000, incident=True))
    return path


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    return tmp_path, monkeypatch


@pytest.fixture(params=["correlate", "analyze"])
def job(request: pytest.FixtureRequest, pair: Path, access: Path) -> list[str | Path]:
    """A command with its logs."""
    logs = [access] if request.param == "analyze" else [pair / "requests.log", pair / "responses.log"]
    return [request.param, *logs]


def us(stamp: str) -> int:
    return round(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp() * 10**6)


def of_pair(pair: Path, here: Path, *words: str) -> tuple[Row, list[Row], list[Row]]:
    """The report of a correlation, its exchanges and its orphans."""
    logs = pair / "requests.log", pair / "responses.log"
    files = "-o", "pairs.ndjson", "--columns", _COLUMNS, "--orphans", "orphans.ndjson", "--force"
    report = json.loads(succeed("correlate", *logs, "--no-store", "--report", "-", *files, *words, cwd=here).out)
    rows = [[json.loads(line) for line in (here / name).read_text().splitlines()] for name in files[1::4][:1]]
    orphans = [json.loads(line) for line in (here / "orphans.ndjson").read_text().splitlines()]
    return report, rows[0], orphans


def sorted_rows(rows: list[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def since_three(at: int) -> bool:
    return at >= us(_AT_3)


def ten_minutes(at: int) -> bool:
    return us(_AT_3) <= at < us("2025-11-21T15:10:00Z")


def anything(_: Row) -> bool:
    return True


CASES: list[Case] = [
    (("--since", "15:00"), since_three, anything),
    (("--since", _AT_3, "--until", "2025-11-21 15:10"), ten_minutes, anything),
    (("--since", "2025-11-21T16:00+01:00", "--until", "15:10"), ten_minutes, anything),
    (("--where", "status>=500"), lambda _: True, lambda row: (row.get("status_code") or 0) >= 500),
    (("--where", "duration>1s user!=user-1"), lambda _: True, lambda row: (
        row.get("duration_us", 0) > 10**6 and row["user_id"] != "user-1")),
    (("--where", "reason=lost"), lambda _: True, lambda row: row.get("reason") == "lost"),
    (("--until", "15:10", "--since", "15:00", "--where", "status!=200"), ten_minutes,
     lambda row: row.get("status_code") != 200),
    (("--where", "time>=15:00"), since_three, anything),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[" ".join(case[0]) for case in CASES])
@pytest.mark.parametrize("buckets", some(["", "3"], ""))
def test_what_is_left_of_a_correlation(case: Case, buckets: str, pair: Path, in_folder: Folder) -> None:
    words, in_range, holds = case
    tmp_path, monkeypatch = in_folder
    if buckets:
        monkeypatch.setenv("LOGCORR_BUCKETS", buckets)
    whole, all_pairs, all_orphans = of_pair(pair, tmp_path)
    report, pairs, orphans = of_pair(pair, tmp_path, *words)
    expected = [row for row in all_pairs if in_range(us(row["request_time"])) and holds(row)]
    lost = [row for row in all_orphans if in_range(us(row["time"])) and holds(row)]
    assert sorted_rows(pairs) == sorted_rows(expected)
    assert sorted_rows(orphans) == sorted_rows(lost)
    assert sum(report["status"].values()) == report["latency"]["count"] + report["latency"]["negative"] == len(expected)
    for side in ("request", "response"):
        own = [row for row in lost if row["side"] == side]
        assert report["orphans"][side] == Counter(row["reason"] for row in own)
        before, ledger = whole["inputs"][f"{side}s"], report["inputs"][f"{side}s"]
        assert ledger["left_out"] == before["matched"] - len(expected) + before["orphans"] - len(own)
        assert {**ledger, "left_out": 0} == before
    assert report["edge_ms"] == whole["edge_ms"]
    asked = zip((word.removeprefix("--") for word in words[::2]), words[1::2], strict=True)
    assert dict(asked).items() <= report["run"]["options"].items()


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (("--since", "14:30", "--until", "14:40"), lambda row: row["request_time"][11:16] in TEN_MINUTES),
        (("--where", "status>=500 method=GET"), lambda row: row["status_code"] >= 500 and row["method"] == "GET"),
        (("--since", "2026-01-01"), lambda _: False),
    ],
    ids=["time", "where", "nothing"],
)
def test_what_is_left_of_an_access_log(
    words: tuple[str, ...], holds: Callable[[Row], bool], access: Path, tmp_path: Path
) -> None:
    def rows(*words: str) -> tuple[Row, list[Row]]:
        asked = "--no-store", "--report", "-", "-o", "all.ndjson", "--columns", _COLUMNS, "--force"
        report = json.loads(succeed("analyze", access, *asked, *words, cwd=tmp_path).out)
        return report, [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]

    whole, everything = rows()
    report, exchanges = rows(*words)
    expected = [row for row in everything if holds(row)]
    assert sorted_rows(exchanges) == sorted_rows(expected)
    assert report["total_requests"] == sum(report["status"].values()) == len(expected)
    endpoints = Counter(row["endpoint"] for row in expected)
    assert {row["endpoint"]: row["requests"] for row in report["endpoints"]} == endpoints
    assert sum(point["requests"] for point in report["timeline"]["points"]) == len(expected)
    ledger = report["inputs"]["access"]
    assert ledger["left_out"] == len(everything) - len(expected)
    assert {**ledger, "left_out": 0} == whole["inputs"]["access"]
    slowest = max((row["duration_us"] for row in expected if row["duration_us"] is not None), default=None)
    assert (report["slowest_request"] or {}).get("ms") == (None if slowest is None else slowest / 1000)


def test_minutes_before_the_newest_entry(pair: Path, access: Path, tmp_path: Path) -> None:
    _, all_pairs, all_orphans = of_pair(pair, tmp_path)
    report, pairs, _ = of_pair(pair, tmp_path, "--since", "-15m")
    # The newest entry of all may be a response, whose time is that of its request and the duration.
    ends = [us(row["request_time"]) + row["duration_us"] for row in all_pairs]
    newest = max([*ends, *(us(row["time"]) for row in all_orphans), *(us(row["request_time"]) for row in all_pairs)])
    assert len(pairs) == sum(us(row["request_time"]) >= newest - 900 * 10**6 for row in all_pairs) > 0
    until, _, _ = of_pair(pair, tmp_path, "--until", "-15m")
    assert sum(report["status"].values()) + sum(until["status"].values()) == len(all_pairs)
    out = json.loads(succeed("analyze", access, "--since", "-5m", "--no-store", "--report", "-", cwd=tmp_path).out)
    assert 0 < out["total_requests"] < 1000


def test_a_narrowed_run_is_a_run_of_its_own(pair: Path, tmp_path: Path) -> None:
    logs = pair / "requests.log", pair / "responses.log"
    for words in ((), ("--since", "15:00"), ("--since", "15:00")):
        out = succeed("correlate", *logs, *words, cwd=tmp_path).out.decode()
    assert "Narrowed" in out
    assert "since 15:00" in out
    assert "opened" in out or "again" in out
    shown = succeed("runs", "list", cwd=tmp_path).out.decode()
    assert shown.count(" pair ") == 2
    for condition, code in (("orphan_rate>50%", 0), ("error_rate>=100%", 1)):
        asked = "--where", "status>=500", "--no-store", "--fail-if", condition
        assert logcorr("correlate", *logs, *asked, cwd=tmp_path).code == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "25:00"), "--since '25:00' is no time. Write"),
        (("--until", "-15 minutes"), "is no time"),
        (("--since", "15:10", "--until", "15:00"), "is not before --until 15:00"),
        (("--where", "colour=red"), "--where: filter 'colour=red', at 1: no 'colour' here. Names: status"),
        (("--where", "status>=abc"), "--where: filter"),
    ],
)
def test_what_cannot_be_asked(words: tuple[str, ...], said: str, job: list[str | Path], tmp_path: Path) -> None:
    outcome = logcorr(*job, "--no-store", *words, cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, said)


def test_a_clock_without_a_date_is_of_a_log_of_one_day(tmp_path: Path) -> None:
    lines = ["2026-03-01T23:59:59Z,a,u", "2026-03-02T00:00:01Z,b,u"]
    (tmp_path / "requests.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "responses.log").write_text("\n".join(line.replace(",u", ",200") for line in lines) + "\n")
    words = "correlate", "requests.log", "responses.log", "--no-store", "--report", "-", "--since"
    outcome = logcorr(*words, "00:00", cwd=tmp_path)
    assert outcome.code == 2
    assert "the logs are of several days. Write the date too, as in 2025-11-21T00:00." in outcome.err
    assert json.loads(succeed(*words, "2026-03-02", cwd=tmp_path).out)["status"] == {"200": 1}


def test_times_are_shown_and_asked_in_a_zone(pair: Path, access: Path, tmp_path: Path) -> None:
    logs = "correlate", pair / "requests.log", pair / "responses.log", "--no-store"
    asked = "--since", "16:00", "--until", "2025-11-21 16:10", "--tz", "Europe/Berlin"
    shown = succeed(*logs, *asked, cwd=tmp_path).out.decode()
    assert "21 Nov 2025  16:00 – 16:10 CET" in shown
    assert "UTC" not in shown
    here = json.loads(succeed(*logs, *asked, "--report", "-", cwd=tmp_path).out)
    there = json.loads(succeed(*logs, "--since", "15:00", "--until", "15:10", "--report", "-", cwd=tmp_path).out)
    assert here["run"].pop("options") != there["run"].pop("options")
    assert {**here, "run": None} == {**there, "run": None}
    assert "+05:30" in succeed("analyze", access, "--tz", "+05:30", "--no-store", cwd=tmp_path).out.decode()
    assert_short_error(logcorr("analyze", access, "--tz", "Mars", cwd=tmp_path), "--tz 'Mars': name a zone")


def test_the_zone_of_this_machine_is_part_of_the_run(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = "correlate", pair / "requests.log", pair / "responses.log", "--since", "15:00", "--tz", "local"
    found = []
    for zone in ("UTC", "Europe/Berlin"):
        monkeypatch.setenv("TZ", zone)
        zones.local_zone.cache_clear()
        found.append(json.loads(succeed(*logs, "--report", "-", cwd=tmp_path).out))
    zones.local_zone.cache_clear()
    assert [report["run"]["options"]["tz"] for report in found] == ["UTC", "Europe/Berlin"]
    assert found[0]["status"] != found[1]["status"]


def test_times_of_a_log_without_a_clock_cannot_be_asked(tmp_path: Path) -> None:
    profile = '[own]\nsyntax = "json"\ntime = "none"\nid = "id"\n[[own.rule]]\nevent = "request"\nwhere = { e = "a" }\n'
    profile += '[[own.rule]]\nevent = "response"\nwhere = { e = "b" }\nstatus = "s"\nduration = { field = "ms", unit = "ms" }\n'
    (tmp_path / "own.toml").write_text(profile)
    (tmp_path / "app.log").write_text('{"id":"1","e":"a"}\n{"id":"1","e":"b","s":200,"ms":7}\n')
    asked = "correlate", "app.log", "--formats", "own.toml", "--format", "own", "--no-store"
    for bound in ("-15m", "12:00"):
        outcome = logcorr(*asked, "--since", bound, cwd=tmp_path)
        assert outcome.code == 2
        assert_short_error(outcome, "--since and --until are for logs with a clock")
    assert json.loads(succeed(*asked, "--where", "status=200", "--report", "-", cwd=tmp_path).out)["status"] == {
        "200": 1
    }


def test_clocks_over_midnight_need_a_date(tmp_path: Path) -> None:
    lines = ["2026-03-01T23:59:59Z,a,u", "2026-03-02T00:00:01Z,b,u"]
    (tmp_path / "requests.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "responses.log").write_text("\n".join(line.replace(",u", ",200") for line in lines) + "\n")
    words = "correlate", "requests.log", "responses.log", "--no-store", "--since", "23:50", "--until", "00:10"
    assert_short_error(logcorr(*words, cwd=tmp_path), "the logs are of several days. Write the date too")


def test_a_column_of_one_view_is_known_in_the_other(pair: Path, tmp_path: Path) -> None:
    _, all_pairs, _ = of_pair(pair, tmp_path)
    _, pairs, orphans = of_pair(pair, tmp_path, "--where", f"request_time>={_AT_3}")
    assert len(pairs) == sum(since_three(us(row["request_time"])) for row in all_pairs)
    assert not orphans
