"""Any page of any view of a run, at once and whatever its size: slices of files, never a whole view in memory.

A view that is stored as it is shown is sliced where it lies. A filtered or sorted one is first written to Arrow IPC
files, in order, by a background thread; sorting goes by ranges of the key, so that its memory is bounded.
"""

import shutil
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from logcorr import filters, views
from logcorr.access_model import RunReport
from logcorr.errors import Cancelled, UsageError
from logcorr.filters import Term
from logcorr.model import View
from logcorr.partition import parts_of, spread
from logcorr.store import RunFolder

Kind = Literal["text", "raw", "status", "duration", "instant", "number", "line", "file", "truth"]
Row = tuple[object, ...]
Preview = Callable[[list[Row]], None]

PREVIEW_ROWS = 200
_SORTED_AT_ONCE_ROWS = 300_000
_SAMPLE_ROWS = 100_000
_BOUND_ROWS = 100_000
_REMOVE_TRIES = 20
_REMOVE_WAIT_S = 0.02
_AS_STORED = ("exchanges", "orphans", "malformed", "duplicates", "users")
_TITLES = {
    "request_id": "request id",
    "user_id": "user",
    "status_code": "status",
    "duration_us": "duration",
    "request_time": "time",
    "response_time": "answered",
    "request_file": "req file",
    "request_line": "req line",
    "response_file": "resp file",
    "response_line": "resp line",
    "truncated": "cut",
}
_KINDS: dict[str, Kind] = {
    "status_code": "status",
    "duration_us": "duration",
    "text": "raw",
    "truncated": "truth",
    **dict.fromkeys(("request_time", "response_time", "time"), "instant"),
    **dict.fromkeys(("request_file", "response_file", "file"), "file"),
    **dict.fromkeys(("request_line", "response_line", "line"), "line"),
}
_FIRST = {
    "exchanges": ("request_time", "request_id", "status_code", "duration_us"),
    "orphans": ("time", "side", "request_id", "reason"),
    "malformed": ("side", "line", "reason", "text"),
    "duplicates": ("time", "side", "request_id", "kind"),
    "users": ("user_id", "requests", "errors", "orphans"),
}


class Column(msgspec.Struct, frozen=True):
    """A column of a page: its stored name, its title, and what its values are (instants and durations are µs)."""

    name: str
    title: str
    kind: Kind


class ViewPages:
    """The rows of a view in one order. Cheap to make; `page` is for any thread but the one that draws.

    Where `stored` is false the view is a part of what is stored: `narrowed((), …)` makes its pages fast.
    """

    def __init__(self, run: RunFolder, view: View, spill: Path) -> None:
        self.run, self.view, self.spill = run, view, spill
        self.terms: tuple[Term, ...] = ()
        self.sort: tuple[str, bool] | None = None
        self.files = run.manifest.files
        self.stored = view in _AS_STORED
        self._lazy = views.scan(run, view)
        self.schema = dict(self._lazy.collect_schema())
        self.columns = _columns(self.schema)
        self._parts = run.view(view) if self.stored else []
        self._scan: Callable[[Path], pl.LazyFrame] = _scan_parquet
        self._ends: list[int] | None = None
        self._folder: Path | None = None
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """How many rows there are; the first call reads the heads of the files."""
        if not self.stored:
            return int(self._lazy.select(pl.len()).collect(engine="streaming").item())
        ends = self._row_ends()
        return ends[-1] if ends else 0

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from `offset` (from 0), values in the order of `columns`."""
        if offset < 0 or count <= 0:
            return []
        if not self.stored:
            return self._shown(self._lazy.slice(offset, count))
        ends = self._row_ends()
        rows: list[Row] = []
        number = bisect_right(ends, offset)
        while len(rows) < count and number < len(ends):
            start = ends[number - 1] if number else 0
            slot = self._scan(self._parts[number]).slice(offset + len(rows) - start, count - len(rows))
            found = self._shown(slot)
            if not found:  # a file that is shorter than it was
                break
            rows += found
            number += 1
        return rows

    def narrowed(
        self,
        terms: Sequence[Term],
        sort_column: str | None,
        descending: bool,
        cancel: threading.Event,
        preview: Preview | None = None,
    ) -> "ViewPages":
        """The rows of the whole view for which all terms hold, in this order (no value last), ready to be paged.

        Takes its time, in a thread; `preview` is called there with the first rows as soon as they are known.
        Raises Cancelled once `cancel` is set, and leaves nothing then.
        """
        if sort_column is not None and sort_column not in self.schema:
            message = f"no column {sort_column!r} to sort by. There are: {', '.join(self.schema)}."
            raise UsageError(message)
        pages = ViewPages(self.run, self.view, self.spill)
        pages.terms, pages.sort = tuple(terms), (sort_column, descending) if sort_column else None
        if not terms and sort_column is None and pages.stored:
            return pages
        condition = filters.expression(terms) if terms else None
        rows = pages._lazy if condition is None else pages._lazy.filter(condition)
        if preview is not None:
            first = _first(rows, sort_column, descending)
            _check(cancel)
            preview(pages._shown(first.lazy()))
        pieces = pages._pieces(condition)
        self.spill.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="view-", dir=self.spill))
        try:
            parts = _written(rows, pieces, folder, sort_column, descending=descending, cancel=cancel)
            _check(cancel)
        except BaseException:
            _removed(folder)
            raise
        pages._adopt(folder, parts)
        return pages

    def close(self) -> None:
        """Removes the files that this filter or order was written to; the pages are gone then."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _pieces(self, condition: pl.Expr | None) -> Iterator[pl.LazyFrame]:
        """The rows that the condition leaves, a stored file at a time: so a cancel waits for one of them at most."""
        whole = _Noted(self.run.path)
        views.scan(whole, self.view)
        report = self.run.report
        for part in whole.parts:
            piece = views.scan(_OnePart(self.run.path, part, report), self.view)
            yield piece if condition is None else piece.filter(condition)

    def _adopt(self, folder: Path, parts: list[Path]) -> None:
        self._folder, self._parts, self._scan, self.stored = folder, parts, _scan_ipc, True

    def _row_ends(self) -> list[int]:
        with self._lock:
            if self._ends is None:
                heights = (int(self._scan(part).select(pl.len()).collect().item()) for part in self._parts)
                self._ends = list(accumulate(heights))
            return self._ends

    def _shown(self, rows: pl.LazyFrame) -> list[Row]:
        instants = [pl.col(column.name).cast(pl.Int64) for column in self.columns if column.kind == "instant"]
        return rows.select(column.name for column in self.columns).with_columns(instants).collect().rows()


class _Noted(RunFolder):
    """A run that notes which of its files a view is read from."""

    parts: tuple[Path, ...] = ()

    def view(self, name: str) -> list[Path]:
        found = super().view(name)
        self.parts = tuple(found)
        return found


class _OnePart(RunFolder):
    """A run of which there is one file only."""

    def __init__(self, path: Path, part: Path, report: RunReport) -> None:
        super().__init__(path)
        self._part, self._report = part, report

    @property
    def report(self) -> RunReport:
        return self._report

    def view(self, name: str) -> list[Path]:
        del name
        return [self._part]


def _columns(schema: dict[str, pl.DataType]) -> tuple[Column, ...]:
    kind = next((kind for kind, wanted in _FIRST.items() if all(name in schema for name in wanted)), "users")
    first = _FIRST[kind]
    attributes = [name for name in schema if name not in first and name not in _KINDS]
    last = [name for name in schema if name not in first and name in _KINDS]
    if kind in ("orphans", "duplicates"):
        names = [*first, *attributes, *last]
    else:
        names = [*first[:2], *attributes, *first[2:], *last]
    last_files = sorted(names, key=lambda name: _KINDS.get(name) == "file")
    return tuple(Column(name, _TITLES.get(name, name), _kind(name, schema[name])) for name in last_files)


def _kind(name: str, dtype: pl.DataType) -> Kind:
    return _KINDS.get(name) or ("number" if dtype.is_numeric() else "text")


def _first(rows: pl.LazyFrame, column: str | None, descending: bool) -> pl.DataFrame:
    """The first rows in order: the key's bound from that column alone, and then only rows within the bound."""
    if column is None:
        return rows.head(PREVIEW_ROWS).collect(engine="streaming")
    keys = rows.select(pl.col(column)).filter(pl.col(column).is_not_null())
    # A bound from some of the rows leaves few of the others to be compared.
    some = keys.head(_BOUND_ROWS).collect(engine="streaming").get_column(column)
    if some.len() == _BOUND_ROWS:
        reach = some.top_k(PREVIEW_ROWS).min() if descending else some.bottom_k(PREVIEW_ROWS).max()
        limit = pl.lit(reach, some.dtype)
        keys = keys.filter(pl.col(column) >= limit if descending else pl.col(column) <= limit)
    top = keys.top_k(PREVIEW_ROWS, by=column) if descending else keys.bottom_k(PREVIEW_ROWS, by=column)
    best = top.collect(engine="streaming").get_column(column)
    if best.is_empty():
        return rows.head(PREVIEW_ROWS).collect(engine="streaming")
    bound, key = pl.lit(best.min() if descending else best.max(), rows.collect_schema()[column]), pl.col(column)
    if isinstance(best.dtype, pl.String):  # to compare text costs more than to hold a few rows too many: one pass
        near = rows.filter(key >= bound if descending else key <= bound)
        held = near.top_k(PREVIEW_ROWS, by=column) if descending else near.bottom_k(PREVIEW_ROWS, by=column)
        return held.collect(engine="streaming").sort(column, descending=descending, maintain_order=True)
    # Rows on the bound can be most of the view, so they only fill up what those within it leave.
    within = rows.filter(key > bound if descending else key < bound).head(PREVIEW_ROWS)
    on_it = rows.filter(key == bound).head(PREVIEW_ROWS)
    found = pl.concat([frame.collect(engine="streaming") for frame in (within, on_it)])
    return found.sort(column, descending=descending, maintain_order=True).head(PREVIEW_ROWS)


def _tapped(rows: pl.LazyFrame, cancel: threading.Event) -> pl.LazyFrame:
    """The same rows; the query ends with Cancelled soon after `cancel` is set."""

    def tap(morsel: pl.DataFrame) -> pl.DataFrame:
        _check(cancel)
        return morsel

    # The filter is below the tap: read by the scan itself, it takes a third of the memory. What finds nothing never
    # comes by here, and ends soon anyway.
    return rows.map_batches(tap, streamable=True)


def _removed(folder: Path) -> None:
    """Removes a folder into which a query that was ended may write for a moment yet."""
    for _ in range(_REMOVE_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_REMOVE_WAIT_S)
        if not folder.exists():
            return


def _check(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled("The filter or sort was cancelled.")


def _written(
    rows: pl.LazyFrame,
    pieces: Iterator[pl.LazyFrame],
    folder: Path,
    column: str | None,
    *,
    descending: bool,
    cancel: threading.Event,
) -> list[Path]:
    """The files that hold the rows (which are also those of all pieces) in order, one after the other."""
    if column is None:
        return _gathered(pieces, folder, cancel)
    keys = _sampled(rows, column)
    if keys.count <= _SORTED_AT_ONCE_ROWS:
        kept = _gathered(pieces, folder, cancel)
        whole = folder / "sorted.ipc"
        ordered = pl.scan_ipc(kept, glob=False) if kept else rows.head(0)
        ordered.sort(column, descending=descending, nulls_last=True, maintain_order=True).sink_ipc(whole)
        return [whole]
    spread(_tapped(rows, cancel), _slot(column, keys.cuts), folder / "slots")
    # Even slots hold what lies between two cuts, odd ones what equals a cut and needs no sorting; nulls come last.
    slots = list(range(2 * keys.cuts.len() + 1))
    parts: list[Path] = []
    for slot in [*(reversed(slots) if descending else slots), len(slots)]:
        _check(cancel)
        raw = list(parts_of(folder / "slots", slot))
        if slot % 2 or not raw:
            parts += raw
            continue
        part = folder / f"sorted-{slot}.ipc"
        pl.scan_ipc(raw, glob=False).sort(column, descending=descending).sink_ipc(part)
        for path in raw:
            path.unlink()
        parts.append(part)
    return parts


def _gathered(pieces: Iterator[pl.LazyFrame], folder: Path, cancel: threading.Event) -> list[Path]:
    """Writes what the pieces hold, each to a file of its own."""
    parts = []
    for number, piece in enumerate(pieces):
        _check(cancel)
        parts.append(folder / f"piece-{number:04d}.ipc")
        _tapped(piece, cancel).sink_ipc(parts[-1], maintain_order=True, engine="streaming")
    return parts


class _Keys(msgspec.Struct, frozen=True):
    count: int
    cuts: pl.Series


def _sampled(rows: pl.LazyFrame, column: str) -> _Keys:
    """How many rows there are, and the values that cut them into about even slots."""
    keys = rows.select(pl.col(column))
    count = int(keys.select(pl.len()).collect(engine="streaming").item())
    if count <= _SORTED_AT_ONCE_ROWS:
        return _Keys(count, pl.Series(dtype=pl.Null))
    every = keys.gather_every(count // _SAMPLE_ROWS or 1)
    sample = every.collect(engine="streaming").get_column(column).drop_nulls().sort()
    slots = -(-count // _SORTED_AT_ONCE_ROWS)
    at = sorted({sample.len() * number // slots for number in range(1, slots)}) if sample.len() else []
    return _Keys(count, sample.gather(at).unique().sort())


def _slot(column: str, cuts: pl.Series) -> pl.Expr:
    def numbered(values: pl.Series) -> pl.Series:
        if not cuts.len():
            return pl.select(pl.when(values.is_null()).then(1).otherwise(0).cast(pl.UInt32)).to_series()
        left, right = cuts.search_sorted(values, side="left"), cuts.search_sorted(values, side="right")
        slots = pl.DataFrame({"value": values, "slot": left.cast(pl.UInt32) + right.cast(pl.UInt32)})
        last = 2 * cuts.len() + 1
        chosen = pl.when(pl.col("value").is_null()).then(pl.lit(last, pl.UInt32)).otherwise(pl.col("slot"))
        return slots.select(chosen.alias("slot")).to_series()

    return pl.col(column).map_batches(numbered, is_elementwise=True, return_dtype=pl.UInt32)


def _scan_parquet(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False)


def _scan_ipc(path: Path) -> pl.LazyFrame:
    return pl.scan_ipc(path, glob=False)
