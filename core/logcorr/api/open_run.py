"""`logcorr.open`: opens a finished run."""

import os
from pathlib import Path

from logcorr.api.run import Run
from logcorr.model.access_report import RunReport
from logcorr.runs import find_runs
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import is_utf8


def open(run: str | Path, store: str | Path | None = None) -> Run[RunReport]:  # noqa: A001 - the word of the command line
    """The finished run of a name: its key, the start of its key, or its folder, which may be a URI.

    `store` is the folder of runs, or the URI of a prefix of a bucket, by default the platform's cache folder. Raises
    InputError if no run has this name, or several, or it is damaged or somebody else's, and StoreError where a bucket
    cannot be read.
    """
    root = find_runs.root_of(None if store is None else os.fsdecode(store))
    # A text of one word is a name; a path is a folder, whatever it looks like.
    stored = find_runs.find_run(root, str(run.absolute()) if isinstance(run, Path) else run)
    # Frames of the run outlive a change of the working folder. polars takes only paths that are UTF-8.
    folder = stored.place.absolute()
    here = RunFolder(folder) if isinstance(folder, Path) and is_utf8(str(folder)) else stored
    return Run(stored.report, here, find_runs.work_root(root))
