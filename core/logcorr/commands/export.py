"""`logcorr export`: writes a view of a finished run to a file."""

from typing import Any, get_args

import click

from logcorr.commands.completions import run_names
from logcorr.commands.options import RAW_CSV, STORE, names, run_root
from logcorr.model.options import Output, View

_VIEWS = get_args(View)


@click.command()
@click.argument("run", shell_complete=run_names)
@click.option("--view", type=click.Choice(_VIEWS), required=True, help="Which rows.")
@click.option("-o", "--output", required=True, type=click.Path(), help=".json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for views of exchanges, separated by commas.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@RAW_CSV
@STORE
def export(run: str, store: str | None, *, force: bool, **values: Any) -> None:
    """Write a view of a finished RUN to a file.

    \b
    Examples:
      logcorr export 3f2a --view orphans -o orphans.json
      logcorr export 3f2a --view slow -o - --columns request_time | head
    """
    output = Output(
        view=values["view"],
        path=values["output"],
        columns=names(values["columns"]),
        sort_time=values["sort"] == "time",
        raw_csv=values["raw_csv"],
    )
    from logcorr.commands.interrupt import interruptible
    from logcorr.runs import export_view, find_runs, work_folder

    root = run_root(store)
    interruptible(
        lambda _cancel: export_view.export_view(find_runs.find_run(root, run), output, root, force=force),
        work_folder.abandon_all,
    )
