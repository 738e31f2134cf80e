"""The generated pair of logs: its truth must be what a plain reading of its files gives, whatever the options."""

import itertools
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.generate.pair import lines as generator
from logcorr.generate.pair.scenario import NO_RESPONSE, PairOptions, Scenario
from logcorr.generate.pair.write_pair import FILES, generate_pair
from logcorr.model.errors import OutputError, UsageError
from tests.support.kernels_or_numpy import some

NO_IDS = {"", "-", "null", "none", "nil", "undefined"}
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", re.ASCII)
BUSY: dict[str, Any] = {
    "rows": 4_000,
    "request_orphans": 0.03,
    "response_orphans": 0.02,
    "retries": 0.05,
    "skew": 0.02,
    "redelivered": 0.02,
    "malformed": 0.02,
    "blank": 0.01,
}
REASONS = {
    "requests": {"encoding", "fields", "timestamp", "request_id"},
    "responses": {"encoding", "fields", "timestamp", "request_id", "status_code"},
}
CASES: dict[str, dict[str, Any]] = {
    "busy": BUSY,
    "dense": BUSY | {"span_s": 30.0, "header": True, "seed": 7},
    "incident": BUSY | {"span_s": 600.0, "incident": True, "disorder_s": 30.0, "seed": -3},
    "sparse": BUSY | {"rows": 300, "span_s": 1e8, "users": 1, "encoding_errors": False},
    "odd start": BUSY | {"rows": 400, "span_s": 0.9, "start": "1969-12-31T23:59:59.7654+05:30"},
    "orphans only": {"rows": 800, "request_orphans": 0.5, "response_orphans": 0.5, "retries": 0.0, "skew": 0.0},
    "requests only": {"rows": 800, "request_orphans": 1.0, "response_orphans": 0.0, "retries": 0.0, "skew": 0.0},
    "responses only": {"rows": 800, "request_orphans": 0.0, "response_orphans": 1.0, "retries": 0.0, "skew": 0.0},
    "few answers": {"rows": 800, "request_orphans": 0.99, "response_orphans": 0.0},
    "all retried": {"rows": 500, "request_orphans": 0.0, "response_orphans": 0.0, "retries": 1.0, "skew": 0.0},
    "noise": {"rows": 500, "malformed": 0.3, "blank": 0.1, "redelivered": 0.1},
    "defaults": {"rows": 5_000},
}


def make(folder: Path, **options: Any) -> dict[str, Any]:
    return generate_pair(PairOptions(directory=str(folder), **options))


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def instant(text: str) -> int | None:
    """Microseconds since 1970, None where the text is no timestamp."""
    if not (found := TIMESTAMP.fullmatch(text)):
        return None
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone or 'Z'}")
    except ValueError:
        return None
    since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return since + int((fraction or "").ljust(6, "0")[:6])


def read(path: Path, side: str) -> tuple[dict[str, Any], dict[str, list[tuple[int, str]]]]:
    """The side's part of the ledger but for pairing, and the entries of each id in order."""
    ledger: dict[str, Any] = {"lines": 0, "blank": 0, "header": 0, "redelivered": 0, "superseded": 0}
    malformed: Counter[str] = Counter()
    entries: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for raw in path.read_bytes().splitlines():
        ledger["lines"] += 1
        try:
            fields = [field.strip(" \t") for field in raw.decode().split(",")]
        except UnicodeDecodeError:
            malformed["encoding"] += 1
            continue
        if fields == [""]:
            ledger["blank"] += 1
        elif ledger["lines"] == 1 and fields[1:2] == ["request_id"]:
            ledger["header"] += 1
        elif len(fields) != 3:
            malformed["fields"] += 1
        elif (at := instant(fields[0])) is None:
            malformed["timestamp"] += 1
        elif fields[1].lower() in NO_IDS:
            malformed["request_id"] += 1
        elif side == "responses" and not re.fullmatch(r"[0-9]{1,3}", fields[2]):
            malformed["status_code"] += 1
        elif (at, fields[2]) in entries[fields[1]]:
            ledger["redelivered"] += 1
        else:
            entries[fields[1]].add((at, fields[2]))
    return ledger | {"malformed": malformed}, {name: sorted(found) for name, found in entries.items() if found}


def reckoned(folder: Path) -> dict[str, Any]:
    """What truth.json must say, read and paired the slow way."""
    request_ledger, requests = read(folder / "requests.log", "requests")
    response_ledger, responses = read(folder / "responses.log", "responses")
    pairs = [
        (at, answered, status)
        for name, found in requests.items()
        for (at, _), (answered, status) in zip(found, responses.get(name, []), strict=False)
    ]
    took = sorted(answered - at for at, answered, _ in pairs if answered >= at)
    edge = max(1_000_000, took[-(-999 * len(took) // 1000) - 1] if took else 0)
    last = max((at for found in responses.values() for at, _ in found), default=None)
    first = min((at for found in requests.values() for at, _ in found), default=None)
    orphans: dict[str, Counter[str]] = {"request": Counter(), "response": Counter()}
    for side, mine, others in (("request", requests, responses), ("response", responses, requests)):
        for name, found in mine.items():
            for at, _ in found[len(others.get(name, [])) :]:
                if name in others:
                    reason = "repeated_id"
                elif side == "request":
                    reason = "in_flight" if last is not None and at > last - edge else "lost"
                else:
                    reason = "before_start" if first is not None and at < first + edge else "lost"
                orphans[side][reason] += 1
    paired = {"request": {"matched": len(pairs)}, "response": {"matched": len(pairs)}}
    return {
        "inputs": {
            "requests": request_ledger | paired["request"] | {"orphans": orphans["request"].total()},
            "responses": response_ledger | paired["response"] | {"orphans": orphans["response"].total()},
        },
        "orphans": orphans,
        "pairs": len(pairs),
        "status": Counter(status for *_, status in pairs),
        "negative": sum(answered < at for at, answered, _ in pairs),
        "latency": {
            "count": len(took),
            "min_ms": took[0] / 1000 if took else None,
            "max_ms": took[-1] / 1000 if took else None,
        },
        "edge_ms": edge / 1000,
    }


@pytest.mark.parametrize(
    ("case", "chunk"),
    some(
        itertools.product(CASES, (1_700, generator.CHUNK)),
        *((case, 1_700) for case in CASES),
        ("defaults", generator.CHUNK),
    ),
)
def test_truth_is_what_the_files_say(case: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", chunk)
    truth = make(tmp_path, **CASES[case])
    assert json.loads((tmp_path / "truth.json").read_bytes()) == truth
    expected = reckoned(tmp_path)
    assert {name: truth[name] for name in expected} == expected
    for side in truth["inputs"].values():
        parts = ("blank", "header", "redelivered", "superseded", "matched", "orphans")
        assert side["lines"] == sum(side[part] for part in parts) + sum(side["malformed"].values())


def test_everything_asked_for_is_there(tmp_path: Path) -> None:
    truth = make(tmp_path, **BUSY, header=True)
    assert {side: set(ledger["malformed"]) for side, ledger in truth["inputs"].items()} == REASONS
    assert set(truth["orphans"]["request"]) == {"repeated_id", "in_flight", "lost"}
    assert set(truth["orphans"]["response"]) == {"repeated_id", "before_start", "lost"}
    for ledger in truth["inputs"].values():
        assert ledger["lines"] == pytest.approx(4_000, rel=0.03)
        assert ledger["header"] == 1
        assert ledger["blank"] == pytest.approx(40, abs=25)
        assert sum(ledger["malformed"].values()) == pytest.approx(80, abs=35)
        assert ledger["redelivered"] == pytest.approx(80, abs=35)
    assert truth["negative"] == pytest.approx(80, abs=35)
    assert truth["kind"] == "pair"
    assert truth["options"]["skew"] == 0.02
    assert not {"directory", "force"} & truth["options"].keys()


def test_most_lines_are_in_the_common_form_and_some_in_others(tmp_path: Path) -> None:
    make(tmp_path, rows=20_000, malformed=0.0, blank=0.0)
    text = (tmp_path / "requests.log").read_text().splitlines()
    common = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,req-[0-9a-f]{12},(user-\d+)?")
    assert 0.99 < sum(bool(common.fullmatch(line)) for line in text) / len(text) < 1
    shapes = {re.sub(r"\d+", lambda digits: f"{len(digits[0])}", line.split(",")[0]) for line in text}
    forms = ("T2:2:2.3Z", "T2:2:2.6Z", "T2:2:2.9Z", "T2:2:2.6+2:2", " 2:2:2.3", "T2:2:2Z")
    assert shapes == {f"4-2-2{form}" for form in forms}


def test_without_encoding_errors_the_logs_are_utf8(tmp_path: Path) -> None:
    truth = make(tmp_path, **BUSY, encoding_errors=False)
    for side, reasons in REASONS.items():
        (tmp_path / f"{side}.log").read_text(encoding="utf-8")
        assert set(truth["inputs"][side]["malformed"]) == reasons - {"encoding"}


def test_rates_of_zero_give_a_spotless_pair(tmp_path: Path) -> None:
    rates = ("request_orphans", "response_orphans", "retries", "redelivered", "malformed", "skew", "blank")
    truth = make(tmp_path, rows=2_000, **dict.fromkeys(rates, 0.0))
    assert truth["orphans"] == {"request": {}, "response": {}}
    assert truth["pairs"] == truth["inputs"]["requests"]["lines"] == truth["inputs"]["responses"]["lines"] == 2_000


def test_lines_move_no_further_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", 700)
    for disorder in (0.0, 2.0):
        make(tmp_path, rows=3_000, span_s=60.0, malformed=0.0, blank=0.0, disorder_s=disorder, force=True)
        for name in FILES[:2]:
            seen = [instant(line.split(",")[0]) or 0 for line in (tmp_path / name).read_text().splitlines()]
            highest, late = 0, 0
            for at in seen:
                highest = max(highest, at)
                late = max(late, highest - at)
            assert late <= disorder * 1_000_000
            assert (late > 0) == (disorder > 0)


def test_a_log_too_dense_to_hold_back_still_tells_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", 100)
    truth = make(tmp_path, **BUSY | {"rows": 1_500, "span_s": 0.1, "disorder_s": 5.0})
    expected = reckoned(tmp_path)
    assert {name: truth[name] for name in expected} == expected


@pytest.mark.parametrize("rows", [0, 1, 2, 49])
@pytest.mark.parametrize("header", [False, True])
def test_tiny_logs(rows: int, header: bool, tmp_path: Path) -> None:
    truth = make(tmp_path, rows=rows, header=header)
    expected = reckoned(tmp_path)
    assert {name: truth[name] for name in expected} == expected
    assert truth["inputs"]["requests"]["lines"] == rows + header


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make(tmp_path / name, **BUSY, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    ids = [set(re.findall(rb"req-\w+", contents(tmp_path / name)[0])) for name in "ac"]
    assert not ids[0] & ids[1]


def test_numbers_are_mixed_the_same_on_every_machine_and_version() -> None:
    frame = Scenario(PairOptions(directory="", rows=100)).exchanges(0, 3)
    assert frame.select("id", "user", "status", "request_us", "response_us").rows() == [
        (193569110934252, 1201, 200, 1763733825325000, 1763733825337000),
        (26505010999691, 28, 200, 1763733954922000, 1763733954940000),
        (53341316843801, 905, 200, 1763733911718000, 1763733911736000),
    ]


def test_ids_never_collide() -> None:
    scenario = Scenario(PairOptions(directory="", rows=200_000))
    frame = scenario.exchanges(0, scenario.count)
    assert frame["id"].n_unique() == scenario.count
    assert frame["id"].max() < 1 << 48  # type: ignore[operator]


def test_the_load_looks_real_and_the_incident_shows() -> None:
    options = PairOptions(directory="", rows=100_000, incident=True)
    scenario = Scenario(options)
    frame = scenario.exchanges(0, scenario.count).with_columns(
        took=(pl.col("response_us") - pl.col("request_us")) / 1000,
        at=(pl.col("request_us") - scenario.start_us) / 7_200e6,
    )
    calm, bad = frame.filter(pl.col("at") < 0.5), frame.filter(pl.col("at").is_between(0.53, 0.58))
    crash = frame.filter(pl.col("at").is_between(0.581, 0.589))
    assert calm["took"].quantile(0.5) == pytest.approx(14, abs=1)
    assert calm["took"].quantile(0.99) == pytest.approx(800, rel=0.15)
    assert bad["took"].quantile(0.5) > 140  # type: ignore[operator]
    assert (bad["status"] >= 500).mean() == pytest.approx(0.25, abs=0.03)
    assert (calm["status"] == 200).mean() == pytest.approx(0.79, abs=0.01)
    assert crash.height > 500
    assert set(crash["fate"]) == {NO_RESPONSE}
    assert calm["user"].drop_nulls().value_counts().sort("count")["user"].last() == 1
    assert 1 <= frame["user"].min() <= frame["user"].max() <= 50_000  # type: ignore[operator]
    assert frame["at"].is_between(0, 1).all()


def test_existing_files_are_refused_without_force(tmp_path: Path) -> None:
    (tmp_path / "responses.log").write_text("mine")
    with pytest.raises(OutputError, match=r"already holds responses\.log.*--force"):
        make(tmp_path, rows=10)
    assert [path.name for path in tmp_path.iterdir()] == ["responses.log"]
    make(tmp_path, rows=10, force=True)
    assert b"mine" not in contents(tmp_path)[1]


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write the logs"):
        make(tmp_path / "file" / "folder", rows=10)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_nothing(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, total: int) -> None:
        assert 0 < done < total
        raise error

    monkeypatch.setattr(generator, "CHUNK", 100)
    with pytest.raises(error):
        generate_pair(PairOptions(directory=str(tmp_path / "new" / "folder"), rows=1_000), stop)
    assert not list(tmp_path.iterdir())
    make(tmp_path, rows=10)
    before = contents(tmp_path)
    with pytest.raises(error):
        generate_pair(PairOptions(directory=str(tmp_path), rows=1_000, force=True), stop)
    assert contents(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 3


def test_progress_ends_at_the_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", 300)
    calls: list[tuple[int, int]] = []
    generate_pair(PairOptions(directory=str(tmp_path), rows=1_000), lambda *call: calls.append(call))
    assert calls == sorted(calls)
    assert calls[-1] == (1_000, 1_000)


@pytest.mark.parametrize(
    "options",
    [
        {"rows": -1},
        {"users": 0},
        {"skew": -0.1},
        {"malformed": float("nan")},
        {"request_orphans": 0.6, "retries": 0.6},
        {"malformed": 0.3, "redelivered": 0.3},
        {"span_s": 0.0},
        {"span_s": float("inf")},
        {"disorder_s": -1.0},
        {"start": "yesterday"},
        {"start": "9999-12-31T00:00:00Z"},
        {"start": "0001-01-01T00:00:00+05:00"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r": (give|lower|a share)"):
        make(tmp_path / "new", **options)
    assert not list(tmp_path.iterdir())
