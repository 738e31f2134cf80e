"""The frozen structs of the report of an access log.

Times are RFC 3339 text in UTC, durations milliseconds, rates shares from 0 to 1, unless a name says otherwise.
"""

import msgspec

from logcorr.model.findings import Finding
from logcorr.model.group_rows import AgentRow, EndpointRow, IpRow, MethodRow, Windows
from logcorr.model.ledger import AccessInputs, AccessLedger
from logcorr.model.report import Heatmap, HistogramBin, Latency, Report, RunInfo, Timeline


class OneRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request: the fastest or the slowest of the log."""

    endpoint: str | None
    method: str | None
    ms: float
    status_code: int | None
    ip: str | None
    time: str | None


class AccessWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One aligned time window. `suspicious_ips` are the addresses with too many requests in this window."""

    start: str
    end: str
    total_requests: int
    errors_4xx: int
    errors_5xx: int
    suspicious_ips: list[str]


class AccessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of an access log, as `--report` writes it.

    `suspicious_ips` names every suspicious address. `suspects` has rows for the suspicious addresses with the most
    requests in one window. `findings` and `warnings` are as in the report of a correlation.
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
    findings: list[Finding] = []
    warnings: list[str] = []

    def ledgers(self) -> dict[str, AccessLedger]:
        """The ledger of the log, by its name."""
        return {"access": self.inputs.access}


RunReport = Report | AccessReport
KINDS: dict[str, type[Report] | type[AccessReport]] = {"correlation": Report, "access": AccessReport}
