"""`logcorr runs`: lists, shows and removes finished runs, and tells where one is."""

import os

import click

from logcorr.commands.completions import run_names
from logcorr.commands.options import SIZE, STORE, positive, run_root
from logcorr.commands.stdout_and_stderr import put, put_json, put_path, say, wants_color, width
from logcorr.compute import resources, threads
from logcorr.model.errors import InputError, UsageError

_GENTLE = 10


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
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each run, and for each journal.")
def runs_list(store: str | None = None, *, as_json: bool = False) -> None:
    """List finished runs, newest first, and the journals of logs that were followed."""
    from logcorr.runs import find_journals, list_runs

    root = run_root(store)
    rows, journals = list_runs.rows(root), find_journals.rows(root)
    if not rows and not as_json:
        say(f"no runs in {root}.")
    if as_json:
        put_json(list_runs.as_json([*rows, *journals]))
    else:
        put(list_runs.as_text(rows, width()))
        put(list_runs.journals_as_text(journals))


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
    """Remove finished runs; with --all also what interrupted ones left. Runs under way and other files stay.

    RUN may be a journal too, of logs that were followed. It is also removed with the run that was made of it.
    """
    from logcorr.runs.find_journals import find_journal
    from logcorr.runs.find_runs import find_run
    from logcorr.runs.remove_runs import remove_all, remove_with_journals

    if bool(names) == every:
        message = "name the runs to remove, or give --all."
        raise UsageError(message)
    root = run_root(store)
    if every:
        removed, reasons = remove_all(root)
    else:
        journals = {name: journal for name in names if (journal := find_journal(root, name)) is not None}
        # A run may be named twice.
        chosen = {str(run.place): run for run in [find_run(root, name) for name in names if name not in journals]}
        reasons = [reason for run in chosen.values() for reason in remove_with_journals(root, run)]
        removed = len(chosen)
        for journal in {journal.name: journal for journal in journals.values()}.values():
            journal.remove()
            say(f"removed {journal.name}.")
    for reason in reasons:
        say(f"note: {reason}")
    if removed or every:
        say(f"removed {removed} run{'' if removed == 1 else 's'}.")


@runs.command("clean")
@STORE
@click.option("--all", "every", is_flag=True, help="Also of runs that are under way: they end with an error.")
@click.option("--journals", is_flag=True, help="Also all journals: following those logs cannot be gone on with then.")
def runs_clean(store: str | None, *, every: bool, journals: bool) -> None:
    """Remove what runs on engines have left that did not end. Finished runs stay, and so do runs under way.

    A run that is started again goes on where it was, unless its files were removed. Of logs that were followed, only
    journals without a line go; none goes that is being written.
    """
    from logcorr.cluster.clean import clean
    from logcorr.cluster.store import open_store
    from logcorr.runs.remove_runs import clean_journals
    from logcorr.text.quantities import size

    cleaned = clean(open_store(store or str(run_root(None))), every=every)
    for key in cleaned.under_way:
        say(f"note: run {key} is under way.")
    count = len(cleaned.removed)
    removed_runs = f"removed {size(cleaned.bytes)} of {count} run{'' if count == 1 else 's'} that did not end."
    say(removed_runs if count else "no run that did not end has left anything.")
    freed, removed, reasons = clean_journals(run_root(store), every=journals)
    for reason in reasons:
        say(f"note: {reason}")
    if removed:
        say(f"removed {size(freed)} of {removed} journal{'' if removed == 1 else 's'}.")


@runs.command("settle")
@click.argument("journal")
@STORE
@click.option("--memory", type=SIZE, help="The most memory to take.  [default: a quarter of the machine's]")
@click.option("--gently", is_flag=True, hidden=True, help="With one thread, and behind all others.")
def runs_settle(journal: str, store: str | None, memory: int | None, *, gently: bool) -> None:
    """Make the run of JOURNAL, of logs that were followed, and print its name.

    `logcorr watch` does this at its end. So it is of use where watch was killed. The run takes the place of the one
    that was made of the journal before.
    """
    from logcorr.runs.find_journals import find_journal

    found = find_journal(run_root(store), journal)
    if found is None:
        message = f"journal {journal!r}: no journal has this name, or several have. See `logcorr runs list`."
        raise InputError(message)
    memory_bytes = resources.default_memory() if memory is None else positive("--memory", memory)
    if gently:
        os.nice(_GENTLE)
    threads.limit_engine(memory_bytes, 1 if gently else None)
    from logcorr.commands.interrupt import interruptible
    from logcorr.jobs.settle_journal import settle
    from logcorr.runs import work_folder

    name = interruptible(
        lambda cancel: settle(found.place, memory_bytes=memory_bytes, threads=1 if gently else None, cancel=cancel),
        work_folder.abandon_all,
    )
    put(name)
