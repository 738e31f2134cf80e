"""What an engine is: it starts steps somewhere, and tells which have ended. It carries neither frames nor errors.

This module loads no polars: the number of its threads is set before it is loaded.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from importlib import import_module
from typing import Protocol, TypeVar

from logcorr.cluster.engines.listening import check_listening
from logcorr.model.errors import UsageError

# The URI of the store, the key of the run, the phase, and the index of the step in it.
Item = tuple[str, str, str, int]
# Engines that need a package of others have an extra of their name.
_WITH_EXTRA = ("dask", "ray", "spark")
_KINDS = (*_WITH_EXTRA, "exec", "inline", "processes")
_MODULES = {"exec": "command"}


_MOST_SAID = 300
FEWER_SLOTS = "Give fewer slots a machine, or another --worker-memory"
_T = TypeVar("_T")


class Engine(Protocol):
    """Runs steps. `slots` is how many it runs at the same time, as far as it knows when it is opened.

    `said` has what the engine said of steps that did not end, by their index. `advice` is what to do where they are
    lost again and again.
    """

    slots: int
    said: dict[int, str]
    advice: str

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        """Runs a step for each item, and gives its index when it has ended, in any order.

        A step may be run several times, also at the same time, and its index given as often. An index that is not
        given was not run to its end: the caller looks into the store, and asks again.
        """

    def close(self) -> None:
        """Ends what the engine has started. Steps that still run are abandoned."""


def in_words(error: BaseException | None) -> str:
    """What an engine's own error says, in one line."""
    first = next((line for line in str(error).splitlines() if line.strip()), "it said nothing")
    return f"{type(error).__name__}: {first.strip()[:_MOST_SAID]}"


def within(seconds: float, function: Callable[[], _T]) -> _T:
    """What a function returns that may never end: it runs in a thread, which is abandoned after so many seconds.

    Raises TimeoutError then, and else what the function raises.
    """
    ended: Future[_T] = Future()

    def run() -> None:
        try:
            ended.set_result(function())
        except Exception as error:  # noqa: BLE001 - raised in the thread of the caller
            ended.set_exception(error)

    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        return ended.result(seconds)
    except TimeoutError:
        if ended.done():
            raise
        raise TimeoutError(f"it did not answer within {seconds:.0f} s") from None


def run_item(item: Item) -> int:
    """Runs a step where an engine sent it, and returns its index. This is what adapters ship to workers."""
    if "polars" not in sys.modules:  # it is told once, when it is loaded
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    import_module("logcorr.cluster.steps").run_step(*item)
    return item[3]


def open_engine(word: str) -> Engine:
    """The engine that a word names: `processes:8`, `dask:tcp://HOST:8786`, `ray`, `spark`, `exec:COMMAND`, …

    `KIND://ADDRESS` is taken as well as `KIND:ADDRESS`. Raises UsageError for an unknown kind, a package that is not
    installed, and where nobody answers.
    """
    kind, _, address = word.partition(":")
    if kind not in _KINDS:
        raise UsageError(f"engine {word!r}: there is no engine {kind!r}. Give one of {', '.join(_KINDS)}.")
    check_listening(word, kind, address)
    try:
        adapter = import_module(f"logcorr.cluster.engines.{_MODULES.get(kind, kind)}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if kind not in _WITH_EXTRA or package in ("", "logcorr"):
            raise
        raise UsageError(
            f"engine {kind!r}: the package {package} is not here. pip install 'logcorr[{kind}]' on every machine."
        ) from error
    engine: Engine = adapter.start(address)
    return engine
