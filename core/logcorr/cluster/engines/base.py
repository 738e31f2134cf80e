"""What an engine is: it starts steps somewhere, and tells which have ended. It carries neither frames nor errors.

This module loads no polars: the number of its threads is set before it is loaded.
"""

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol

from logcorr.model.errors import UsageError

# The URI of the store, the key of the run, the phase, and the index of the step in it.
Item = tuple[str, str, str, int]
# The package that each engine needs, which is the name of its extra too. Others need nothing but logcorr.
_PACKAGES = {"inline": "", "processes": "", "exec": "", "dask": "distributed", "ray": "ray", "spark": "pyspark"}
_MODULES = {"exec": "command"}


class Engine(Protocol):
    """Runs steps. `slots` is how many it runs at the same time, as far as it knows when it is opened."""

    slots: int

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        """Runs a step for each item, and gives its index when it has ended, in any order.

        A step may be run several times, also at the same time, and its index given as often. An index that is not
        given was not run to its end: the caller looks into the store, and asks again.
        """

    def close(self) -> None:
        """Ends what the engine has started. Steps that still run are abandoned."""


def run_item(item: Item) -> int:
    """Runs a step where an engine sent it, and returns its index. This is what adapters ship to workers."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    import_module("logcorr.cluster.steps").run_step(*item)
    return item[3]


def open_engine(word: str) -> Engine:
    """The engine that a word names: `processes:8`, `dask:tcp://HOST:8786`, `ray`, `spark`, `exec:COMMAND`, …

    `KIND://ADDRESS` is taken as well as `KIND:ADDRESS`. Raises UsageError for an unknown kind, a package that is not
    installed, and where the adapter cannot connect.
    """
    kind, _, address = word.partition(":")
    if kind not in _PACKAGES:
        known = ", ".join(sorted(_PACKAGES))
        raise UsageError(f"engine {word!r}: there is no engine {kind!r}. Give one of {known}.")
    try:
        adapter = import_module(f"logcorr.cluster.engines.{_MODULES.get(kind, kind)}")
    except ModuleNotFoundError as error:
        if error.name != _PACKAGES[kind]:
            raise
        raise UsageError(
            f"engine {kind!r}: the package {error.name} is not here. pip install 'logcorr[{kind}]' on every machine."
        ) from error
    engine: Engine = adapter.start(address)
    return engine
