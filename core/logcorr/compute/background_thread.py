"""Work in background threads: tasks in order, items made ahead of their use, and a function over items in parallel.

The threads are bounded, and so is what they make ahead. What they raise is raised where their result would be taken.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Never, Self, TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


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


class ReadAhead(Iterator[_Item]):
    """The items of an iterator, which a thread makes ahead of their use. Use `read_ahead` to make one.

    The thread ends at the end of the items, with the exception that ends them, with `close`, and with its context.
    """

    def __init__(self, items: Iterator[_Item], ahead: int) -> None:
        self._items = items
        self._pool = ThreadPoolExecutor(1)
        # The thread makes one item after the other, so the items are in the order of the futures.
        self._following = deque(self._pool.submit(_next_of, items) for _ in range(ahead))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> _Item:
        if not self._following:
            raise StopIteration
        try:
            made = self._following[0].result()
        except BaseException:
            self.close()
            raise
        if made is None:
            self.close()
            raise StopIteration
        self._following.popleft()
        self._following.append(self._pool.submit(_next_of, self._items))
        return made[0]

    def close(self) -> None:
        """Ends the thread, once the item that it is at is made, and closes the items. No item follows."""
        self._following.clear()
        self._pool.shutdown(cancel_futures=True)
        if isinstance(self._items, Generator | ReadAhead):
            self._items.close()


def read_ahead(items: Iterator[_Item], ahead: int = 1) -> ReadAhead[_Item]:
    """The same items: a thread makes up to `ahead` of them before the caller takes them. It begins at once.

    An exception of `items` is raised in place of the item. `close`, or the end of its context, ends the thread early
    and closes `items`.
    """
    return ReadAhead(items, ahead)


def parallel_map(
    function: Callable[[_Item], _Made], items: Iterable[_Item], threads: int, ahead: int
) -> Generator[_Made, None, None]:
    """What the function makes of each item, in the order of the items: several threads make it ahead of its use.

    Up to `ahead` items are in work, or made and not taken; the caller takes the items, in its own thread. An exception
    of the function or of `items` is raised in place of what would be made. Closing the generator ends the threads, once
    the items that they are at are made.
    """
    tasks = _tasks(function, iter(items))
    pool = ThreadPoolExecutor(threads)
    try:
        following = deque(pool.submit(task) for task in islice(tasks, ahead))
        while following:
            made = following.popleft().result()
            following.extend(pool.submit(task) for task in islice(tasks, 1))
            yield made
            del made
    finally:
        pool.shutdown(cancel_futures=True)


def _tasks(function: Callable[[_Item], _Made], items: Iterator[_Item]) -> Iterator[Callable[[], _Made]]:
    """A task for each item, to make something of it. An exception of `items` becomes the last task, which raises it."""
    try:
        for item in items:
            yield partial(function, item)
    except Exception as error:  # noqa: BLE001 - it is raised in its place
        yield partial(_raise, error)


def _raise(error: Exception) -> Never:
    raise error


def _next_of(items: Iterator[_Item]) -> tuple[_Item] | None:
    """The next item, in a tuple of its own; None at the end."""
    for item in items:
        return (item,)
    return None
