"""Removes finished runs of this user, each as a whole, and nothing else."""

import os
from pathlib import Path

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import InputError, LogcorrError, OutputError
from logcorr.runs import find_journals, find_runs, growth
from logcorr.runs.leftovers import sweep
from logcorr.runs.ownership import check_mine
from logcorr.runs.run_folder import MANIFEST, REPORT, RunFolder
from logcorr.runs.views import FOLDERS


def remove(run: RunFolder) -> None:
    """Deletes a run.

    Raises InputError if it is not this user's or holds files that are not of a run, OutputError if deleting fails.
    """
    check_mine(run.place)
    foreign = [name for name in run.entries() if name not in {MANIFEST, REPORT, growth.FOLDER, *FOLDERS}]
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


def remove_with_journals(root: AnyPath, run: RunFolder) -> list[str]:
    """Deletes a run, and the journals that it was made of. Raises as `remove`.

    Returns the errors of journals that stay.
    """
    journals = find_journals.journals_of_run(root, run.name)
    remove(run)
    return _remove_journals(journals)[1]


def clean_journals(root: AnyPath, *, every: bool) -> tuple[int, int, list[str]]:
    """Deletes the journals that have no line; with `every` all that no process writes.

    Returns the bytes that are free now, how many journals are deleted, and the errors of those that stay.
    """
    found = [one for one in find_journals.all_journals(root) if every or find_journals.is_empty(one)]
    sizes = {one.name: one.size for one in found}
    removed, errors = _remove_journals(found)
    return sum(sizes[name] for name in removed), len(removed), errors


def _remove_journals(journals: list[find_journals.FoundJournal]) -> tuple[list[str], list[str]]:
    """Deletes journals. Returns the names of those that are deleted, and the errors of the others."""
    removed, errors = list[str](), list[str]()
    for journal in journals:
        try:
            journal.remove()
            removed.append(journal.name)
        except LogcorrError as error:
            errors.append(str(error))
    return removed, errors


def remove_all(root: AnyPath) -> tuple[int, list[str]]:
    """Deletes all runs and journals below a root, and what dead processes left there.

    Returns how many runs are deleted, and the errors of all others.
    """
    removed, errors = 0, list[str]()
    for run in find_runs.all_runs(root):
        try:
            remove(run)
            removed += 1
        except LogcorrError as error:
            errors.append(str(error))
    errors += _remove_journals(find_journals.all_journals(root))[1]
    if isinstance(root, Path) and os.path.lexists(root):
        sweep(root)
    return removed, errors
