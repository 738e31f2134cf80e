"""The options of every job, checked before any work starts."""

from typing import ClassVar, Literal

import msgspec

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
