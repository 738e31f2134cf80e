"""Counts by integer key of any number of rows, in the memory that the different keys take: counted many at a time."""

import polars as pl

_ENOUGH = 1 << 20


class IntegerCounts:
    """How often each key has occurred; `many` tells that there are many different ones, and is about speed only."""

    def __init__(self, *, many: bool) -> None:
        self._many = many
        self._counts = pl.DataFrame(schema={"key": pl.Int64, "n": pl.Int64})
        self._fresh: list[pl.Series] = []
        self._waiting = 0

    def add(self, keys: pl.Series) -> None:
        """Count keys; null is none."""
        self._fresh.append(keys.drop_nulls().alias("key"))
        self._waiting += len(keys)
        if self._waiting > max(_ENOUGH, self._counts.height):
            self.counts()

    def counts(self) -> pl.DataFrame:
        """All keys with their counts: key, n."""
        if self._fresh:
            counted = self._counted(pl.concat(self._fresh)).cast(pl.Int64)
            if self._counts.height:
                counted = pl.concat([self._counts, counted]).group_by("key").agg(pl.col("n").sum())
            self._counts, self._fresh, self._waiting = counted, [], 0
        return self._counts

    def take_below(self, key: int | None) -> pl.DataFrame:
        """The counts of all keys below `key` (None: of all), which are forgotten."""
        if key is None:
            key = 1 << 62
        taken = IntegerCounts(many=self._many)
        taken._counts, self._counts = _split(self._counts, key)
        keys = pl.concat([pl.Series("key", [], dtype=pl.Int64), *self._fresh]).to_frame()
        below, rest = (part["key"] for part in _split(keys, key))
        taken.add(below)
        self._fresh, self._waiting = [rest], len(rest)
        return taken.counts()

    def _counted(self, keys: pl.Series) -> pl.DataFrame:
        if self._many:
            # Twice as fast as by hashing, where most keys are different.
            return keys.sort().rle().struct.unnest().select(key="value", n="len")
        return keys.value_counts(name="n")


def _split(frame: pl.DataFrame, key: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    below = pl.col("key") < key
    return frame.filter(below), frame.filter(~below)
