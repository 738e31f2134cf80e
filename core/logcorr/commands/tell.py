"""`logcorr tell`: what logs are taken for, as JSON, for programs that ask before they start a job. It is not listed."""

import sys
from typing import Any

import click

from logcorr.commands.format_options import format_options, reading
from logcorr.commands.stdout_and_stderr import put_json
from logcorr.model.errors import UsageError


@click.command(hidden=True)
@click.argument("logs", nargs=-1, type=click.Path())
@click.option("--requests", multiple=True, type=click.Path(), help="A request log; may be given again.")
@click.option("--responses", multiple=True, type=click.Path(), help="A response log; may be given again.")
@click.option("--end-with-stdin", is_flag=True, hidden=True, help="Stop when standard input ends.")
@format_options
def tell(
    logs: tuple[str, ...], requests: tuple[str, ...], responses: tuple[str, ...], *, end_with_stdin: bool, **values: Any
) -> None:
    """Print what LOGS are taken for, as one object of JSON: kind, formats, candidates, and the first lines as read."""
    if bool(logs) == bool(requests or responses) or bool(requests) != bool(responses):
        message = "give LOGS, or --requests and --responses."
        raise UsageError(message)
    read, form = reading(values), None if values["form"] == "auto" else values["form"]
    import msgspec

    from logcorr.commands.interrupt import interruptible
    from logcorr.jobs.tell_first_lines import tell_logs, tell_sides

    told = interruptible(
        lambda _cancel: tell_logs(logs, read, form) if logs else tell_sides(requests, responses, read, form),
        lambda: None,
        leash=sys.stdin if end_with_stdin else None,
    )
    put_json(msgspec.json.encode(told).decode())
