"""The third phase: orphans get their reasons, refused lines their places; a run that leaves rows out does it here."""

from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.blobs import frame_of, frames_of
from logcorr.cluster.exchange_counts import ExchangeCounts
from logcorr.cluster.pair_plan import PairPlan, Shuffle, refused_segments
from logcorr.cluster.steps import Step
from logcorr.compute.parquet_slices import slices_of
from logcorr.figures.pair_sums import orphan_arrivals
from logcorr.cluster.sum_bytes import to_bytes
from logcorr.inputs.line_numbers import RowsOfFiles
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
    orphans = frame_of(step.store.get(told.orphans[step.index]))
    orphans = orphans.with_columns(_reason(told))
    facts: dict[str, Any] = {"all_orphans": dict(orphans.group_by("side").len().iter_rows())}
    grid = shuffle.grid
    if own.narrowed:
        grid = shuffle.narrowed
        schemas = {"exchanges": _exchanges(step, told, 0).collect_schema(), "orphans": orphans.schema}
        nulls, kept = narrowing.kept(own.narrowing, shuffle.chosen, "orphans", schemas, own.file_names)
        orphans = orphans.with_columns(nulls).filter(kept).select(orphans.columns)
        counts = ExchangeCounts(step, own, grid)
        facts["exchanges"] = _narrow_exchanges(step, told, own, shuffle, schemas, counts)
        facts |= counts.put(orphans)
    if orphans.height:
        put_table(step, "orphans", orphans)
    arrivals = orphan_arrivals(orphans.lazy().with_columns(pl.col("time").cast(pl.Int64)), grid)
    step.put("arrivals", to_bytes(list(arrivals)))
    facts["reasons"] = [[*row] for row in orphans.group_by("side", "reason").len().iter_rows()]
    return facts


def put_table(step: Step, view: str, rows: pl.DataFrame, number: int = 0) -> None:
    """Puts rows into the store as a part of a view."""
    path = step.scratch / f"{view}.parquet"
    rows.write_parquet(path, compression="lz4", statistics=False, row_group_size=_ROW_GROUP)
    step.put_file(view, step.part_name(view, number), path)


def _reason(told: Finish) -> pl.Expr:
    """The final reason of stored orphans."""
    reason = orphan_reasons.final_reason(told.edge_us, told.first_request_us, told.last_response_us)
    # It is about instants as whole numbers.
    return pl.struct(pl.col("side"), pl.col("time").cast(pl.Int64), pl.col("reason")).struct.with_fields(
        reason=reason
    ).struct.field("reason")


def _exchanges(step: Step, told: Finish, number: int) -> pl.LazyFrame:
    return step.store.table(told.exchanges[step.index][number])


def _narrow_exchanges(
    step: Step, told: Finish, own: PairPlan, shuffle: Shuffle, schemas: Any, counts: ExchangeCounts
) -> int:
    """Puts the exchanges that are not left out into the run, and counts them. Returns how many there are."""
    nulls, kept = narrowing.kept(own.narrowing, shuffle.chosen, "exchanges", schemas, own.file_names)
    names = schemas["exchanges"].names()
    total = 0
    for number, height in enumerate(told.exchange_rows[step.index]):
        pieces = []
        for rows in slices_of(_exchanges(step, told, number), height, _SLICE_ROWS):
            piece = rows.with_columns(nulls).filter(kept).select(names).collect(engine="streaming")
            times = [pl.col(f"{side}_time").cast(pl.Int64) for side in SIDES]
            counts.add(piece.with_columns(times))
            pieces.append(piece)
        whole = pl.concat(pieces)
        total += whole.height
        put_table(step, "exchanges", whole, number)
    return total


def _finish_refused(step: Step, told: Finish) -> dict[str, Any]:
    """Gives the refused lines of a split their places in the files."""
    number = step.index - step.plan.sizes.buckets
    split, shuffle = step.plan.splits[number], step.run.told("shuffle", Shuffle)
    start, middle, end = told.refused[number]
    data = step.store.get_range(shuffle.blobs[number], start, end)
    facts: dict[str, Any] = {}
    for view, segment in (("malformed", data[: middle - start]), ("other", data[middle - start :])):
        lines = list(frames_of(segment))
        if lines:
            rows = pl.concat(lines)
            put_table(step, view, _located(rows, split.log, shuffle.first_rows[number], shuffle.starts[split.log]))
            facts[view] = rows.height
    return facts


def _located(lines: pl.DataFrame, log: str, first_row: int, starts: list[int]) -> pl.DataFrame:
    """Refused lines in the columns of their view."""
    before = sum(start <= first_row for start in starts) - 1
    # Rows of the split count from its first file, so that they fit their type however long the log is.
    own = [max(0, start - starts[before]) for start in starts[before:]]
    shifted = lines.with_columns(pl.col("row").cast(pl.UInt64) + (first_row - starts[before]))
    places = RowsOfFiles([min(start, (1 << 32) - 1) for start in own])
    return shifted.with_columns(pl.col("row").cast(pl.UInt32)).select(
        pl.lit(log).alias("side"),
        (places.file("row") + before).cast(pl.UInt32).alias("file"),
        places.line("row").alias("line"),
        "reason",
        "text",
        "truncated",
    )


__all__ = ["Finish", "finish", "put_table", "refused_segments"]
