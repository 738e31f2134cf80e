"""The options of every job, checked before any work starts."""

from typing import ClassVar, Literal

import msgspec

Pairing = Literal["in-order", "nearest", "first", "last"]
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
# The endings of an output file; each picks a form.
OUTPUT_FORMS = (".json", ".ndjson", ".jsonl", ".csv", ".parquet")


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One file to export: which view to which path. The ending of the path chooses the form; `-` is NDJSON on stdout.

    No `columns` means all columns. `raw_csv` leaves a cell of a CSV file unchanged if a spreadsheet would run it as a
    formula.
    """

    view: View
    path: str
    columns: tuple[str, ...] = ()
    sort_time: bool = False
    raw_csv: bool = False


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options that every job has: the width of a window, the memory budget, and where runs and outputs go."""

    kind: ClassVar[str]
    window_us: int = 60_000_000
    memory_bytes: int
    store: str | None = None
    keep: bool = True
    outputs: tuple[Output, ...] = ()
    report_path: str | None = None
    force: bool = False


class CorrelateOptions(JobOptions, frozen=True, kw_only=True):
    """All options of a correlation."""

    kind: ClassVar[str] = "correlation"
    requests: tuple[str, ...]
    responses: tuple[str, ...]
    pairing: Pairing = "in-order"
    max_duration_us: int | None = None
    edge_us: int | None = None
    skew_us: int = 0


class AnalyzeOptions(JobOptions, frozen=True, kw_only=True):
    """All options of the analysis of an access log. `form` is one of `access_dialects.FORMS`; None means: detect it."""

    kind: ClassVar[str] = "access"
    files: tuple[str, ...]
    form: str | None = None
    suspicious: int = 25
    collapse_ids: bool = False
