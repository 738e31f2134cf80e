"""The events of a job while it runs: its progress, first estimates, and its end.

With `--progress json` each event is one line of JSON on stderr. Sizes are bytes. Units of time are in the names.
"""

import msgspec

from logcorr.model.ledger import Log
from logcorr.model.report import Heatmap, HistogramBin, Timeline


class FileProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one input file has been read, in bytes on disk: compressed bytes if the file is compressed."""

    side: Log
    file: str
    bytes_done: int
    bytes_total: int


class ProgressEvent(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="event"):
    """The progress of a run. Its stages in order: read (both sides), pair, report, export. No count ever decreases."""

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
    """Estimated figures, sent while reading and after each bucket: they come from the entries paired so far.

    `share` is the share of the logs that was paired, from 0 to 1. Counts are not scaled up: a reader divides them by
    the share. While reading, `orphans` counts the entries without a partner nearby. The timeline has no orphans.
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
    """The run is complete. `run` is its folder, null if none is kept. `reused` tells that a finished run was opened."""

    run: str | None
    reused: bool
    seconds: float


Event = ProgressEvent | EstimateEvent | DoneEvent
