"""What a step counts of the exchanges of an access log: the sums of the report, and counts by attribute in parts."""

from typing import Any

from logcorr.cluster.access_plan import AccessPlan
from logcorr.cluster.blobs import BlobWriter
from logcorr.cluster.steps import Step
from logcorr.cluster.sum_bytes import parted_groups
from logcorr.compute.memory_budget import room_for_data
from logcorr.compute.struct_bytes import to_bytes
from logcorr.figures.access_sums import AccessCounter, AccessSums
from logcorr.figures.grid import Grid, grid

# One in so many bytes of the room for data may be counts by attribute.
_GROUPS_SHARE = 3


def counter_of(step: Step, own: AccessPlan) -> AccessCounter:
    """A counter of exchanges, which gives them back with their texts."""
    room = room_for_data(step.plan.sizes.memory_bytes) // _GROUPS_SHARE
    return AccessCounter(own.attributes, own.limits.window_us, room, step.scratch / "counted")


def sums_of(counter: AccessCounter, window_us: int, grid_: Grid | None = None) -> AccessSums:
    """Sums on a grid; on one that widens with the exchanges where it is not known yet."""
    return AccessSums(grid_ or grid(None, None, window_us), counter, widens=grid_ is None)


def put_counts(step: Step, sums: AccessSums) -> dict[str, Any]:
    """Puts sums, and counts by attribute, into the store. Returns the facts: the offsets of the parts of the latter."""
    step.put("sums", to_bytes(sums.partial()))
    writer = BlobWriter(step.plan.sizes.parts, "zstd")
    for number, rows in parted_groups(sums.counter.groups, step.plan.sizes.parts):
        writer.add(number, rows)
    name = step.work_name("counts", ".blob")
    size, offsets = writer.put(step.store, name, step.scratch / "counts")
    step.note("counts", name, size)
    return {"counted": offsets.tobytes()}
