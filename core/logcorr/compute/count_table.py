"""Counts rows by two whole numbers, in a hash table of a kernel. Without kernels the engine counts, slower."""

import secrets
from collections.abc import Callable
from threading import Lock

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled

# polars prepares for numpy when it gets its first array: see `zero_copy_text`.
from logcorr.compute.zero_copy_text import Int64Array

_FIRST_SLOTS = 1 << 10
_SLOT = np.dtype("i8, i8, i8")
_KEYS = ["first", "second"]
_MOST_WAITING = 1 << 20
# Stands for null.
_NULL = -(1 << 63)


class CountTable:
    """How often each key occurred. A key is two numbers (Int64).

    Sums are whole numbers: keys that are added in any order give the same counts. Several threads may add keys at once.
    """

    def __init__(self) -> None:
        self._mixer = secrets.randbits(64)
        self._adding = Lock()
        self.clear()

    @property
    def height(self) -> int:
        """How many different keys there are. Without kernels it may be a few times as many."""
        return self._count

    def size(self, more: int = 0) -> int:
        """The bytes of memory that the counts take, about; with so many keys more."""
        if compiled is None:
            return (self._count + more) * _SLOT.itemsize
        return self._slots_for(self._count + more) * _SLOT.itemsize

    def clear(self) -> None:
        """Forgets all counts, and gives their memory back."""
        self._slots = np.zeros(_FIRST_SLOTS, _SLOT)
        self._count = 0
        self._frames: list[pl.DataFrame] = []
        self._waiting = 0

    def add(self, first: Int64Array, second: Int64Array, counts: Int64Array | None = None) -> None:
        """Counts keys, each as often as `counts` says (once where it is None; not at all for 0)."""
        with self._adding:
            if compiled is None:
                self._add_by_engine(first, second, counts)
                return
            row = 0
            while True:
                row, self._count = compiled.count_keys(
                    first, second, counts, row, self._mixer, self._slots, self._count
                )
                if row == first.size:
                    break
                self._reserve(self._count + 1)

    def merge(self, other: "CountTable", mapped: Int64Array | None = None) -> None:
        """Adds the counts of another table, whose first numbers are places in `mapped`, if it is there."""
        counts = other.counts()
        first, second, n = (filled(counts[name], 0) for name in ("first", "second", "n"))
        if compiled is not None:
            self._reserve(self._count + first.size)
        self.add(first if mapped is None else mapped[first], second, n)

    def map_first(self, mapped: Callable[[Int64Array], Int64Array]) -> None:
        """Replaces the first number of each key. The counts of keys that become equal are added up."""
        counts = self.counts()
        first, second, n = (filled(counts[name], 0) for name in ("first", "second", "n"))
        self.clear()
        self.add(np.ascontiguousarray(mapped(first)), second, n)

    def counts(self) -> pl.DataFrame:
        """All keys with their counts: the columns first, second and n (Int64), in no order."""
        if compiled is None:
            return self._merged()
        taken = self._slots[self._slots["f2"] > 0]
        names = dict(zip((*_KEYS, "n"), ("f0", "f1", "f2"), strict=True))
        return pl.DataFrame({name: np.ascontiguousarray(taken[field]) for name, field in names.items()})

    def _reserve(self, count: int) -> None:
        """Makes room for so many keys."""
        slots = self._slots_for(count)
        if slots > self._slots.size:
            larger = np.zeros(slots, _SLOT)
            compiled.move_keys(self._slots, self._mixer, larger)
            self._slots = larger

    def _slots_for(self, count: int) -> int:
        """How many slots there are for so many keys."""
        slots = self._slots.size
        while slots < 2 * count:
            slots *= 2
        return slots

    def _add_by_engine(self, first: Int64Array, second: Int64Array, counts: Int64Array | None) -> None:
        keys = pl.LazyFrame({"first": first, "second": second})
        counted = pl.len().cast(pl.Int64) if counts is None else pl.col("n").sum()
        rows = keys if counts is None else keys.with_columns(pl.Series("n", counts)).filter(pl.col("n") > 0)
        frame = rows.group_by(_KEYS).agg(counted.alias("n")).collect(engine="streaming")
        self._frames.append(frame)
        self._count += frame.height
        self._waiting += frame.height
        if self._waiting > max(_MOST_WAITING, self._frames[0].height):
            self._merged()

    def _merged(self) -> pl.DataFrame:
        frames = self._frames or [pl.DataFrame(schema=dict.fromkeys((*_KEYS, "n"), pl.Int64))]
        merged = pl.concat(frames).lazy().group_by(_KEYS).agg(pl.col("n").sum()).collect(engine="streaming")
        self._frames, self._count, self._waiting = [merged], merged.height, 0
        return merged


class NamedCounts:
    """Counts by two columns of whole numbers; null is a value like any other.

    `names` are those of the columns, `second_type` is the type of the second; the first is Int64.
    """

    def __init__(self, names: tuple[str, str], second_type: pl.DataType) -> None:
        self._names, self._second_type = names, second_type
        self._table = CountTable()
        self._merged: pl.DataFrame | None = None

    def add(self, first: pl.Series, second: pl.Series) -> None:
        """Counts rows."""
        self._table.add(filled(first, _NULL), filled(second, _NULL))
        self._merged = None

    def add_counts(self, counts: pl.DataFrame) -> None:
        """Adds the counts of a frame with the columns of `merged`."""
        first, second = (filled(counts[name], _NULL) for name in self._names)
        self._table.add(first, second, filled(counts["n"], 0))
        self._merged = None

    def replace(self, counts: pl.DataFrame) -> None:
        """Sets the counts to those of a frame with the columns of `merged`."""
        self._table.clear()
        self.add_counts(counts)

    def map_first(self, mapped: Callable[[Int64Array], Int64Array]) -> None:
        """Replaces the first value of each key, unless it is null: see `CountTable`."""
        self._table.map_first(lambda first: np.where(first == _NULL, first, mapped(first)))
        self._merged = None

    def merged(self) -> pl.DataFrame:
        """All counts so far: the two columns and n (Int64), one row a key."""
        if self._merged is None:
            first, second = pl.col("first"), pl.col("second")
            self._merged = self._table.counts().select(
                pl.when(first != _NULL).then(first).alias(self._names[0]),
                pl.when(second != _NULL).then(second).cast(self._second_type).alias(self._names[1]),
                "n",
            )
        return self._merged


def filled(numbers: pl.Series, null: int) -> npt.NDArray[np.int64]:
    """Whole numbers as an array for `CountTable.add`, with a number that stands for null."""
    whole = numbers.cast(pl.Int64)
    return np.ascontiguousarray((whole.fill_null(null) if whole.null_count() else whole).to_numpy())
