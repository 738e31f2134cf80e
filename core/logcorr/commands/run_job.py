"""Runs a job of `correlate` or `analyze` with progress, interrupt, result and exit code."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from logcorr.commands.stdout_and_stderr import put, put_json, say, wants_color, width
from logcorr.compute import garbage, threads
from logcorr.model.options import JobOptions
from logcorr.query import fail_if

FAILED_CONDITION = 1
_LEAST_MEMORY = 256 * 10**6


def run_job(options: JobOptions, load: Callable[[], Callable[..., Any]], values: dict[str, Any]) -> int:
    """Runs a job that can be interrupted, shows its progress, prints its result, and returns the exit code.

    `load` imports and returns the function of the job. It is called only after the threads of polars are limited,
    because polars reads the limit when it is imported. `values` are the values of the options by name.
    """
    if options.memory_bytes < _LEAST_MEMORY and values["progress"] != "json":
        say(f"note: --memory is under {_LEAST_MEMORY // 10**6}MB, which the engine alone may take.")
    conditions = [fail_if.condition(text, options.kind) for text in values["fail_if"]]
    threads.limit_engine(options.memory_bytes, options.threads)
    with garbage.loading():
        job = load()
        from logcorr.commands.interrupt import interruptible
        from logcorr.commands.progress import progress_sink
        from logcorr.runs import run_folder, work_folder

    with progress_sink(values["progress"], sys.stderr) as sink:
        result = interruptible(
            lambda cancel: job(on_event=sink, cancel=cancel),
            work_folder.abandon_all,
            leash=sys.stdin if values["end_with_stdin"] else None,
        )
    for note in result.notes if values["progress"] != "json" else ():
        say(f"note: {note}")
    for name in result.grown if values["progress"] != "json" else ():
        say(f"note: {name!r} has grown since this run began: lines written since then are left to the next run.")
    for name in result.named_twice if values["progress"] != "json" else ():
        say(f"note: {name!r} is a file that was named before: it is read once.")
    folder = str(result.folder) if result.folder else None
    if values["report"] == "-":
        put_json(run_folder.encode(result.report).decode())
    elif any(output.view == "exchanges" or output.path == "-" for output in options.outputs):
        if result.reused and values["progress"] != "json":
            say(f"opened the finished run {folder} again.")
    else:
        with garbage.loading():
            from logcorr.render.summary import render_summary

        text = render_summary(result.report, width=width(), color=wants_color(), reused=result.reused, folder=folder)
        put(text)
    return _judge(conditions, result.report)


def _judge(conditions: Sequence[fail_if.Condition], report: Any) -> int:
    """Says which conditions hold, and returns the exit code."""
    code = 0
    for condition in conditions:
        value = condition.holds(report)
        if condition.figure(report) is None:
            say(f"note: {condition.text} cannot be judged: this run has no such figure.")
        if value is not None:
            say(f"failed: {condition.text} ({condition.metric} is {value:g}{condition.unit}).")
            code = FAILED_CONDITION
    return code
