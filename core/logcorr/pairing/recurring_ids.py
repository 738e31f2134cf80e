"""The keys of all exchanges that were paired while reading, and which of these keys come again anywhere in both logs.

A key is the 64-bit hash of a request id. An exchange is right only if its id comes once on each side.
"""

from pathlib import Path

import polars as pl

from logcorr.compute.group_in_parts import SpilledPartitions, hash_range
from logcorr.pairing.join_steps import KEY

_PARTITIONS = 64


class RecurringIds:
    """Takes keys (UInt64): up to `most_in_memory` of them in memory, more in partitions on disk below `folder`."""

    def __init__(self, folder: Path, most_in_memory: int) -> None:
        self._most_in_memory = most_in_memory
        # A key is a hash already, so its range is its partition.
        number = hash_range(pl.col(KEY), _PARTITIONS)
        self._paired = SpilledPartitions(number, _PARTITIONS, folder / "used")
        self._unpaired = SpilledPartitions(number, _PARTITIONS, folder / "others")
        self._keys: list[pl.Series] = []
        self._rows = 0

    def add(self, keys: pl.Series) -> None:
        """Takes the keys of more exchanges."""
        self._keys.append(keys)
        self._rows += keys.len()
        if self._rows > self._most_in_memory:
            self._spill()

    def recurring(self, unpaired: pl.LazyFrame) -> pl.Series:
        """The distinct keys of exchanges that come again: in another exchange, or in unpaired entries (column KEY)."""
        if not self._paired.spills:
            return _recurring(_concat(self._keys), unpaired.collect(engine="streaming")[KEY])
        self._spill()
        self._unpaired.add(unpaired)
        partitions = zip(self._paired.partitions(), self._unpaired.partitions(), strict=True)
        return pl.concat([_recurring(_read(paired), _read(others)) for paired, others in partitions])

    def _spill(self) -> None:
        if self._keys:
            self._paired.add(_concat(self._keys).to_frame().lazy())
        self._keys, self._rows = [], 0


def _recurring(paired: pl.Series, unpaired: pl.Series) -> pl.Series:
    # `is_in` makes a hash table of its argument, which costs more than to look keys up: so that is the shorter series.
    shorter, longer = sorted((paired, unpaired), key=len)
    recurring = [longer.filter(longer.is_in(shorter.implode()))]
    if paired.n_unique() != paired.len():
        recurring.append(paired.filter(paired.is_duplicated()))
    return pl.concat(recurring).unique()


def _read(scans: list[pl.LazyFrame]) -> pl.Series:
    return _concat([keys.collect()[KEY] for keys in scans])


def _concat(keys: list[pl.Series]) -> pl.Series:
    return pl.concat(keys) if keys else pl.Series(KEY, [], dtype=pl.UInt64)
