"""`logcorr correlate`: pairs a request log and a response log."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from logcorr.api.options import correlate_options
from logcorr.commands.completions import format_names
from logcorr.commands.documents import HTML, with_documents
from logcorr.commands.format_options import format_options
from logcorr.commands.job_options import job_options, job_values, outputs
from logcorr.commands.options import DURATION, as_flag
from logcorr.commands.run_job import run_job
from logcorr.model import clock_skew
from logcorr.model.errors import UsageError
from logcorr.model.options import CorrelateOptions


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG | REQUESTS RESPONSES]", type=click.Path())
@click.option("--log", "log", multiple=True, type=click.Path(), help="A log of both events; may be given again.")
@click.option("--requests", "requests", multiple=True, type=click.Path(), help="A request log; may be given again.")
@click.option("--responses", "responses", multiple=True, type=click.Path(), help="A response log; may be given again.")
@click.option("-o", "--output", type=click.Path(), help="Matched exchanges: .json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for -o, separated by commas: duration_us, request_time, ...")
@click.option("--orphans", type=click.Path(), help="Orphans of both sides, each with its reason.")
@click.option("--malformed", type=click.Path(), help="Malformed lines, each with its reason and text.")
@click.option("--other", type=click.Path(), help="Lines that the format does not speak of, with their text.")
@click.option("--report", type=click.Path(), help="The whole report as JSON; - for stdout.")
@HTML
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records written.")
@click.option(
    "--pairing",
    type=click.Choice(["in-order", "nearest", "first", "last"]),
    help="How the entries of one id pair.  [default: as the format says, else in-order]",
)
@click.option(
    "--duration",
    type=click.Choice(["events", "given"]),
    help="Which duration counts: between the events, or the one that responses tell.  [default: events]",
)
@click.option(
    "--requests-format",
    shell_complete=format_names,
    help="The format of the request logs, where the response logs have another.",
)
@click.option("--responses-format", shell_complete=format_names, help="The format of the response logs.")
@click.option(
    "--suspicious", type=int, default=25, show_default=True, help="More requests in a window make an IP suspicious."
)
@click.option("--collapse-ids", is_flag=True, help="Write * for numbers, hex and UUIDs in the paths of endpoints.")
@click.option("--max-duration", type=DURATION, help="Take pairs apart that last longer, either way.")
@click.option("--edge", type=DURATION, help="How near an end of the logs an orphan is excused.  [default: p99.9, 1s]")
@click.option("--skew", type=float, default=0.0, help="Milliseconds to add to every response's time; may be negative.")
@format_options
@job_options
def correlate(logs: tuple[str, ...], **values: Any) -> int:
    """Pair requests and responses: which requests were answered, when, how, and which never were.

    LOG holds both events; REQUESTS and RESPONSES hold one each. They are files, folders or quoted globs; plain, .gz or
    .zst; or - for standard input. A folder as LOG may hold a request log and a response log. Files of a folder that are
    no logs are left out.

    \b
    Examples:
      logcorr correlate requests.log responses.log
      logcorr correlate app.log
      logcorr correlate requests.log.gz responses.log.gz -o - | jq .
      logcorr correlate --requests 'web-*/req.log' --responses responses/ -o all.parquet
      logcorr correlate requests.log responses.log --html report.html
      logcorr correlate requests.log responses.log --fail-if 'p99>500ms' --fail-if 'orphan_rate>1%'

    With no -o, a readable summary is printed. A run on the same logs with the same options opens again at once.
    """
    options = with_documents(_options(logs, values), values)

    def load() -> Callable[..., Any]:
        from logcorr.api.correlate import correlate_by

        return partial(correlate_by, options, estimates=values["progress"] == "json")

    return run_job(options, load, values)


def _options(logs: tuple[str, ...], values: dict[str, Any]) -> CorrelateOptions:
    requests, responses, log = _logs(logs, values)
    own = {"requests": requests, "responses": responses, "log": log, "skew": clock_skew.skew_us(values["skew"])}
    wanted = outputs(
        values,
        ("exchanges", values["output"]),
        ("orphans", values["orphans"]),
        ("malformed", values["malformed"]),
        ("other", values["other"]),
    )
    return correlate_options({**job_values(values), **own}, as_flag, wanted)


def _logs(logs: tuple[str, ...], values: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The request logs, the response logs, and the logs that hold both events."""
    requests, responses, log = values["requests"], values["responses"], values["log"]
    if logs and not requests and not responses and not log:
        if len(logs) == 1:
            log = logs
        elif len(logs) == 2:
            requests, responses = (logs[0],), (logs[1],)
        if log or requests:
            return requests, responses, log
    if logs or bool(log) == bool(requests or responses) or bool(requests) != bool(responses):
        message = (
            "give one LOG that holds both events, or REQUESTS and RESPONSES; for several files --log, or --requests "
            "and --responses."
        )
        raise UsageError(message)
    return requests, responses, log
