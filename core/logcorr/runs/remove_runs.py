"""Removing finished runs: all of each, and nothing that is no run of this user's."""

import os
from pathlib import Path

from logcorr.model.errors import InputError, LogcorrError, OutputError
from logcorr.runs import run_folder
from logcorr.runs.leftovers import sweep
from logcorr.runs.ownership import check_mine
from logcorr.runs.run_folder import MANIFEST, REPORT, RunFolder
from logcorr.runs.views import FOLDERS


def remove(run: RunFolder) -> None:
    """Deletes a run. Raises InputError for what is none of this user's, OutputError where it cannot be deleted."""
    check_mine(run.path)
    strange = sorted(entry.name for entry in run.path.iterdir() if entry.name not in {MANIFEST, REPORT, *FOLDERS})
    if strange:
        message = (
            f"run {run.path.name!r}: {strange[0]!r} in it is no part of a run. Look at it, and remove it yourself."
        )
        raise InputError(message)
    try:
        run.remove()
    except OSError as error:
        message = f"run {run.path.name!r} cannot be removed: {error.strerror or error}. Check the permissions."
        raise OutputError(message) from error


def remove_all(root: Path) -> tuple[int, list[str]]:
    """Deletes all runs of a root and what dead processes left there; how many went, and why others did not."""
    removed, left = 0, list[str]()
    for run in run_folder.all_runs(root):
        try:
            remove(run)
            removed += 1
        except LogcorrError as error:
            left.append(str(error))
    if os.path.lexists(root):
        sweep(root)
    return removed, left
