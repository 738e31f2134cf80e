"""Work that goes on behind its owner: one piece after another, in a thread of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

_Item = TypeVar("_Item")


class BackgroundThread:
    """Does pieces of work in the order in which they come; the owner waits until the one before the last is done.

    What a piece raises is raised at the next call of `do`, or at the end; then what comes after it is not done.
    """

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if kind is None:
            self._wait()

    def do(self, piece: Callable[[], None]) -> None:
        """Begins a piece once all before it are done."""
        self._wait()
        self._last = self._pool.submit(piece)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()


def read_ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, none of them None: while one is used the next is made. Raises what making them raises."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
