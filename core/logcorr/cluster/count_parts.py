"""Merges the counts of one part of all users, and of all endpoints and addresses: each of them is in one part."""

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.blobs import frames_of
from logcorr.cluster.exchange_counts import USERS
from logcorr.cluster.finish_bucket import put_table
from logcorr.cluster.group_parts import put_groups
from logcorr.cluster.pair_plan import PairPlan
from logcorr.cluster.steps import Step
from logcorr.cluster.store import each
from logcorr.compute.group_in_parts import PartialCounts
from logcorr.compute.struct_bytes import to_bytes
from logcorr.figures import users


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The files with the counts of each bucket, and the offsets of the parts in them."""

    files: list[str]
    offsets: list[list[int]]


def count_part(step: Step) -> dict[str, Any]:
    """Merges one part. Its facts are how many rows the views have of it."""
    told, own = step.run.told("count", Counted), step.run.own(PairPlan)
    counts = PartialCounts(["user_id"], USERS.to_frame())
    for rows in part_frames(step, told, step.index):
        counts.add(rows)
    merged = counts.merged()
    if merged.height:
        put_table(step, "users", merged)
    step.put("top", to_bytes(users.top([merged.lazy()])))
    facts: dict[str, Any] = {"rows": {"users": [merged.height]}}
    if attributes := own.rules.columns.attributes:
        frames = part_frames(step, told, step.plan.sizes.parts + step.index)
        facts["rows"] |= put_groups(step, frames, attributes, own.limits)["rows"]
    return facts


def part_frames(step: Step, told: Counted, segment: int) -> Iterator[pl.DataFrame]:
    """The frames of one segment of all files with counts."""
    ranges = [
        (name, offsets[segment], offsets[segment + 1])
        for name, offsets in zip(told.files, told.offsets, strict=True)
        if offsets[segment] < offsets[segment + 1]
    ]
    for data in each(lambda found: step.store.get_range(*found), ranges):
        yield from frames_of(data)
