"""Pairs a bucket that is too large for memory: oversized ids on their own, all other entries in smaller buckets.

A split by hash makes buckets smaller, but not if half of all lines have the same id. An id with more entries on a side
than memory may hold is oversized. Its entries are sorted on disk (`sorted_entries`), and paired a range of ranks at a
time.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute import parquet_slices, spill
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import bucket_join, buckets, join_steps
from logcorr.pairing.bucket_join import Paired
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.rules import Rules, split_by_duration
from logcorr.pairing.sorted_entries import SortedEntries

# To sort or write an entry of an oversized id takes as much memory as so many bytes of text in a bucket, as measured.
_TEXT_BYTES_PER_ROW = 256
_SAMPLE_ROWS = 131_072
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

    @property
    def most_rows(self) -> int:
        """How many entries of one id and side may be in memory at once; an id that has more entries is oversized."""
        return max(2, self.bucket_bytes // _TEXT_BYTES_PER_ROW)


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
            yield from _pair_id(request_id, folder / f"{number}", folder, number, task)
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
            for request_id, rows in counts.filter(pl.col("len") > task.most_rows / one_in).iter_rows():
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


def _slices(whole: Bucket, side: Side, task: PairingTask) -> Iterator[pl.LazyFrame]:
    """The entries of one side, about as many at a time as a bucket that fits memory has."""
    for entries in parquet_slices.slices_by_bytes(whole.paths(side), task.bucket_bytes):
        task.tap()
        yield entries


def _pair_id(request_id: str, work: Path, folder: Path, number: int, task: PairingTask) -> Iterator[Paired]:
    """Pairs all entries of one id: its number is that of their files below folder/side. Sorts in the folder `work`."""
    sides: dict[Side, SortedEntries] = {}
    for side in SIDES:
        sides[side] = SortedEntries(join_steps.VALUE[side], work / side, task.most_rows, task.bucket_bytes, task.tap)
        for entries in sides[side].add(spill.partition_files(folder / side, number)):
            yield _repeats(entries, request_id, side, "redelivered")
    least_height = min(ordered.height for ordered in sides.values())
    paired_ranks = {side: _paired_ranks(ordered.height, least_height, task.rules) for side, ordered in sides.items()}
    has_exchange = False
    frames = zip(*(sides[side].frames(*paired_ranks[side]) for side in SIDES), strict=True)
    for requests, responses in frames:
        paired = _matched(requests, responses, request_id, task.rules)
        has_exchange = has_exchange or paired.exchanges.height > 0
        yield paired
        del paired, requests, responses  # their memory is needed for the next frames
    superseded = least_height and task.rules.policy != "in-order"
    reason = REPEATED_ID if has_exchange else None
    for side, ordered in sides.items():
        start, stop = paired_ranks[side]
        for ranks in ((0, start), (stop, ordered.height)):
            for entries in ordered.frames(*ranks):
                if superseded:
                    yield _repeats(entries, request_id, side, "superseded")
                else:
                    orphans = join_steps.orphans(
                        _with_id(entries, request_id), side, pl.lit(reason, pl.String)
                    ).collect()
                    yield Paired(exchanges=join_steps.EXCHANGE_SCHEMA.to_frame(), orphans=[orphans], repeats=[])
        ordered.remove()


def _paired_ranks(height: int, least_height: int, rules: Rules) -> tuple[int, int]:
    """Which ranks of a side have a partner: the first, and the one after the last.

    `height` is how many entries the side has, `least_height` how many the side with fewer entries has.
    """
    if rules.policy == "in-order" or not least_height:
        return 0, least_height
    return (0, 1) if rules.policy == "first" else (height - 1, height)


def _matched(requests: pl.DataFrame, responses: pl.DataFrame, request_id: str, rules: Rules) -> Paired:
    """Pairs the entries in the same rows of two frames of equal height."""
    left = requests.rename({"time": "request_time", "row": "request_row"})
    right = responses.rename({"time": "response_time", "row": "response_row"})
    pairs = _with_id(pl.concat([left, right], how="horizontal"), request_id)
    exchanges, orphans = split_by_duration(pairs, rules)
    return Paired(exchanges=exchanges, orphans=orphans, repeats=[])


def _repeats(entries: pl.DataFrame, request_id: str, side: Side, kind: str) -> Paired:
    repeats = join_steps.repeats(_with_id(entries, request_id), side, pl.lit(kind)).collect()
    return Paired(exchanges=join_steps.EXCHANGE_SCHEMA.to_frame(), orphans=[], repeats=[repeats])


def _with_id(entries: pl.DataFrame, request_id: str) -> pl.LazyFrame:
    return entries.lazy().with_columns(pl.lit(request_id).alias("request_id"))
