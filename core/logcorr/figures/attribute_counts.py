"""Counts of exchanges by attribute, added up a slice at a time: by method, by user agent, and missing values."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from logcorr.compute.group_in_parts import KeyCounts
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.sums import TOP

# The attributes whose values are counted here. Endpoints and addresses have views of their own.
_COUNTED = ("method", "user_agent")


class AttributeCounts:
    """Requests and errors by method and by user agent, and how many exchanges lack each attribute.

    `names` are the attributes of an exchange. Counts of too many agents for memory are spilled below `folder`.
    """

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self._names = tuple(names)
        self._missing = dict.fromkeys(self._names, 0)
        self._counts = {
            name: KeyCounts(name, ("requests", "errors"), folder / name) for name in _COUNTED if name in self._names
        }

    def queries(self, exchanges: pl.LazyFrame) -> list[pl.LazyFrame]:
        """The queries that count a slice of exchanges; `add` takes their results."""
        nulls = exchanges.select(pl.col(name).null_count() for name in self._names)
        return [nulls, *(endpoints_and_addresses.requests_and_errors_by(name, exchanges) for name in self._counts)]

    def add(self, results: Sequence[pl.DataFrame]) -> None:
        """Adds the results of `queries`."""
        nulls, *counted = results
        for name, count in nulls.row(0, named=True).items() if self._names else ():
            self._missing[name] += count
        for counts, result in zip(self._counts.values(), counted, strict=True):
            counts.add(result)

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the value; 0 where none lacks it."""
        return dict(self._missing)

    def top(self, name: str) -> pl.DataFrame:
        """(name, requests, errors): the values with the most requests; no rows for an attribute that is not there.

        To be called once for each name.
        """
        if name not in self._counts:
            return pl.DataFrame(schema={name: pl.String, "requests": pl.Int64, "errors": pl.Int64})
        return self._counts[name].top("requests", TOP)
