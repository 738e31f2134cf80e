"""The oracle of pairing by profiles is right where anybody can check it by eye, and does not depend on order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.profile_oracle import Line
from tests.oracle.profile_pairing import Paired, pair


def log(text: str) -> list[Line]:
    """Entries of one id. `q3` is a request at 3, `r5:500` a response at 5 with a status, `w5` a weak one."""
    lines = []
    for row, word in enumerate(text.split(), 1):
        at, _, status = word[1:].partition(":")
        event = "request" if word[0] == "q" else "response"
        code = None if event == "request" else int(status or 200)
        lines.append(Line(0, row, "entry", "", event, "id", int(at), status=code, weak=word[0] == "w"))
    return lines


def told(paired: Paired) -> str:
    """Pairs as `2-5`, then orphans, surplus and superseded, by their instants."""
    texts = [f"{request.at}-{response.at}" for request, response in paired.matched]
    rest = [("q", paired.orphan_requests), ("r", paired.orphan_responses), ("w", paired.surplus)]
    texts += [f"{mark}{line.at}" for mark, group in (*rest, ("s", paired.superseded)) for line in group]
    return " ".join(sorted(texts))


@pytest.mark.parametrize(
    ("text", "pairing", "wanted"),
    [
        ("q0 q2 r5", "in-order", "0-5 q2"),
        ("q0 q2 r5", "first", "0-5 s2"),
        ("q0 q2 r5", "last", "2-5 s0"),
        ("q0 q2 r5", "nearest", "2-5 q0"),
        ("r1 q2", "in-order", "2-1"),
        ("r1 q2", "nearest", "q2 r1"),
        ("q0 r1 r2 q3 r4", "nearest", "0-1 3-4 r2"),
        ("q0 q1 r2 r3", "nearest", "0-3 1-2"),
        ("q0 r5 q5 r5", "nearest", "0-5 5-5"),
        ("q5 r5 r5", "nearest", "5-5 r5"),
        ("q0 r1:500 w1", "nearest", "0-1 w1"),
        ("q0 w1 w2", "nearest", "0-1 w2"),
        ("q0 q1 r2 w3", "in-order", "0-2 1-3"),
        ("q0", "last", "q0"),
    ],
)
def test_pairings(text: str, pairing: str, wanted: str) -> None:
    assert told(pair(log(text), pairing)) == wanted


def test_at_one_instant_lines_may_be_in_their_order() -> None:
    assert told(pair(log("r5 q5 q5 r5"), "nearest")) == "5-5 5-5"
    assert told(pair(log("r5 q5 q5 r5"), "nearest", ties_by_line=True)) == "5-5 q5 r5"


def test_lines_that_are_the_same_are_two_entries_but_in_the_format_logcorr() -> None:
    assert told(pair(log("q0 q0 r1 r1"))) == "0-1 0-1"
    once = pair(log("q0 q0 r1 r1"), redelivery=True)
    assert (told(once), len(once.redelivered)) == ("0-1", 2)


@given(
    st.lists(st.tuples(st.sampled_from("qqrrw"), st.integers(0, 4), st.sampled_from((200, 500))), max_size=12),
    st.randoms(use_true_random=False),
    st.sampled_from(("in-order", "nearest", "first", "last")),
)
def test_order_does_not_matter_and_every_entry_is_counted_once(
    words: list[tuple[str, int, int]], random: Random, pairing: str
) -> None:
    entries = log(" ".join(f"{event}{at}" + (f":{status}" if event != "q" else "") for event, at, status in words))
    shuffled = random.sample(entries, len(entries))
    assert told(pair(entries, pairing)) == told(pair(shuffled, pairing))
    paired = pair(entries, pairing)
    counted = [line.row for request, response in paired.matched for line in (request, response)]
    counted += [line.row for group in paired[1:] for line in group]
    assert sorted(counted) == [line.row for line in entries]
