"""What `correlate` and `analyze` do around their jobs: the result of a job becomes a `Run`, kept or not."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from logcorr.api.run import Run, TemporaryRun
from logcorr.jobs.job import Result
from logcorr.model.access_report import RunReport
from logcorr.model.options import JobOptions
from logcorr.query.temporary_folder import TemporaryFolder
from logcorr.runs import find_runs, ownership
from logcorr.runs.run_folder import RunFolder

_R = TypeVar("_R", bound=RunReport)
_O = TypeVar("_O", bound=JobOptions)


def run_of(result: Result[_R], options: JobOptions, temporary: TemporaryRun | None = None) -> Run[_R]:
    """The run that a job has made. Where it was not kept, it has a report and no views."""
    grown = (
        f"{name!r} has grown since this run began: lines written since then are left to the next run."
        for name in result.grown
    )
    twice = (f"{name!r} is a file that was named before: it is read once." for name in result.named_twice)
    return Run(
        result.report,
        None if result.place is None else RunFolder(result.place),
        find_runs.work_root(find_runs.root_of(options.store)),
        reused=result.reused,
        notes=(*result.notes, *grown, *twice),
        temporary=temporary,
    )


def run_in_host(options: _O, job: Callable[[_O], Result[_R]]) -> Run[_R]:
    """Runs a job within a program that is not logcorr's own. A run that is not kept lives as long as its `Run`.

    One that an engine made and that is not kept has a report and no views: its files were not on this machine.
    """
    with ownership.leaving_umask():
        if options.keep or options.cluster is not None:
            return run_of(job(options), options)
        folder = TemporaryFolder(find_runs.local_root_of(options.store))
        temporary = TemporaryRun(folder)
        # Where the job fails, nothing refers to the folder any more, but the traceback may for long.
        try:
            own = msgspec.structs.replace(options, store=str(folder.folder()), keep=True)
            return run_of(job(own), own, temporary)
        except BaseException:
            temporary.close()
            raise
