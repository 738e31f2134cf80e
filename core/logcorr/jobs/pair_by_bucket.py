"""Pairs the entries that did not pair while the logs were read: bucket by bucket, each within the memory budget."""

from collections.abc import Iterator
from pathlib import Path

from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.ledger import SIDES
from logcorr.pairing import bucket_join, buckets, oversized_ids
from logcorr.pairing.bucket_join import Paired
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.unpaired_entries import UnpairedEntries


def pair_by_bucket(
    unpaired: UnpairedEntries, task: PairingTask, meter: ProgressMeter, folder: Path, *, spilled: bool
) -> Iterator[tuple[float, Paired]]:
    """What became of the entries of each bucket, with the share of all entries that is settled by then.

    Entries that are in memory, and not to be `spilled`, are one bucket. A bucket that is too large comes in chunks,
    with working files in the folder.
    """
    if not spilled:
        meter.buckets = (0, 1)
        requests, responses = unpaired.frames()
        yield 1.0, bucket_join.pair(requests, responses, task.rules)
        meter.buckets = (1, 1)
        return
    found = unpaired.buckets()
    meter.buckets = (0, len(found))
    too_large = buckets.too_large(found, task.bucket_bytes)
    for number, bucket in enumerate(found):
        meter.tap()
        if too_large[number]:
            for share, paired in oversized_ids.pair(bucket, folder / str(number), task):
                yield (number + share) / len(found), paired
                del paired  # not to be held while the next chunk is made
        else:
            requests, responses = (bucket.scan(side, task.schemas[side]) for side in SIDES)
            yield (number + 1) / len(found), bucket_join.pair(requests, responses, task.rules)
            bucket.remove()
        meter.buckets = (number + 1, len(found))
