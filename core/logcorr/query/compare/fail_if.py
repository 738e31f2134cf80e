"""`--fail-if` of a comparison: how much a figure may change, as people write it, against a finished comparison."""

import math
import re
from contextlib import suppress
from typing import Literal

import msgspec

from logcorr.model.diff import Diff, Figure
from logcorr.model.errors import UsageError
from logcorr.model.quantiles import QUANTILES
from logcorr.query.compare.figures import COUNTS, LATENCIES, RATES
from logcorr.text.quantities import duration, duration_us

_METRICS = (*LATENCIES, *RATES, *COUNTS)
_COMMON = (*QUANTILES, "mean", "error_rate", "orphan_rate", "malformed_rate", "requests")
_CONDITION = re.compile(r"\s*([a-z0-9_.]+)\s*(>=|<=|>|<)\s*([+-])\s*(\S+(?:\s\S+)?)\s*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+", re.ASCII)
_NEAR = 1e-9
_EXAMPLES = (
    (LATENCIES, "a share of what it was or a time, such as +10% or +50ms"),
    (RATES, "percentage points, such as +0.5%"),
    (COUNTS, "a share of what it was or a number, such as -20% or -1000"),
)


class Limit(msgspec.Struct, frozen=True):
    """`p99>+10%`: the change of one figure from A to B against a limit.

    `change` is in ms for latencies, a share for rates (written in percentage points), a number for counts; `ratio` is
    what the figure grows by, as a share of what it was.
    """

    text: str
    metric: str
    sign: str
    by: Literal["change", "ratio"]
    limit: float

    def check(self, kind: str) -> None:
        """Raises UsageError where runs of this kind never have such a figure."""
        absent = ("responses", "pairs", "orphan_rate") if kind == "access" else ("suspicious_ips",)
        if self.metric.partition(".")[0] in absent:
            raise UsageError(f"--fail-if {self.text!r}: there is no {self.metric} in runs of kind {kind!r}.")

    def figure(self, diff: Diff) -> Figure | None:
        """The figure that the condition is about; None where one of the runs has none, so that it cannot be judged."""
        figures = {figure.name: figure for figure in diff.figures}
        whole = figures.get(self.metric.partition(".")[0])
        found = figures.get(self.metric)
        if found is None and self.metric in RATES and whole is not None and whole.change is not None:
            # A reason that neither run has seen.
            found = msgspec.structs.replace(whole, name=self.metric, a=0.0, b=0.0, change=0.0)
        return found if found is not None and found.change is not None else None

    def holds(self, diff: Diff) -> Figure | None:
        """The figure where the condition holds; None where it does not or cannot be judged."""
        figure = self.figure(diff)
        if figure is None or figure.a is None or figure.b is None:
            return None
        change = figure.b - figure.a
        if self.by == "ratio":
            change = change / figure.a if figure.a else math.copysign(math.inf, change) if change else 0.0
        # What was written in decimals is compared as such: 1.5 % less 1 % is 0.5 %.
        near = math.isclose(change, self.limit, rel_tol=_NEAR, abs_tol=1e-12)
        above, below = change > self.limit and not near, change < self.limit and not near
        return figure if {">": above, ">=": not below, "<": below, "<=": not above}[self.sign] else None


def limit(text: str) -> Limit:
    """Reads a condition. Raises UsageError."""
    match = _CONDITION.fullmatch(text)
    if match is None or match[1] not in _METRICS:
        raise UsageError(
            f"--fail-if {text!r}: write METRIC>+CHANGE, such as 'p99>+10%', 'p99>+50ms' or 'error_rate>+0.5%'. "
            f"Metrics: {', '.join(_COMMON)}, success.p99, failure.p99, error_rate_5xx, orphan_rate.lost and such."
        )
    metric, sign, direction, amount = match.groups()
    by, value = _amount(text, metric, amount)
    return Limit(text, metric, sign, by, -value if direction == "-" else value)


def told(figure: Figure) -> str:
    """What a figure went from and to, for the message that a condition held."""
    show = {"ms": duration, "share": _percent, "count": _count}[figure.unit]
    return f"{figure.name} went from {show(figure.a)} to {show(figure.b)}"


def _amount(text: str, metric: str, amount: str) -> tuple[Literal["change", "ratio"], float]:
    number = amount.removesuffix("%").rstrip()
    if amount.endswith("%") and _NUMBER.fullmatch(number):
        return ("change" if metric in RATES else "ratio"), float(number) / 100
    if metric in LATENCIES:
        with suppress(UsageError):
            return "change", duration_us(amount) / 1000
    elif metric in COUNTS and _NUMBER.fullmatch(amount):
        return "change", float(amount)
    what = next(what for names, what in _EXAMPLES if metric in names)
    raise UsageError(f"--fail-if {text!r}: {amount!r} is no change of {metric}. Write {what}.")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.4g} %"


def _count(number: float | None) -> str:
    return "–" if number is None else f"{number:,.0f}"
