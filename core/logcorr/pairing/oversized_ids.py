"""A bucket that is too large for memory → what it came to, in chunks: ids that crowd it are drawn out, the rest split.

A split by hash makes any number of ids small, but not one id that half of all lines have. The entries of such an id
are put in order on disk (`ordered_entries`), and paired a range of ranks at a time.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute import parquet_slices, spill
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import bucket_join, buckets, steps
from logcorr.pairing.bucket_join import Paired
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.ordered_entries import OrderedEntries
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.rules import Rules, taken_apart

# A row of one id that is sorted or written takes that many times a text byte's size of a bucket, as measured.
_TEXT_BYTES_PER_ROW = 256
_SAMPLE_ROWS = 131_072
_MOST_AT_ONCE = 8


class PairingTask(msgspec.Struct, frozen=True, kw_only=True):
    """How to pair, the schema of each side's entries, and the text bytes of a bucket that fits; `tap` may raise."""

    rules: Rules
    schemas: dict[Side, pl.Schema]
    bucket_bytes: int
    tap: Callable[[], None]

    @property
    def rows(self) -> int:
        """How many entries of one id and side are held at once; an id that has more of them is a crowd."""
        return max(2, self.bucket_bytes // _TEXT_BYTES_PER_ROW)


def pair(whole: Bucket, folder: Path, task: PairingTask) -> Iterator[tuple[float, Paired]]:
    """Pairs a bucket and deletes it: chunks of `bucket.pair`'s columns, with the share of its entries settled by then.

    Every entry is in exactly one chunk. Working files stand below `folder`, which is new.
    """
    total = sum(parquet_slices.height_of(whole.paths(side)) for side in SIDES)
    settled = 0
    for paired in _pair(whole, folder, task):
        settled += 2 * paired.exchanges.height + sum(frame.height for frame in (*paired.orphans, *paired.repeats))
        yield settled / total if total else 1.0, paired
        del paired  # not to be held while the next chunk is made


def _pair(whole: Bucket, folder: Path, task: PairingTask) -> Iterator[Paired]:
    crowds = _crowds(whole, task)
    rest = whole
    if crowds:
        rest = _draw_out(whole, crowds, folder, task)
        for number, request_id in enumerate(crowds):
            yield from _pair_one(request_id, folder / f"{number}", folder, number, task)
    parts = buckets.split(rest, folder / "split", task.bucket_bytes, task.schemas)
    for number, part in enumerate(parts):
        task.tap()
        if part is not whole and buckets.oversized(part, task.bucket_bytes):
            yield from _pair(part, folder / f"part{number}", task)
        else:
            logs = [part.scan(side, task.schemas[side]) for side in SIDES]
            yield bucket_join.pair(logs[0], logs[1], task.rules)
            part.remove()


def _crowds(whole: Bucket, task: PairingTask) -> list[str]:
    """The ids that a sample of either side finds to be crowds, the largest first, at most as many as go at once."""
    found: dict[str, int] = {}
    for side in SIDES:
        one_in = max(1, parquet_slices.height_of(whole.paths(side)) // _SAMPLE_ROWS)
        chosen = pl.col("row").hash(seed=5) % one_in == 0
        # Counted by the piece: texts that are only picked out keep all of the piece's texts in memory.
        sample = [
            piece.filter(chosen).group_by("request_id").len().collect(engine="streaming")
            for piece in _pieces(whole, side, task)
        ]
        if sample:
            counts = pl.concat(sample).group_by("request_id").agg(pl.col("len").sum())
            for request_id, rows in counts.filter(pl.col("len") > task.rows / one_in).iter_rows():
                found[request_id] = max(rows * one_in, found.get(request_id, 0))
    return sorted(found, key=lambda request_id: (-found[request_id], request_id))[:_MOST_AT_ONCE]


def _draw_out(whole: Bucket, crowds: list[str], folder: Path, task: PairingTask) -> Bucket:
    """Spreads the entries of crowds below folder/side, by their place in the list; the rest replaces the bucket."""
    number = pl.coalesce(
        pl.when(pl.col("request_id") == pl.lit(request_id)).then(pl.lit(place, pl.UInt8))
        for place, request_id in enumerate(crowds)
    )
    left: dict[Side, tuple[Path, ...]] = {}
    for side in SIDES:
        for place, piece in enumerate(_pieces(whole, side, task)):
            entries = piece.with_columns(number=number)
            drawn = entries.filter(pl.col("number").is_not_null()).drop("request_id")
            spill.spill_partitions(drawn, pl.col("number"), folder / side / f"piece{place}")
            rest = entries.filter(pl.col("number").is_null()).drop("number")
            spill.spill_partitions(rest, pl.lit(0, pl.UInt8), folder / "rest" / side / f"piece{place}")
        left[side] = spill.partition_files(folder / "rest" / side, 0)
    whole.remove()
    return Bucket(requests=left["request"], responses=left["response"], level=whole.level)


def _pieces(whole: Bucket, side: Side, task: PairingTask) -> Iterator[pl.LazyFrame]:
    for piece in parquet_slices.slices_by_bytes(whole.paths(side), task.bucket_bytes):
        task.tap()
        yield piece


def _pair_one(request_id: str, work: Path, folder: Path, number: int, task: PairingTask) -> Iterator[Paired]:
    """Pairs all entries of one id, which stand below folder/side by its number."""
    sides: dict[Side, OrderedEntries] = {}
    for side in SIDES:
        sides[side] = OrderedEntries(steps.VALUE[side], work / side, task.rows, task.bucket_bytes, task.tap)
        for entries in sides[side].add(spill.partition_files(folder / side, number)):
            yield _repeats(entries, request_id, side, "redelivered")
    both = min(of.height for of in sides.values())
    spans = {side: _paired_ranks(of.height, both, task.rules) for side, of in sides.items()}
    stayed = False
    matched = zip(*(sides[side].frames(*spans[side]) for side in SIDES), strict=True)
    for requests, responses in matched:
        paired = _matched(requests, responses, request_id, task.rules)
        stayed = stayed or paired.exchanges.height > 0
        yield paired
        del paired, requests, responses
    superseded = both and task.rules.policy != "in-order"
    reason = REPEATED_ID if stayed else None
    for side, of in sides.items():
        start, stop = spans[side]
        for span in ((0, start), (stop, of.height)):
            for entries in of.frames(*span):
                if superseded:
                    yield _repeats(entries, request_id, side, "superseded")
                else:
                    orphans = steps.orphans(_named(entries, request_id), side, pl.lit(reason, pl.String)).collect()
                    yield Paired(exchanges=steps.EXCHANGE_SCHEMA.to_frame(), orphans=[orphans], repeats=[])
        of.remove()


def _paired_ranks(height: int, both: int, rules: Rules) -> tuple[int, int]:
    """Which ranks of a side have a partner, from and up to; `both` is the height of the smaller side."""
    if rules.policy == "in-order" or not both:
        return 0, both
    return (0, 1) if rules.policy == "first" else (height - 1, height)


def _matched(requests: pl.DataFrame, responses: pl.DataFrame, request_id: str, rules: Rules) -> Paired:
    """Pairs entries of two frames of equal height, line by line."""
    left = requests.rename({"time": "request_time", "row": "request_row"})
    right = responses.rename({"time": "response_time", "row": "response_row"})
    pairs = _named(pl.concat([left, right], how="horizontal"), request_id)
    exchanges, orphans = taken_apart(pairs, rules)
    return Paired(exchanges=exchanges, orphans=orphans, repeats=[])


def _repeats(entries: pl.DataFrame, request_id: str, side: Side, kind: str) -> Paired:
    repeats = steps.repeats(_named(entries, request_id), side, pl.lit(kind)).collect()
    return Paired(exchanges=steps.EXCHANGE_SCHEMA.to_frame(), orphans=[], repeats=[repeats])


def _named(entries: pl.DataFrame, request_id: str) -> pl.LazyFrame:
    return entries.lazy().with_columns(pl.lit(request_id).alias("request_id"))
