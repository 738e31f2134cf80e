"""External sort by range partition: rows in order, however many there are, with a few slices and one range in memory.

A sample of the keys gives cuts. All rows are spread over ranges on disk, a slice at a time: what lies between two cuts
is a range, and so are the rows of each cut, and those without a value. A range is sorted in memory, together with its
neighbours where they are small; one that is too large is spread again. The rows of a cut agree in the key: they go on
by the next key, and need no order where there is none.
"""

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

_MOST_RANGES = 400
# Ranges are planned smaller than what can be sorted, as the cuts of a sample are not exact.
_RANGES_AT_ONCE = 2
_NUMBER = ":range"


class Rows(msgspec.Struct, frozen=True):
    """Rows to be sorted: how many, what reads them by the slice, each time in the same order, and what removes them."""

    height: int
    slices: Callable[[], Iterator[pl.LazyFrame]]
    remove: Callable[[], None] = lambda: None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order by columns, the first key before the next; at most `most_rows` rows are sorted in memory at once.

    Rows that agree in all keys go by the column `tie`; or as they came, where they are the rows of a cut.
    `descending` and `nulls_last` are of the keys, not of the tie. Cuts come of a sample of about `sample_rows` rows.
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
    """All rows in order, in frames of 1 to `most_rows` rows; the rows are removed as soon as they are spread.

    Works in `folder`, which is new and gone at the end, and holds all rows once as uncompressed Arrow IPC: that the
    disk has room is left to the caller. `tap` is called for each slice and each range; what it raises ends the sort.
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
        """Orders rows that agree in so many of the keys: by the next key they are spread over ranges."""
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
        for piece in self._read(rows):
            ranges.add(piece, _numbers(piece[key], cuts))
        rows.remove()
        nulls = 2 * cuts.len() + 1
        numbers = [*(range(nulls - 1, -1, -1) if self._order.descending else range(nulls))]
        yield from self._in_order(ranges, [*numbers, nulls] if self._order.nulls_last else [nulls, *numbers], agreed)

    def _in_order(self, ranges: "_Ranges", numbers: list[int], agreed: int) -> Iterator[pl.DataFrame]:
        """The rows of ranges that agree in so many of the keys, those of an odd range in one more."""
        most, together = self._order.most_rows, list[Rows]()
        for number in numbers:
            self._tap()
            found = ranges.take(number)
            if found is None:
                continue
            done = agreed + number % 2 == len(self._order.keys)
            if together and (done or sum(one.height for one in together) + found.height > most):
                yield self._sorted(together)
                together = []
            if done or found.height > most:
                yield from self.spread(found, agreed + number % 2)
            else:
                together.append(found)
        if together:
            yield self._sorted(together)

    def _sorted(self, ranges: list[Rows]) -> pl.DataFrame:
        """The rows of neighbouring ranges, sorted in memory."""
        rows = pl.concat(piece for one in ranges for piece in one.slices()).collect()
        for one in ranges:
            one.remove()
        keys, tie = self._order.keys, [] if self._order.tie is None else [self._order.tie]
        descending = [*(self._order.descending for _ in keys), *(False for _ in tie)]
        # Nulls last take twice as long to sort, even where there are none.
        last = [*(self._order.nulls_last and rows[key].null_count() > 0 for key in keys), *(False for _ in tie)]
        return rows.sort([*keys, *tie], descending=descending, nulls_last=last)

    def _cuts(self, rows: Rows, key: str) -> pl.Series | None:
        """Values that cut rows into about even ranges; None where all rows agree in the key."""
        wanted = min(-(-rows.height // self._planned), _MOST_RANGES)
        if wanted < 2:
            return pl.Series(dtype=pl.Null)
        step = max(1, rows.height // self._order.sample_rows)
        sample = pl.Series(dtype=pl.Null)
        agree = True
        values: list[object] = []
        for piece in self._read(rows, key):
            keys = piece.to_series()
            # As values of Python: a text in a series keeps the whole slice that it is of in memory.
            values += keys.gather_every(step).to_list()
            agree = agree and keys.eq_missing(pl.Series(values[:1], dtype=keys.dtype)).all()
            sample = keys.clear()
        if agree:
            return None
        sample = pl.Series(values, dtype=sample.dtype).drop_nulls().sort()
        at = sorted({sample.len() * number // wanted for number in range(1, wanted)}) if sample.len() else []
        return sample.gather(at).unique().sort()

    def _read(self, rows: Rows, *columns: str) -> Iterator[pl.DataFrame]:
        for piece in rows.slices():
            self._tap()
            yield (piece.select(columns) if columns else piece).collect()


def _numbers(keys: pl.Series, cuts: pl.Series) -> pl.Series:
    """The range of each key (UInt16): 2 n before cut n, 2 n + 1 on it, and the last one for null."""
    last = pl.Series([2 * cuts.len() + 1], dtype=pl.UInt16)
    if not cuts.len():
        return pl.zeros(keys.len(), pl.UInt16, eager=True).zip_with(keys.is_not_null(), last)
    before = cuts.search_sorted(keys, side="left")
    on_cut = (cuts.extend_constant(None, 1).gather(before) == keys).fill_null(value=False)
    return (2 * before + on_cut).cast(pl.UInt16).zip_with(keys.is_not_null(), last)


class _Ranges:
    """Numbered ranges on disk, a file each. Between slices nothing is held in memory, nor open."""

    def __init__(self, folder: Path, slice_rows: int) -> None:
        self._folder, self._slice_rows = folder, slice_rows
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        folder.mkdir(mode=0o700)

    def add(self, rows: pl.DataFrame, numbers: pl.Series) -> None:
        """Appends each row to the range of its number (UInt16); rows of a range stay in their order."""
        spread = rows.with_columns(numbers.alias(_NUMBER))
        parts = spread.partition_by(_NUMBER, maintain_order=True, include_key=False, as_dict=True)
        for (number,), part in parts.items():
            piece = io.BytesIO()
            part.write_ipc_stream(piece, compression="uncompressed")
            with self._path(number).open("ab") as file:
                size = file.write(piece.getbuffer())
            self._pieces.setdefault(number, []).append((size, part.height))

    def take(self, number: int) -> Rows | None:
        """The rows of a range, as they came; None where it has none."""
        pieces = self._pieces.pop(number, [])
        path = self._path(number)
        return Rows(sum(rows for _, rows in pieces), partial(self._read, path, pieces), path.unlink) if pieces else None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.bin"

    def _read(self, path: Path, pieces: list[tuple[int, int]]) -> Iterator[pl.LazyFrame]:
        """Slices of at most `slice_rows` rows, or of what one spread slice had for the range."""
        together: list[pl.DataFrame] = []
        room = self._slice_rows
        with path.open("rb") as file:
            for size, height in pieces:
                if room < height and together:
                    yield pl.concat(together).lazy()
                    together, room = [], self._slice_rows
                together.append(pl.read_ipc_stream(io.BytesIO(file.read(size))))
                room -= height
        yield pl.concat(together).lazy()
