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
_UNIT = re.compile(r"(?:[a-zµ]+|%)$", re.IGNORECASE)
_DIGITS, _MOST_DIGITS = 3, 13
_HELD = {">": ", over {}", ">=": ", {} or more", "<": ", under {}", "<=": ", {} or less"}
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
        """The unit that the limit is written in, to be written after a figure: " s", " %", or nothing for a share."""
        written = _UNIT.search(self.text.strip())
        return f" {written[0].lower()}" if written else ""

    def figure(self, report: RunReport) -> float | None:
        """The figure that the condition names; None where the report does not have it."""
        if self.metric in QUANTILES:
            value: float | None = getattr(report.latency, f"{self.metric}_ms")
            return value
        if self.metric != "malformed_rate" and narrowed(report) and not sum(report.status.values()):
            return None
        if isinstance(report, AccessReport):
            return _ACCESS_RATES[self.metric](report)
        return _RATES[self.metric](report)

    def compares(self, value: float) -> bool:
        """Whether a figure is beyond the limit."""
        return _SIGNS[self.sign](value, self.limit)

    def told(self, value: float) -> str:
        """A figure with its name, in the unit of the limit; and where the condition holds, how it is to the limit."""
        return self._told(value, "")

    def in_words(self, report: RunReport) -> str | None:
        """The figure with its name, in the unit of the limit; and where the condition holds, how it is to the limit.

        None where the report does not have the figure.
        """
        figure = self.figure(report)
        if figure is None:
            return None
        return self._told(figure, " of all lines" if self.metric == "malformed_rate" and narrowed(report) else "")

    def _told(self, figure: float, whole: str) -> str:
        limit = f"{self._in_unit(self.limit):.12g}"
        # With as many digits as tell it from the limit.
        shown = (f"{self._in_unit(figure):.{digits}g}" for digits in range(_DIGITS, _MOST_DIGITS))
        told = next((text for text in shown if text != limit or figure == self.limit), limit)
        words = f"{self.metric} is {_plain(told)}{self.unit}{whole}"
        return words + (_HELD[self.sign].format(f"{_plain(limit)}{self.unit}") if self.compares(figure) else "")

    def _in_unit(self, figure: float) -> float:
        """A figure (ms, or a share) in the unit of the limit."""
        if self.metric not in QUANTILES:
            return figure * 100 if self.unit else figure
        return figure / (duration_us(f"1{self.unit.strip()}") / 1000)

    def holds(self, report: RunReport) -> float | None:
        """The figure where the condition holds; None where it does not, or where the report has no figure."""
        value = self.figure(report)
        return value if value is not None and _SIGNS[self.sign](value, self.limit) else None


def judge(conditions: Sequence[Condition], report: RunReport) -> list[Verdict]:
    """The verdict of each condition on a report. Of a run that is narrowed to nothing, only lines can be judged."""
    lacking = "this run has no such figure"
    if narrowed(report) and not sum(report.status.values()):
        lacking = "no exchange is within --since, --until and --where"
    return [
        Verdict.of(one.text, one.in_words(report), holds=one.holds(report) is not None, lacking=lacking)
        for one in conditions
    ]


def narrowed(report: RunReport) -> bool:
    """Whether a report is of a part of its logs only."""
    return any(name in report.run.options for name in ("since", "until", "where"))


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


def _plain(number: str) -> str:
    """A number without an exponent."""
    return f"{float(number):f}".rstrip("0").rstrip(".") if "e" in number else number


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
