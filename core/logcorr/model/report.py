"""The frozen structs of the report of a correlation. The report of an access log shares many of these structs.

Times are RFC 3339 text in UTC, shares are from 0 to 1. Other units are in the names.
"""

from typing import Any

import msgspec

from logcorr.model.ledger import Inputs, Orphans, SideLedger


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Nearest-rank percentiles of the non-negative durations, in milliseconds; null if there is no such duration."""

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
    """The number of durations from `from_ms` up to, but without, `to_ms`."""

    from_ms: float
    to_ms: float
    count: int

    @property
    def log_from_ms(self) -> float:
        """Its lower edge on a log axis. The first bin may begin at zero, which has no logarithm."""
        return self.from_ms if self.from_ms > 0 else self.to_ms / 2


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
    """Exchanges by timeline point and duration band. A cell is [index of the point, index of the band, count]."""

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
    """Negative durations: their count, their share of all exchanges, the lowest of them; and the shift by `--skew`."""

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
    """How the run went. This is the only part of a report that differs between two runs on the same lines.

    `seconds` is the wall time of each stage; stages follow each other. `steps` is the time of the steps within the
    stages; some steps run at the same time. `kernels` tells whether the compiled kernels were used.
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
