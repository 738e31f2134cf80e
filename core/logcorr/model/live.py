"""What is seen of logs that grow: requests, responses and exchanges as they come, and figures of a moment."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from logcorr.model.status import is_failure


class Request(NamedTuple):
    """A request: its time in µs, its id, and what else it tells (user, attributes) by the names of columns.

    `reported` tells whether it is to be shown. `place` tells where its line stands: see
    `logcorr.inputs.follow.line_places`.
    """

    time_us: int
    request_id: str
    values: tuple[str | None, ...]
    reported: bool = True
    place: int = -1


class Response(NamedTuple):
    """A response: its time in µs, its id, its status, and the duration in µs that it tells itself.

    `place` tells where its line stands, as of a request.
    """

    time_us: int
    request_id: str
    status: int | None
    given_us: int | None = None
    place: int = -1


class Exchange(NamedTuple):
    """A request with its response. `late` tells that the request was overdue before the response came.

    `duration_us` is None where an access log does not tell it.
    """

    request: Request
    response: Response
    duration_us: int | None
    late: bool

    @property
    def failed(self) -> bool:
        """Whether the exchange is a failure."""
        return is_failure(self.response.status)


class WindowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a window of time, from `from_us` to before `to_us`; it does not begin before the first entry.

    `overdue` are requests of the window that wait for longer than they should. Percentiles are to within a bin, less
    than 1 % wide. The rates are of equal parts of the window, the oldest first.
    """

    from_us: int
    to_us: int
    requests: int
    responses: int
    exchanges: int
    failures: int
    negative: int
    overdue: int
    status: Mapping[str, int]
    percentiles_ms: Mapping[str, float | None]
    requests_per_s: Sequence[float]
    failures_per_s: Sequence[float]

    @property
    def seconds(self) -> float:
        """The length of the window."""
        return (self.to_us - self.from_us) / 1_000_000

    @property
    def error_rate(self) -> float:
        """The share of exchanges that failed."""
        return self.failures / self.exchanges if self.exchanges else 0.0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What logs that are followed look like at a moment.

    `now_us` is the newest instant of the logs, and `watermark_us` the instant before which no entry is expected any
    more; None before the first entry. `window` is what happened lately. `oldest` and `overdue` are requests that are
    open, the oldest first; `attributes` names their values. `slowest`, `failed` and `late` are exchanges of the window:
    the slowest, the latest that failed, and the latest that came after their request was overdue. `counts` are totals
    since following began: lines by class, requests, responses, exchanges, failures, open, overdue, late, given_up,
    unasked (responses without a request), redelivered, left_out (exchanges that a filter leaves out), too_late (entries
    older than the window when they came). Nothing has come for `quiet_s` seconds of the wall clock. `doubts` are
    sentences on what makes the figures doubtful. `ended` tells that all logs come through pipes that have ended.
    """

    now_us: int | None
    watermark_us: int | None
    window: WindowFigures | None
    counts: Mapping[str, int]
    behind_bytes: int
    attributes: Sequence[str] = ()
    oldest: Sequence[Request] = ()
    overdue: Sequence[Request] = ()
    slowest: Sequence[Exchange] = ()
    failed: Sequence[Exchange] = ()
    late: Sequence[Exchange] = ()
    notices: Sequence[str] = ()
    quiet_s: float = 0.0
    doubts: Sequence[str] = ()
    ended: bool = False
