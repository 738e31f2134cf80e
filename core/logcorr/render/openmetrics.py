"""A finished run as metrics in the OpenMetrics text form, for the textfile collector of Prometheus' node exporter.

The older text form of Prometheus reads the same text: there are no timestamps, and no types that it does not know.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.model import status
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.quantiles import QUANTILES
from logcorr.model.report import Report
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.query.latency_buckets import BOUNDS_S, Group, LatencyBuckets, latency_buckets
from logcorr.runs.run_folder import RunFolder
from logcorr.text.safe import safe

# So many endpoints have series of their own: those with the most requests. All others are one.
MOST_ENDPOINTS = 20
OTHER, NONE = "other", "none"
_LONGEST_LABEL = 200
Labels = Mapping[str, str]


class Sample(msgspec.Struct, frozen=True):
    """A line: what follows the name of its family, the labels, the value as text."""

    suffix: str
    labels: Labels
    value: str


class Family(msgspec.Struct, frozen=True):
    """A metric with its samples. Where it has a `unit`, its name ends in that."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    samples: list[Sample]
    unit: str | None = None

    def lines(self) -> Iterator[str]:
        """Its lines, with those that describe it first; nothing where it has no sample."""
        if not self.samples:
            return
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.type}"
        if self.unit is not None:
            yield f"# UNIT {self.name} {self.unit}"
        for sample in self.samples:
            yield f"{self.name}{sample.suffix}{_labels(sample.labels)} {sample.value}"


def openmetrics(run: RunFolder) -> bytes:
    """The metrics of a run. Raises InputError if the run is missing or damaged."""
    report = run.report
    has_endpoints = "endpoint" in run.manifest.attributes
    named = [row.endpoint for row in report.endpoints if row.endpoint is not None][:MOST_ENDPOINTS]
    series = _series(latency_buckets(run, named), has_endpoints=has_endpoints)
    families = [
        *_ledgers(report),
        *(_pairs(report) if isinstance(report, Report) else ()),
        *_exchanges(series),
        _percentiles(report),
    ]
    return "".join(f"{line}\n" for family in families for line in [*family.lines()]).encode() + b"# EOF\n"


def _ledgers(report: RunReport) -> Iterator[Family]:
    """What became of every line, by log."""
    ledgers = {
        name: ledger.line_counts
        for name, ledger in report.ledgers().items()
        if isinstance(report, AccessReport) or ledger.line_counts.files
    }

    def by_log(value: Callable[[str], int]) -> list[Sample]:
        return [_count({"log": name}, value(name)) for name in ledgers]

    yield Family(
        "logcorr_log_bytes",
        "counter",
        "Bytes of the logs, as they are on disk.",
        by_log(lambda name: ledgers[name].bytes),
        "bytes",
    )
    yield Family("logcorr_lines", "counter", "Lines of the logs.", by_log(lambda name: ledgers[name].lines))
    yield Family(
        "logcorr_entries",
        "counter",
        "Lines that became requests, responses or exchanges.",
        by_log(lambda name: ledgers[name].entries),
    )
    yield Family(
        "logcorr_other_lines",
        "counter",
        "Lines that the format of the log does not speak of.",
        by_log(lambda name: ledgers[name].other),
    )
    malformed = [
        _count({"log": name, "reason": reason}, counts.malformed.get(reason, 0))
        for name, counts in ledgers.items()
        for reason in ALL_REASONS
    ]
    yield Family("logcorr_malformed_lines", "counter", "Lines that could not be read, by the reason.", malformed)


def _pairs(report: Report) -> Iterator[Family]:
    """What became of the entries of both sides."""
    sides = {
        "request": (report.inputs.requests, report.orphans.request),
        "response": (report.inputs.responses, report.orphans.response),
    }
    orphans = [
        _count({"side": side, "reason": reason}, counts.get(reason, 0))
        for side, (_, counts) in sides.items()
        for reason in ORPHAN_REASONS
    ]
    repeated = [
        _count({"side": side, "kind": kind}, getattr(ledger, kind))
        for side, (ledger, _) in sides.items()
        for kind in ("redelivered", "superseded", "surplus")
    ]
    yield Family("logcorr_orphans", "counter", "Requests and responses without a partner, by the reason.", orphans)
    yield Family("logcorr_repeated_entries", "counter", "Entries that say again what another entry says.", repeated)


def _series(counts: Mapping[Group, LatencyBuckets], *, has_endpoints: bool) -> dict[tuple[str, ...], LatencyBuckets]:
    """The exchanges by the values of the labels: the class of the status, and the endpoint where there are any.

    Endpoints that are alike once they are fit for a label are one. So are endpoints of the same name as OTHER or NONE.
    """
    series: dict[tuple[str, ...], LatencyBuckets] = {}
    for group, buckets in counts.items():
        own = OTHER if group.others else NONE if group.endpoint is None else safe(group.endpoint, _LONGEST_LABEL)
        key = (status.class_label(group.status_code), *((own or NONE,) if has_endpoints else ()))
        series[key] = series.get(key, LatencyBuckets()).plus(buckets)
    return dict(sorted(series.items(), key=lambda item: (item[0][1:], item[0])))


def _exchanges(series: Mapping[tuple[str, ...], LatencyBuckets]) -> Iterator[Family]:
    labelled = [(dict(zip(("status_class", "endpoint"), key, strict=False)), one) for key, one in series.items()]
    everything = [one.requests for one in series.values()]
    negative = sum(one.negative for one in series.values())
    yield Family(
        "logcorr_exchanges",
        "counter",
        "Requests with their response, or lines of an access log.",
        [_count({}, sum(everything))],
    )
    yield Family(
        "logcorr_requests",
        "counter",
        "Exchanges by status and endpoint.",
        [_count(labels, one.requests) for labels, one in labelled],
    )
    yield Family(
        "logcorr_negative_durations",
        "counter",
        "Durations below zero, which the histogram leaves out.",
        [_count({}, negative)],
    )
    samples = [sample for labels, one in labelled for sample in _histogram(labels, one)]
    yield Family("logcorr_request_duration_seconds", "histogram", "How long requests took.", samples, "seconds")


def _histogram(labels: Labels, buckets: LatencyBuckets) -> Iterator[Sample]:
    for bound, count in zip(BOUNDS_S, buckets.at_most, strict=True):
        yield Sample("_bucket", {**labels, "le": repr(bound)}, str(count))
    yield Sample("_bucket", {**labels, "le": "+Inf"}, str(buckets.timed))
    yield Sample("_count", labels, str(buckets.timed))
    yield Sample("_sum", labels, _seconds(buckets.total_us))


def _percentiles(report: RunReport) -> Family:
    values = {str(share): getattr(report.latency, f"{name}_ms") for name, share in QUANTILES.items()}
    samples = [
        Sample("", {"quantile": share}, _seconds(round(value * 1000)))
        for share, value in values.items()
        if value is not None
    ]
    return Family(
        "logcorr_request_duration_percentile_seconds",
        "gauge",
        "Exact percentiles of how long requests took.",
        samples,
        "seconds",
    )


def _count(labels: Labels, value: int) -> Sample:
    return Sample("_total", labels, str(value))


def _seconds(microseconds: int) -> str:
    """Seconds as a decimal number, exact."""
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
