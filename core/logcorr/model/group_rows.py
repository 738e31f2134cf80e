"""The frozen structs of exchanges by attribute: endpoints, addresses, methods, user agents, windows.

Both kinds of reports have them. Durations are milliseconds, rates shares from 0 to 1.
"""

import msgspec

MOST_ENDPOINTS = 1000


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """The exchanges of an endpoint. `status` has their number by status code."""

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
    """An address, with its busiest window: the window in which it sent the most requests; null without a clock."""

    ip: str
    requests: int
    errors: int
    errors_4xx: int
    errors_5xx: int
    busiest_requests: int
    busiest_start: str | None
    suspicious: bool


class MethodRow(msgspec.Struct, frozen=True, kw_only=True):
    """The exchanges of a method."""

    method: str | None
    requests: int
    errors: int


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """The exchanges of a user agent."""

    user_agent: str | None
    requests: int
    errors: int


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a window in seconds, and how many windows hold at least one request."""

    window_s: float
    count: int
