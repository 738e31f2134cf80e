"""The figures of an analysis, put together from what the steps have counted."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from logcorr.cluster.access_counts import sums_of
from logcorr.cluster.access_plan import AccessPlan
from logcorr.cluster.count_parts import Counted
from logcorr.cluster.driver import Driver, OnNote
from logcorr.cluster.group_parts import GROUPS, GroupsOfPart, joined
from logcorr.cluster.look_again import OVER_TIME, POPULATIONS, Look
from logcorr.cluster.merge_accesses import SUMS_A_STEP, SumFiles
from logcorr.cluster.plan import Note
from logcorr.cluster.store import each
from logcorr.compute.struct_bytes import of_bytes
from logcorr.figures import latency
from logcorr.figures.access_sums import AccessCounter, AccessSums, PartialAccessSums
from logcorr.figures.grid import Grid
from logcorr.figures.group_figures import GroupData
from logcorr.figures.latency import LatencyFigures

# The driver merges so many sums by itself.
_MOST_SUMS = 64


def merged_sums(driver: Driver, own: AccessPlan, notes: Mapping[int, Note], grid_: Grid, folder: Path) -> AccessSums:
    """The sums of all exchanges that the steps of these notes have counted, on a grid.

    Counts by attribute would be spilled below `folder`, and there are none.
    """
    # Where the run is narrowed, the grid was known before anything was counted.
    known = grid_ if own.narrowed else None
    files = [note.files["sums"] for note in notes.values()]
    if len(files) > _MOST_SUMS:
        driver.tell("sums", SumFiles(files=files, grid=known))
        files = [note.files["sums"] for note in driver.phase("sums", range(-(-len(files) // SUMS_A_STEP))).values()]
    counter = AccessCounter(own.attributes, own.limits.window_us, 0, folder)
    sums = sums_of(counter, own.limits.window_us, known)
    for data in each(driver.store.get, files):
        sums.merge(of_bytes(data, PartialAccessSums))
    if not sums.widen(grid_):
        raise ValueError(f"counts on {sums.grid} are no counts on {grid_}")
    return sums


def merged_groups(
    driver: Driver, own: AccessPlan, notes: Mapping[int, Note], sums: AccessSums, on_note: OnNote
) -> tuple[GroupData, dict[int, Note]]:
    """The figures by attribute of all exchanges that the steps of these notes have counted, and the notes of the parts.

    The views of endpoints and addresses are written by the way. `on_note` takes the note of each part as it comes.
    """
    offsets = [[int(at) for at in memoryview(note.facts["counted"]).cast("Q")] for note in notes.values()]
    driver.tell("groups", Counted(files=[note.files["counts"] for note in notes.values()], offsets=offsets))
    parts = driver.phase("groups", range(driver.plan.sizes.parts), on_note)
    files = [note.files[GROUPS] for note in parts.values()]
    found = [of_bytes(data, GroupsOfPart) for data in each(driver.store.get, files)]
    return joined(found, sums, sums.counter.groups.missing, own.limits), parts


def latency_figures(driver: Driver, sums: AccessSums, exchanges: Sequence[list[str]]) -> LatencyFigures:
    """All percentiles, exact. `exchanges` are the files of each split, which are read where durations are many."""
    asked = latency.asked(sums)
    if asked.exact:
        return latency.settled(sums, asked)
    wanted = {POPULATIONS: asked.populations, OVER_TIME: asked.over_time}
    nobody = pl.DataFrame(schema={"user_id": pl.String})
    driver.tell("look", Look(exchanges=list(exchanges), bucket_us=sums.grid.bucket_us, asked=wanted, top=nobody))
    splits = [number for number, files in enumerate(exchanges) if files]
    files = [note.files["counts"] for note in driver.phase("look", splits).values()]
    counts = [of_bytes(data, dict[str, pl.DataFrame]) for data in each(driver.store.get, files)]
    near = {name: pl.concat([of_split[name] for of_split in counts]).lazy() for name in wanted}
    return latency.settled(sums, asked, near[POPULATIONS], near[OVER_TIME])
