"""What an engine is: it starts steps somewhere, and tells which have ended. It carries neither frames nor errors.

This module loads no polars: the number of its threads is set before it is loaded.
"""

import os
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol

from logcorr.model.errors import UsageError

# The URI of the store, the key of the run, the phase, and the index of the step in it.
Item = tuple[str, str, str, int]
# Engines that need a package of others have an extra of their name.
_WITH_EXTRA = ("dask", "ray", "spark")
_KINDS = (*_WITH_EXTRA, "exec", "inline", "processes")
_MODULES = {"exec": "command"}


_MOST_SAID = 300
_HOST_AND_PORT = re.compile(r"(?:.*//)?(?P<host>\[[^\]/]+\]|[^\[\]:/,]+):(?P<port>\d{1,5})/?")
_ANSWER_S = 10


class Engine(Protocol):
    """Runs steps. `slots` is how many it runs at the same time, as far as it knows when it is opened.

    `said` has what the engine said of steps that did not end, by their index.
    """

    slots: int
    said: dict[int, str]

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
    _check_listening(word, address)
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


def _check_listening(word: str, address: str) -> None:
    """Raises UsageError where nobody listens at HOST:PORT. Some engines would try that for minutes."""
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or word.startswith("exec:"):
        return
    try:
        socket.create_connection((match["host"].strip("[]"), int(match["port"])), _ANSWER_S).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f"nobody answers at {match['host']}:{match['port']}"
        raise UsageError(f"engine {word!r}: {where} ({reason}). Check the address, and that it runs.") from error
