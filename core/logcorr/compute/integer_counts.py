"""Counts rows by an integer key. The memory grows with the number of different keys, not with the number of rows."""

import polars as pl

_LEAST_WAITING = 1 << 20


class IntegerCounts:
    """How often each key occurred. `many` says that most keys are different; it changes the speed only."""

    def __init__(self, *, many: bool) -> None:
        self._many = many
        self._counts = pl.DataFrame(schema={"key": pl.Int64, "n": pl.Int64})
        self._uncounted: list[pl.Series] = []
        self._waiting = 0

    def add(self, keys: pl.Series) -> None:
        """Counts keys (integers). Null is not counted."""
        self._uncounted.append(keys.drop_nulls().alias("key"))
        self._waiting += len(keys)
        if self._waiting > max(_LEAST_WAITING, self._counts.height):
            self.counts()

    def counts(self) -> pl.DataFrame:
        """All keys with their counts: the columns key and n (Int64), in no order."""
        if self._uncounted:
            counted = self._counted(pl.concat(self._uncounted)).cast(pl.Int64)
            if self._counts.height:
                counted = pl.concat([self._counts, counted]).group_by("key").agg(pl.col("n").sum())
            self._counts, self._uncounted, self._waiting = counted, [], 0
        return self._counts

    def take_below(self, key: int | None) -> pl.DataFrame:
        """Removes the counts of all keys below `key` (all keys for None), and returns them: key, n."""
        if key is None:
            key = 1 << 62
        taken = IntegerCounts(many=self._many)
        taken._counts, self._counts = _split(self._counts, key)
        keys = pl.concat([pl.Series("key", [], dtype=pl.Int64), *self._uncounted]).to_frame()
        below, kept = (part["key"] for part in _split(keys, key))
        taken.add(below)
        self._uncounted, self._waiting = [kept], len(kept)
        return taken.counts()

    def _counted(self, keys: pl.Series) -> pl.DataFrame:
        if self._many:
            # Twice as fast as a hash table if most keys are different.
            return keys.sort().rle().struct.unnest().select(key="value", n="len")
        return keys.value_counts(name="n")


def _split(frame: pl.DataFrame, key: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    below = pl.col("key") < key
    return frame.filter(below), frame.filter(~below)
