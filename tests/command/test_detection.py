"""Which profile a log is of is told by its lines: alone, among foreign lines, cut, compressed; or it is said why not."""

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs.files import resolve
from logcorr.jobs.tell_logs import Teller, ToldFormat, sample
from logcorr.model.options import Reading
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.support.helpers import assert_short_error, kept, logcorr
from tests.support.kernels_or_numpy import some
from tests.support.profile_logs import golden
from tests.support.readings import differences, read_files
from tests.support.wrapped import WRAPS

REGISTRY = Registry(())
READABLE = tuple(name for name, table in profiles().items() if "refusal" not in table)
REFUSED = tuple(name for name, table in profiles().items() if "refusal" in table)
BANNER = tuple(f"   .-~ booting unit {number} of the node, please stand by ~-.".encode() for number in range(3000))
# Lines of programs beside the server, none of them of a format with exchanges.
FOREIGN = (
    b"Traceback (most recent call last):",
    b'  File "/srv/app/main.py", line 31, in <module>',
    b"    at Object.<anonymous> (/srv/app/index.js:10:15)",
    b"panic: runtime error: index out of range [3] with length 3",
    b"warming the cache ... done (1.5s)",
    b"==> worker: 4 processes",
    b"a|b|c",
)


# The heads of logs that have one, for want of a time of their own.
HEADS = {
    name: head
    for name in READABLE
    if (head := json.loads((GOLDEN / f"{name}.json").read_text())["options"].get("head")) is not None
}
# Their columns are named by a line that stands behind a banner.
WITH_DIRECTIVES = tuple(name for name, table in profiles().items() if "fields_line" in table and name in READABLE)


def lines_of(name: str) -> list[bytes]:
    """The lines of a golden log; a collector puts its head before every line."""
    lines = (GOLDEN / f"{name}.log").read_bytes().rstrip(b"\n").split(b"\n")
    return [line for line in lines if name not in HEADS or b"stdout" in line]


def beside(name: str, line: bytes) -> bytes:
    """A foreign line as it stands in the log of a profile."""
    return WRAPS[HEADS[name]][0](line, 0) if name in HEADS else line


def teller_of(name: str) -> tuple[Teller, Reading]:
    day = golden(name)[1]
    reading = Reading(date=str(day) if day else None)
    return Teller(REGISTRY, reading, ReadOptions(date=reading.date), pairs=REGISTRY.get(name).is_pair), reading


def told(path: Path, name: str) -> ToldFormat:
    """The format that is told for a log, with the date that the profile `name` needs."""
    teller, reading = teller_of(name)
    return teller.format_of(sample(resolve("log", (str(path),)), reading), None)


def assert_told(path: Path, name: str, lines: list[bytes]) -> None:
    """The log is told to be of the profile, or of one that reads it the same."""
    found = told(path, name)
    day = golden(name)[1]
    options = ReadOptions(date=str(day) if day else None)
    if found.profile.name == name:
        return
    profile = REGISTRY.get(name)
    ours, _ = read_files(found.profile, [str(path)], options, heads=found.heads, chunk_bytes=1 << 20)
    theirs, _ = read_files(profile, [str(path)], options, heads=found.heads, chunk_bytes=1 << 20)
    # A line of another kind is malformed for the one, and other for the other.
    ours, theirs = ([said if isinstance(said, list) else None for said in reading] for reading in (ours, theirs))
    assert differences(ours, theirs, lines, f"{found.profile.name} instead of {name}") == []


@pytest.mark.parametrize("name", some(READABLE, *READABLE[::6]))
def test_a_log_alone(name: str, tmp_path: Path) -> None:
    lines = lines_of(name)
    (tmp_path / "x").write_bytes(b"\n".join([*lines, b""]))
    assert_told(tmp_path / "x", name, lines)


@pytest.mark.parametrize("name", some(READABLE, *dict.fromkeys((*READABLE[3::12], *WITH_DIRECTIVES))))
@pytest.mark.parametrize("how", ["banner", "mixed", "cut", "gz"])
def test_a_log_in_disguise(how: str, name: str, tmp_path: Path) -> None:
    lines = lines_of(name)
    path = tmp_path / ("x.gz" if how == "gz" else "x")
    chance = Random(name)
    # A pair log in which one id is on most entries is refused, so its few ids come again a few times only.
    times = max(1, 19 // len(lines)) if REGISTRY.get(name).is_pair else 40
    if how == "banner":
        lines = [*(beside(name, line) for line in BANNER), *lines * times]
    elif how == "mixed":
        before = [[beside(name, chance.choice(FOREIGN))] if chance.random() < 0.42 else [] for _ in lines * times]
        lines = [line for foreign, own in zip(before, lines * times, strict=True) for line in (*foreign, own)]
    elif how == "cut":
        lines = lines * times
        lines[-1] = lines[-1][: len(lines[-1]) // 2]
    raw = b"\n".join(lines) + (b"" if how == "cut" else b"\n")
    path.write_bytes(gzip.compress(raw) if how == "gz" else raw)
    assert_told(path, name, lines)


def test_what_is_told_is_said(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"\n".join(lines_of("fastify")))
    outcome = logcorr("correlate", "app.log", "--no-store", cwd=tmp_path)
    assert outcome.code == 0
    assert "read as fastify (built in)" in outcome.err


ERRORS = {
    "nothing readable": (
        ("correlate", "x.log"),
        [b'{"event":"started","pid":%d}' % number for number in range(30)],
        ("no line is of a known format", "The first line", "started", "lacks", "formats list"),
    ),
    "nothing readable, as access log": (
        ("analyze", "x.log"),
        [b"word %d" % number for number in range(30)],
        ("no line is of a known format", "word 0", "formats new"),
    ),
    "pairs, not exchanges": (("analyze", "x.log"), lines_of("logbook"), ("logbook", "logcorr correlate")),
    "exchanges, not pairs": (("correlate", "x.log"), lines_of("gin") * 3, ("gin", "logcorr analyze")),
    "no clock": (
        ("analyze", "x.log"),
        [b'INFO:     192.0.2.246:5000 - "GET /a HTTP/1.1" 200 OK'] * 4,
        ("uvicorn", "have no time", "docker"),
    ),
    "no date": (("correlate", "x.log"), lines_of("rq"), ("rq", "has no date", "--date YYYY-MM-DD")),
    "no year": (("correlate", "x.log"), lines_of("dnsmasq"), ("dnsmasq", "has no date", "--date YYYY-MM-DD")),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_found(case: str, tmp_path: Path) -> None:
    words, lines, parts = ERRORS[case]
    (tmp_path / "x.log").write_bytes(b"\n".join([*lines, b""]))
    outcome = logcorr(*words, "-o", "out.json", "--report", "report.json", cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "x.log", *parts)
    assert kept(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} <= {"x.log", "cache"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_log_that_cannot_be_read_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes((GOLDEN / f"{name}.log").read_bytes())
    command = "correlate" if REGISTRY.get(name).is_pair else "analyze"
    outcome = logcorr(command, "x.log", cwd=tmp_path)
    assert outcome.code == 2
    refusal = REGISTRY.get(name).refusal or ""
    assert_short_error(outcome, "x.log", refusal)
    named = logcorr(command, "x.log", "--format", name, cwd=tmp_path)
    assert named.code == 2
    assert_short_error(named, name, refusal)


TWO_READINGS = """[one-reading]
syntax = "json"
time = { field = "at", form = "epoch_ms" }
[[one-reading.rule]]
event = "exchange"
status = "code"
duration = { field = "took", unit = "ms" }
[other-reading]
syntax = "json"
time = { field = "at", form = "epoch_ms" }
[[other-reading.rule]]
event = "exchange"
status = "code"
duration = { field = "took", unit = "s" }
"""


def test_two_readings_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TWO_READINGS)
    lines = [{"at": 1_772_600_000_000 + number, "code": 200, "took": 5} for number in range(9)]
    (tmp_path / "x.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    outcome = logcorr("analyze", "x.log", "--formats", "mine.toml", cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "one-reading and other-reading", "--format")
    assert logcorr("analyze", "x.log", "--formats", "mine.toml", "--format", "one-reading", cwd=tmp_path).code == 0


ONE_ID = """[pids]
syntax = "json"
time = { field = "at", form = "epoch_ms" }
id = "pid"
[[pids.rule]]
event = "request"
where = { ev = "in" }
[[pids.rule]]
event = "response"
where = { ev = "out" }
status = "code"
"""


@pytest.mark.parametrize("named", [True, False])
def test_a_log_with_one_id_is_refused(named: bool, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(ONE_ID)
    lines = [
        {"at": 1_772_600_000_000 + number, "pid": 7, **event}
        for number in range(40)
        for event in ({"ev": "in"}, {"ev": "out", "code": 200})
    ]
    (tmp_path / "x.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ("--format", "pids") if named else ()
    outcome = logcorr("correlate", "x.log", "--formats", "mine.toml", *words, cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "x.log", "one id is on 80 of 80", "cannot be joined")
