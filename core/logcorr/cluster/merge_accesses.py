"""Steps that merge what others have counted: one part of the counts by attribute; and the sums of some splits."""

from typing import Any

import msgspec

from logcorr.cluster.access_counts import counter_of, sums_of
from logcorr.cluster.access_plan import AccessPlan
from logcorr.cluster.count_parts import Counted, part_frames
from logcorr.cluster.group_parts import put_groups
from logcorr.cluster.steps import Step
from logcorr.cluster.store import each
from logcorr.compute.struct_bytes import of_bytes, to_bytes
from logcorr.figures.access_sums import PartialAccessSums
from logcorr.figures.grid import Grid

# The sums of so many steps are merged by one.
SUMS_A_STEP = 32


class SumFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files with the sums of all steps that have counted, and their grid; None where each has one of its own."""

    files: list[str]
    grid: Grid | None


def merge_groups(step: Step) -> dict[str, Any]:
    """Merges one part of the counts by attribute, and writes its views."""
    own = step.run.own(AccessPlan)
    frames = part_frames(step, step.run.told("groups", Counted), step.index)
    return put_groups(step, frames, own.attributes, own.limits)


def merge_sums(step: Step) -> dict[str, Any]:
    """Merges the sums of some steps."""
    own, told = step.run.own(AccessPlan), step.run.told("sums", SumFiles)
    sums = sums_of(counter_of(step, own), own.limits.window_us, told.grid)
    files = told.files[step.index * SUMS_A_STEP : (step.index + 1) * SUMS_A_STEP]
    for data in each(step.store.get, files):
        sums.merge(of_bytes(data, PartialAccessSums))
    step.put("sums", to_bytes(sums.partial()))
    return {}
