"""The options that tell how the lines of a log are read."""

import re
import zoneinfo
from datetime import date
from typing import Any

import click

from logcorr.commands.completions import format_names
from logcorr.model.errors import UsageError
from logcorr.model.options import Reading

_OFFSET = re.compile(r"Z|UTC|local|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]")
_MEMBER = re.compile(r"first|last|-?[1-9][0-9]?")


def format_options(command: Any) -> Any:
    """A decorator that adds the options of formats."""
    options = (
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
    for option in reversed(options):
        command = option(command)
    return command


def reading(values: dict[str, Any]) -> Reading:
    """How lines are read, by the values of the options. Raises UsageError."""
    zone, day, client = values["zone"], values["date"], values["client"]
    if zone is not None and not _OFFSET.fullmatch(zone) and zone not in zoneinfo.available_timezones():
        raise UsageError(f"--zone {zone!r}: name a zone such as Europe/Berlin, an offset such as +05:30, or local.")
    if day is not None and not _is_date(day):
        raise UsageError(f"--date {day!r}: a date is written YYYY-MM-DD.")
    if not _MEMBER.fullmatch(client):
        raise UsageError(f"--client {client!r}: it is first, last, or a place such as 2 or -2.")
    if values["fields"] is None and (values["where_request"] or values["where_response"]):
        message = "--where-request and --where-response go with --fields."
        raise UsageError(message)
    if values["fields"] is not None and values["form"] is not None:
        message = "--fields and --format exclude each other."
        raise UsageError(message)
    return Reading(
        files=tuple(values["formats"]),
        zone=zone,
        date=day,
        client=client,
        unwrap=tuple(name for name in (values["unwrap"] or "").split(",") if name),
        fields=values["fields"],
        where_request=values["where_request"],
        where_response=values["where_response"],
    )


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
