"""External sort by range partition: any number of rows, with a few slices and one range in memory.

A sample of the keys gives cuts. All rows are spread over ranges on disk, a slice at a time. The rows between two cuts
are a range, the rows of each cut are a range, and the rows with a null key are a range. A range is sorted in memory,
together with the next ranges while these are small. A range that is too large is spread again. The rows of a cut have
the same key, so their range is ordered by the next key; if there is none, the rows stay as they came.
"""

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

_MOST_RANGES = 400
# The cuts of a sample are not exact, so a range is planned for half of the rows that can be sorted at once.
_RANGES_AT_ONCE = 2
_NUMBER = ":range"


class Rows(msgspec.Struct, frozen=True):
    """The rows to be sorted: `height` is their number.

    `slices` reads them slice by slice, each time in the same order. `remove` deletes their files.
    """

    height: int
    slices: Callable[[], Iterator[pl.LazyFrame]]
    remove: Callable[[], None] = lambda: None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order of rows by the columns `keys`, the first key first. At most `most_rows` rows are sorted in memory.

    Rows with equal keys are ordered by the column `tie`, always ascending; but rows of a cut stay as they came.
    `descending` and `nulls_last` are about the keys. The cuts come from a sample of about `sample_rows` rows.
    """

    keys: Sequence[str]
    most_rows: int
    tie: str | None = None
    descending: bool = False
    nulls_last: bool = False
    sample_rows: int = 100_000


def external_sort(
    rows: Rows, order: Order, folder: Path, tap: Callable[[], None] = lambda: None
) -> Iterator[pl.DataFrame]:
    """All rows in order, in frames of 1 to `most_rows` rows. The input is removed once it is spread over ranges.

    `folder` must not exist. It is removed at the end, and holds all rows once as uncompressed Arrow IPC; the caller
    checks that the disk has room. `tap` is called for each slice and each range; an exception of `tap` ends the sort.
    """
    folder.mkdir(parents=True, mode=0o700)
    yield from _Sort(order, folder, tap).spread(rows, 0)
    shutil.rmtree(folder)


class _Sort:
    def __init__(self, order: Order, folder: Path, tap: Callable[[], None]) -> None:
        self._order, self._folder, self._tap = order, folder, tap
        self._planned = max(1, order.most_rows // _RANGES_AT_ONCE)
        self._spreads = 0

    def spread(self, rows: Rows, agreed: int) -> Iterator[pl.DataFrame]:
        """Orders rows that are equal in the first `agreed` keys: spreads them over ranges by the next key."""
        if agreed == len(self._order.keys):
            for equal in self._read(rows):
                yield from equal.iter_slices(self._planned)
            rows.remove()
            return
        key = self._order.keys[agreed]
        cuts = self._cuts(rows, key)
        if cuts is None:
            yield from self.spread(rows, agreed + 1)
            return
        ranges = _Ranges(self._folder / f"{self._spreads}", self._planned)
        self._spreads += 1
        for frame in self._read(rows):
            ranges.add(frame, _numbers(frame[key], cuts))
        rows.remove()
        nulls = 2 * cuts.len() + 1
        numbers = [*(range(nulls - 1, -1, -1) if self._order.descending else range(nulls))]
        yield from self._in_order(ranges, [*numbers, nulls] if self._order.nulls_last else [nulls, *numbers], agreed)

    def _in_order(self, ranges: "_Ranges", numbers: list[int], agreed: int) -> Iterator[pl.DataFrame]:
        """The rows of the ranges in order. All are equal in `agreed` keys, rows of an odd range in one more."""
        most, small = self._order.most_rows, list[Rows]()
        for number in numbers:
            self._tap()
            rows = ranges.take(number)
            if rows is None:
                continue
            all_agree = agreed + number % 2 == len(self._order.keys)
            if small and (all_agree or sum(unsorted.height for unsorted in small) + rows.height > most):
                yield self._sorted(small)
                small = []
            if all_agree or rows.height > most:
                yield from self.spread(rows, agreed + number % 2)
            else:
                small.append(rows)
        if small:
            yield self._sorted(small)

    def _sorted(self, ranges: list[Rows]) -> pl.DataFrame:
        """The rows of neighbouring ranges, sorted in memory."""
        frame = pl.concat(rows for unsorted in ranges for rows in unsorted.slices()).collect()
        for unsorted in ranges:
            unsorted.remove()
        keys, tie = self._order.keys, [] if self._order.tie is None else [self._order.tie]
        descending = [*(self._order.descending for _ in keys), *(False for _ in tie)]
        # Nulls last take twice as long to sort, even where there are none.
        last = [*(self._order.nulls_last and frame[key].null_count() > 0 for key in keys), *(False for _ in tie)]
        return frame.sort([*keys, *tie], descending=descending, nulls_last=last)

    def _cuts(self, rows: Rows, key: str) -> pl.Series | None:
        """The values of the key that cut the rows into about even ranges; None if the key is equal in all rows."""
        ranges = min(-(-rows.height // self._planned), _MOST_RANGES)
        if ranges < 2:
            return pl.Series(dtype=pl.Null)
        step = max(1, rows.height // self._order.sample_rows)
        sample = pl.Series(dtype=pl.Null)
        agree = True
        values: list[object] = []
        for frame in self._read(rows, key):
            keys = frame.to_series()
            # As values of Python: a text in a series would keep its whole slice in memory.
            values += keys.gather_every(step).to_list()
            agree = agree and keys.eq_missing(pl.Series(values[:1], dtype=keys.dtype)).all()
            sample = keys.clear()
        if agree:
            return None
        sample = pl.Series(values, dtype=sample.dtype).drop_nulls().sort()
        indexes = sorted({sample.len() * number // ranges for number in range(1, ranges)}) if sample.len() else []
        return sample.gather(indexes).unique().sort()

    def _read(self, rows: Rows, *columns: str) -> Iterator[pl.DataFrame]:
        for query in rows.slices():
            self._tap()
            yield (query.select(columns) if columns else query).collect()


def _numbers(keys: pl.Series, cuts: pl.Series) -> pl.Series:
    """The number of each key's range (UInt16): 2 n before cut n, 2 n + 1 on cut n, the last number for null."""
    null_range = pl.Series([2 * cuts.len() + 1], dtype=pl.UInt16)
    if not cuts.len():
        return pl.zeros(keys.len(), pl.UInt16, eager=True).zip_with(keys.is_not_null(), null_range)
    before = cuts.search_sorted(keys, side="left")
    on_cut = (cuts.extend_constant(None, 1).gather(before) == keys).fill_null(value=False)
    return (2 * before + on_cut).cast(pl.UInt16).zip_with(keys.is_not_null(), null_range)


class _Ranges:
    """Numbered ranges on disk, a file for each. Between slices no row is in memory, and no file is open."""

    def __init__(self, folder: Path, slice_rows: int) -> None:
        self._folder, self._slice_rows = folder, slice_rows
        self._batches: dict[int, list[tuple[int, int]]] = {}
        folder.mkdir(mode=0o700)

    def add(self, rows: pl.DataFrame, numbers: pl.Series) -> None:
        """Appends each row to the range of its number (UInt16). The rows of a range keep their order."""
        spread = rows.with_columns(numbers.alias(_NUMBER))
        by_range = spread.partition_by(_NUMBER, maintain_order=True, include_key=False, as_dict=True)
        for (number,), part in by_range.items():
            batch = io.BytesIO()
            part.write_ipc_stream(batch, compression="uncompressed")
            with self._path(number).open("ab") as file:
                size = file.write(batch.getbuffer())
            self._batches.setdefault(number, []).append((size, part.height))

    def take(self, number: int) -> Rows | None:
        """The rows of a range, in the order of their arrival; None if the range has no rows."""
        batches = self._batches.pop(number, [])
        path = self._path(number)
        height = sum(rows for _, rows in batches)
        return Rows(height, partial(self._read, path, batches), path.unlink) if batches else None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.bin"

    def _read(self, path: Path, batches: list[tuple[int, int]]) -> Iterator[pl.LazyFrame]:
        """Slices of at most `slice_rows` rows, or of one batch: the rows that one call of `add` appended."""
        frames: list[pl.DataFrame] = []
        room = self._slice_rows
        with path.open("rb") as file:
            for size, height in batches:
                if room < height and frames:
                    yield pl.concat(frames).lazy()
                    frames, room = [], self._slice_rows
                frames.append(pl.read_ipc_stream(io.BytesIO(file.read(size))))
                room -= height
        yield pl.concat(frames).lazy()
