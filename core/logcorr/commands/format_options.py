"""The options that tell how the lines of a log are read."""

from typing import Any

import click

from logcorr.api import options
from logcorr.commands.completions import format_names
from logcorr.commands.options import as_flag
from logcorr.model.options import Reading


def format_options(command: Any) -> Any:
    """A decorator that adds the options of formats."""
    added = (
        click.option(
            "--format",
            "form",
            shell_complete=format_names,
            help="The format, a name of `logcorr formats list` or a server's own line (nginx:...).  [default: told]",
        ),
        click.option("--formats", multiple=True, type=click.Path(), help="A file of formats; may be given again."),
        click.option("--fields", help="Names of fields instead of a format: 'time=ts:epoch_ms id=rid status=code'."),
        click.option("--where-request", help="With --fields: which lines are requests, such as 'event=start'."),
        click.option("--where-response", help="With --fields: which lines are responses."),
        click.option("--zone", help="The zone of stamps that name none: +05:30, Europe/Berlin, local."),
        click.option("--date", help="The date of the first line (YYYY-MM-DD), for clocks without a date."),
        click.option(
            "--unwrap", help="Heads to take off each line, separated by commas; none for no head.  [default: told]"
        ),
        click.option(
            "--client",
            default="first",
            show_default=True,
            help="Which of several addresses is the client: first, last, or a place.",
        ),
    )
    for option in reversed(added):
        command = option(command)
    return command


def reading(values: dict[str, Any]) -> Reading:
    """How lines are read, by the values of the options. Raises UsageError."""
    return options.reading(reading_values(values), as_flag)


def reading_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values of the options of formats, by the names that they have in Python."""
    unwrap = (name for name in (values["unwrap"] or "").split(",") if name)
    return {**values, "format": values["form"], "unwrap": tuple(unwrap)}
