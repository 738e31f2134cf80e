"""The third phase: orphans get their reasons, refused lines their places; a run that leaves rows out does it here."""

from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.blobs import frames_of
from logcorr.cluster.bucket_rows import BucketPlaces
from logcorr.cluster.exchange_counts import ExchangeCounts
from logcorr.cluster.pair_plan import PairPlan, Shuffle
from logcorr.cluster.steps import Step
from logcorr.compute.parquet_slices import slices_of
from logcorr.compute.struct_bytes import frame_of, to_bytes
from logcorr.figures.pair_sums import orphan_arrivals
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES
from logcorr.pairing import orphan_reasons
from logcorr.query import narrowing

_INSTANT = pl.Datetime("us", "UTC")
_ROW_GROUP = 100_000
_SLICE_ROWS = 250_000


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once all buckets were paired.

    `exchanges` and `orphans` are the work files of each bucket, `exchange_rows` the rows of each of its files of
    exchanges. `refused` has where the malformed lines of each split begin in its file, where its other lines begin, and
    where they end.
    """

    edge_us: int
    first_request_us: int | None
    last_response_us: int | None
    exchanges: list[list[str]]
    exchange_rows: list[list[int]]
    orphans: list[str]
    refused: list[tuple[int, int, int]]


def finish(step: Step) -> dict[str, Any]:
    """Finishes a bucket, or the refused lines of a split: these have the indices after those of the buckets."""
    told: Finish = step.run.told("finish", Finish)
    own: PairPlan = step.run.own(PairPlan)
    if step.index >= step.plan.sizes.buckets:
        return _finish_refused(step, told)
    shuffle: Shuffle = step.run.told("shuffle", Shuffle)
    orphans = _with_reason(frame_of(step.store.get(told.orphans[step.index])), told)
    facts: dict[str, Any] = {"all_orphans": dict(orphans.group_by("side").len().iter_rows())}
    grid = shuffle.grid
    if own.narrowed:
        grid = shuffle.narrowed
        narrowed = Narrowed(own, shuffle, view_schemas(step, own))
        orphans = narrowed.rows("orphans", orphans.lazy())
        counts = ExchangeCounts(step, own, grid)
        facts["exchanges"] = _narrow_exchanges(step, told, narrowed, counts)
        facts |= counts.put(orphans)
    if orphans.height:
        put_table(step, "orphans", orphans)
    arrivals = orphan_arrivals(orphans.lazy().with_columns(pl.col("time").cast(pl.Int64)), grid)
    step.put("arrivals", to_bytes(list(arrivals)))
    facts["reasons"] = [[*row] for row in orphans.group_by("side", "reason").len().iter_rows()]
    return facts


def view_schemas(step: Step, own: PairPlan) -> dict[str, pl.Schema]:
    """The columns of the views of exchanges and orphans, by which a filter is understood."""
    run, spill = step.scratch / "run", step.scratch / "spill"
    run.mkdir()
    spill.mkdir()
    nowhere = BucketPlaces(pl.Series(dtype=pl.UInt64), [0])
    return PairViews(run, spill, dict.fromkeys(SIDES, nowhere), own.rules.columns).schemas()


def put_table(step: Step, view: str, rows: pl.DataFrame, number: int = 0) -> None:
    """Puts rows into the store as a part of a view."""
    path = step.scratch / f"{view}.parquet"
    rows.write_parquet(path, compression="lz4", statistics=False, row_group_size=_ROW_GROUP)
    step.put_file(view, step.part_name(view, number), path)


def _with_reason(orphans: pl.DataFrame, told: Finish) -> pl.DataFrame:
    """Stored orphans with their final reasons."""
    reason = orphan_reasons.final_reason(told.edge_us, told.first_request_us, told.last_response_us)
    # It is about instants as whole numbers.
    return orphans.with_columns(pl.col("time").cast(pl.Int64)).with_columns(
        reason.alias("reason"), pl.col("time").cast(_INSTANT)
    )


def _exchanges(step: Step, told: Finish, number: int) -> pl.LazyFrame:
    return step.store.table(told.exchanges[step.index][number])


class Narrowed:
    """What a run leaves of the rows of its views."""

    def __init__(self, own: PairPlan, shuffle: Shuffle, schemas: dict[str, pl.Schema]) -> None:
        self._schemas = schemas
        self._kept = {
            view: narrowing.kept(own.narrowing, shuffle.chosen, view, schemas, own.file_names) for view in schemas
        }

    def rows(self, view: str, rows: pl.LazyFrame) -> pl.DataFrame:
        """The rows of a view that are not left out."""
        nulls, kept = self._kept[view]
        chosen = rows.with_columns(nulls).filter(kept).select(self._schemas[view].names())
        return chosen.collect(engine="streaming")


def _narrow_exchanges(step: Step, told: Finish, narrowed: Narrowed, counts: ExchangeCounts) -> int:
    """Puts the exchanges that are not left out into the run, and counts them. Returns how many there are."""
    total = 0
    for number, height in enumerate(told.exchange_rows[step.index]):
        pieces = []
        for rows in slices_of(_exchanges(step, told, number), height, _SLICE_ROWS):
            piece = narrowed.rows("exchanges", rows)
            counts.add(piece.with_columns(pl.col(f"{side}_time").cast(pl.Int64) for side in SIDES))
            pieces.append(piece)
        whole = pl.concat(pieces)
        total += whole.height
        if whole.height:
            put_table(step, "exchanges", whole, number)
    return total


def _finish_refused(step: Step, told: Finish) -> dict[str, Any]:
    """Gives the refused lines of a split their places in the files."""
    number = step.index - step.plan.sizes.buckets
    split, shuffle = step.plan.splits[number], step.run.told("shuffle", Shuffle)
    start, middle, end = told.refused[number]
    data = step.store.get_range(shuffle.blobs[number], start, end)
    found: dict[str, list[int]] = {}
    for view, segment in (("malformed", data[: middle - start]), ("other", data[middle - start :])):
        lines = list(frames_of(segment))
        if lines:
            rows = pl.concat(lines)
            put_table(step, view, _located(rows, split.log, shuffle.first_rows[number], shuffle.starts[split.log]))
            found[view] = [rows.height]
    return {"rows": found}


def _located(lines: pl.DataFrame, log: str, first_row: int, starts: list[int]) -> pl.DataFrame:
    """Refused lines of a split in the columns of their view."""
    places = BucketPlaces(lines["row"].cast(pl.UInt64) + first_row, starts)
    return lines.with_columns(row=pl.int_range(pl.len(), dtype=pl.UInt32)).select(
        pl.lit(log).alias("side"),
        places.file("row").alias("file"),
        places.line("row").alias("line"),
        "reason",
        "text",
        "truncated",
    )
