"""The second phase: the entries of a bucket become exchanges, orphans and repeats, and sums of them.

All entries of an id are in one bucket, so what becomes of them is decided here; but for the orphans near the edges of
the logs, which need figures of all exchanges.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from logcorr.cluster.bucket_rows import BucketEntries
from logcorr.cluster.exchange_counts import ExchangeCounts
from logcorr.cluster.pair_plan import PairPlan, Shuffle
from logcorr.cluster.steps import Step
from logcorr.compute.parquet_slices import height_of
from logcorr.compute.struct_bytes import frame_bytes
from logcorr.compute.zero_copy_text import memory_bytes
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import bucket_join, join_steps, oversized_ids
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.paired import Paired
from logcorr.pairing.rules import Rules
from logcorr.pairing.streaming_join import StreamingJoin

_OVERSIZED_FACTOR = 1.5


class BucketViews(PairViews):
    """The views of one bucket, on the disk of the worker."""

    compression = "lz4"


def reduce_bucket(step: Step) -> dict[str, Any]:
    """Pairs a bucket. Its facts are the numbers of its rows."""
    own: PairPlan = step.run.own(PairPlan)
    shuffle: Shuffle = step.run.told("shuffle", Shuffle)
    entries = BucketEntries(step, own, shuffle)
    run, spill = step.scratch / "run", step.scratch / "spill"
    run.mkdir()
    spill.mkdir()
    views = BucketViews(run, spill, entries.places, own.rules.columns)
    counts = ExchangeCounts(step, own, shuffle.grid)
    for paired in _paired(entries, own.rules, step):
        views.add(paired)
        counts.add(paired.exchanges)
    rows = _put_views(step, views, kept=not own.narrowed)
    orphans = views.orphans_without_reason().collect(engine="streaming")
    step.put("orphans", frame_bytes(orphans))
    return {
        "exchange_rows": rows,
        "orphans": views.open_orphans,
        "repeats": [[*key, n] for key, n in views.repeats.items()],
        "fetched": entries.fetched,
        **counts.put(orphans),
    }


def _put_views(step: Step, views: BucketViews, *, kept: bool) -> list[int]:
    """Puts exchanges and repeats into the run. Exchanges of a run that leaves some out are put aside.

    Returns the rows of each file of exchanges.
    """
    heights = []
    for number, path in enumerate(views.files("exchanges")):
        if height := height_of([path]):
            name = step.part_name("exchanges", number) if kept else step.work_name("paired", f"-{number:04d}.parquet")
            step.put_file("exchanges", name, path)
            heights.append(height)
    for number, path in enumerate(views.files("duplicates")):
        step.put_file("duplicates", step.part_name("duplicates", number), path)
    return heights


def _paired(entries: BucketEntries, rules: Rules, step: Step) -> Iterator[Paired]:
    """What the entries of a bucket become; in several steps where an id has too many of them for memory."""
    frames = entries.frames
    if sum(map(memory_bytes, frames.values())) <= _OVERSIZED_FACTOR * step.plan.sizes.bucket_bytes:
        yield pair_all(frames, rules)
        return
    schemas = {side: frame.schema for side, frame in frames.items()}
    paths: dict[Side, tuple[Path, ...]] = {}
    for side in SIDES:
        paths[side] = (step.scratch / f"{side}.ipc",)
        frames.pop(side).write_ipc(paths[side][0], compression="uncompressed")
    task = PairingTask(rules=rules, schemas=schemas, bucket_bytes=step.plan.sizes.bucket_bytes, tap=step.stop_if_gone)
    whole = Bucket(requests=paths["request"], responses=paths["response"])
    for _, paired in oversized_ids.pair(whole, step.scratch / "oversized", task):
        yield paired


def pair_all(frames: dict[Side, pl.DataFrame], rules: Rules) -> Paired:
    """Pairs all entries of a bucket in memory, and empties `frames`.

    Ids that each side has once pair by a hash table of keys, which takes half the time of a join. The rest, which has
    all entries of the other ids, is joined.
    """
    schemas = {side: frame.schema for side, frame in frames.items()}
    left: dict[Side, list[pl.DataFrame]] = {side: [schemas[side].to_frame()] for side in SIDES}
    join = StreamingJoin(rules, lambda side, rest: left[side].append(rest.select(schemas[side].names())))
    made: list[pl.DataFrame] = []
    for side in SIDES:
        exchanges = join.add(side, join_steps.keyed(frames.pop(side)))
        if exchanges is not None:
            made.append(exchanges.select(rules.columns.exchanges.names()))
    join.finish()
    requests, responses = (pl.concat(left[side]).lazy() for side in SIDES)
    paired = bucket_join.pair(requests, responses, rules)
    return Paired(exchanges=pl.concat([*made, paired.exchanges]), orphans=paired.orphans, repeats=paired.repeats)
