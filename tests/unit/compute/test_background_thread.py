"""Pieces of work behind their owner: in order, one at a time, and what they raise comes to light."""

import threading
import time
from collections.abc import Iterator

import pytest

from logcorr.compute.background_thread import BackgroundThread, parallel_map, read_ahead

SECONDS = 20


def test_pieces_are_done_in_order_by_another_thread() -> None:
    done: list[tuple[int, int]] = []
    with BackgroundThread() as behind:
        for number in range(50):
            behind.do(lambda number=number: done.append((number, threading.get_ident())))  # type: ignore[misc]
    assert [number for number, _ in done] == list(range(50))
    assert threading.get_ident() not in {thread for _, thread in done}


def test_the_owner_waits_for_the_piece_before() -> None:
    going, let = threading.Event(), threading.Event()

    def slow() -> None:
        going.set()
        assert let.wait(20)

    with BackgroundThread() as behind:
        behind.do(slow)
        assert going.wait(20)
        second = threading.Thread(target=behind.do, args=(going.clear,), daemon=True)
        second.start()
        second.join(0.05)
        assert second.is_alive(), "one is done at a time"
        let.set()
        second.join(20)
    assert not going.is_set()


@pytest.mark.parametrize("more", [0, 1])
def test_what_a_piece_raises_is_raised(more: int) -> None:
    done: list[int] = []

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), BackgroundThread() as behind:  # noqa: PT012 - it may come at any of them
        behind.do(broken)
        for number in range(more):
            behind.do(lambda: done.append(number))  # noqa: B023
    assert done == []


def test_what_the_owner_raises_comes_first() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(KeyError), BackgroundThread() as behind:  # noqa: PT012 - it is both of them
        behind.do(broken)
        raise KeyError


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = read_ahead(items())
    assert next(found) == 1
    assert made.wait(20)
    assert list(found) == [2]


def test_what_making_an_item_raises_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    found = read_ahead(items())
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(read_ahead(iter(range(100)))) == list(range(100))


def until(made: list[int], count: int) -> None:
    """Waits until so many items were made, and then a little longer, for one too many."""
    end = time.monotonic() + SECONDS
    while len(made) < count and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(0.02)
    assert len(made) == count


def counted(made: list[int], stop: int) -> Iterator[int]:
    for number in range(stop):
        made.append(number)
        yield number


@pytest.mark.parametrize("ahead", [1, 3])
def test_so_many_items_are_made_ahead_and_no_more(ahead: int) -> None:
    made: list[int] = []
    found = read_ahead(counted(made, 9), ahead)
    until(made, ahead)
    for number in range(9):
        assert next(found) == number
        until(made, min(9, number + 1 + ahead))
    assert list(found) == []


def test_items_may_be_none() -> None:
    assert list(read_ahead(iter([None, 1, None]), 2)) == [None, 1, None]


def test_nothing_follows_an_exception() -> None:
    found = read_ahead(map(int, ("1", "x", "3")), 3)
    assert next(found) == 1
    with pytest.raises(ValueError, match="invalid literal"):
        next(found)
    assert list(found) == []


@pytest.mark.parametrize("taken", [0, 1])
def test_closing_ends_the_thread_and_closes_the_items(taken: int) -> None:
    before, closed = threading.active_count(), threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    found = read_ahead(read_ahead(items(), 2), 2)
    for _ in range(taken):
        next(found)
    found.close()
    assert closed.is_set()
    assert threading.active_count() == before
    assert list(found) == []
    found.close()


def test_the_end_of_the_context_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), read_ahead(iter(range(100)), 3) as found:  # noqa: PT012 - it goes on after one item
        assert next(found) == 0
        raise KeyError
    assert threading.active_count() == before


@pytest.mark.parametrize("end", ["end", "exception"])
def test_the_thread_ends_with_the_items(end: str) -> None:
    before = threading.active_count()

    def items() -> Iterator[int]:
        yield 1
        if end == "exception":
            raise ZeroDivisionError

    found = read_ahead(items(), 4)
    try:
        assert list(found) == [1]
    except ZeroDivisionError:
        assert end == "exception"
    assert threading.active_count() == before


@pytest.mark.parametrize(("threads", "ahead"), [(1, 1), (2, 3), (4, 8), (3, 1)])
def test_what_is_made_in_parallel_keeps_the_order_of_the_items(threads: int, ahead: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.002 * (number % 3 == 0))
        return number * number

    squares = [number * number for number in range(40)]
    assert list(parallel_map(slow_at_first, range(40), threads, ahead)) == squares


def test_several_items_are_in_work_at_once() -> None:
    all_there = threading.Barrier(3)

    def meet(_: int) -> bool:
        return all_there.wait(SECONDS) >= 0

    assert list(parallel_map(meet, range(6), 3, 3)) == [True] * 6


def test_no_more_items_than_allowed_are_taken() -> None:
    taken: list[int] = []
    found = parallel_map(str, counted(taken, 9), 2, 3)
    assert taken == []
    for number in range(9):
        assert next(found) == str(number)
        assert len(taken) == min(9, number + 1 + 3)
    assert list(found) == []


def test_what_the_function_raises_is_raised_in_its_place() -> None:
    done: list[int] = []

    def halve(number: int) -> float:
        done.append(number)
        return 1 / (2 - number)

    found = parallel_map(halve, range(100), 2, 4)
    assert [next(found), next(found)] == [1 / 2, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(found) == []
    assert len(done) <= 2 + 1 + 4


def test_what_the_items_raise_is_raised_in_their_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ZeroDivisionError

    found = parallel_map(str, items(), 2, 8)
    assert [next(found), next(found)] == ["1", "2"]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_closing_what_is_made_in_parallel_ends_the_threads() -> None:
    before, done = threading.active_count(), list[int]()

    def slow(number: int) -> int:
        done.append(number)
        time.sleep(0.05)
        return number

    found = parallel_map(slow, range(1000), 2, 100)
    assert next(found) == 0
    begun = time.monotonic()
    found.close()
    assert time.monotonic() - begun < 1
    assert threading.active_count() == before
    assert len(done) < 10
    assert list(found) == []
