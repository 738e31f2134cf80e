"""Pairing a bucket in memory: the engine equals the oracle for all rules and columns, whatever the order of lines."""

from random import Random

import polars as pl
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from logcorr.pairing import bucket_join, join_steps
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.paired import Paired
from logcorr.pairing.rules import Rules
from tests.oracle.pair_oracle import Entry
from tests.support.entry_strategies import ALL, PLAIN, Log, Views, logs, rows_of, without_rows
from tests.support.kernels_or_numpy import search


def views(paired: Paired) -> Views:
    return {
        "exchanges": rows_of([paired.exchanges]),
        "orphans": rows_of(paired.orphans),
        "repeats": rows_of(paired.repeats),
    }


def pair(log: Log) -> Paired:
    return bucket_join.pair(log.frame("request").lazy(), log.frame("response").lazy(), log.rules)


@search(60)
@given(logs())
def test_a_bucket_equals_the_oracle(log: Log) -> None:
    note(str(log))
    paired = pair(log)
    assert views(paired) == log.expected()
    assert paired.exchanges.schema == log.columns.exchanges
    assert all(frame.schema == log.columns.orphans for frame in paired.orphans)
    assert all(frame.schema == log.columns.repeats for frame in paired.repeats)


@search(20)
@given(logs())
def test_ids_that_share_a_hash_are_told_apart(log: Log) -> None:
    """All ids have the same hash, so entries are joined on the id."""
    note(str(log))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join_steps, "hashed", lambda: pl.lit(7, pl.UInt64).alias(join_steps.KEY))
        paired = pair(log)
    assert views(paired) == log.expected()


@search(20)
@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_count(log: Log, chance: Random) -> None:
    if log.rules.ties_by_line:
        return
    shuffled = list(log.entries)
    chance.shuffle(shuffled)
    first, second = (views(pair(one)) for one in (log, log.numbered(shuffled)))
    for view, places in (("exchanges", 2), ("orphans", 1), ("repeats", 1)):
        assert without_rows(first[view], places) == without_rows(second[view], places), view


def entries(*texts: str) -> list[Entry]:
    """Entries from `side time value`, where the side is q, r or w (a weak response); their id is `a`."""
    found = []
    for text in texts:
        kind, at, value = text.split()
        side, said = ("request", value) if kind == "q" else ("response", int(value))
        found.append(Entry(side, int(at), "a", said, "", 0, weak=kind == "w"))
    return found


def durations(paired: Paired) -> list[int]:
    return sorted(paired.exchanges["duration_us"])


def test_nearest_survives_a_restart() -> None:
    """A request dies with the process; the counter begins anew, and no later pair is shifted."""
    log = Log(Rules(policy="nearest"), ()).numbered(
        entries("q 0 u", "q 10 u", "r 12 200", "q 100 u", "r 103 200", "q 200 u", "r 201 200")
    )
    paired = pair(log)
    assert durations(paired) == [1, 2, 3]
    assert sum(frame.height for frame in paired.orphans) == 1
    in_order = pair(Log(Rules(), log.entries))
    assert durations(in_order) == [12, 93, 101]


def test_nearest_of_one_instant() -> None:
    """Two are open, one comes: the two responses too many answer earlier requests, the third one the new request."""
    log = Log(Rules(policy="nearest"), ()).numbered(
        entries("q 0 u", "q 1 u", "q 5 u", "r 5 500", "r 5 404", "r 5 200", "r 5 201")
    )
    paired = pair(log)
    assert sorted(paired.exchanges.select("duration_us", "status_code").iter_rows()) == [(0, 404), (4, 200), (5, 201)]
    assert [frame["status_code"].to_list() for frame in paired.orphans if frame.height] == [[500]]


def test_a_weak_response_answers_what_is_still_open() -> None:
    columns = EntryColumns(weak=True)
    log = Log(Rules(columns=columns), ()).numbered(
        entries("q 0 u", "w 1 500", "r 2 200", "q 3 u", "w 4 503", "w 5 503")
    )
    paired = pair(log)
    assert sorted(paired.exchanges.select("request_time", "status_code").iter_rows()) == [(0, 200), (3, 500)]
    repeats = pl.concat(paired.repeats)
    assert repeats["kind"].to_list() == ["surplus", "surplus"]
    assert not sum(frame.height for frame in paired.orphans)


def test_a_weak_response_without_a_partner_is_no_orphan() -> None:
    log = Log(Rules(columns=EntryColumns(weak=True), max_duration_us=1), ()).numbered(entries("q 0 u", "w 9 200"))
    paired = pair(log)
    assert pl.concat(paired.repeats)["kind"].to_list() == ["surplus"]
    assert pl.concat(paired.orphans).select("side", "reason").rows() == [("request", "too_far")]


def test_equal_lines_of_one_instant_are_two_events_where_lines_are_in_order() -> None:
    lines = entries("q 0 u", "r 0 200", "q 0 u", "r 0 200")
    by_line = Log(Rules(policy="nearest", ties_by_line=True, one_log=True), ()).numbered(lines)
    assert sorted(pair(by_line).exchanges.select("request_row", "response_row").iter_rows()) == [(0, 1), (2, 3)]
    as_a_set = Log(Rules(policy="nearest", one_log=True), ()).numbered(lines)
    assert rows_of(pair(as_a_set).repeats).total() == 2


def test_a_given_duration_is_that_of_the_exchange() -> None:
    columns = EntryColumns(given=True)
    log = Log(Rules(columns=columns, duration="given", max_duration_us=5), ()).numbered(
        [entry._replace(given_us=70 if entry.side == "response" else None) for entry in entries("q 0 u", "r 4 200")]
    )
    assert pair(log).exchanges.select("duration_us", "given_us").rows() == [(70, 70)]
    with pytest.raises(ValueError, match="no response tells"):
        Rules(duration="given")


@pytest.mark.parametrize("policy", ["in-order", "nearest", "first", "last"])
def test_without_a_clock_ids_alone_pair(policy: str) -> None:
    timeless = [entry._replace(clock=False, at=0) for entry in entries("q 0 u", "r 0 200")]
    log = Log(Rules(policy=policy), ()).numbered(timeless)  # type: ignore[arg-type]
    paired = pair(log)
    assert paired.exchanges.select("request_time", "duration_us", "status_code").rows() == [(None, None, 200)]


def test_attributes_have_their_own_names() -> None:
    assert ALL.shared == ("user_id", "endpoint", "last")
    assert PLAIN.hidden == ()
    for name in ("time", "reason", "response:ip"):
        with pytest.raises(ValueError, match="no attribute may have the name"):
            EntryColumns(attributes=(name,), request_attributes=(name,))
    with pytest.raises(ValueError, match="each attribute is on a side"):
        EntryColumns(attributes=("ip",))
