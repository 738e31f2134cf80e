"""Merges the sums of some buckets, so that the driver has few to merge."""

from collections.abc import Iterable
from typing import Any

import msgspec

from logcorr.cluster.steps import Step
from logcorr.cluster.store import Store, each
from logcorr.compute.struct_bytes import of_bytes, to_bytes
from logcorr.figures.grid import Grid
from logcorr.figures.pair_sums import PairSums, PartialPairSums

# The sums of so many buckets are merged by one step.
BUCKETS_A_STEP = 32


class SumsToMerge(msgspec.Struct, frozen=True, kw_only=True):
    """The files with the sums of all buckets, which are on one grid."""

    grid: Grid
    files: list[str]


def merge_pair_sums(step: Step) -> dict[str, Any]:
    """Merges the sums of the buckets of one step."""
    told = step.run.told(step.phase, SumsToMerge)
    files = told.files[step.index * BUCKETS_A_STEP : (step.index + 1) * BUCKETS_A_STEP]
    step.put("sums", to_bytes(merged(step.store, files, told.grid).partial()))
    return {}


def merged(store: Store, files: Iterable[str], grid: Grid) -> PairSums:
    """The sums in some files, added up."""
    sums = PairSums(grid, 0)
    for data in each(store.get, files):
        sums.merge(of_bytes(data, PartialPairSums))
    return sums
