"""The frozen structs of the report of an access log.

Times are RFC 3339 text in UTC, durations milliseconds, rates shares from 0 to 1, unless a name says otherwise.
"""

import msgspec

from logcorr.model.ledger import AccessInputs, AccessLedger
from logcorr.model.report import Heatmap, HistogramBin, Latency, Report, RunInfo, Timeline

MOST_ENDPOINTS = 1000


class OneRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request: the fastest or the slowest of the log."""

    endpoint: str | None
    method: str | None
    ms: float
    status_code: int
    ip: str | None
    time: str


class AccessWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One aligned time window. `suspicious_ips` are the addresses with too many requests in this window."""

    start: str
    end: str
    total_requests: int
    errors_4xx: int
    errors_5xx: int
    suspicious_ips: list[str]


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    endpoint: str | None
    requests: int
    errors: int
    error_rate: float
    errors_4xx: int
    errors_5xx: int
    min_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    status: dict[str, int]


class IpRow(msgspec.Struct, frozen=True, kw_only=True):
    """An address, with its busiest window: the window in which it sent the most requests."""

    ip: str
    requests: int
    errors: int
    errors_4xx: int
    errors_5xx: int
    busiest_requests: int
    busiest_start: str
    suspicious: bool


class MethodRow(msgspec.Struct, frozen=True, kw_only=True):
    method: str | None
    requests: int
    errors: int


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    user_agent: str | None
    requests: int
    errors: int


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a window in seconds, and how many windows hold at least one request."""

    window_s: float
    count: int


class AccessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of an access log, as `--report` writes it.

    `suspicious_ips` names every suspicious address. `suspects` has rows for the suspicious addresses with the most
    requests in one window.
    """

    schema: int
    kind: str
    format: str
    inputs: AccessInputs
    missing: dict[str, int]
    total_requests: int
    successful_requests: int
    failed_requests: int
    failed_4xx: int
    failed_5xx: int
    fastest_request: OneRequest | None
    slowest_request: OneRequest | None
    fastest_endpoint: str | None
    slowest_endpoint: str | None
    busiest_endpoint: str | None
    worst_window: AccessWindow | None
    suspicious_ips: list[str]
    suspicious_ip_count: int
    latency: Latency
    latency_success: Latency
    latency_failure: Latency
    status: dict[str, int]
    histogram: list[HistogramBin]
    timeline: Timeline
    heatmap: Heatmap
    windows: Windows
    endpoints: list[EndpointRow]
    failing_endpoints: list[EndpointRow]
    ips: list[IpRow]
    failing_ips: list[IpRow]
    methods: list[MethodRow]
    user_agents: list[AgentRow]
    run: RunInfo
    fastest_endpoint_ms: float | None = None
    slowest_endpoint_ms: float | None = None
    busiest_endpoint_requests: int | None = None
    suspects: list[IpRow] = []

    def ledgers(self) -> dict[str, AccessLedger]:
        """The ledger of the log, by its name."""
        return {"access": self.inputs.access}


RunReport = Report | AccessReport
KINDS: dict[str, type[Report] | type[AccessReport]] = {"correlation": Report, "access": AccessReport}
