"""`logcorr runs`: lists, shows and removes finished runs, and tells where one is."""

import click

from logcorr.commands.completions import run_names
from logcorr.commands.options import STORE, run_root
from logcorr.commands.stdout_and_stderr import put, put_json, put_path, say, wants_color, width
from logcorr.model.errors import UsageError


@click.group(invoke_without_command=True)
@click.pass_context
def runs(context: click.Context) -> None:
    """List, show, find and remove finished runs.

    \b
    Examples:
      logcorr runs list
      logcorr runs show 3f2a
      duckdb -c "select * from '$(logcorr runs path 3f2a)/orphans/*.parquet'"
      logcorr runs remove --all
      logcorr runs clean --store s3://bucket/runs
    """
    if context.invoked_subcommand is None:
        context.invoke(runs_list)


@runs.command("list")
@STORE
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each run.")
def runs_list(store: str | None = None, *, as_json: bool = False) -> None:
    """List finished runs, newest first."""
    from logcorr.runs import list_runs

    rows = list_runs.rows(run_root(store))
    if not rows and not as_json:
        say(f"no runs in {run_root(store)}.")
    if as_json:
        put_json(list_runs.as_json(rows))
    else:
        put(list_runs.as_text(rows, width()))


@runs.command("show")
@click.argument("run", shell_complete=run_names)
@STORE
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def runs_show(run: str, store: str | None, *, as_json: bool) -> None:
    """Print the summary of RUN: a name of `runs list`, the start of one, or a folder."""
    from logcorr.runs.find_runs import find_run
    from logcorr.runs.run_folder import encode

    folder = find_run(run_root(store), run)
    if as_json:
        put_json(encode(folder.report).decode())
        return
    from logcorr.render.summary import render_summary

    put(render_summary(folder.report, width=width(), color=wants_color(), reused=True, folder=str(folder.place)))


@runs.command("path")
@click.argument("run", shell_complete=run_names)
@STORE
def runs_path(run: str, store: str | None) -> None:
    """Print the folder of RUN, for $(...) and other tools. What is in it: docs/run-folder.md."""
    from logcorr.runs.find_runs import find_run

    folder = find_run(run_root(store), run)
    _ = folder.manifest  # a run that this version cannot read has perhaps other files and columns
    put_path(folder.place.absolute())


@runs.command("remove")
@click.argument("names", nargs=-1, metavar="[RUN]...", shell_complete=run_names)
@STORE
@click.option("--all", "every", is_flag=True, help="Remove every run.")
def runs_remove(names: tuple[str, ...], store: str | None, *, every: bool) -> None:
    """Remove finished runs; with --all also what interrupted ones left. Runs under way and other files stay."""
    from logcorr.runs.find_runs import find_run
    from logcorr.runs.remove_runs import remove, remove_all

    if bool(names) == every:
        message = "name the runs to remove, or give --all."
        raise UsageError(message)
    root = run_root(store)
    if every:
        removed, reasons = remove_all(root)
    else:
        # A run may be named twice.
        chosen = {str(folder.place): folder for folder in [find_run(root, name) for name in names]}
        for folder in chosen.values():
            remove(folder)
        removed, reasons = len(chosen), []
    for reason in reasons:
        say(f"note: {reason}")
    say(f"removed {removed} run{'' if removed == 1 else 's'}.")


@runs.command("clean")
@STORE
@click.option("--all", "every", is_flag=True, help="Also of runs that are under way: they end with an error.")
def runs_clean(store: str | None, *, every: bool) -> None:
    """Remove what runs on engines have left that did not end. Finished runs stay, and so do runs under way.

    A run that is started again goes on where it was, unless its files were removed.
    """
    from logcorr.cluster.clean import clean
    from logcorr.cluster.store import open_store
    from logcorr.text.quantities import size

    cleaned = clean(open_store(store or str(run_root(None))), every=every)
    for key in cleaned.under_way:
        say(f"note: run {key} is under way.")
    count = len(cleaned.removed)
    say(f"removed {size(cleaned.bytes)} of {count} run{'' if count == 1 else 's'} that did not end.")
