"""Runs steps in this process, one after the other: for tests, and to look into a step with a debugger."""

from collections.abc import Iterator, Sequence

from logcorr.cluster.engines.base import FEWER_SLOTS, Engine, Item, run_item


class Inline:
    """An engine of one slot."""

    slots = 1
    advice = FEWER_SLOTS

    def __init__(self) -> None:
        self.said: dict[int, str] = {}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        yield from map(run_item, items)

    def close(self) -> None:
        """Has nothing to end."""


def start(_address: str) -> Engine:
    """The engine; it has no address."""
    return Inline()
