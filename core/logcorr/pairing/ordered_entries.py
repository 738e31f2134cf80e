"""All entries of one id and side → pairing order, on disk, however many there are.

Entries are (time, value, row) in files of their own. They are spread into slots by time until a slot can be sorted in
memory; a slot of one single instant goes on by value, and one of equal entries needs no order at all.
"""

import math
import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute import spill

_SLOTS = 32
# Slots are planned smaller than what can be sorted, for the sample's quantiles are not exact.
_SLOT_SHARE = 0.7
_SAMPLE_ROWS = 16_384


class OrderedEntries:
    """The kept entries of one id and side by rank: `most` rows are in memory at a time, or a piece of a file."""

    def __init__(self, value: str, folder: Path, most: int, piece_bytes: int, tap: Callable[[], None]) -> None:
        self._keys, self._folder, self._most, self._tap = ("time", value), folder, most, tap
        self._piece_bytes = piece_bytes
        self._order = [*self._keys, "row"]
        self._spreads = 0
        self._parts: list[Path] = []
        self._starts: list[int] = []
        self.height = 0
        folder.mkdir(parents=True, mode=0o700)

    def add(self, paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Takes all entries, once, and deletes their files; yields the redelivered ones (time, value, row)."""
        if paths:
            yield from self._settle(paths, self._keys)

    def frames(self, start: int, stop: int) -> Iterator[pl.DataFrame]:
        """The entries of these ranks (time, value, row) in order, as many at once as are held."""
        for low in range(start, stop, self._most):
            self._tap()
            high = min(low + self._most, stop)
            first = bisect_right(self._starts, low) - 1
            parts = self._parts[first : bisect_left(self._starts, high)]
            yield _scan(parts).slice(low - self._starts[first], high - low).collect()

    def _settle(self, paths: Sequence[Path], keys: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Orders the entries of some files, which agree in all sort keys but these; deletes the files."""
        self._tap()
        rows = spill.height_of(paths)
        if rows <= self._most:
            yield from self._sort(_scan(paths).collect())
        elif not keys:
            yield from self._equal(paths)
        elif self._agree(paths, keys[0]):
            yield from self._settle(paths, keys[1:])
            return
        else:
            for slot in self._slots(paths, rows, keys[0]):
                yield from self._settle(slot, keys)
            return
        _remove(paths)

    def _sort(self, entries: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Keeps entries that are few; yields what was redelivered of them."""
        column = pl.col
        ordered = entries.sort(self._order, nulls_last=False).with_columns(
            again=pl.all_horizontal(column(key).eq_missing(column(key).shift()) for key in self._keys)
            & (pl.int_range(pl.len()) > 0)
        )
        self._keep(ordered.filter(~column("again")).drop("again"))
        again = ordered.filter("again").drop("again")
        del entries, ordered  # not to be held while the caller is at work
        if again.height:
            yield again

    def _equal(self, paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Keeps the first in the files of entries that are all equal; yields the others."""
        row = pl.col("row")
        first = min(piece.select(row.min()).collect(engine="streaming").item() for piece in self._pieces(paths))
        for path in paths:
            for start in range(0, spill.height_of([path]), self._most):
                self._tap()
                entries = _scan([path]).slice(start, self._most).collect()
                if first in entries["row"]:
                    self._keep(entries.filter(row == first))
                    entries = entries.filter(row != first)
                yield entries

    def _agree(self, paths: Sequence[Path], key: str) -> bool:
        """Whether all entries have the same value of a sort key."""
        column = pl.col(key)
        seen = set()
        for piece in self._pieces(paths):
            facts = piece.select(low=column.min(), high=column.max(), nulls=column.null_count(), rows=pl.len())
            low, high, nulls, rows = facts.collect(engine="streaming").row(0)
            seen |= {low, high} if nulls in {0, rows} else {low, None}
            if len(seen) > 1:
                return False
        return True

    def _slots(self, paths: Sequence[Path], rows: int, key: str) -> list[tuple[Path, ...]]:
        """Spreads entries that do not all agree in a sort key into slots, in order; at least two are not empty.

        Null is a slot, and so is a value that fills much of the sample: all other slots then shrink.
        """
        column, tap = pl.col(key), self._tap
        one_in = max(1, rows // _SAMPLE_ROWS)
        chosen = (pl.col("row").hash(seed=7) % one_in == 0) & column.is_not_null()
        sample = self._counts(paths, key, chosen)
        if sample.is_empty():
            sample = self._counts(paths, key, column == column.max()).tail(1)
        wanted = min(_SLOTS, math.ceil(rows / (self._most * _SLOT_SHARE)))
        upto = sample["len"].cum_sum()
        steps = pl.Series([step * upto[-1] // wanted for step in range(1, wanted)], dtype=upto.dtype)
        picked = sample[key].gather(upto.search_sorted(steps, side="right"))
        cuts = picked.unique().sort()
        alone = picked.filter(picked.is_duplicated()).unique().sort() if cuts.len() > 1 else cuts

        def number(values: pl.Series) -> pl.Series:
            tap()
            slot = cuts.search_sorted(values, side="right") + alone.search_sorted(values, side="left") + 1
            return slot.zip_with(values.is_not_null(), pl.Series([0], dtype=slot.dtype)).cast(pl.UInt16)

        folder = self._folder / f"slots{self._spreads}"
        self._spreads += 1
        slot = column.map_batches(number, is_elementwise=True, return_dtype=pl.UInt16)
        for place, piece in enumerate(self._pieces(paths)):
            spill.spread(piece, slot, folder / f"piece{place}")
        _remove(paths)
        found = [spill.parts_of(folder, place) for place in range(cuts.len() + alone.len() + 2)]
        return [slot for slot in found if slot]

    def _counts(self, paths: Sequence[Path], key: str, chosen: pl.Expr) -> pl.DataFrame:
        """How often each value of a sort key is found among chosen entries of the pieces of some files; in order.

        Counted by the piece: texts that are only picked out keep all of the piece's texts in memory.
        """
        found = [piece.filter(chosen).group_by(key).len().collect(engine="streaming") for piece in self._pieces(paths)]
        return pl.concat(found).group_by(key).agg(pl.col("len").sum()).sort(key)

    def _pieces(self, paths: Sequence[Path]) -> Iterator[pl.LazyFrame]:
        for piece in spill.pieces(paths, self._piece_bytes):
            self._tap()
            yield piece

    def _keep(self, entries: pl.DataFrame) -> None:
        """Takes the entries of the next ranks, at least one."""
        self._parts.append(self._folder / f"part{len(self._parts)}.ipc")
        self._starts.append(self.height)
        self.height += entries.height
        entries.write_ipc(self._parts[-1], compression="uncompressed")

    def remove(self) -> None:
        """Deletes all that is left on disk."""
        shutil.rmtree(self._folder)


def _scan(paths: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_ipc(list(paths), glob=False)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink()
