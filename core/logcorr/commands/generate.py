"""`logcorr generate`: makes test logs whose truth is known."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from logcorr.commands.options import DURATION
from logcorr.commands.stdout_and_stderr import say

_WHEN = (
    click.option("--seed", type=int, default=1, show_default=True, help="Same seed and options, same bytes."),
    click.option("--start", default="2025-11-21T14:00:00Z", show_default=True, help="Time of the first request."),
    click.option("--span", type=DURATION, default="2h", show_default=True, help="Time between first and last request."),
)
_UNTIDY = (
    click.option("--malformed", type=float, default=0.0005, show_default=True, help="Share of malformed lines."),
    click.option("--blank", type=float, default=0.0001, show_default=True, help="Share of blank lines."),
    click.option("--disorder", type=DURATION, default="2s", show_default=True, help="How far lines are out of order."),
)


def _all(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator that gives a command several options, in their order."""
    return lambda command: reduce(lambda given, option: option(given), reversed(options), command)


@click.group()
def generate() -> None:
    """Make test logs whose truth is known."""


@generate.command("pair")
@click.argument("directory", type=click.Path(file_okay=False))
@click.option("--rows", type=int, default=1_000_000, show_default=True, help="About how many lines each log has.")
@_all(*_WHEN)
@click.option("--users", type=int, default=50_000, show_default=True, help="How many users there are.")
@click.option("--request-orphans", type=float, default=0.003, show_default=True, help="Share of lost responses.")
@click.option("--response-orphans", type=float, default=0.0005, show_default=True, help="Share of lost requests.")
@click.option("--retries", type=float, default=0.002, show_default=True, help="Share of ids that are used twice.")
@click.option("--redelivered", type=float, default=0.001, show_default=True, help="Share of lines written twice.")
@_all(*_UNTIDY)
@click.option("--skew", type=float, default=0.001, show_default=True, help="Share of negative durations.")
@click.option("--incident", is_flag=True, help="A latency spike, a burst of 5xx and a crash that loses responses.")
@click.option("--header", is_flag=True, help="Name the columns in a first line.")
@click.option("--utf8-only", is_flag=True, help="No malformed line that is not UTF-8.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def generate_pair(directory: str, **values: Any) -> None:
    """Write requests.log, responses.log and truth.json into DIRECTORY.

    truth.json holds the ledger, orphan reasons and pair count that a correct run must report.

    \b
    Examples:
      logcorr generate pair /tmp/demo --rows 1000000 --incident
      logcorr generate pair /tmp/dirty --malformed 0.05 --retries 0.1 --seed 7
    """
    from logcorr.generate.pair.scenario import PairOptions
    from logcorr.generate.pair.write_pair import generate_pair as write

    options = PairOptions(directory=directory, **_fields(values))

    truth = _generated(write, options)
    say(f"wrote {directory}: {truth['pairs']:,} pairs; what a correct run must report is in truth.json.")


@generate.command("access")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--rows", type=int, default=1_000_000, show_default=True, help="How many lines the log has.")
@_all(*_WHEN)
@click.option("--ips", type=int, default=50_000, show_default=True, help="How many ordinary addresses there are.")
@click.option("--abusers", type=int, default=6, show_default=True, help="How many more send bursts of requests.")
@click.option("--endpoints", type=int, default=40, show_default=True, help="How many routes there are.")
@click.option("--ids", type=int, default=20, show_default=True, help="How many ids stand in a path that holds any.")
@click.option("--missing", type=float, default=0.002, show_default=True, help="Share of lines that lack a field.")
@_all(*_UNTIDY)
@click.option("--incident", is_flag=True, help="A latency spike and a burst of 5xx.")
@click.option("--utf8-only", is_flag=True, help="No malformed line that is not UTF-8.")
@click.option("--truth", default="truth.json", show_default=True, help="Name of the file beside FILE for its truth.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def generate_access(file: str, **values: Any) -> None:
    """Write an access log as NDJSON into FILE, and truth.json beside it.

    The log has fast, normal, slow and very slow phases, sparse and dense traffic, abusive addresses and attacks.
    truth.json holds the ledger and the figures that a correct run must report.

    \b
    Examples:
      logcorr generate access /tmp/demo/access.ndjson --incident
      logcorr generate access /tmp/dirty/access.ndjson --malformed 0.05 --missing 0.1 --seed 7
    """
    from logcorr.generate.access.write_access import AccessOptions
    from logcorr.generate.access.write_access import generate_access as write

    options = AccessOptions(path=file, **_fields(values))
    truth = _generated(write, options)
    exchanges = truth["inputs"]["access"]["exchanges"]
    where = Path(file).with_name(options.truth)
    say(f"wrote {file}: {exchanges:,} exchanges; what a correct run must report is in {where}.")


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """The options of a command as the fields that both generators have; microseconds become seconds."""
    span, disorder, utf8_only = given.pop("span"), given.pop("disorder"), given.pop("utf8_only")
    return {"span_s": span / 1e6, "disorder_s": disorder / 1e6, "encoding_errors": not utf8_only, **given}


def _generated(write: Callable[..., dict[str, Any]], options: Any) -> dict[str, Any]:
    """Runs a generator, which an interrupt ends, and returns the truth of what it has written."""
    from logcorr.commands.interrupt import interruptible

    def work(cancel: Any) -> dict[str, Any]:
        def check_cancel(_done: int, _total: int) -> None:
            if cancel.is_set():
                raise KeyboardInterrupt

        return write(options, check_cancel)

    return interruptible(work, lambda: None)
