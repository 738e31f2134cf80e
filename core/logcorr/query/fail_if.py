"""`--fail-if` of one run: compares a figure of the report with a limit."""

import re
from collections.abc import Callable, Sequence

import msgspec

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.errors import UsageError
from logcorr.model.quantiles import QUANTILES
from logcorr.model.report import Report
from logcorr.model.status import failures
from logcorr.model.verdict import Verdict
from logcorr.text.quantities import duration_us

_CONDITION = re.compile(r"\s*([a-z0-9_]+)\s*(>=|<=|>|<)\s*(\S+)\s*")
_SHARE = re.compile(r"[0-9]+(?:\.[0-9]+)?%?|\.[0-9]+%?", re.ASCII)


class Condition(msgspec.Struct, frozen=True):
    """`p99>500ms`: a figure of a report, a comparison, and a limit.

    The limit is in ms for percentiles and a share (0 to 1) for rates.
    """

    text: str
    metric: str
    sign: str
    limit: float

    @property
    def unit(self) -> str:
        """The unit of the figure, to be written after it: " ms" for percentiles, nothing for shares."""
        return " ms" if self.metric in QUANTILES else ""

    def figure(self, report: RunReport) -> float | None:
        """The figure that the condition names; None where the report does not have it."""
        if self.metric in QUANTILES:
            value: float | None = getattr(report.latency, f"{self.metric}_ms")
            return value
        if isinstance(report, AccessReport):
            return _ACCESS_RATES[self.metric](report)
        return _RATES[self.metric](report)

    def compares(self, value: float) -> bool:
        """Whether a figure is beyond the limit."""
        return _SIGNS[self.sign](value, self.limit)

    def told(self, value: float) -> str:
        """A figure with its name and unit."""
        return f"{self.metric} is {value:g}{self.unit}"

    def in_words(self, report: RunReport) -> str | None:
        """The figure with its name and unit; None where the report does not have it."""
        figure = self.figure(report)
        return None if figure is None else f"{self.metric} is {figure:g}{self.unit}"

    def holds(self, report: RunReport) -> float | None:
        """The figure where the condition holds; None where it does not, or where the report has no figure."""
        value = self.figure(report)
        return value if value is not None and _SIGNS[self.sign](value, self.limit) else None


def judge(conditions: Sequence[Condition], report: RunReport) -> list[Verdict]:
    """The verdict of each condition on a report."""
    lacking = "this run has no such figure"
    return [
        Verdict.of(one.text, one.in_words(report), holds=one.holds(report) is not None, lacking=lacking)
        for one in conditions
    ]


def condition(text: str, kind: str) -> Condition:
    """Reads a condition for runs of a kind. Raises UsageError, also where runs of this kind never have the figure."""
    match = _CONDITION.fullmatch(text)
    metrics = METRICS[kind]
    if match is None or match[1] not in metrics:
        example = f"'p99>500ms' or '{metrics[0]}>1%'"
        message = f"--fail-if {text!r}: write METRIC>LIMIT, such as {example}. Metrics: {', '.join(metrics)}."
        raise UsageError(message)
    metric, sign, limit = match.groups()
    if metric in QUANTILES:
        return Condition(text, metric, sign, duration_us(limit) / 1000)
    if not _SHARE.fullmatch(limit):
        message = f"--fail-if {text!r}: {limit!r} is no share. Write a number such as 0.01 or 1%."
        raise UsageError(message)
    return Condition(text, metric, sign, float(limit.removesuffix("%")) / (100 if limit.endswith("%") else 1))


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


def _orphan_rate(report: Report) -> float:
    return _share(report.all_orphans, report.matched + report.all_orphans)


def _malformed_rate(report: Report) -> float:
    lines = report.inputs.lines
    return _share(lines.all_malformed, lines.lines)


def _error_rate(report: Report) -> float:
    return _share(failures(report.status), sum(report.status.values()))


def _access_malformed_rate(report: AccessReport) -> float:
    ledger = report.inputs.access
    return _share(sum(ledger.malformed.values()), ledger.lines)


def _access_negative_rate(report: AccessReport) -> float:
    return _share(report.latency.negative, report.latency.count + report.latency.negative)


_RATES: dict[str, Callable[[Report], float]] = {
    "orphan_rate": _orphan_rate,
    "malformed_rate": _malformed_rate,
    "error_rate": _error_rate,
    "negative_rate": lambda report: report.skew.share,
}
_ACCESS_RATES: dict[str, Callable[[AccessReport], float]] = {
    "error_rate": lambda report: _share(report.failed_requests, report.total_requests),
    "malformed_rate": _access_malformed_rate,
    "negative_rate": _access_negative_rate,
}
METRICS = {"correlation": (*_RATES, *QUANTILES), "access": (*_ACCESS_RATES, *QUANTILES)}
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
}
