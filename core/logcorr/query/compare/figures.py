"""What the reports of both kinds have in common, under one name each, so that two of them can be put side by side."""

from collections.abc import Sequence

import msgspec

from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.quantiles import QUANTILES
from logcorr.model.report import Latency, Report
from logcorr.model.status import class_of
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS

POPULATIONS = ("all", "success", "failure")
MEASURES = (*QUANTILES, "mean", "max")

# Every figure there is, by name and in order; a run of one kind lacks some of them.
COUNTS = ("requests", "responses", "pairs", "lines", "suspicious_ips")
RATES = (
    *("error_rate", "error_rate_4xx", "error_rate_5xx", "orphan_rate"),
    *(f"orphan_rate.{reason}" for reason in ORPHAN_REASONS),
    "malformed_rate",
    *(f"malformed_rate.{reason}" for reason in (*PAIR_REASONS, "json")),
    "negative_rate",
)
LATENCIES = tuple(
    name if population == "all" else f"{population}.{name}" for population in POPULATIONS for name in MEASURES
)


class Tallies(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one run: counts; rates as (part, of); latency by population. What its kind lacks is not there."""

    counts: dict[str, int]
    rates: dict[str, tuple[int, int]]
    latency: dict[str, Latency]
    status: dict[str, int]

    def figure(self, name: str) -> float | None:
        """One of COUNTS, RATES or LATENCIES as a number; None where there is none."""
        if name in self.counts:
            return self.counts[name]
        if name in self.rates:
            part, of = self.rates[name]
            return part / of if of else None
        if name in LATENCIES:
            population, _, measure = name.rpartition(".")
            value: float | None = getattr(self.latency[population or "all"], f"{measure}_ms")
            return value
        return None


def tallies(report: RunReport) -> Tallies:
    """The figures of a report of either kind."""
    return _access(report) if isinstance(report, AccessReport) else _correlation(report)


def _correlation(report: Report) -> Tallies:
    asked, answered = report.inputs.requests, report.inputs.responses
    lines = asked.lines + answered.lines
    failures = report.latency_failure
    negative = report.skew.negative
    orphans = asked.orphans + answered.orphans
    by_reason = _added(report.orphans.request, report.orphans.response)
    entries = asked.matched + orphans
    return Tallies(
        counts={
            "requests": asked.matched + asked.orphans + asked.superseded,
            "responses": answered.matched + answered.orphans + answered.superseded,
            "pairs": asked.matched,
            "lines": lines,
        },
        rates={
            "error_rate": (failures.count + failures.negative, asked.matched),
            **_classes(report.status),
            "orphan_rate": (orphans, entries),
            **{f"orphan_rate.{reason}": (n, entries) for reason, n in by_reason.items()},
            **_malformed(_added(asked.malformed, answered.malformed), lines),
            "negative_rate": (negative, asked.matched),
        },
        latency=_latency(report),
        status=report.status,
    )


def _access(report: AccessReport) -> Tallies:
    ledger, negative = report.inputs.access, report.latency.negative
    return Tallies(
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
    found = (report.latency, report.latency_success, report.latency_failure)
    return dict(zip(POPULATIONS, found, strict=True))


def _classes(status: dict[str, int]) -> dict[str, tuple[int, int]]:
    total = sum(status.values())
    return {
        f"error_rate_{digit}xx": (sum(n for code, n in status.items() if class_of(int(code)) == digit), total)
        for digit in (4, 5)
    }


def _malformed(reasons: dict[str, int], lines: int) -> dict[str, tuple[int, int]]:
    by_reason = {f"malformed_rate.{reason}": (n, lines) for reason, n in reasons.items()}
    return {"malformed_rate": (sum(reasons.values()), lines), **by_reason}


def _added(*counts: dict[str, int]) -> dict[str, int]:
    names: Sequence[str] = list(dict.fromkeys(name for count in counts for name in count))
    return {name: sum(count.get(name, 0) for count in counts) for name in names}
