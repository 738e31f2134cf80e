"""Work in a background thread: tasks that run one after the other, and reading one item ahead."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

_Item = TypeVar("_Item")


class BackgroundThread:
    """Runs tasks one after the other in a thread. At most one task runs while its owner goes on.

    An exception of a task is raised by the next call of `do`, or at the end of the context; later tasks do not run.
    """

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown()
        if kind is None:
            self._wait()

    def do(self, task: Callable[[], None]) -> None:
        """Waits until the last task is done, then starts this task. Raises the exception of the last task."""
        self._wait()
        self._last = self._pool.submit(task)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()


def read_ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items: while the caller uses an item, a thread makes the next one. No item may be None.

    An exception of `items` is raised in place of the item.
    """
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item
