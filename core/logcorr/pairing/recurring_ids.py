"""The keys of all exchanges that were paired early: whether one of them comes again, in all of both logs."""

from pathlib import Path

import polars as pl

from logcorr.compute import spill
from logcorr.compute.parquet_slices import scan
from logcorr.pairing.steps import KEY

_PARTS = 64


class RecurringIds:
    """Takes keys (UInt64); in memory while they are few, else on disk by their range."""

    def __init__(self, folder: Path, most_in_memory: int) -> None:
        self._folder, self._most_in_memory = folder, most_in_memory
        self._keys: list[pl.Series] = []
        self._rows = 0
        self._flushes = 0

    def add(self, keys: pl.Series) -> None:
        """The keys of some more exchanges."""
        self._keys.append(keys)
        self._rows += keys.len()
        if self._rows > self._most_in_memory:
            self._flush()

    def again(self, others: pl.LazyFrame) -> pl.Series:
        """The keys that come more than once, or among others (one column, KEY) as well."""
        if not self._flushes:
            return _again(_together(self._keys), others.collect(engine="streaming")[KEY])
        self._flush()
        _spread(others, self._folder / "others")
        found = []
        for number in range(_PARTS):
            used = spill.parts_of(self._folder / "used", number)
            rest = spill.parts_of(self._folder / "others", number)
            found.append(_again(_read(used), _read(rest)))
        return pl.concat(found)

    def _flush(self) -> None:
        if self._keys:
            _spread(_together(self._keys).to_frame().lazy(), self._folder / "used" / f"{self._flushes:06d}")
        self._keys, self._rows = [], 0
        self._flushes += 1


def _again(used: pl.Series, others: pl.Series) -> pl.Series:
    # The few are what a table is made of, the many look into it.
    few, many = sorted((used, others), key=len)
    found = [many.filter(many.is_in(few.implode()))]
    if used.n_unique() != used.len():
        found.append(used.filter(used.is_duplicated()))
    return pl.concat(found).unique()


def _spread(keys: pl.LazyFrame, folder: Path) -> None:
    spill.spread(keys, (pl.col(KEY) // ((1 << 64) // _PARTS)).cast(pl.UInt8), folder, parts=_PARTS)


def _read(files: tuple[Path, ...]) -> pl.Series:
    return scan(files).collect()[KEY] if files else _together([])


def _together(keys: list[pl.Series]) -> pl.Series:
    return pl.concat(keys) if keys else pl.Series(KEY, [], dtype=pl.UInt64)
