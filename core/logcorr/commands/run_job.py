"""Runs a job of `correlate` or `analyze` with progress, interrupt, result and exit code."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from logcorr.commands.stdout_and_stderr import put, put_json, say, wants_color, width
from logcorr.compute import garbage, resources, threads
from logcorr.model.options import JobOptions
from logcorr.model.verdict import Verdict
from logcorr.query import fail_if
from logcorr.text import zones
from logcorr.text.quantities import size

FAILED_CONDITION = 1
# A budget that was exceeded is named with so much more, as runs of the same logs differ a little.
_MARGIN = 1.1


def run_job(options: JobOptions, load: Callable[[], Callable[..., Any]], values: dict[str, Any]) -> int:
    """Runs a job that can be interrupted, shows its progress, prints its result, and returns the exit code.

    `load` imports and returns the function that makes the run. It is called only after the threads of polars are
    limited, because polars reads the limit when it is imported. `values` are the values of the options by name.
    """
    zone = zones.zone_of(values["tz"] or "UTC")
    conditions = [fail_if.condition(text, options.kind) for text in values["fail_if"]]
    threads.limit_engine(options.memory_bytes, options.threads)
    # A process that has used the engine before holds memory of other work, which says nothing about this run.
    fresh = "polars" not in sys.modules
    with garbage.loading():
        job = load()
        from logcorr.commands.interrupt import interruptible
        from logcorr.commands.progress import progress_sink
        from logcorr.runs import run_folder, work_folder
    if fresh and values["progress"] != "json":
        _note_memory(options.memory_bytes)

    to_stdout = any(output.view == "exchanges" or output.path == "-" for output in options.outputs)
    summary_follows = values["report"] != "-" and not to_stdout
    with progress_sink(values["progress"], sys.stderr) as sink:
        result = interruptible(
            lambda cancel: job(on_event=sink, cancel=cancel),
            work_folder.abandon_all,
            leash=sys.stdin if values["end_with_stdin"] else None,
            meanwhile=_summary if summary_follows else lambda: None,
        )
    for note in result.notes if values["progress"] != "json" else ():
        say(f"note: {note}")
    # A summary has them itself.
    for warning in () if summary_follows or values["progress"] == "json" else result.report.warnings:
        say(f"warning: {warning}")
    peak = resources.peak_rss()
    if fresh and peak > options.memory_bytes and values["progress"] != "json":
        more = f"--memory {_whole_mb(int(_MARGIN * peak))}"
        say(f"note: this took {size(peak)}, more than --memory {size(options.memory_bytes)}; {more} has room for it.")
    folder = str(result.stored.place) if result.kept else None
    if summary_follows:
        shown = {"width": width(), "color": wants_color(), "reused": result.reused, "folder": folder}
        with garbage.loading():
            render = _summary()
        with zones.shown_in(zone):
            put(render(result.report, **shown))
    elif values["report"] == "-":
        put_json(run_folder.encode(result.report).decode())
    elif result.reused and values["progress"] != "json":
        say(f"opened the finished run {folder} again.")
    return say_verdicts(fail_if.judge(conditions, result.report))


def _summary() -> Callable[..., str]:
    """The function that makes the summary. Its modules are loaded when it is first asked for."""
    from logcorr.render.summary import render_summary

    return render_summary


def _note_memory(memory_bytes: int) -> None:
    """Says where a budget cannot be kept, or may be exceeded. The run goes on in as little memory as it can.

    To be called before data is read: what the process takes then is measured.
    """
    from logcorr.compute import memory_budget

    base, least = memory_budget.base_bytes(), memory_budget.least_bytes()
    if memory_bytes < base:
        why = f"cannot be kept, as logcorr takes about {size(base)} without any data"
        say(f"note: --memory {size(memory_bytes)} {why}. {_whole_mb(least)} or more is kept.")
    elif memory_bytes < least:
        say(f"note: --memory {size(memory_bytes)} may be exceeded. {_whole_mb(least)} or more is kept.")


def _whole_mb(count: int) -> str:
    """A size as people can give it to --memory: not less than `count` bytes."""
    return f"{math.ceil(count / 10**6)}MB"


def say_verdicts(verdicts: Sequence[Verdict]) -> int:
    """Says which conditions hold and which cannot be judged, and returns the exit code."""
    for verdict in verdicts:
        if verdict.message is not None:
            say(verdict.message)
    return FAILED_CONDITION if any(verdict.outcome == "failed" for verdict in verdicts) else 0
