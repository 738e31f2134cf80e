"""`logcorr.correlate`: pairs a request log and a response log."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Unpack

from logcorr.api import values
from logcorr.api.make_run import run_in_host, run_of
from logcorr.api.options import correlate_options
from logcorr.api.run import Run
from logcorr.api.values import CorrelateKeywords, Paths
from logcorr.jobs import correlate as job
from logcorr.jobs.job import Result
from logcorr.jobs.progress_meter import Listener
from logcorr.model.errors import UsageError
from logcorr.model.options import CorrelateOptions
from logcorr.model.report import Report


def correlate(
    requests: Paths | None = None,
    responses: Paths | None = None,
    *,
    log: Paths | None = None,
    on_event: Listener | None = None,
    estimates: bool = False,
    cancel: threading.Event | None = None,
    **options: Unpack[CorrelateKeywords],
) -> Run[Report]:
    """Pairs requests and responses: which requests were answered, when, how, and which never were.

    `requests` and `responses` are files, globs or folders, or lists of these; `log` is in place of both where one log
    holds both events. `CorrelateKeywords` in `logcorr.api.values` describes the options. The same logs with the same
    options open the finished run again.

    `on_event` gets a `ProgressEvent` some ten times a second and a `DoneEvent` at the end, with `estimates` an
    `EstimateEvent` now and then, in any thread. What it raises ends the run. Once `cancel` is set, the run ends and
    raises Cancelled.

    Raises UsageError (UnknownOption for a misspelled option), InputError, OutputError, Cancelled or LedgerError: each
    has the `exit_code` of the command. A run ends complete or leaves nothing. Nothing is printed.
    """
    if (log is None) == (requests is None and responses is None) or (requests is None) != (responses is None):
        raise UsageError("correlate() takes requests and responses; or log=, for one log that holds both events.")
    logs = {
        "requests": values.words("requests", requests),
        "responses": values.words("responses", responses),
        "log": values.words("log", log),
    }
    for name, given in (("requests", requests), ("responses", responses), ("log", log)):
        if given is not None and not logs[name]:
            raise UsageError(f"{name}: the list is empty. Name a file, a glob or a folder.")
    told = values.values_of("correlate", options, CorrelateKeywords)
    all_options = correlate_options({**told, **logs}, values.as_keyword)
    made_by = partial(_job(all_options), on_event=on_event, estimates=estimates, cancel=cancel)
    return run_in_host(all_options, made_by)


def correlate_by(
    options: CorrelateOptions,
    *,
    on_event: Listener | None = None,
    estimates: bool = False,
    cancel: threading.Event | None = None,
) -> Run[Report]:
    """Does what `correlate` does, in a process of logcorr's own. A run that is not kept has a report and no views."""
    result = _job(options)(options, on_event=on_event, estimates=estimates, cancel=cancel)
    return run_of(result, options)


def _job(options: CorrelateOptions) -> Callable[..., Result[Report]]:
    """The job of this machine, or that on an engine."""
    if options.cluster is None:
        return job.correlate
    from logcorr.cluster import correlate as on_engine  # noqa: PLC0415 - few runs are made on an engine

    return on_engine.correlate
