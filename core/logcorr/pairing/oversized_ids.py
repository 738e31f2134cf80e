"""Pairs a bucket that is too large for memory: oversized ids on their own, all other entries in smaller buckets.

A split by hash makes buckets smaller, but not if half of all lines have the same id. An id with more entries on a side
than memory may hold is oversized. Its entries are sorted on disk (`sorted_entries`), and paired a range of ranks at a
time.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from logcorr.compute import parquet_slices, spill
from logcorr.compute.external_sort import Rows
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import bucket_join, buckets, join_steps
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.oversized_nearest import NearestOnDisk
from logcorr.pairing.paired import REDELIVERED, SUPERSEDED, Paired, alone, split_by_duration
from logcorr.pairing.rules import Rules, with_strength
from logcorr.pairing.sorted_entries import SortedEntries

# To sort or write an entry of an oversized id takes as much memory as so many bytes of text in a bucket, as measured.
_TEXT_BYTES_PER_ROW = 256
# An entry without attributes, in a file.
_USUAL_ROW_BYTES = 64
_SAMPLE_ROWS = 131_072
# While its rows are spread over ranges, a slice takes about so many times its bytes: it is copied twice.
_COPIES = 4
# So many ids of a bucket are paired on their own; then its other entries are looked at again.
_MOST_IDS = 8


class PairingTask(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of pairing, the schema of each side's entries, and the bytes of text of a bucket that fits memory.

    `tap` is called for every slice of entries and for every bucket, and may raise.
    """

    rules: Rules
    schemas: dict[Side, pl.Schema]
    bucket_bytes: int
    tap: Callable[[], None]

    def most_rows(self, paths: Sequence[Path]) -> int:
        """How many entries of one id and side may be in memory at once; an id that has more entries is oversized.

        The entries are in the files. Attributes may be long: then fewer entries fit memory.
        """
        extra = 0
        if self.rules.columns.attributes and paths:
            row_bytes = sum(path.stat().st_size for path in paths) // max(1, parquet_slices.height_of(paths))
            extra = max(0, row_bytes - _USUAL_ROW_BYTES)
        return max(2, self.bucket_bytes // (_TEXT_BYTES_PER_ROW + extra))


def pair(whole: Bucket, folder: Path, task: PairingTask) -> Iterator[tuple[float, Paired]]:
    """Pairs a bucket and deletes it. Yields results as `bucket_join.pair` gives them, a chunk of entries at a time.

    With every result comes the share of the bucket's entries that are paired by then, from 0 to 1. Every entry is in
    exactly one result. Working files are written below `folder`, a new one.
    """
    total = sum(parquet_slices.height_of(whole.paths(side)) for side in SIDES)
    done = 0
    for paired in _pair(whole, folder, task):
        done += 2 * paired.exchanges.height + sum(frame.height for frame in (*paired.orphans, *paired.repeats))
        yield done / total if total else 1.0, paired
        del paired  # its memory is needed for the next chunk


def _pair(whole: Bucket, folder: Path, task: PairingTask) -> Iterator[Paired]:
    oversized_ids = _oversized_ids(whole, task)
    rest = whole
    if oversized_ids:
        rest = _spread_oversized_ids(whole, oversized_ids, folder, task)
        for number, request_id in enumerate(oversized_ids):
            paths = {side: spill.partition_files(folder / side, number) for side in SIDES}
            most_rows = task.most_rows((*paths["request"], *paths["response"]))
            files = {side: _rows(paths[side], task) for side in SIDES}
            yield from _pair_id(_OneId(request_id, task.rules), files, _Work(folder / f"{number}", most_rows, task.tap))
    smaller = buckets.split(rest, folder / "split", task.bucket_bytes, task.schemas)
    for number, bucket in enumerate(smaller):
        task.tap()
        if bucket is not whole and buckets.oversized(bucket, task.bucket_bytes):
            yield from _pair(bucket, folder / f"part{number}", task)
        else:
            requests, responses = (bucket.scan(side, task.schemas[side]) for side in SIDES)
            yield bucket_join.pair(requests, responses, task.rules)
            bucket.remove()


def _oversized_ids(whole: Bucket, task: PairingTask) -> list[str]:
    """The oversized ids by a sample of each side, those with most entries first, at most `_MOST_IDS`."""
    estimates: dict[str, int] = {}
    most_rows = task.most_rows((*whole.requests, *whole.responses))
    for side in SIDES:
        one_in = max(1, parquet_slices.height_of(whole.paths(side)) // _SAMPLE_ROWS)
        in_sample = pl.col("row").hash(seed=5) % one_in == 0
        # Counted a slice at a time: sampled ids that are not counted at once keep all texts of their slice in memory.
        slice_counts = [
            entries.filter(in_sample).group_by("request_id").len().collect(engine="streaming")
            for entries in _slices(whole, side, task)
        ]
        if slice_counts:
            counts = pl.concat(slice_counts).group_by("request_id").agg(pl.col("len").sum())
            for request_id, rows in counts.filter(pl.col("len") > most_rows / one_in).iter_rows():
                estimates[request_id] = max(rows * one_in, estimates.get(request_id, 0))
    return sorted(estimates, key=lambda request_id: (-estimates[request_id], request_id))[:_MOST_IDS]


def _spread_oversized_ids(whole: Bucket, oversized_ids: list[str], folder: Path, task: PairingTask) -> Bucket:
    """Writes the entries of oversized ids below folder/side, by the number of their id in the list; removes the bucket.

    Returns a bucket of all other entries.
    """
    number = pl.coalesce(
        pl.when(pl.col("request_id") == pl.lit(request_id)).then(pl.lit(index, pl.UInt8))
        for index, request_id in enumerate(oversized_ids)
    )
    rest_files: dict[Side, tuple[Path, ...]] = {}
    for side in SIDES:
        for index, entries in enumerate(_slices(whole, side, task)):
            numbered = entries.with_columns(number=number)
            oversized = numbered.filter(pl.col("number").is_not_null()).drop("request_id")
            spill.spill_partitions(oversized, pl.col("number"), folder / side / f"piece{index}")
            rest = numbered.filter(pl.col("number").is_null()).drop("number")
            spill.spill_partitions(rest, pl.lit(0, pl.UInt8), folder / "rest" / side / f"piece{index}")
        rest_files[side] = spill.partition_files(folder / "rest" / side, 0)
    whole.remove()
    return Bucket(requests=rest_files["request"], responses=rest_files["response"], level=whole.level)


def _rows(paths: Sequence[Path], task: PairingTask) -> Rows:
    """The entries of one id and side, for the external sort."""
    slice_bytes = max(1, task.bucket_bytes // _COPIES)
    return Rows(
        parquet_slices.height_of(paths),
        partial(parquet_slices.slices_by_bytes, paths, slice_bytes),
        partial(parquet_slices.remove, paths),
    )


def _slices(whole: Bucket, side: Side, task: PairingTask) -> Iterator[pl.LazyFrame]:
    """The entries of one side, about as many at a time as a bucket that fits memory has."""
    for entries in parquet_slices.slices_by_bytes(whole.paths(side), task.bucket_bytes):
        task.tap()
        yield entries


class _Work(NamedTuple):
    """Where the entries of one id are sorted: a new folder, and how many of them may be in memory."""

    folder: Path
    most_rows: int
    tap: Callable[[], None]


def _pair_id(of_id: "_OneId", files: dict[Side, Rows], work: _Work) -> Iterator[Paired]:
    """Pairs all entries of one id, and deletes their files."""
    return (_pair_nearest if of_id.rules.policy == "nearest" else _pair_by_rank)(of_id, files, work)


def _pair_nearest(of_id: "_OneId", files: dict[Side, Rows], work: _Work) -> Iterator[Paired]:
    """Pairs the entries of one id by `nearest`."""
    entries = NearestOnDisk(of_id.rules, *work)
    for side, redelivered in entries.redelivered(files):
        yield of_id.repeats(redelivered, side, REDELIVERED)
    for requests, responses in entries.pairs():
        yield of_id.pairs(requests, responses)
        del requests, responses  # their memory is needed for the next frames
    for side in SIDES:
        for alone_ in entries.alone(side):
            yield of_id.alone(alone_, side)


def _pair_by_rank(of_id: "_OneId", files: dict[Side, Rows], work: _Work) -> Iterator[Paired]:
    """Pairs the entries of one id by every other policy: entries of both sides that have the same rank, or one pair."""
    rules, sides = of_id.rules, dict[Side, SortedEntries]()
    for side in SIDES:
        keys = (*rules.order(side), "row") if rules.ties_by_line else rules.order(side)
        sides[side] = SortedEntries(keys, work.folder / side, work.most_rows, work.tap)
        for entries in sides[side].add(_with_strength(files[side], side, rules)):
            yield of_id.repeats(entries, side, REDELIVERED)
    least_height = min(ordered.height for ordered in sides.values())
    paired_ranks = {side: _paired_ranks(ordered.height, least_height, rules) for side, ordered in sides.items()}
    frames = zip(*(sides[side].frames(*paired_ranks[side]) for side in SIDES), strict=True)
    for requests, responses in frames:
        yield of_id.pairs(requests, responses)
        del requests, responses  # their memory is needed for the next frames
    superseded = least_height and rules.policy != "in-order"
    for side, ordered in sides.items():
        start, stop = paired_ranks[side]
        for ranks in ((0, start), (stop, ordered.height)):
            for entries in ordered.frames(*ranks):
                yield of_id.superseded(entries, side) if superseded else of_id.alone(entries, side)
        ordered.remove()


def _with_strength(rows: Rows, side: Side, rules: Rules) -> Rows:
    return Rows(rows.height, lambda: (with_strength(entries, side, rules) for entries in rows.slices()), rows.remove)


def _paired_ranks(height: int, least_height: int, rules: Rules) -> tuple[int, int]:
    """Which ranks of a side have a partner: the first, and the one after the last.

    `height` is how many entries the side has, `least_height` how many the side with fewer entries has.
    """
    if rules.policy == "in-order" or not least_height:
        return 0, least_height
    return (0, 1) if rules.policy == "first" else (height - 1, height)


class _OneId:
    """What the entries of one id become. Frames have the columns of their side, without the id."""

    def __init__(self, request_id: str, rules: Rules) -> None:
        self._request_id, self.rules = request_id, rules
        self._has_exchange = False

    def pairs(self, requests: pl.DataFrame, responses: pl.DataFrame) -> Paired:
        """The entries in the same rows of two frames of equal height are pairs."""
        sides = (self._with_id(requests, "request"), self._with_id(responses, "response"))
        joined = join_steps.joined_by_row(*(side.collect() for side in sides), columns=self.rules.columns)
        paired = split_by_duration(joined.lazy(), self.rules)
        self._has_exchange = self._has_exchange or paired.exchanges.height > 0
        return paired

    def alone(self, entries: pl.DataFrame, side: Side) -> Paired:
        """Entries without a partner; all pairs of the id are known by now."""
        reason = pl.lit(REPEATED_ID if self._has_exchange else None, pl.String)
        orphans, repeats = alone(self._with_id(entries, side), side, reason, self.rules)
        return self._paired(orphans, repeats)

    def superseded(self, entries: pl.DataFrame, side: Side) -> Paired:
        """Superseded entries; a weak response is a surplus."""
        if not self.rules.columns.has_weak(side):
            return self.repeats(entries, side, SUPERSEDED)
        strong, weak = entries.filter(~pl.col("weak")), entries.filter(pl.col("weak"))
        return self._paired([], self.repeats(strong, side, SUPERSEDED).repeats + self.alone(weak, side).repeats)

    def repeats(self, entries: pl.DataFrame, side: Side, kind: str) -> Paired:
        """Repeats of a kind."""
        rows = join_steps.repeats(self._with_id(entries, side), side, self.rules.columns, pl.lit(kind))
        return self._paired([], [rows.collect()])

    def _paired(self, orphans: list[pl.DataFrame], repeats: list[pl.DataFrame]) -> Paired:
        return Paired(exchanges=self.rules.columns.exchanges.to_frame(), orphans=orphans, repeats=repeats)

    def _with_id(self, entries: pl.DataFrame, side: Side) -> pl.LazyFrame:
        """Entries with the columns of their side alone."""
        request_id = pl.lit(self._request_id).alias("request_id")
        return entries.lazy().with_columns(request_id).select(self.rules.columns.schema(side).names())
