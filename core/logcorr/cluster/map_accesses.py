"""The first phase of an analysis: the lines of a split become exchanges, sums of them, and lines that are none.

Exchanges and refused lines go into the run where their line numbers are known: in a split that begins with a file.
Otherwise they go into work files, and `finish` or `narrow` puts them into the run.
"""

from contextlib import closing
from typing import Any

import msgspec
import polars as pl

from logcorr.cluster import splits
from logcorr.cluster.access_counts import counter_of, put_counts, sums_of
from logcorr.cluster.access_plan import AccessPlan, SplitPlaces
from logcorr.cluster.group_parts import StepViews
from logcorr.cluster.plan import Split
from logcorr.cluster.quiet import Quiet
from logcorr.cluster.steps import Step
from logcorr.compute.memory_budget import room_for_data
from logcorr.inputs.log_reader import LogReader, LogResult
from logcorr.inputs.reader import batches
from logcorr.jobs.access_exchanges import stored
from logcorr.jobs.write_views import HasLinePlaces

_PART_ROWS = 400_000
# One in so many bytes of the room for data may be text whose exchanges are not written yet.
_TEXT_SHARE = 8
# The lines of access logs are long: a chunk of this size has enough of them to be read fast.
_LONGER_LINES = 2


class RefusedLines(msgspec.Struct, frozen=True):
    """The refused lines of a split and where they stand: see `LinesOfLog`."""

    lines_read: HasLinePlaces
    rejects: pl.LazyFrame
    others: pl.LazyFrame


def map_split(step: Step) -> dict[str, Any]:
    """Reads a split. Its facts are the counts of its lines, and the rows of its files."""
    own, split = step.run.own(AccessPlan), step.plan.splits[step.index]
    views = StepViews(step, ("exchanges", "malformed", "other"))
    counter = counter_of(step, own)
    room, chunk_bytes = room_for_data(step.plan.sizes.memory_bytes), _LONGER_LINES * step.plan.sizes.chunk_bytes
    reader = LogReader(
        split.log,
        [own.form(piece.file) for piece in split.pieces],
        splits.windows(split, step.plan.files[split.log], step.run.files(split)),
        step.scratch / "lines",
        Quiet(),
        chunk_bytes=chunk_bytes,
        counters=[counter],
    )
    sums = sums_of(counter, own.limits.window_us)
    with closing(reader.entries()) as entries:
        exchanges = (one for read in entries for one in read.get("exchange", ()))
        for number, rows in enumerate(batches(exchanges, _PART_ROWS, max(1, room // (_TEXT_SHARE * chunk_bytes)))):
            sums.add(rows)
            places = SplitPlaces(split, reader.lines_read.starts)
            views.write(stored(rows, own.attributes, places), "exchanges", f"{number:04d}")
    read = reader.finish()
    # A run that is narrowed counts what is left.
    facts = {} if own.narrowed else put_counts(step, sums)
    return {**facts, **_put(views, own, split, read), **_facts(read)}


def _put(views: StepViews, own: AccessPlan, split: Split, read: LogResult) -> dict[str, Any]:
    """Puts exchanges and refused lines into the run, or into work files.

    Returns the facts: the rows of the parts of each view, and the malformed lines by reason.
    """
    lines = RefusedLines(SplitPlaces(split, read.lines_read.starts), read.rejects, read.others)
    malformed = views.write_refused(split.log, lines)
    begins = split.pieces[0].start == 0
    return {
        "malformed_by_reason": malformed,
        "rows": {
            "exchanges": views.put_view("exchanges", final=begins and not own.narrowed),
            **{view: views.put_view(view, final=begins) for view in ("malformed", "other")},
        },
    }


def _facts(read: LogResult) -> dict[str, Any]:
    """What a split came to, as far as its lines go.

    `lines` and `text_bytes` are those of its pieces, `rows_of_last` are the rows of the last one.
    """
    return {
        "rows_of_last": read.lines_read.rows - read.lines_read.starts[-1],
        "lines": read.lines_read.lines,
        "text_bytes": read.lines_read.text_bytes,
        "counts": read.counts,
        "span": list(read.span("exchange")),
        "clock": read.clock,
        "heads": read.heads,
        "joined": read.joined,
    }
