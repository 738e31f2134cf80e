"""`logcorr analyze`: analyses an access log."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from logcorr.api.options import analyze_options
from logcorr.commands.documents import HTML, with_documents
from logcorr.commands.format_options import format_options
from logcorr.commands.job_options import job_options, job_values, outputs
from logcorr.commands.options import as_flag
from logcorr.commands.run_job import run_job


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("-o", "--output", type=click.Path(), help="All exchanges: .json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for -o, separated by commas: duration_us, file, line.")
@click.option("--malformed", type=click.Path(), help="Malformed lines, each with its reason and text.")
@click.option("--other", type=click.Path(), help="Lines that the format does not speak of, with their text.")
@click.option("--report", type=click.Path(), help="The whole report as JSON; - for stdout.")
@HTML
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records written.")
@click.option(
    "--suspicious", type=int, default=25, show_default=True, help="More requests in a window make an IP suspicious."
)
@click.option("--collapse-ids", is_flag=True, help="Write * for numbers, hex and UUIDs in the paths of endpoints.")
@format_options
@job_options
def analyze(logs: tuple[str, ...], **values: Any) -> int:
    """Analyse an access log: who asked what, what failed, what was slow, and who asks too much.

    FILEs are files, folders or quoted globs; plain, .gz or .zst; or - for standard input. Files of a folder that are no
    logs are left out. `logcorr formats list` names the formats that are told by their lines.

    \b
    Examples:
      logcorr analyze access.log
      logcorr analyze 'access.log*' --collapse-ids --window 5m
      logcorr analyze access.ndjson --report report.json --fail-if 'error_rate>1%'
    """
    wanted = outputs(
        values, ("exchanges", values["output"]), ("malformed", values["malformed"]), ("other", values["other"])
    )
    options = with_documents(analyze_options({**job_values(values), "files": logs}, as_flag, wanted), values)

    def load() -> Callable[..., Any]:
        from logcorr.api.analyze import analyze_by

        return partial(analyze_by, options)

    return run_job(options, load, values)
