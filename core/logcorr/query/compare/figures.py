"""The figures of a run under fixed names, the same for both kinds of runs, so that two runs can be compared."""

import msgspec

from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.ledger import added
from logcorr.model.quantiles import QUANTILES
from logcorr.model.report import Latency, Report
from logcorr.model.status import NO_STATUS, client_errors, failures, server_errors
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS

POPULATIONS = ("all", "success", "failure")
MEASURES = (*QUANTILES, "mean", "max")
# The rate of exchanges without a status. Only runs that have them have it.
_NO_STATUS = f"error_rate.{NO_STATUS}"

# The names of all figures, in order. Runs of one kind do not have all figures.
COUNTS = ("requests", "responses", "pairs", "lines", "suspicious_ips")
RATES = (
    *("error_rate", "error_rate_4xx", "error_rate_5xx", _NO_STATUS, "orphan_rate"),
    *(f"orphan_rate.{reason}" for reason in ORPHAN_REASONS),
    "malformed_rate",
    *(f"malformed_rate.{reason}" for reason in (*PAIR_REASONS, "json")),
    "negative_rate",
)
LATENCIES = tuple(
    name if population == "all" else f"{population}.{name}" for population in POPULATIONS for name in MEASURES
)


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one run: counts, rates as (count, total), latency by population, and exchanges by status code.

    Figures that runs of its kind never have are absent.
    """

    counts: dict[str, int]
    rates: dict[str, tuple[int, int]]
    latency: dict[str, Latency]
    status: dict[str, int]

    def figure(self, name: str) -> float | None:
        """The figure of a name in COUNTS, RATES or LATENCIES; None where the run does not have it. Latency is in ms."""
        if name in self.counts:
            return self.counts[name]
        if name in self.rates:
            count, total = self.rates[name]
            return count / total if total else None
        if name in LATENCIES:
            population, _, measure = name.rpartition(".")
            value: float | None = getattr(self.latency[population or "all"], f"{measure}_ms")
            return value
        return None


def run_figures(report: RunReport) -> RunFigures:
    """The figures of a report of either kind."""
    return _access(report) if isinstance(report, AccessReport) else _correlation(report)


def _correlation(report: Report) -> RunFigures:
    lines = report.inputs.lines
    negative = report.skew.negative
    orphans = report.all_orphans
    by_reason = added(report.orphans.request, report.orphans.response)
    entries = report.matched + orphans
    return RunFigures(
        counts={
            "requests": report.requests,
            "responses": report.matched + orphans - report.request_orphans + report.inputs.responses.superseded,
            "pairs": report.matched,
            "lines": lines.lines,
        },
        rates={
            "error_rate": (failures(report.status), report.matched),
            **_classes(report.status),
            "orphan_rate": (orphans, entries),
            **{f"orphan_rate.{reason}": (n, entries) for reason, n in by_reason.items()},
            **_malformed(lines.malformed, lines.lines),
            "negative_rate": (negative, report.latency.count + negative),
        },
        latency=_latency(report),
        status=report.status,
    )


def _access(report: AccessReport) -> RunFigures:
    ledger, negative = report.inputs.access, report.latency.negative
    return RunFigures(
        counts={
            "requests": report.total_requests,
            "lines": ledger.lines,
            "suspicious_ips": report.suspicious_ip_count,
        },
        rates={
            "error_rate": (report.failed_requests, report.total_requests),
            **_classes(report.status),
            **_malformed(ledger.malformed, ledger.lines),
            "negative_rate": (negative, report.latency.count + negative),
        },
        latency=_latency(report),
        status=report.status,
    )


def _latency(report: RunReport) -> dict[str, Latency]:
    latencies = (report.latency, report.latency_success, report.latency_failure)
    return dict(zip(POPULATIONS, latencies, strict=True))


def _classes(status: dict[str, int]) -> dict[str, tuple[int, int]]:
    total = sum(status.values())
    rates = {"error_rate_4xx": (client_errors(status), total), "error_rate_5xx": (server_errors(status), total)}
    return rates | ({_NO_STATUS: (status[NO_STATUS], total)} if status.get(NO_STATUS) else {})


def _malformed(reasons: dict[str, int], lines: int) -> dict[str, tuple[int, int]]:
    by_reason = {f"malformed_rate.{reason}": (n, lines) for reason, n in reasons.items()}
    return {"malformed_rate": (sum(reasons.values()), lines), **by_reason}
