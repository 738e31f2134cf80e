"""`logcorr.analyze`: analyses an access log."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Unpack

from logcorr.api import values
from logcorr.api.make_run import run_in_host, run_of
from logcorr.api.options import analyze_options
from logcorr.api.run import Run
from logcorr.api.values import AnalyzeKeywords, Paths
from logcorr.jobs import analyze as job
from logcorr.jobs.job import Result
from logcorr.jobs.progress_meter import Listener
from logcorr.model.access_report import AccessReport
from logcorr.model.errors import UsageError
from logcorr.model.options import AnalyzeOptions


def analyze(
    paths: Paths,
    *,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    **options: Unpack[AnalyzeKeywords],
) -> Run[AccessReport]:
    """Analyses an access log: who asked what, what failed, what was slow, and who asks too much.

    `paths` are files, globs or folders, or a list of these. `AnalyzeKeywords` in `logcorr.api.values` describes the
    options. Finished runs, events, cancellation and errors are as for `correlate`.
    """
    files = values.words("paths", paths)
    if not files:
        raise UsageError("paths: the list is empty. Name a file, a glob or a folder.")
    told = values.values_of("analyze", options, AnalyzeKeywords)
    all_options = analyze_options({**told, "files": files}, values.as_keyword)
    return run_in_host(all_options, partial(_job(all_options), on_event=on_event, cancel=cancel))


def analyze_by(
    options: AnalyzeOptions, *, on_event: Listener | None = None, cancel: threading.Event | None = None
) -> Run[AccessReport]:
    """Does what `analyze` does, in a process of logcorr's own. A run that is not kept has a report and no views."""
    return run_of(_job(options)(options, on_event=on_event, cancel=cancel), options)


def _job(options: AnalyzeOptions) -> Callable[..., Result[AccessReport]]:
    """The job of this machine, or that on an engine."""
    if options.cluster is None:
        return job.analyze
    from logcorr.cluster import analyze as on_engine  # noqa: PLC0415 - few runs are made on an engine

    return on_engine.analyze
