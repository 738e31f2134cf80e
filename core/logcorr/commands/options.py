"""Options that several commands have: durations and sizes as people write them, and the folder of runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from logcorr.api.options import positive
from logcorr.model.errors import UsageError
from logcorr.model.options import Document
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
STORE = click.option("--store", type=click.Path(), help="Folder the runs are in.  [default: the cache folder]")

RAW_CSV = click.option("--raw-csv", is_flag=True, help="Write CSV cells unchanged that a spreadsheet would run.")

OPENMETRICS = click.option("--openmetrics", type=click.Path(), help="Counts and latency as metrics for Prometheus.")
JUNIT = click.option("--junit", type=click.Path(), help="What became of each --fail-if, as a test report for CI.")


def metrics(path: str) -> Document:
    """The document of `--openmetrics`. Raises UsageError for standard output."""
    _check_file("--openmetrics", path)

    def bytes_of(run: Any) -> bytes:
        from logcorr.render.openmetrics import openmetrics

        return openmetrics(run)

    return Document(path=path, bytes_of=bytes_of, reads_exchanges=True)


def check_junit(path: str, conditions: Sequence[object]) -> None:
    """Raises UsageError where `--junit` has no file, or no conditions to tell of."""
    _check_file("--junit", path)
    if not conditions:
        message = "--junit goes with --fail-if."
        raise UsageError(message)


def _check_file(option: str, path: str) -> None:
    if path == "-":
        message = f"{option} writes a file. Name one."
        raise UsageError(message)


def names(text: str) -> tuple[str, ...]:
    """The names in a list that is separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def as_flag(name: str) -> str:
    """The name of an option as the command line spells it."""
    return f"--{name.replace('_', '-')}"


def run_root(store: str | None) -> Path:
    """The folder of runs: the one that `--store` names, or else the default of the platform."""
    from logcorr.runs.find_runs import default_root

    return Path(store) if store else default_root()
