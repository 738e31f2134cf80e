"""Conditions on logs that grow: the same as `--fail-if`, of a window of time instead of a whole run."""

from collections.abc import Sequence

from logcorr.model.errors import UsageError
from logcorr.model.live import Snapshot
from logcorr.model.quantiles import QUANTILES
from logcorr.query.fail_if import Condition, condition


def live_condition(text: str, option: str) -> Condition:
    """Reads a condition such as `error_rate>5%`, the value of an option. Raises UsageError."""
    try:
        return condition(text, "correlation")
    except UsageError as error:
        raise UsageError(str(error).replace("--fail-if", option)) from None


def figure(one: Condition, snapshot: Snapshot) -> float | None:
    """The figure that a condition names: ms or a share. None where the window does not have it."""
    window, counts = snapshot.window, snapshot.counts
    if window is None:
        return None
    if one.metric in QUANTILES:
        return window.percentiles_ms[one.metric]
    part, whole = {
        "error_rate": (window.failures, window.exchanges),
        "negative_rate": (window.negative, window.exchanges),
        "orphan_rate": (window.overdue, window.requests),
        "malformed_rate": (counts.get("malformed", 0), counts.get("lines", 0)),
    }[one.metric]
    return part / whole if whole else None


def verdicts(conditions: Sequence[Condition], snapshot: Snapshot) -> dict[str, str]:
    """What holds, in words, by the texts of the conditions."""
    held = {}
    for one in conditions:
        value = figure(one, snapshot)
        if value is not None and one.compares(value):
            held[one.text] = f"{one.told(value)}."
    return held
