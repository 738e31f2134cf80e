"""The oracle of profiles has an answer for every line of every log, however it is spoilt, and its ledger closes."""

from collections import Counter

from hypothesis import given, settings

from tests.oracle.profile_oracle import read
from tests.oracle.profile_pairing import pair
from tests.support.profile_logs import ProfileCase, profile_cases

REASONS = {"json", "fields", "timestamp", "request_id", "status_code", "duration"}


@given(profile_cases())
@settings(max_examples=300)
def test_every_line_has_one_class(case: ProfileCase) -> None:
    lines = read(case.table, [case.log], day=case.day)
    assert len(lines) == case.log.count(b"\n") + (not case.log.endswith(b"\n") and bool(case.log))
    for line in lines:
        assert line.kind in ("blank", "header", "other", "malformed", "entry")
        assert (line.reason in REASONS) == (line.kind == "malformed")
    entries = Counter(line.event for line in lines if line.kind == "entry")
    paired = pair(lines, case.table.get("pairing", "in-order"), ties_by_line=case.table.get("ties") == "line")
    assert entries["request"] == len(paired.matched) + len(paired.orphan_requests)
    answers = len(paired.matched) + len(paired.orphan_responses) + len(paired.surplus)
    assert entries["response"] == answers + len(paired.superseded)


@given(profile_cases(("combined", "nginx", "caddy", "fastify", "postgres")))
def test_a_line_that_is_no_utf_8_is_read_and_counted(case: ProfileCase) -> None:
    spoilt = case.log.replace(b"/", b"/\xff")
    for before, after in zip(read(case.table, [case.log]), read(case.table, [spoilt]), strict=True):
        assert after.repaired >= before.repaired or after.kind == "blank"
