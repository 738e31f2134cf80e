"""The frozen structs of the report of a correlation. The report of an access log shares many of these structs.

Times are RFC 3339 text in UTC, shares are from 0 to 1. Other units are in the names.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from logcorr.model.findings import Finding
from logcorr.model.group_rows import AgentRow, EndpointRow, IpRow, MethodRow, Windows
from logcorr.model.ledger import Inputs, LogLedger, Orphans, SideLedger

NO_CLOCK = "the log has no clock"
# What the duration of a pair is: the distance of its two events, or the duration that the response tells.
DurationSource = Literal["events", "given"]


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
    """Exchanges by time. `reason` says why there are no points although there are exchanges; else it is null."""

    bucket_s: float
    points: list[TimelinePoint]
    reason: str | None = None


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
    """Negative durations: their count, their share of all durations, the lowest of them; and the shift by `--skew`."""

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
    status_code: int | None
    duration_ms: float
    request_time: str | None
    response_time: str | None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Durations that responses tell: how many exchanges have one, and how far it is from the distance of the events.

    The percentiles are of the absolute difference; null where no exchange has both. `used` names the durations that
    all other figures of the report are of.
    """

    count: int
    difference_p50_ms: float | None
    difference_p99_ms: float | None
    used: DurationSource


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """The step of the clocks, in µs: 1,000,000 where every instant of a side is a whole second, 1000 or 1."""

    requests_us: int
    responses_us: int

    @property
    def coarsest_us(self) -> int:
        """The step of the coarser clock."""
        return max(self.requests_us, self.responses_us)


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How the run went. This is the only part of a report that differs between two runs on the same lines.

    `seconds` is the wall time of each stage; stages follow each other. `steps` is the time of the steps within the
    stages; some steps run at the same time. `kernels` tells whether the compiled kernels were used.

    A run on an engine has its kind in `engine`, how many steps there were in `steps_run`, how many of them this driver
    found done in `steps_found`, and how often a phase was tried again in `retried`. Its peak is that of a step.

    A run that went on from an earlier one on the same logs, before they grew, has the name of that run in `grown_from`.
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
    engine: str | UnsetType = UNSET
    steps_run: int | UnsetType = UNSET
    steps_found: int | UnsetType = UNSET
    retried: int | UnsetType = UNSET
    grown_from: str | UnsetType = UNSET


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a correlation, as `--report` writes it.

    `attributes` names the attributes of exchanges, as the manifest does. Endpoints, addresses, methods, user agents and
    windows are as in the report of an access log, for attributes that there are; else they are empty. `resolution` is
    null where no exchange has a time, `given` where responses tell no duration. `findings` are what chance does not
    explain, the most telling first. `warnings` are sentences on what makes the figures doubtful. Of each list that may
    end early, `_total` is how many there are, and `_listed` how many of them the report has.
    """

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
    given: Given | None = None
    resolution: Resolution | None = None
    attributes: list[str] = []
    missing: dict[str, int] = {}
    fastest_endpoint: str | None = None
    slowest_endpoint: str | None = None
    busiest_endpoint: str | None = None
    suspicious_ips: list[str] = []
    suspicious_ip_count: int = 0
    windows: Windows | None = None
    endpoints: list[EndpointRow] = []
    failing_endpoints: list[EndpointRow] = []
    ips: list[IpRow] = []
    failing_ips: list[IpRow] = []
    methods: list[MethodRow] = []
    user_agents: list[AgentRow] = []
    fastest_endpoint_ms: float | None = None
    slowest_endpoint_ms: float | None = None
    busiest_endpoint_requests: int | None = None
    suspects: list[IpRow] = []
    findings: list[Finding] = []
    warnings: list[str] = []
    endpoints_total: int = 0
    endpoints_listed: int = 0
    failing_endpoints_total: int = 0
    failing_endpoints_listed: int = 0
    ips_total: int = 0
    ips_listed: int = 0
    failing_ips_total: int = 0
    failing_ips_listed: int = 0
    suspicious_ips_listed: int = 0
    methods_total: int = 0
    methods_listed: int = 0
    user_agents_total: int = 0
    user_agents_listed: int = 0
    users_total: int = 0
    users_listed: int = 0
    slowest_total: int = 0
    slowest_listed: int = 0

    @property
    def matched(self) -> int:
        """How many exchanges the figures are of: all, or those that the run was narrowed to."""
        return sum(self.status.values())

    @property
    def request_orphans(self) -> int:
        """How many requests without a response the figures are of."""
        return sum(self.orphans.request.values())

    @property
    def all_orphans(self) -> int:
        """How many orphans of both sides the figures are of."""
        return self.request_orphans + sum(self.orphans.response.values())

    @property
    def requests(self) -> int:
        """How many requests the figures are of, those included that a later one took the place of."""
        return self.matched + self.request_orphans + self.inputs.requests.superseded

    def ledgers(self) -> dict[str, SideLedger | LogLedger]:
        """The ledger of each side, by its name; first that of the log where one log holds both sides."""
        sides: dict[str, SideLedger | LogLedger] = {
            "requests": self.inputs.requests,
            "responses": self.inputs.responses,
        }
        return sides if isinstance(self.inputs.log, UnsetType) else {"log": self.inputs.log, **sides}
