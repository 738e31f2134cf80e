"""Options that several commands have: durations and sizes as people write them, and the folder of runs."""

from collections.abc import Callable
from typing import Any

import click

from logcorr.api.options import positive
from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import UsageError
from logcorr.text import quantities

__all__ = ["DURATION", "RAW_CSV", "SIZE", "STORE", "Quantity", "as_flag", "names", "positive", "run_root"]


class Quantity(click.ParamType[int]):
    """A click type: a duration (µs) or a size (bytes) as people write it. `read` is a function of `text.quantities`."""

    def __init__(self, name: str, read: Callable[[str], int]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return self._read(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


DURATION = Quantity("duration", quantities.duration_us)
SIZE = Quantity("size", quantities.size_bytes)
STORE = click.option("--store", type=click.Path(), help="Folder or URI the runs are in.  [default: the cache folder]")

RAW_CSV = click.option("--raw-csv", is_flag=True, help="Write CSV cells unchanged that a spreadsheet would run.")


def names(text: str) -> tuple[str, ...]:
    """The names in a list that is separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def as_flag(name: str) -> str:
    """The name of an option as the command line spells it."""
    return f"--{name.replace('_', '-')}"


def run_root(store: str | None) -> AnyPath:
    """The folder of runs: the one that `--store` names, or else the default of the platform."""
    from logcorr.runs.find_runs import root_of

    return root_of(store or None)
