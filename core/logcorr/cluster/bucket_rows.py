"""The entries of one bucket, fetched from the files of all splits and numbered anew, and where their rows stand.

A log may have more lines than rows can be numbered, and a bucket has not. So the rows of a bucket are its own: they are
in the order of the lines of the log, as pairing wants it. Of one log with both events, both sides are numbered as one.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.cluster.blobs import frames_of
from logcorr.cluster.pair_plan import PairPlan, Shuffle, log_of
from logcorr.cluster.steps import Step
from logcorr.cluster.store import each
from logcorr.inputs.line_numbers import MOST_LINES, Places
from logcorr.model.ledger import ONE_LOG, SIDES, Side
from logcorr.pairing.entry_columns import ALONE

INDEX = "shuffle.idx"
# For each bucket and split: where the entries of requests begin, those of responses begin, and both end.
OFFSETS = 3
_OFFSET_BYTES = 8


class BucketPlaces:
    """Where the rows of a bucket stand. `rows` are the rows of the log, `starts` those at which its files begin."""

    def __init__(self, rows: pl.Series, starts: Sequence[int]) -> None:
        self._rows, self._starts = rows, pl.Series(starts, dtype=pl.UInt64)

    @property
    def places(self) -> Places:
        """Itself, as the views ask for it."""
        return self

    def file(self, row: str) -> pl.Expr:
        return self._mapped(pl.col(row), lambda rows: self._files(rows).cast(pl.UInt32))

    def line(self, row: str) -> pl.Expr:
        return self._mapped(
            pl.col(row), lambda rows: (rows - self._starts.gather(self._files(rows)) + 1).cast(pl.UInt32)
        )

    def row(self, file: str, line: str) -> pl.Expr:
        begin = pl.lit(self._starts).gather(pl.col(file))
        of_log = begin + pl.col(line).cast(pl.UInt64) - 1
        return pl.lit(self._rows).search_sorted(of_log).cast(pl.UInt32)

    def _mapped(self, column: pl.Expr, of_log: object) -> pl.Expr:
        return column.map_batches(
            lambda rows: of_log(self._rows.gather(rows)),  # type: ignore[operator]
            is_elementwise=True,
            return_dtype=pl.UInt32,
        )

    def _files(self, rows: pl.Series) -> pl.Series:
        return self._starts.search_sorted(rows, side="right") - 1


class BucketEntries:
    """The entries of both sides of one bucket. `fetched` counts the bytes that were read of the store."""

    def __init__(self, step: Step, own: PairPlan, shuffle: Shuffle) -> None:
        self.fetched = 0
        schemas = {side: own.rules.columns.schema(side) for side in SIDES}
        parts: dict[Side, list[pl.DataFrame]] = {side: [] for side in SIDES}
        ranges = [
            (split, *map(int, offsets)) for split, offsets in enumerate(_offsets(step)) if offsets[0] < offsets[2]
        ]

        def fetched(split: int, start: int, _middle: int, end: int) -> bytes:
            return step.store.get_range(shuffle.blobs[split], start, end)

        for (split, start, middle, _), data in zip(ranges, each(lambda found: fetched(*found), ranges), strict=True):
            self.fetched += len(data)
            first_row = shuffle.first_rows[split]
            for side, segment in zip(SIDES, (data[: middle - start], data[middle - start :]), strict=True):
                parts[side] += [_in_log(entries, first_row) for entries in frames_of(segment)]
        frames = {side: _joined(parts.pop(side), schemas[side]) for side in SIDES}
        numbered, self.places = _numbered(frames, shuffle)
        self.frames = {side: entries.select(schemas[side].names()) for side, entries in numbered.items()}


def _offsets(step: Step) -> npt.NDArray[np.uint64]:
    """Where the entries of this bucket are in the file of each split."""
    width = len(step.plan.splits) * OFFSETS * _OFFSET_BYTES
    data = step.store.get_range(step.run.names.told(INDEX), step.index * width, (step.index + 1) * width)
    return np.frombuffer(data, "<u8").reshape(-1, OFFSETS)


def _in_log(entries: pl.DataFrame, first_row: int) -> pl.DataFrame:
    return entries.with_columns(pl.col("row").cast(pl.UInt64) + first_row)


def _joined(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """The entries of one side."""
    if not frames:
        return schema.to_frame().with_columns(pl.col("row").cast(pl.UInt64))
    return pl.concat(frames)


def _numbered(
    frames: dict[Side, pl.DataFrame], shuffle: Shuffle
) -> tuple[dict[Side, pl.DataFrame], dict[Side, BucketPlaces]]:
    """The entries with rows of the bucket (UInt32) for those of the log, and where these stand."""
    starts = shuffle.starts
    if ONE_LOG in starts:
        every = pl.concat([frames[side]["row"] for side in SIDES])
        rows = dict.fromkeys(SIDES, every.sort())
    else:
        rows = {side: entries["row"].sort() for side, entries in frames.items()}
    places = {side: BucketPlaces(rows[side], starts[log_of(side, starts)]) for side in SIDES}
    numbered = {}
    for side, entries in frames.items():
        ranks = _ranks(entries["row"], rows[side])
        fits = shuffle.rows[log_of(side, starts)] <= MOST_LINES
        numbered[side] = _with_own_rows(entries, entries["row"] if fits else ranks).with_columns(ranks)
    return numbered, places


def _with_own_rows(entries: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """The entries; those of lines that are alone have these rows for the rows of their splits: see `EntryColumns`."""
    if ALONE not in entries.columns or not entries[ALONE].any():
        return entries
    return entries.with_columns(pl.when(ALONE).then(rows.cast(pl.UInt32)).otherwise("line_hash").alias("line_hash"))


def _ranks(rows: pl.Series, ordered: pl.Series) -> pl.Series:
    """The places of rows among all rows in order."""
    if rows.len() == ordered.len() and rows.is_sorted():
        return pl.int_range(rows.len(), dtype=pl.UInt32, eager=True).alias("row")
    return pl.Series("row", np.searchsorted(ordered.to_numpy(), rows.to_numpy()).astype(np.uint32))
