"""Pieces of work behind their owner: in order, one at a time, and what they raise comes to light."""

import threading
from collections.abc import Iterator

import pytest

from logcorr.compute.background_thread import BackgroundThread, read_ahead


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
        second = threading.Thread(target=behind.do, args=(going.clear,))
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
