"""Removes finished runs of this user, each as a whole, and nothing else."""

import os
from pathlib import Path

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import InputError, LogcorrError, OutputError
from logcorr.runs import find_runs
from logcorr.runs.leftovers import sweep
from logcorr.runs.ownership import check_mine
from logcorr.runs.run_folder import MANIFEST, REPORT, RunFolder
from logcorr.runs.views import FOLDERS


def remove(run: RunFolder) -> None:
    """Deletes a run.

    Raises InputError if it is not this user's or holds files that are not of a run, OutputError if deleting fails.
    """
    check_mine(run.place)
    foreign = [name for name in run.entries() if name not in {MANIFEST, REPORT, *FOLDERS}]
    if foreign:
        message = (
            f"run {run.place.name!r}: {foreign[0]!r} in it is no part of a run. Look at it, and remove it yourself."
        )
        raise InputError(message)
    try:
        run.remove()
    except OSError as error:
        message = f"run {run.place.name!r} cannot be removed: {error.strerror or error}. Check the permissions."
        raise OutputError(message) from error


def remove_all(root: AnyPath) -> tuple[int, list[str]]:
    """Deletes all runs below a root, and what dead processes left there.

    Returns how many runs are deleted, and the errors of all others.
    """
    removed, errors = 0, list[str]()
    for run in find_runs.all_runs(root):
        try:
            remove(run)
            removed += 1
        except LogcorrError as error:
            errors.append(str(error))
    if isinstance(root, Path) and os.path.lexists(root):
        sweep(root)
    return removed, errors
