"""The keys of all exchanges that were paired early: whether one of them comes again, in all of both logs."""

from pathlib import Path

import polars as pl

from logcorr.compute.group_in_parts import SpilledPartitions, hash_range
from logcorr.pairing.steps import KEY

_PARTITIONS = 64


class RecurringIds:
    """Takes keys (UInt64); in memory while they are few, else on disk by their range."""

    def __init__(self, folder: Path, most_in_memory: int) -> None:
        self._most_in_memory = most_in_memory
        # A key is a hash itself.
        number = hash_range(pl.col(KEY), _PARTITIONS)
        self._used = SpilledPartitions(number, _PARTITIONS, folder / "used")
        self._others = SpilledPartitions(number, _PARTITIONS, folder / "others")
        self._keys: list[pl.Series] = []
        self._rows = 0

    def add(self, keys: pl.Series) -> None:
        """The keys of some more exchanges."""
        self._keys.append(keys)
        self._rows += keys.len()
        if self._rows > self._most_in_memory:
            self._spill()

    def again(self, others: pl.LazyFrame) -> pl.Series:
        """The keys that come more than once, or among others (one column, KEY) as well."""
        if not self._used.spills:
            return _again(_together(self._keys), others.collect(engine="streaming")[KEY])
        self._spill()
        self._others.add(others)
        both = zip(self._used.partitions(), self._others.partitions(), strict=True)
        return pl.concat([_again(_read(used), _read(rest)) for used, rest in both])

    def _spill(self) -> None:
        if self._keys:
            self._used.add(_together(self._keys).to_frame().lazy())
        self._keys, self._rows = [], 0


def _again(used: pl.Series, others: pl.Series) -> pl.Series:
    # The few are what a table is made of, the many look into it.
    few, many = sorted((used, others), key=len)
    found = [many.filter(many.is_in(few.implode()))]
    if used.n_unique() != used.len():
        found.append(used.filter(used.is_duplicated()))
    return pl.concat(found).unique()


def _read(scans: list[pl.LazyFrame]) -> pl.Series:
    return _together([keys.collect()[KEY] for keys in scans])


def _together(keys: list[pl.Series]) -> pl.Series:
    return pl.concat(keys) if keys else pl.Series(KEY, [], dtype=pl.UInt64)
