"""What a run tells while it goes on: how far it is, first estimates, and that it is done.

With `--progress json` each is a line on stderr. Durations are microseconds, sizes bytes, unless a name says otherwise.
"""

import msgspec

from logcorr.model.ledger import Log
from logcorr.model.report import Heatmap, HistogramBin, Timeline


class FileProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one input file has been read, in bytes as they stand on disk."""

    side: Log
    file: str
    bytes_done: int
    bytes_total: int


class ProgressEvent(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="event"):
    """Where a run is. Stages in order: read (both sides), pair, report, export. Counts never go back."""

    stage: str
    bytes_done: int
    bytes_total: int
    lines: int
    rows_per_s: float
    eta_s: float | None
    buckets_done: int
    buckets_total: int
    seconds: float
    rss_bytes: int
    memory_bytes: int
    ledger: dict[str, dict[str, int]]
    files: list[FileProgress]


class EstimateEvent(msgspec.Struct, frozen=True, kw_only=True, tag="estimate", tag_field="event"):
    """While reading and after each bucket: figures from the share of the logs that has been paired so far.

    Counts are as found, to be divided by the share; while reading, `orphans` are entries that found no partner nearby.
    In the timeline and the heat map orphans are yet to come.
    """

    share: float
    matched: int
    orphans: int
    negative: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    status: dict[str, int]
    histogram: list[HistogramBin]
    timeline: Timeline
    heatmap: Heatmap


class DoneEvent(msgspec.Struct, frozen=True, kw_only=True, tag="done", tag_field="event"):
    """The run is complete: its folder (null when none is kept), and whether a finished run was opened again."""

    run: str | None
    reused: bool
    seconds: float


Event = ProgressEvent | EstimateEvent | DoneEvent
