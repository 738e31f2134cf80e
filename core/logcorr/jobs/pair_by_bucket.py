"""Pairs the entries that did not pair while the logs were read: bucket by bucket, each within the memory budget."""

from collections.abc import Iterator
from pathlib import Path

from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.ledger import SIDES
from logcorr.pairing import bucket_join, buckets, oversized_ids
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.paired import Paired
from logcorr.pairing.unpaired_entries import UnpairedEntries


def pair_by_bucket(
    unpaired: UnpairedEntries, task: PairingTask, meter: ProgressMeter, folder: Path, *, spilled: bool
) -> Iterator[tuple[float, Paired]]:
    """Pairs one bucket after another: yields the share of all entries that is settled, and the paired entries.

    Entries that are in memory, and not to be `spilled`, are one bucket. A bucket that is larger than the task allows is
    yielded in several steps; its working files are in the folder.
    """
    if not spilled:
        meter.buckets = (0, 1)
        requests, responses = unpaired.frames()
        yield 1.0, bucket_join.pair(requests, responses, task.rules)
        meter.buckets = (1, 1)
        return
    all_buckets = unpaired.buckets()
    meter.buckets = (0, len(all_buckets))
    too_large = buckets.too_large(all_buckets, task.bucket_bytes)
    for number, bucket in enumerate(all_buckets):
        meter.tap()
        if too_large[number]:
            for share, paired in oversized_ids.pair(bucket, folder / str(number), task):
                yield (number + share) / len(all_buckets), paired
                del paired  # frees memory before the next step
        else:
            requests, responses = (bucket.scan(side, task.schemas[side]) for side in SIDES)
            yield (number + 1) / len(all_buckets), bucket_join.pair(requests, responses, task.rules)
            bucket.remove()
        meter.buckets = (number + 1, len(all_buckets))
