"""The options that correlate and analyze share."""

from typing import Any

import click

from logcorr.commands.documents import JUNIT, OPENMETRICS
from logcorr.commands.format_options import reading_values
from logcorr.commands.options import DURATION, RAW_CSV, SIZE, names
from logcorr.model.errors import UsageError
from logcorr.model.options import Output, View


def job_options(command: Any) -> Any:
    """A decorator that adds the options every job has: memory, the folder of runs, progress and conditions."""
    options = (
        click.option("--force", is_flag=True, help="Replace output files that exist."),
        RAW_CSV,
        click.option("--window", type=DURATION, default="1m", show_default=True, help="Width of the worst window."),
        click.option(
            "--memory",
            type=SIZE,
            help="The most memory to take; with --engine processes:N, of all of them together.  "
            "[default: a quarter of the machine's, 512MB to 4GB]",
        ),
        click.option(
            "--engine",
            metavar="ENGINE",
            help="Where to run: processes:8, dask:tcp://HOST:8786, ray, spark, exec:COMMAND; local is here.  "
            "[default: local]",
        ),
        click.option("--worker-memory", type=SIZE, help="The most memory for each step on an engine, 280MB or more."),
        click.option(
            "--threads",
            type=int,
            help="How many threads to work with, if memory allows.  [default: one for each usable core]",
        ),
        click.option(
            "--store", type=click.Path(), help="Folder or URI to keep runs in.  [default: the platform's cache folder]"
        ),
        click.option("--no-store", is_flag=True, help="Keep no run folder."),
        click.option(
            "--collapse",
            multiple=True,
            metavar="REGEX=NAME",
            help="Count endpoints in which REGEX is found as NAME; may be given again, the first that fits counts.",
        ),
        click.option("--since", metavar="TIME", help="Report what lies at or after this time; -15m is before the end."),
        click.option(
            "--ordered",
            type=DURATION,
            metavar="TIME",
            help="Do not read what lies before --since. No line is further out of order, no exchange takes longer.",
        ),
        click.option("--until", metavar="TIME", help="Report what lies before this time."),
        click.option("--tz", metavar="ZONE", help="The zone of --since, --until and all times shown.  [default: UTC]"),
        click.option("--where", metavar="FILTER", help="Report what this holds for, such as 'status>=500 user=a'."),
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
        JUNIT,
        OPENMETRICS,
    )
    for option in reversed(options):
        command = option(command)
    return command


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


def job_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values of the options by the names that they have in Python, as `logcorr.api.options` takes them."""
    report_path = None if values["report"] == "-" else values["report"]
    return {**reading_values(values), "keep": not values["no_store"], "report_path": report_path}
