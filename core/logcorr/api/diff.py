"""`logcorr.diff`: compares two finished runs."""

from pathlib import Path
from threading import Event

from logcorr.api.open_run import open as open_run
from logcorr.api.options import positive
from logcorr.api.run import Run
from logcorr.model.access_report import RunReport
from logcorr.model.diff import Diff
from logcorr.query.compare import compare_runs

AnyRun = Run[RunReport] | str | Path


def diff(
    a: AnyRun,
    b: AnyRun,
    *,
    top: int = compare_runs.TOP,
    store: str | Path | None = None,
    cancel: Event | None = None,
) -> Diff:
    """Compares two finished runs of one kind: what changed from A to B, what got worse first.

    `a` and `b` are runs, or what `open` takes with `store`. `top` is how many users, endpoints and other values are
    compared in detail. The fields of a `Diff` have their units in their names. Raises UsageError for runs of different
    kinds, InputError where a run is not there or damaged, and Cancelled once `cancel` is set.
    """
    positive("top", top)
    first, second = (one if isinstance(one, Run) else open_run(one, store) for one in (a, b))
    return compare_runs.diff(first.stored, second.stored, top=top, cancel=cancel)
