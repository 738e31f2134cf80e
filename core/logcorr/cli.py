"""The `logcorr` command: words on a command line → options, results → stdout, stderr and an exit code.

The only core file that knows click; nothing imports it. The engine is imported when a command needs it.
"""

import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import click

from logcorr import __version__, resources, units
from logcorr.dialects import FORMS
from logcorr.errors import LogcorrError, OutputError, UsageError
from logcorr.model import AnalyzeOptions, CorrelateOptions, JobOptions, Output, View
from logcorr.text import json_for_terminal, one_line

_FAILED_CONDITION = 1
_INTERNAL = 70
_MOST_SKEW_MS = 10**12
_LEAST_MEMORY = 256 * 10**6
_BYTES_PER_THREAD = 96 << 20
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_VIEWS = get_args(View)


class Quantity(click.ParamType[int]):
    """A duration or a size as people write it, read by one of the functions of `units`."""

    def __init__(self, name: str, read: Callable[[str], int]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return self._read(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


DURATION = Quantity("duration", units.duration_us)
SIZE = Quantity("size", units.size_bytes)


def _job_options(command: Any) -> Any:
    """What every job takes: memory, where runs are kept, progress, conditions."""
    options = (
        click.option("--force", is_flag=True, help="Replace output files that exist."),
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


class Command(click.Group):
    """The top of the command: turns every error into one or two lines on stderr and its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        _settle_streams()
        try:
            result = super().main(*args, **kwargs)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            sys.stderr.write(f"{error.format_message()}\n")
            sys.exit(error.exit_code)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            _say(f"error: {' '.join(error.format_message().split())}")
            _say(f"see {context.command_path if context else 'logcorr'} --help")
            sys.exit(error.exit_code)
        except LogcorrError as error:
            _say(f"error: {error}")
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            _say("interrupted.")
            sys.exit(130)
        except BrokenPipeError:
            # Whoever read our output has had enough.
            _silence_stdout()
            sys.exit(0)
        except OSError as error:
            _say(f"error: could not write: {error.strerror or error}.")
            _silence_stdout()
            sys.exit(OutputError.exit_code)
        except Exception as error:
            if os.environ.get("LOGCORR_DEBUG"):
                raise
            _say(f"internal error: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            _say("please report this; LOGCORR_DEBUG=1 shows where it happened.")
            sys.exit(_INTERNAL)
        sys.exit(result if isinstance(result, int) else 0)


@click.group(cls=Command, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="logcorr")
def main() -> None:
    """Pair request and response logs of any size, and account for every line.

    \b
    Examples:
      logcorr correlate requests.log responses.log
      logcorr correlate requests.log responses.log -o matched.ndjson --orphans orphans.csv
      logcorr generate pair /tmp/demo --incident

    Shell completion: eval "$(_LOGCORR_COMPLETE=bash_source logcorr)", or zsh_source, fish_source.
    """


@main.command()
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
@_job_options
def correlate(logs: tuple[str, ...], **given: Any) -> int:
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
    options = _correlate_options(logs, given)
    from logcorr import run

    told = given["progress"] == "json"
    work = partial(run.correlate, options, estimates=told)
    return _do(options, work, given)


@main.command()
@click.argument("logs", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(["auto", *FORMS]), default="auto", show_default=True, help="What a line is."
)
@click.option("-o", "--output", type=click.Path(), help="All exchanges: .json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--malformed", type=click.Path(), help="Malformed lines, each with its reason and text.")
@click.option("--report", type=click.Path(), help="The whole report as JSON; - for stdout.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records written.")
@click.option(
    "--suspicious", type=int, default=25, show_default=True, help="More requests in a window make an IP suspicious."
)
@click.option("--collapse-ids", is_flag=True, help="Write * for numbers, hex and UUIDs in the paths of endpoints.")
@_job_options
def analyze(logs: tuple[str, ...], **given: Any) -> int:
    """Analyse an access log: who asked what, what failed, what was slow, and who asks too much.

    FILEs are files, folders or quoted globs; plain, .gz or .zst; JSON lines (also of Caddy, Traefik and nginx), common
    or combined log format.

    \b
    Examples:
      logcorr analyze access.log
      logcorr analyze 'access.log*' --collapse-ids --window 5m
      logcorr analyze access.ndjson --report report.json --fail-if 'error_rate>1%'
    """
    options = AnalyzeOptions(
        files=logs,
        form=None if given["form"] == "auto" else given["form"],
        suspicious=_positive("--suspicious", given["suspicious"]),
        collapse_ids=given["collapse_ids"],
        outputs=_outputs(given, ("exchanges", given["output"]), ("malformed", given["malformed"])),
        **_job(given),
    )
    from logcorr import analysis

    return _do(options, partial(analysis.analyze, options), given)


def _do(options: JobOptions, work: Callable[..., Any], given: dict[str, Any]) -> int:
    """Does a job with progress, cancel and exit code, and prints what came of it."""
    if options.memory_bytes < _LEAST_MEMORY and given["progress"] != "json":
        _say(f"note: --memory is under {_LEAST_MEMORY // 10**6}MB, which the engine alone may take.")
    conditions = [units.condition(text) for text in given["fail_if"]]
    from logcorr import store
    from logcorr.interrupt import interruptible
    from logcorr.progress import progress_sink

    with progress_sink(given["progress"], sys.stderr) as sink:
        result = interruptible(
            lambda cancel: work(on_event=sink, cancel=cancel),
            store.abandon_all,
            leash=sys.stdin if given["end_with_stdin"] else None,
        )
    folder = str(result.folder) if result.folder else None
    if given["report"] == "-":
        _print_json(store.encode(result.report).decode())
    elif any(output.view == "exchanges" or output.path == "-" for output in options.outputs):
        if result.reused and given["progress"] != "json":
            _say(f"opened the finished run {folder} again.")
    else:
        from logcorr.summary import render_summary

        color = _wants_color()
        width = _width()
        _print(render_summary(result.report, width=width, color=color, reused=result.reused, folder=folder))
    return _judge(conditions, result.report)


@main.group()
def generate() -> None:
    """Make test logs whose truth is known."""


@generate.command("pair")
@click.argument("directory", type=click.Path(file_okay=False))
@click.option("--rows", type=int, default=1_000_000, show_default=True, help="About how many lines each log has.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and options, same bytes.")
@click.option("--start", default="2025-11-21T14:00:00Z", show_default=True, help="Time of the first request.")
@click.option("--span", type=DURATION, default="2h", show_default=True, help="Time between first and last request.")
@click.option("--users", type=int, default=50_000, show_default=True, help="How many users there are.")
@click.option("--request-orphans", type=float, default=0.003, show_default=True, help="Share of lost responses.")
@click.option("--response-orphans", type=float, default=0.0005, show_default=True, help="Share of lost requests.")
@click.option("--retries", type=float, default=0.002, show_default=True, help="Share of ids that are used twice.")
@click.option("--redelivered", type=float, default=0.001, show_default=True, help="Share of lines written twice.")
@click.option("--malformed", type=float, default=0.0005, show_default=True, help="Share of malformed lines.")
@click.option("--blank", type=float, default=0.0001, show_default=True, help="Share of blank lines.")
@click.option("--disorder", type=DURATION, default="2s", show_default=True, help="How far lines are out of order.")
@click.option("--skew", type=float, default=0.001, show_default=True, help="Share of negative durations.")
@click.option("--incident", is_flag=True, help="A latency spike, a burst of 5xx and a crash that loses responses.")
@click.option("--header", is_flag=True, help="Name the columns in a first line.")
@click.option("--utf8-only", is_flag=True, help="No malformed line that is not UTF-8.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def generate_pair(directory: str, **given: Any) -> None:
    """Write requests.log, responses.log and truth.json into DIRECTORY.

    truth.json holds the ledger, orphan reasons and pair count that a correct run must report.

    \b
    Examples:
      logcorr generate pair /tmp/demo --rows 1000000 --incident
      logcorr generate pair /tmp/dirty --malformed 0.05 --retries 0.1 --seed 7
    """
    from logcorr.generate import PairOptions
    from logcorr.generate import generate_pair as write

    span, disorder, utf8_only = given.pop("span"), given.pop("disorder"), given.pop("utf8_only")
    options = PairOptions(
        directory=directory,
        span_s=span / 1e6,
        disorder_s=disorder / 1e6,
        encoding_errors=not utf8_only,
        **given,
    )

    truth = _generated(write, options)
    _say(f"wrote {directory}: {truth['pairs']:,} pairs; what a correct run must report is in truth.json.")


@generate.command("access")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--rows", type=int, default=1_000_000, show_default=True, help="How many lines the log has.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and options, same bytes.")
@click.option("--start", default="2025-11-21T14:00:00Z", show_default=True, help="Time of the first request.")
@click.option("--span", type=DURATION, default="2h", show_default=True, help="Time between first and last request.")
@click.option("--ips", type=int, default=50_000, show_default=True, help="How many ordinary addresses there are.")
@click.option("--abusers", type=int, default=6, show_default=True, help="How many more send bursts of requests.")
@click.option("--endpoints", type=int, default=40, show_default=True, help="How many routes there are.")
@click.option("--ids", type=int, default=20, show_default=True, help="How many ids stand in a path that holds any.")
@click.option("--missing", type=float, default=0.002, show_default=True, help="Share of lines that lack a field.")
@click.option("--malformed", type=float, default=0.0005, show_default=True, help="Share of malformed lines.")
@click.option("--blank", type=float, default=0.0001, show_default=True, help="Share of blank lines.")
@click.option("--disorder", type=DURATION, default="2s", show_default=True, help="How far lines are out of order.")
@click.option("--incident", is_flag=True, help="A latency spike and a burst of 5xx.")
@click.option("--utf8-only", is_flag=True, help="No malformed line that is not UTF-8.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def generate_access(file: str, **given: Any) -> None:
    """Write an access log as NDJSON into FILE, and truth.json beside it.

    The log has fast, normal, slow and very slow phases, sparse and dense traffic, abusive addresses and attacks.
    truth.json holds the ledger and the figures that a correct run must report.

    \b
    Examples:
      logcorr generate access /tmp/demo/access.ndjson --incident
      logcorr generate access /tmp/dirty/access.ndjson --malformed 0.05 --missing 0.1 --seed 7
    """
    from logcorr.generate_access import AccessOptions
    from logcorr.generate_access import generate_access as write

    span, disorder, utf8_only = given.pop("span"), given.pop("disorder"), given.pop("utf8_only")
    options = AccessOptions(
        path=file,
        span_s=span / 1e6,
        disorder_s=disorder / 1e6,
        encoding_errors=not utf8_only,
        **given,
    )
    truth = _generated(write, options)
    exchanges = truth["inputs"]["access"]["exchanges"]
    where = Path(file).with_name("truth.json")
    _say(f"wrote {file}: {exchanges:,} exchanges; what a correct run must report is in {where}.")


def _generated(write: Callable[..., dict[str, Any]], options: Any) -> dict[str, Any]:
    """The truth of what a generator has written; an interrupt ends it."""
    from logcorr.interrupt import interruptible

    def work(cancel: Any) -> dict[str, Any]:
        def watch(_done: int, _total: int) -> None:
            if cancel.is_set():
                raise KeyboardInterrupt

        return write(options, watch)

    return interruptible(work, lambda: None)


@main.group(invoke_without_command=True)
@click.pass_context
def runs(context: click.Context) -> None:
    """List, show and remove finished runs.

    \b
    Examples:
      logcorr runs list
      logcorr runs show 3f2a
      logcorr runs remove --all
    """
    if context.invoked_subcommand is None:
        context.invoke(runs_list)


_store_option = click.option("--store", type=click.Path(), help="Folder the runs are in.  [default: the cache folder]")


@runs.command("list")
@_store_option
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each run.")
def runs_list(store: str | None = None, *, as_json: bool = False) -> None:
    """List finished runs, newest first."""
    from logcorr import listing

    found = listing.rows(_root(store))
    if not found and not as_json:
        _say(f"no runs in {_root(store)}.")
    if as_json:
        _print_json(listing.as_json(found))
    else:
        _print(listing.as_text(found, _width()))


@runs.command("show")
@click.argument("run")
@_store_option
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def runs_show(run: str, store: str | None, *, as_json: bool) -> None:
    """Print the summary of RUN: a name of `runs list`, the start of one, or a folder."""
    from logcorr.store import encode, find

    folder = find(_root(store), run)
    if as_json:
        _print_json(encode(folder.report).decode())
        return
    from logcorr.summary import render_summary

    _print(render_summary(folder.report, width=_width(), color=_wants_color(), reused=True, folder=str(folder.path)))


@runs.command("remove")
@click.argument("names", nargs=-1, metavar="[RUN]...")
@_store_option
@click.option("--all", "every", is_flag=True, help="Remove every run.")
def runs_remove(names: tuple[str, ...], store: str | None, *, every: bool) -> None:
    """Remove finished runs."""
    from logcorr.store import find, runs, sweep

    if bool(names) == every:
        message = "name the runs to remove, or give --all."
        raise UsageError(message)
    root = _root(store)
    doomed = runs(root) if every else [find(root, name) for name in names]
    paths = {folder.path: folder for folder in doomed}
    for folder in paths.values():
        folder.remove()
    if every:
        sweep(root)
    _say(f"removed {len(paths)} run{'' if len(paths) == 1 else 's'}.")


@main.command()
@click.argument("run")
@click.option("--view", type=click.Choice(_VIEWS), required=True, help="Which rows.")
@click.option("-o", "--output", required=True, type=click.Path(), help=".json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for views of exchanges, separated by commas.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@_store_option
def export(run: str, store: str | None, *, force: bool, **given: Any) -> None:
    """Write a view of a finished RUN to a file.

    \b
    Examples:
      logcorr export 3f2a --view orphans -o orphans.json
      logcorr export 3f2a --view slow -o - --columns request_time | head
    """
    output = Output(
        view=given["view"],
        path=given["output"],
        columns=_names(given["columns"]),
        sort_time=given["sort"] == "time",
    )
    from logcorr import exports
    from logcorr import store as stores
    from logcorr.interrupt import interruptible

    root = _root(store)
    interruptible(lambda _cancel: exports.one(stores.find(root, run), output, root, force=force), stores.abandon_all)


@main.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_store_option
@click.option("--top", type=int, default=20, show_default=True, help="How many users or endpoints to show.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON.")
@click.option(
    "--fail-if", multiple=True, help="Exit with 1 if a figure changed so, such as 'p99>+10%'; may be given again."
)
def diff(before: str, after: str, store: str | None, *, top: int, as_json: bool, fail_if: tuple[str, ...]) -> int:
    """Compare two finished runs of one kind: what changed from A to B, what got worse first.

    A and B are names of `runs list`, the starts of such names, or folders. A change counts as worse or better when it
    is more than one percent, and more than chance would make of it.

    \b
    Examples:
      logcorr diff 3f2a 90be
      logcorr diff 3f2a 90be --json --top 100 | jq .worse
      logcorr diff 3f2a 90be --fail-if 'p99>+10%' --fail-if 'p99>+50ms' --fail-if 'error_rate>+0.5%'

    In --fail-if a change needs its sign. Of a latency or a count it is a share of what it was in A (+10%), or an amount
    (+50ms, -1000); of a rate it is in percentage points: error_rate>+0.5% holds when 1.0 % became more than 1.5 %.
    """
    from logcorr import diff_conditions

    limits = [diff_conditions.limit(text) for text in fail_if]
    top = _positive("--top", top)
    from logcorr import diff as diffs
    from logcorr import store as stores
    from logcorr.interrupt import interruptible

    runs = [stores.find(_root(store), name) for name in (before, after)]
    for limit in limits:
        limit.check(runs[0].manifest.kind)

    def work(cancel: Any) -> Any:
        return diffs.diff(runs[0], runs[1], top=top, cancel=cancel)

    found = interruptible(work, lambda: None)
    verdicts = [(limit, limit.holds(found), limit.figure(found)) for limit in limits]
    if as_json:
        _print_json(stores.encode(found).decode())
    else:
        from logcorr.diff_summary import render_diff

        _print(render_diff(found, width=_width(), color=_wants_color()))
    for limit, held, known in verdicts:
        if known is None:
            _say(f"note: {limit.text} cannot be judged: one of the runs has no such figure.")
        elif held is not None:
            _say(f"failed: {limit.text} ({diff_conditions.told(held)}).")
    return _FAILED_CONDITION if any(held is not None for _, held, _ in verdicts) else 0


def _correlate_options(logs: tuple[str, ...], given: dict[str, Any]) -> CorrelateOptions:
    requests, responses = given["requests"], given["responses"]
    if len(logs) == 2 and not requests and not responses:
        requests, responses = (logs[0],), (logs[1],)
    elif logs or not requests or not responses:
        message = "give REQUESTS and RESPONSES, or --requests and --responses for several files a side."
        raise UsageError(message)
    columns = _names(given["columns"])
    if columns and given["output"] is None:
        message = "--columns goes with -o."
        raise UsageError(message)
    outputs = _outputs(
        given, ("exchanges", given["output"]), ("orphans", given["orphans"]), ("malformed", given["malformed"])
    )
    return CorrelateOptions(
        requests=requests,
        responses=responses,
        pairing=given["pairing"],
        max_duration_us=given["max_duration"],
        edge_us=given["edge"],
        skew_us=_skew_us(given["skew"]),
        outputs=outputs,
        **_job(given),
    )


def _outputs(given: dict[str, Any], *wanted: tuple[View, str | None]) -> tuple[Output, ...]:
    columns = _names(given.get("columns", ""))
    return tuple(
        Output(
            view=view,
            path=path,
            columns=columns if view == "exchanges" else (),
            sort_time=given["sort"] == "time",
        )
        for view, path in wanted
        if path is not None
    )


def _job(given: dict[str, Any]) -> dict[str, Any]:
    """The options of JobOptions but for the outputs; also tells the engine how many threads that leaves."""
    memory = _memory(given["memory"])
    os.environ.setdefault("POLARS_MAX_THREADS", str(_threads(memory)))
    return {
        "window_us": _positive("--window", given["window"]),
        "memory_bytes": memory,
        "store": given["store"],
        "keep": not given["no_store"],
        "report_path": None if given["report"] == "-" else given["report"],
        "force": given["force"],
    }


def _judge(conditions: Sequence[units.Condition], report: Any) -> int:
    code = 0
    for condition in conditions:
        value = condition.holds(report)
        if condition.figure(report) is None:
            _say(f"note: {condition.text} cannot be judged: there is no such figure without pairs.")
        if value is not None:
            _say(f"failed: {condition.text} ({condition.metric} is {value:g}{condition.unit}).")
            code = _FAILED_CONDITION
    return code


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _skew_us(milliseconds: float) -> int:
    if not abs(milliseconds) <= _MOST_SKEW_MS:
        message = f"--skew must be within {_MOST_SKEW_MS:,} ms either way."
        raise UsageError(message)
    return round(milliseconds * 1000)


def _memory(given: int | None) -> int:
    return resources.default_memory() if given is None else _positive("--memory", given)


def _positive(option: str, value: int) -> int:
    if value <= 0:
        message = f"{option} must be more than 0."
        raise UsageError(message)
    return value


def _root(store: str | None) -> Path:
    from logcorr.store import default_root

    return Path(store) if store else default_root()


def _threads(memory_bytes: int) -> int:
    """Each thread of the engine holds morsels of its own, so a small budget allows only few."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _BYTES_PER_THREAD))


def _wants_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


class _Closed(io.TextIOBase):
    """Stands for a standard output that the caller has closed."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


def _settle_streams() -> None:
    """Makes both streams usable whatever they are: closed, or of an encoding that lacks characters."""
    sys.stdout = sys.stdout or cast("Any", _Closed())
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf8")  # noqa: SIM115 - for the life of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence_stdout() -> None:
    """What is still buffered goes nowhere, instead of failing again at exit."""
    if isinstance(sys.stdout, _Closed):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


def _print_json(text: str) -> None:
    """Programs get it as it is; a terminal, with escapes for what it would obey."""
    _print(json_for_terminal(text) if sys.stdout.isatty() else text)


def _say(text: str) -> None:
    sys.stderr.write(f"logcorr: {one_line(text)}\n")
