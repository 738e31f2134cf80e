"""The options of every job, checked before any work starts."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import msgspec

Pairing = Literal["in-order", "nearest", "first", "last"]
View = Literal[
    "exchanges",
    "slow",
    "errors",
    "orphans",
    "malformed",
    "other",
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
    formula. `sort_time` sorts the rows by time, `sort_view` by what the view is about, where it has such an order.
    """

    view: View
    path: str
    columns: tuple[str, ...] = ()
    sort_time: bool = False
    sort_view: bool = False
    raw_csv: bool = False


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is made of the finished run, and published with the outputs: metrics, a report for CI.

    `bytes_of` takes the RunFolder of the run, and gives the bytes of the file; it may raise LogcorrError. A document
    that `reads_exchanges` needs the view of exchanges, also where the run is not kept.
    """

    path: str
    bytes_of: Callable[[Any], bytes]
    reads_exchanges: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How lines are read, beside the name of their format.

    `files` are files of profiles. `zone` is of stamps that name none. `date` (YYYY-MM-DD) is the date of the first
    line, for clocks without a date. `client` tells which member of a list of addresses is the client: "first", "last",
    or a place. `unwrap` names the heads to take off lines; "none" takes off none, and nothing means that they are told
    by their shape. `fields`, `where_request` and `where_response` name the fields of a log without a profile.
    """

    files: tuple[str, ...] = ()
    zone: str | None = None
    date: str | None = None
    client: str = "first"
    unwrap: tuple[str, ...] = ()
    fields: str | None = None
    where_request: str | None = None
    where_response: str | None = None


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """What the report and the exports of a job are narrowed to; pairing and the ledger are of all entries.

    `since` and `until` are instants in the forms of the filter language, or `-15m` before the newest entry; `until` is
    the first instant that is left out. `zone` is of instants that name none, UTC by default. `where` is a filter. An
    exchange lies at the time of its request. None leaves nothing out.

    With `ordered_us` the user says that no line stands further before or behind its time, and that no exchange takes
    longer. What lies before `since` is then not read.
    """

    since: str | None = None
    until: str | None = None
    where: str | None = None
    zone: str | None = None
    ordered_us: int | None = None


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """On what engine a run is made, and how its work is cut. Nothing of it changes the result.

    A step takes at most about `worker_memory_bytes`; or all steps of this machine take `memory_bytes`. It is tried
    `tries` times. The run ends where no step ends for `patience_s` seconds. The work is cut for `slots` steps at once,
    into splits of `split_bytes`, and entries into so many `buckets`. 0 means that the engine and the sizes of the logs
    tell it. With `keep_work` the work files of a run stay that was interrupted.
    """

    engine: str
    worker_memory_bytes: int = 0
    memory_bytes: int = 0
    slots: int = 0
    tries: int = 3
    patience_s: float = 600.0
    split_bytes: int = 0
    buckets: int = 0
    keep_work: bool = False


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options that every job has: how logs are read, the memory budget, and where runs and outputs go.

    `form` is the name of the format; None means that samples of the log tell it. `collapse` names groups of endpoints,
    each as `REGEX=NAME`. `threads` of None are as many as the
    process may use cores, within its memory. `cluster` tells to make the run by steps on an engine.
    """

    kind: ClassVar[str]
    form: str | None = None
    reading: Reading = Reading()
    narrowing: Narrowing = Narrowing()
    collapse: tuple[str, ...] = ()
    window_us: int = 60_000_000
    memory_bytes: int
    threads: int | None = None
    store: str | None = None
    keep: bool = True
    outputs: tuple[Output, ...] = ()
    report_path: str | None = None
    documents: tuple[Document, ...] = ()
    force: bool = False
    cluster: ClusterOptions | None = None


class CorrelateOptions(JobOptions, frozen=True, kw_only=True):
    """All options of a correlation of two logs, or of one `log` that holds both events.

    `request_form` and `response_form` name the formats of two logs that are of two formats. `pairing` of None is as the
    format says. `duration` tells which duration counts: the distance of the events, or the one that responses tell.
    """

    kind: ClassVar[str] = "correlation"
    requests: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    request_form: str | None = None
    response_form: str | None = None
    pairing: Pairing | None = None
    duration: Literal["events", "given"] | None = None
    suspicious: int = 25
    collapse_ids: bool = False
    max_duration_us: int | None = None
    edge_us: int | None = None
    skew_us: int = 0


class AnalyzeOptions(JobOptions, frozen=True, kw_only=True):
    """All options of the analysis of an access log."""

    kind: ClassVar[str] = "access"
    files: tuple[str, ...]
    suspicious: int = 25
    collapse_ids: bool = False


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """All options of watching logs that grow.

    `logs` are the words of each log. Two logs are a request and a response log where the user named the `sides`; else
    their lines tell whether they are. A request is overdue after `timeout_us`; entries that come up to `lateness_us`
    late are put where they belong. The window slides over the last `window_us`, and can be widened up to
    `longest_window_us`. With `last_us` only about so much of what is there at the start is read. Exchanges and requests
    are reported where the filter `where` holds. The other options are those of a correlation.
    """

    logs: tuple[tuple[str, ...], ...]
    sides: bool = False
    form: str | None = None
    request_form: str | None = None
    response_form: str | None = None
    reading: Reading = Reading()
    pairing: Pairing | None = None
    duration: Literal["events", "given"] | None = None
    collapse: tuple[str, ...] = ()
    collapse_ids: bool = False
    skew_us: int = 0
    window_us: int = 300_000_000
    longest_window_us: int | None = None
    last_us: int | None = None
    timeout_us: int = 30_000_000
    lateness_us: int = 60_000_000
    where: str | None = None
    memory_bytes: int

    def correlation(self) -> CorrelateOptions:
        """The same options for a correlation of the logs."""
        return CorrelateOptions(
            form=self.form,
            request_form=self.request_form,
            response_form=self.response_form,
            reading=self.reading,
            pairing=self.pairing,
            duration=self.duration,
            collapse=self.collapse,
            collapse_ids=self.collapse_ids,
            skew_us=self.skew_us,
            memory_bytes=self.memory_bytes,
        )
