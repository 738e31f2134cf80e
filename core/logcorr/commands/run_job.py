"""What `correlate` and `analyze` share: the options of a job, and running a job with progress and exit code."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from logcorr.commands.options import DURATION, RAW_CSV, SIZE, names, positive
from logcorr.commands.stdout_and_stderr import put, put_json, say, wants_color, width
from logcorr.compute import resources, threads
from logcorr.model.errors import UsageError
from logcorr.model.options import JobOptions, Output, View
from logcorr.query import fail_if

FAILED_CONDITION = 1
_LEAST_MEMORY = 256 * 10**6


def job_options(command: Any) -> Any:
    """A decorator that adds the options every job has: memory, the folder of runs, progress and conditions."""
    options = (
        click.option("--force", is_flag=True, help="Replace output files that exist."),
        RAW_CSV,
        click.option("--window", type=DURATION, default="1m", show_default=True, help="Width of the worst window."),
        click.option(
            "--memory", type=SIZE, help="The most memory to take.  [default: a quarter of the machine's, 512MB to 4GB]"
        ),
        click.option(
            "--store", type=click.Path(), help="Folder to keep runs in.  [default: the platform's cache folder]"
        ),
        click.option("--no-store", is_flag=True, help="Keep no run folder."),
        click.option(
            "--progress",
            type=click.Choice(["auto", "bar", "json", "none"]),
            default="auto",
            show_default=True,
            help="Progress on stderr.",
        ),
        click.option(
            "--end-with-stdin", is_flag=True, hidden=True, help="Stop when standard input ends: for a parent process."
        ),
        click.option(
            "--fail-if", multiple=True, help="Exit with 1 if this holds, such as 'p99>500ms'; may be given again."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def run_job(options: JobOptions, load: Callable[[], Callable[..., Any]], values: dict[str, Any]) -> int:
    """Runs a job that can be interrupted, shows its progress, prints its result, and returns the exit code.

    `load` imports and returns the function of the job. It is called only after the threads of polars are limited,
    because polars reads the limit when it is imported. `values` are the values of the options by name.
    """
    if options.memory_bytes < _LEAST_MEMORY and values["progress"] != "json":
        say(f"note: --memory is under {_LEAST_MEMORY // 10**6}MB, which the engine alone may take.")
    conditions = [fail_if.condition(text, options.kind) for text in values["fail_if"]]
    threads.limit_engine(options.memory_bytes)
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
    for name in result.grown if values["progress"] != "json" else ():
        say(f"note: {name!r} has grown since this run began: lines written since then are left to the next run.")
    folder = str(result.folder) if result.folder else None
    if values["report"] == "-":
        put_json(run_folder.encode(result.report).decode())
    elif any(output.view == "exchanges" or output.path == "-" for output in options.outputs):
        if result.reused and values["progress"] != "json":
            say(f"opened the finished run {folder} again.")
    else:
        from logcorr.render.summary import render_summary

        text = render_summary(result.report, width=width(), color=wants_color(), reused=result.reused, folder=folder)
        put(text)
    return _judge(conditions, result.report)


def outputs(values: dict[str, Any], *wanted: tuple[View, str | None]) -> tuple[Output, ...]:
    """The outputs that the options ask for. `wanted` are views with their paths; a path of None is not asked for."""
    columns = names(values["columns"])
    if columns and values["output"] is None:
        message = "--columns goes with -o."
        raise UsageError(message)
    return tuple(
        Output(
            view=view,
            path=path,
            columns=columns if view == "exchanges" else (),
            sort_time=values["sort"] == "time",
            raw_csv=values["raw_csv"],
        )
        for view, path in wanted
        if path is not None
    )


def job_fields(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of JobOptions, except outputs, from the values of the options."""
    return {
        "window_us": positive("--window", values["window"]),
        "memory_bytes": _memory(values["memory"]),
        "store": values["store"],
        "keep": not values["no_store"],
        "report_path": None if values["report"] == "-" else values["report"],
        "force": values["force"],
    }


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


def _memory(memory_bytes: int | None) -> int:
    return resources.default_memory() if memory_bytes is None else positive("--memory", memory_bytes)
