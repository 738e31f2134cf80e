"""`logcorr correlate`: pairs a request log and a response log."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from logcorr.commands.job_options import job_fields, job_options, outputs
from logcorr.commands.options import DURATION
from logcorr.commands.run_job import run_job
from logcorr.model import clock_skew
from logcorr.model.errors import UsageError
from logcorr.model.options import CorrelateOptions


@click.command()
@click.argument("logs", nargs=-1, metavar="[REQUESTS RESPONSES]", type=click.Path())
@click.option("--requests", "requests", multiple=True, type=click.Path(), help="A request log; may be given again.")
@click.option("--responses", "responses", multiple=True, type=click.Path(), help="A response log; may be given again.")
@click.option("-o", "--output", type=click.Path(), help="Matched exchanges: .json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for -o, separated by commas: duration_us, request_time, ...")
@click.option("--orphans", type=click.Path(), help="Orphans of both sides, each with its reason.")
@click.option("--malformed", type=click.Path(), help="Malformed lines, each with its reason and text.")
@click.option("--report", type=click.Path(), help="The whole report as JSON; - for stdout.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records written.")
@click.option(
    "--pairing",
    type=click.Choice(["in-order", "first", "last"]),
    default="in-order",
    show_default=True,
    help="How the entries of one id pair.",
)
@click.option("--max-duration", type=DURATION, help="Take pairs apart that last longer, either way.")
@click.option("--edge", type=DURATION, help="How near an end of the logs an orphan is excused.  [default: p99.9, 1s]")
@click.option("--skew", type=float, default=0.0, help="Milliseconds to add to every response's time; may be negative.")
@job_options
def correlate(logs: tuple[str, ...], **values: Any) -> int:
    """Pair two logs: which requests were answered, when, how, and which never were.

    REQUESTS and RESPONSES are files, folders or quoted globs; plain, .gz or .zst.

    \b
    Examples:
      logcorr correlate requests.log responses.log
      logcorr correlate requests.log.gz responses.log.gz -o - | jq .
      logcorr correlate --requests 'web-*/req.log' --responses responses/ -o all.parquet
      logcorr correlate requests.log responses.log --fail-if 'p99>500ms' --fail-if 'orphan_rate>1%'

    With no -o, a readable summary is printed. A run on the same logs with the same options opens again at once.
    """
    options = _options(logs, values)

    def load() -> Callable[..., Any]:
        from logcorr.jobs.correlate import correlate as job

        return partial(job, options, estimates=values["progress"] == "json")

    return run_job(options, load, values)


def _options(logs: tuple[str, ...], values: dict[str, Any]) -> CorrelateOptions:
    requests, responses = values["requests"], values["responses"]
    if len(logs) == 2 and not requests and not responses:
        requests, responses = (logs[0],), (logs[1],)
    elif logs or not requests or not responses:
        message = "give REQUESTS and RESPONSES, or --requests and --responses for several files a side."
        raise UsageError(message)
    return CorrelateOptions(
        requests=requests,
        responses=responses,
        pairing=values["pairing"],
        max_duration_us=values["max_duration"],
        edge_us=values["edge"],
        skew_us=clock_skew.skew_us(values["skew"]),
        outputs=outputs(
            values, ("exchanges", values["output"]), ("orphans", values["orphans"]), ("malformed", values["malformed"])
        ),
        **job_fields(values),
    )
