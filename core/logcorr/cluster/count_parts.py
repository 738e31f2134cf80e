"""Merges the counts of one part of all users: a user is in one part, which is a part of the view."""

from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.blobs import frames_of
from logcorr.cluster.exchange_counts import USERS
from logcorr.cluster.finish_bucket import put_table
from logcorr.cluster.steps import Step
from logcorr.cluster.sum_bytes import to_bytes
from logcorr.compute.group_in_parts import PartialCounts
from logcorr.figures import users


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The files with the counts of each bucket, and the offsets of the parts in them."""

    files: list[str]
    offsets: list[list[int]]


def count_part(step: Step) -> dict[str, Any]:
    """Merges one part of the users. Its facts are how many there are."""
    told = step.run.told("count", Counted)
    counts = PartialCounts(["user_id"], USERS.to_frame())
    for rows in part_frames(step, told, step.index):
        counts.add(rows)
    merged = counts.merged()
    if merged.height:
        put_table(step, "users", merged)
    step.put("top", to_bytes(users.top([merged.lazy()])))
    return {"users": merged.height}


def part_frames(step: Step, told: Counted, segment: int) -> list[pl.DataFrame]:
    """The frames of one segment of all files with counts."""
    frames: list[pl.DataFrame] = []
    for name, offsets in zip(told.files, told.offsets, strict=True):
        start, end = offsets[segment], offsets[segment + 1]
        if end > start:
            frames += frames_of(step.store.get_range(name, start, end))
    return frames
