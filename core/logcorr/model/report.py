"""The frozen structs that cross floors: options, report and manifest.

Times are microseconds since 1970-01-01 UTC, durations microseconds, sizes bytes, unless a name says otherwise.
"""

from typing import Any, ClassVar, Literal

import msgspec

SCHEMA = 1

Side = Literal["request", "response"]
Log = Literal["request", "response", "access"]
Pairing = Literal["in-order", "first", "last"]
View = Literal[
    "exchanges",
    "slow",
    "errors",
    "orphans",
    "malformed",
    "duplicates",
    "redelivered",
    "superseded",
    "skewed",
    "users",
    "endpoints",
    "ips",
    "windows",
]

SIDES: tuple[Side, Side] = ("request", "response")
MALFORMED_REASONS = ("encoding", "fields", "timestamp", "request_id", "status_code")
ORPHAN_REASONS = ("too_far", "repeated_id", "in_flight", "before_start", "lost")


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One file to export: which view, where to (its ending is the form, `-` is NDJSON on stdout), in which order.

    `raw_csv` leaves cells of a CSV file as they are that a spreadsheet would run as formulas.
    """

    view: View
    path: str
    columns: tuple[str, ...] = ()
    sort_time: bool = False
    raw_csv: bool = False


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What every job is told: how wide a window is, how much memory there is, where what it makes goes."""

    kind: ClassVar[str]
    window_us: int = 60_000_000
    memory_bytes: int
    store: str | None = None
    keep: bool = True
    outputs: tuple[Output, ...] = ()
    report_path: str | None = None
    force: bool = False


class CorrelateOptions(JobOptions, frozen=True, kw_only=True):
    """Everything one correlation is told, checked before any work starts."""

    kind: ClassVar[str] = "correlation"
    requests: tuple[str, ...]
    responses: tuple[str, ...]
    pairing: Pairing = "in-order"
    max_duration_us: int | None = None
    edge_us: int | None = None
    skew_us: int = 0


class AnalyzeOptions(JobOptions, frozen=True, kw_only=True):
    """Everything the analysis of an access log is told; `form` is one of dialects.FORMS, or None to find out."""

    kind: ClassVar[str] = "access"
    files: tuple[str, ...]
    form: str | None = None
    suspicious: int = 25
    collapse_ids: bool = False


class SideLedger(msgspec.Struct, frozen=True, kw_only=True):
    """Where every line of one side went; `lines` is the sum of all other counts."""

    files: list[str]
    bytes: int
    lines: int
    blank: int
    header: int
    malformed: dict[str, int]
    redelivered: int
    superseded: int
    matched: int
    orphans: int

    def closes(self) -> bool:
        """Whether blank, header, malformed, redelivered, superseded, matched and orphans add up to lines."""
        parts = self.blank + self.header + sum(self.malformed.values()) + self.redelivered + self.superseded
        return self.lines == parts + self.matched + self.orphans


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    requests: SideLedger
    responses: SideLedger


class Orphans(msgspec.Struct, frozen=True, kw_only=True):
    """Orphans of each side by reason; only reasons that occur are there."""

    request: dict[str, int]
    response: dict[str, int]


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


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What tells whether an input is still the same file: size, time of change, and a hash of both its ends."""

    path: str
    bytes: int
    mtime_ns: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a run folder: written last, read first.

    `files` gives for each side the input files in order, as the user named them; a view's `*_file` columns index it.
    `parts` gives the bytes of every Parquet file of the views; `attributes` lists the columns that exchanges carry
    beside the fixed ones.
    """

    schema: int
    kind: str
    key: str
    version: str
    created: str
    options: dict[str, Any]
    inputs: dict[str, list[Fingerprint]]
    files: dict[str, list[str]]
    parts: dict[str, int]
    attributes: list[str]
    rows: dict[str, int]
    headline: dict[str, Any]
