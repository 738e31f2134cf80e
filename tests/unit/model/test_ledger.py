"""Ledgers: when they close, what one log with both events has, and which keys they have in JSON."""

from typing import Any

import msgspec
import pytest

from logcorr.model.ledger import AccessLedger, Inputs, LogFormat, LogLedger, SideLedger, added

FORM = LogFormat(name="fastify", origin="built in")
ENTRIES = {"redelivered", "superseded", "matched", "orphans", "surplus", "left_out", "entries"}
LINES = {"files", "bytes", "lines", "blank", "header", "other", "malformed", "repaired", "format"}


def side(**changed: Any) -> SideLedger:
    lines: dict[str, Any] = {
        "files": ["a.log"],
        "bytes": 90,
        "lines": 20,
        "blank": 1,
        "header": 1,
        "malformed": {"fields": 2},
    }
    entries = {"redelivered": 1, "superseded": 2, "matched": 9, "orphans": 4}
    return SideLedger(**(lines | entries | changed))


def half(**changed: Any) -> SideLedger:
    """A side of a log that holds both sides."""
    return SideLedger(**({"redelivered": 0, "superseded": 0, "matched": 9, "orphans": 1} | changed))


def log(**changed: Any) -> LogLedger:
    counts: dict[str, Any] = {
        "blank": 1,
        "header": 0,
        "other": 40,
        "malformed": {"timestamp": 3},
        "requests": 10,
        "responses": 12,
    }
    lines: dict[str, Any] = {"files": ["app.log"], "bytes": 9, "lines": 66, "repaired": 5, "format": FORM}
    return LogLedger(**(lines | counts | changed))


def keys(ledger: msgspec.Struct) -> set[str]:
    return set(msgspec.json.decode(msgspec.json.encode(ledger)))


def test_a_side_with_lines() -> None:
    one = side()
    assert (one.entries, one.other, one.repaired, one.total, one.closes()) == (16, 0, 0, 20, True)
    assert keys(one) == ENTRIES | LINES
    assert side(lines=27, other=7).closes()
    assert not side(other=7).closes()
    assert side(lines=23, surplus=3).entries == 19
    assert side(lines=23, surplus=3).closes()
    assert not side(entries=17).closes()
    assert side(repaired=3, left_out=2).closes()


def test_a_side_of_a_log_with_both_events() -> None:
    one = half(surplus=2)
    assert (one.entries, one.total, one.has_lines, one.closes()) == (12, 12, False, True)
    assert keys(one) == ENTRIES
    assert one.line_counts.lines == 0
    assert not half(entries=9).closes()


def test_a_log_with_both_events() -> None:
    assert log().closes()
    assert not log(other=41).closes()
    assert keys(log()) == LINES | {"requests", "responses"}
    whole = Inputs(log=log(), requests=half(), responses=half(surplus=2))
    assert whole.closes()
    assert keys(whole) == {"log", "requests", "responses"}
    assert (whole.lines.lines, whole.lines.entries, whole.lines.malformed) == (66, 22, {"timestamp": 3})
    assert not Inputs(log=log(), requests=half(), responses=half()).closes()


def test_two_logs() -> None:
    whole = Inputs(requests=side(), responses=side(files=["b.log"], malformed={"fields": 1, "status_code": 1}))
    assert whole.closes()
    assert keys(whole) == {"requests", "responses"}
    assert (whole.lines.lines, whole.lines.bytes, whole.lines.files) == (40, 180, ["a.log", "b.log"])
    assert (whole.lines.malformed, whole.lines.all_malformed) == ({"fields": 3, "status_code": 1}, 4)


def test_an_access_log() -> None:
    counts: dict[str, Any] = {
        "files": [],
        "bytes": 0,
        "lines": 13,
        "blank": 1,
        "malformed": {"json": 2},
        "exchanges": 7,
    }
    assert AccessLedger(**counts, header=1, other=2, repaired=4).closes()
    assert not AccessLedger(**counts).closes()


@pytest.mark.parametrize("ledger", [side(), half(surplus=1), side(format=FORM, other=0, repaired=2)])
def test_a_ledger_is_the_same_after_it_was_written(ledger: SideLedger) -> None:
    again = msgspec.json.decode(msgspec.json.encode(ledger), type=SideLedger)
    assert again == ledger
    assert again.closes() == ledger.closes()


def test_counts_are_added_by_name() -> None:
    assert added({"a": 1}, {"b": 2, "a": 3}, {}) == {"a": 4, "b": 2}
