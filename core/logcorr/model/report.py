"""The frozen structs that cross floors: options, report and manifest.

Times are microseconds since 1970-01-01 UTC, durations microseconds, sizes bytes, unless a name says otherwise.
"""

from typing import Any

import msgspec

from logcorr.model.ledger import Inputs, Orphans, SideLedger


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Nearest-rank percentiles over the non-negative durations, in milliseconds; null where there are none."""

    count: int
    negative: int
    min_ms: float | None
    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None
    accuracy: str


class HistogramBin(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in [from_ms, to_ms)."""

    from_ms: float
    to_ms: float
    count: int


class TimelinePoint(msgspec.Struct, frozen=True, kw_only=True):
    start: str
    requests: int
    responses: int
    errors_4xx: int
    errors_5xx: int
    orphans: int
    p50_ms: float | None
    p99_ms: float | None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    bucket_s: float
    points: list[TimelinePoint]


class Heatmap(msgspec.Struct, frozen=True, kw_only=True):
    """Exchanges by timeline bucket and latency band: cells are [timeline point index, band index, count]."""

    edges_ms: list[float]
    cells: list[tuple[int, int, int]]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    start: str
    end: str
    total_requests: int
    errors_4xx: int
    errors_5xx: int
    orphans: int


class Skew(msgspec.Struct, frozen=True, kw_only=True):
    """Negative durations: how many, their share of all exchanges, the lowest; and the shift that was asked for."""

    negative: int
    share: float
    min_ms: float | None
    applied_ms: float


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str | None
    requests: int
    errors: int
    orphans: int
    p99_ms: float | None


class SlowExchange(msgspec.Struct, frozen=True, kw_only=True):
    request_id: str
    user_id: str | None
    status_code: int
    duration_ms: float
    request_time: str
    response_time: str


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How the run went; the only part of a report that differs between two runs on the same lines.

    `seconds` are by stage, one after the other; `steps` are what the stages are made of, some of them side by side;
    `kernels` tells whether the compiled ones did part of the work.
    """

    version: str
    kernels: bool = False
    options: dict[str, Any]
    started: str
    seconds: dict[str, float]
    steps: dict[str, float] = {}
    buckets: int
    spilled_bytes: int
    peak_rss_bytes: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a correlation, as `--report` writes it."""

    schema: int
    kind: str
    inputs: Inputs
    orphans: Orphans
    latency: Latency
    latency_success: Latency
    latency_failure: Latency
    status: dict[str, int]
    histogram: list[HistogramBin]
    timeline: Timeline
    heatmap: Heatmap
    worst_window: Window | None
    skew: Skew
    edge_ms: float
    users: list[UserRow]
    slowest: list[SlowExchange]
    run: RunInfo

    def ledgers(self) -> dict[str, SideLedger]:
        """The ledger of each side, by its name."""
        return {"requests": self.inputs.requests, "responses": self.inputs.responses}
