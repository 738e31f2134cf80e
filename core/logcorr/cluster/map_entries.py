"""The first phase: the lines of a split become entries in hash buckets, and lines that are none, in one file."""

from typing import Any

import msgspec
import polars as pl

from logcorr.cluster import splits
from logcorr.cluster.blobs import BlobWriter, Packing, packing_for
from logcorr.cluster.pair_plan import PairPlan, refused_segments, segment_of
from logcorr.cluster.quiet import Quiet
from logcorr.cluster.steps import Step
from logcorr.compute.zero_copy_text import memory_bytes
from logcorr.inputs.reader import SideResult
from logcorr.jobs.event_sources import SourceResult
from logcorr.jobs.pair_reading import ReadingPlace
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing.buckets import bucket_of

_BUCKET = ":bucket"
_REFUSED_ROWS = 100_000


def map_split(step: Step) -> dict[str, Any]:
    """Reads a split. Its facts are the counts of its lines and where the segments of its file are."""
    plan, split = step.plan, step.plan.splits[step.index]
    own: PairPlan = step.run.own(PairPlan)
    files = splits.windows(split, plan.files[split.log], step.run.files(split))
    place = ReadingPlace(folder=step.scratch, chunk_bytes=plan.sizes.chunk_bytes, progress=Quiet())
    source = own.reading.source({split.log: files}, place)
    entries = _Entries(plan.sizes.buckets, plan.sizes.flush_bytes, packing_for(step.store.uri))
    for side, frame in source.frames():
        entries.add(side, frame)
    read = source.finish()
    for side, frame in read.late.items():
        entries.add(side, frame)
    entries.flush()
    lines = read.logs[split.log]
    malformed = _add_refused(entries.writer, lines, plan.sizes.buckets)
    size, offsets = entries.writer.put(step.store, name := step.work_name("map", ".blob"), step.scratch / "blob")
    step.note("blob", name, size)
    return {"offsets": offsets.tobytes(), "malformed": malformed, **_facts(lines), **_facts_of_entries(read)}


class _Entries:
    """Entries on their way into buckets: some are in memory, in the order in which they were read."""

    def __init__(self, buckets: int, most_bytes: int, packing: Packing) -> None:
        self.writer = BlobWriter(len(SIDES) * buckets + 2, packing)
        self._buckets, self._most_bytes = buckets, most_bytes
        self._held: dict[Side, list[pl.DataFrame]] = {side: [] for side in SIDES}
        self._bytes = 0

    def add(self, side: Side, entries: pl.DataFrame) -> None:
        if not entries.height:
            return
        self._held[side].append(entries)
        self._bytes += memory_bytes(entries)
        if self._bytes > self._most_bytes:
            self.flush()

    def flush(self) -> None:
        """Puts all entries into their buckets."""
        for side, frames in self._held.items():
            if frames:
                self._put(side, pl.concat(frames))
            frames.clear()
        self._bytes = 0

    def _put(self, side: Side, entries: pl.DataFrame) -> None:
        number = bucket_of(self._buckets).alias(_BUCKET)
        # Within a bucket the order stays as it was read: that is nearly the order of rows.
        ordered = entries.with_columns(number).sort(_BUCKET, maintain_order=True)
        runs = ordered[_BUCKET].rle().struct.unnest()
        ordered, at = ordered.drop(_BUCKET), 0
        for height, bucket in runs.select("len", "value").iter_rows():
            self.writer.add(segment_of(bucket, side), ordered.slice(at, height))
            at += height


def _add_refused(writer: BlobWriter, lines: SideResult, buckets: int) -> dict[str, int]:
    """Adds the lines that are no entries. Returns the malformed ones by reason."""
    reasons: dict[str, int] = {}
    for segment, rows in zip(refused_segments(buckets), (lines.rejects, lines.others), strict=True):
        refused = None if rows is None else rows.collect(engine="streaming").sort("row")
        if refused is None or not refused.height:
            continue
        for piece in refused.iter_slices(_REFUSED_ROWS):
            writer.add(segment, piece)
        if rows is lines.rejects:
            reasons = dict(refused.group_by("reason").len().iter_rows())
    return reasons


def _facts(lines: SideResult) -> dict[str, Any]:
    """What a split came to, as far as its lines go; `starts` are the rows of the split at which its files begin."""
    read = lines.lines_read
    return {
        "rows": read.rows,
        "starts": read.starts,
        "lines": read.lines,
        "text_bytes": read.text_bytes,
        "blank": lines.blank,
        "header": lines.header,
        "other": lines.other,
        "repaired": lines.repaired,
        "clock": msgspec.structs.asdict(lines.clock),
        "heads": lines.heads,
        "joined": lines.joined,
    }


def _facts_of_entries(read: SourceResult) -> dict[str, Any]:
    return {"spans": {side: list(span) for side, span in read.spans.items()}, "entries": dict(read.entries)}
