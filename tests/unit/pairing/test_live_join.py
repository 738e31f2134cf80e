"""What is open, overdue and answered late while entries come."""

import random

from hypothesis import given
from hypothesis import strategies as st

from logcorr.model.live import Exchange, Request, Response
from logcorr.pairing.live_join import LiveJoin

SECOND = 1_000_000


def _join(**changed: object) -> LiveJoin:
    options = {
        "policy": "in-order",
        "timeout_us": 30 * SECOND,
        "lateness_us": 60 * SECOND,
        "memory_bytes": 10**8,
        **changed,
    }
    return LiveJoin(**options)  # type: ignore[arg-type]


def _request(second: float, request_id: str = "a", user: str = "u") -> Request:
    return Request(int(second * SECOND), request_id, (user,))


def _response(second: float, request_id: str = "a", status: int = 200, given_us: int | None = None) -> Response:
    return Response(int(second * SECOND), request_id, status, given_us)


def test_a_request_and_its_response() -> None:
    join = _join()
    assert join.add_requests([_request(1)]) == []
    assert join.open == 1
    assert join.add_responses([_response(1.5)]) == [Exchange(_request(1), _response(1.5), 500_000, late=False)]
    assert join.open == 0


def test_the_response_may_be_read_first() -> None:
    join = _join()
    assert join.add_responses([_response(2)]) == []
    assert join.add_requests([_request(1)]) == [Exchange(_request(1), _response(2), SECOND, late=False)]
    join.advance(1000 * SECOND, 1000 * SECOND)
    assert (join.open, join.overdue, join.unasked) == (0, 0, 0)


def test_a_request_is_overdue_until_its_answer_comes_late() -> None:
    join = _join()
    join.add_requests([_request(1), _request(2, "b")])
    assert join.advance(31 * SECOND, 31 * SECOND) == []
    assert join.advance(31 * SECOND + 1, 31 * SECOND + 1) == [_request(1)]
    assert (join.open, join.overdue) == (2, 1)
    assert join.overdue_requests(5) == [_request(1)]
    assert join.oldest(5) == [_request(1), _request(2, "b")]
    (late,) = join.add_responses([_response(100)])
    assert late.late
    assert late.duration_us == 99 * SECOND
    assert (join.open, join.overdue, join.late) == (1, 0, 1)


def test_a_response_that_nobody_asked_for_waits_for_its_request() -> None:
    join = _join()
    join.add_responses([_response(1)])
    join.advance(500 * SECOND, 61 * SECOND)
    assert join.unasked == 0
    join.advance(500 * SECOND, 61 * SECOND + 1)
    assert join.unasked == 1
    assert join.add_requests([_request(1)]) == []


def test_requests_are_overdue_only_where_responses_were_read() -> None:
    join = _join()
    join.add_requests([_request(1)])
    assert join.advance(20 * SECOND, 500 * SECOND) == []


def test_repeated_entries_count_once() -> None:
    join = _join()
    join.add_requests([_request(1), _request(1)])
    assert len(join.add_responses([_response(2), _response(2)])) == 1
    assert join.add_requests([_request(1)]) == []
    assert (join.open, join.redelivered) == (0, 3)
    again = _join(knows_again=False)
    again.add_requests([_request(1), _request(1)])
    assert again.open == 2


def test_the_oldest_are_given_up_where_there_is_no_room() -> None:
    join = _join(memory_bytes=9000)
    join.add_requests([_request(3, "c"), _request(1, "a"), _request(2, "b")])
    assert (join.open, join.given_up) == (2, 1)
    assert join.oldest(5) == [_request(2, "b"), _request(3, "c")]
    assert join.add_responses([_response(4, "a")]) == []
    join.advance(100 * SECOND, 0)
    join.add_requests([_request(101, "d")])
    assert (join.open, join.overdue, join.given_up) == (2, 1, 2)


def test_requests_with_long_texts_take_more_room() -> None:
    short, long = _join(memory_bytes=10**6), _join(memory_bytes=10**6)
    requests = [_request(number, f"id{number}") for number in range(1000)]
    short.add_requests(requests, 16 * len(requests))
    long.add_requests(requests, 4000 * len(requests))
    assert (short.open, short.given_up) == (10**6 // 6 // 616, 1000 - 10**6 // 6 // 616)
    assert (long.open, long.given_up) == (10**6 // 6 // 4600, 1000 - 10**6 // 6 // 4600)
    assert long.oldest(1) == [_request(1000 - long.open, f"id{1000 - long.open}")]


def test_responses_without_a_request_are_given_up_where_there_is_no_room() -> None:
    join = _join(memory_bytes=10**5)
    join.add_responses([_response(number, f"{number:06d}") for number in range(100)])
    kept = 10**5 // 20 // 406
    assert join.given_up == 100 - kept
    exchanges = join.add_requests([_request(number, f"{number:06d}") for number in range(100)])
    assert [exchange.request.request_id for exchange in exchanges] == [f"{100 - kept + one:06d}" for one in range(kept)]
    assert join.open == 10**5 // 6 // 600
    assert join.given_up == 2 * (100 - kept) - join.open


@given(st.integers(0, 1 << 30))
def test_every_entry_is_counted_once_whatever_the_room(seed: int) -> None:
    chance = random.Random(seed)
    join = _join(memory_bytes=chance.randrange(20_000, 200_000), timeout_us=5 * SECOND, lateness_us=3 * SECOND)
    matched = requests = responses = 0
    for second in range(60):
        asked = [_request(second + chance.random(), str(chance.randrange(4000))) for _ in range(chance.randrange(20))]
        told = [_response(second + chance.random(), str(chance.randrange(4000))) for _ in range(chance.randrange(20))]
        matched += len(join.add_requests(asked, 100 * len(asked)))
        matched += len(join.add_responses(told))
        requests, responses = requests + len(asked), responses + len(told)
        join.advance(second * SECOND, second * SECOND)
    waiting = sum(map(len, join._early.values()))
    gone = join.redelivered + join.given_up + join.unasked
    assert 2 * matched + join.open + waiting + gone == requests + responses
    assert (waiting == 0) == (join._early_bytes == 0)
    assert (join.open == 0) == (join._bytes == 0)


def test_the_queue_of_early_responses_does_not_grow_by_those_that_were_paired() -> None:
    join = _join(knows_again=False)
    for number in range(5000):
        join.add_responses([_response(1, str(number))])
        join.add_requests([_request(1, str(number))])
    assert len(join._early_times) <= 1001


def test_ids_that_come_again() -> None:
    requests = [_request(1), _request(5)]
    in_order, nearest = _join(), _join(policy="nearest")
    for join, first in ((in_order, requests[0]), (nearest, requests[1])):
        join.add_requests(requests)
        assert join.add_responses([_response(6)])[0].request == first


def test_the_duration_that_a_response_tells() -> None:
    join = _join(given=True)
    join.add_requests([_request(1)])
    assert join.add_responses([_response(2, given_us=7)])[0].duration_us == 7


@given(st.integers(0, 2**32))
def test_any_order_of_reading_gives_the_same_pairs(seed: int) -> None:
    """Ids that come once pair in any order of the entries, as long as the time does not move beyond them."""
    chance = random.Random(seed)
    requests = [_request(n, f"id{n}") for n in chance.sample(range(40), 25)]
    responses = [_response(n + chance.random(), f"id{n}") for n in chance.sample(range(40), 25)]
    join, exchanges = _join(), []
    entries: list[Request | Response] = [*requests, *responses]
    chance.shuffle(entries)
    for entry in entries:
        exchanges += join.add_requests([entry]) if isinstance(entry, Request) else join.add_responses([entry])
        join.advance(20 * SECOND, 50 * SECOND)
    asked, answered = {one.request_id: one for one in requests}, {one.request_id: one for one in responses}
    assert {one.request.request_id for one in exchanges} == asked.keys() & answered.keys()
    assert join.open == len(asked.keys() - answered.keys())
    join.advance(1000 * SECOND, 1000 * SECOND)
    assert join.unasked == len(answered.keys() - asked.keys())
    assert join.overdue == join.open
