"""`--fail-if` of a comparison: compares the change of a figure with a limit."""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from logcorr.model.diff import Diff, Figure
from logcorr.model.errors import UsageError
from logcorr.model.quantiles import QUANTILES
from logcorr.model.verdict import Verdict
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
    """`p99>+10%`: the change of a figure from run A to run B, a comparison, and a limit.

    Where the limit is `by` change, it is in ms for latencies, a share for rates (written in percentage points) and a
    number for counts. Where it is `by` ratio, it is the change as a share of the figure of A.
    """

    text: str
    metric: str
    sign: str
    by: Literal["change", "ratio"]
    limit: float

    def check(self, kind: str) -> None:
        """Raises UsageError where runs of this kind never have the figure."""
        absent = ("responses", "pairs", "orphan_rate") if kind == "access" else ("suspicious_ips",)
        if self.metric.partition(".")[0] in absent:
            raise UsageError(f"--fail-if {self.text!r}: there is no {self.metric} in runs of kind {kind!r}.")

    def figure(self, diff: Diff) -> Figure | None:
        """The figure that the limit is for; None where a run does not have it, so that the limit cannot be judged."""
        figures = {figure.name: figure for figure in diff.figures}
        whole = figures.get(self.metric.partition(".")[0])
        figure = figures.get(self.metric)
        if figure is None and self.metric in RATES and whole is not None and whole.change is not None:
            # The rate is by a reason that neither run has: it is 0 in both.
            figure = msgspec.structs.replace(whole, name=self.metric, a=0.0, b=0.0, change=0.0, verdict="same")
        return figure if figure is not None and figure.change is not None else None

    def holds(self, diff: Diff) -> Figure | None:
        """The figure where its change is beyond the limit; None where it is not, or where it cannot be judged.

        The verdict of the comparison decides whether there is a change: a figure that it calls the same has changed by
        nothing, so that it is never at a limit of nothing either.
        """
        figure = self.figure(diff)
        if figure is None or figure.a is None or figure.b is None:
            return None
        if figure.verdict == "same":
            beyond = self.limit < 0 if self.sign.startswith(">") else self.limit > 0
            return figure if beyond else None
        change = figure.b - figure.a
        if self.by == "ratio":
            change = change / figure.a if figure.a else math.copysign(math.inf, change) if change else 0.0
        # Limits are written in decimals: 1.5 % less 1 % must count as 0.5 %, although floats differ in the last bits.
        near = math.isclose(change, self.limit, rel_tol=_NEAR, abs_tol=1e-12)
        above, below = change > self.limit and not near, change < self.limit and not near
        return figure if {">": above, ">=": not below, "<": below, "<=": not above}[self.sign] else None


def limit(text: str) -> Limit:
    """Reads a limit from text. Raises UsageError, which tells what is possible."""
    match = _CONDITION.fullmatch(text)
    if match is None or match[1] not in _METRICS:
        raise UsageError(
            f"--fail-if {text!r}: write METRIC>+CHANGE, such as 'p99>+10%', 'p99>+50ms' or 'error_rate>+0.5%'. "
            f"Metrics: {', '.join(_COMMON)}, success.p99, failure.p99, error_rate_5xx, orphan_rate.lost and such."
        )
    metric, sign, direction, amount = match.groups()
    by, value = _amount(text, metric, amount)
    return Limit(text, metric, sign, by, -value if direction == "-" else value)


def judge(limits: Sequence[Limit], diff: Diff) -> list[Verdict]:
    """The verdict of each limit on a comparison."""
    lacking = "one of the runs has no such figure"
    figures = [limit.figure(diff) for limit in limits]
    return [
        Verdict.of(
            limit.text,
            None if figure is None else change_text(figure),
            holds=limit.holds(diff) is not None,
            lacking=lacking,
        )
        for limit, figure in zip(limits, figures, strict=True)
    ]


def change_text(figure: Figure) -> str:
    """The figure of A and of B in words, for the message that a limit was exceeded."""
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
