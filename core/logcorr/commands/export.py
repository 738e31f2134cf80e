"""`logcorr export`: writes a view of a finished run to a file."""

from typing import Any, get_args

import click

from logcorr.commands.options import OPENMETRICS, RAW_CSV, STORE, metrics, names, run_root
from logcorr.model.errors import UsageError
from logcorr.model.options import Document, Output, View

_VIEWS = get_args(View)


@click.command()
@click.argument("run")
@click.option("--view", type=click.Choice(_VIEWS), help="Which rows.")
@click.option("-o", "--output", type=click.Path(), help=".json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for views of exchanges, separated by commas.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@RAW_CSV
@OPENMETRICS
@STORE
def export(run: str, store: str | None, *, force: bool, **values: Any) -> None:
    """Write a view of a finished RUN to a file, or its counts and latency as metrics.

    \b
    Examples:
      logcorr export 3f2a --view orphans -o orphans.json
      logcorr export 3f2a --view slow -o - --columns request_time | head
      logcorr export 3f2a --openmetrics shop.prom
    """
    view, output = values["view"], values["output"]
    if (view is None) != (output is None) or (view is None and values["openmetrics"] is None):
        message = "give --view and -o, or --openmetrics."
        raise UsageError(message)
    if values["openmetrics"] is not None:
        _export_document(run, metrics(values["openmetrics"]), store, force=force)
    if view is not None:
        _export_view(run, store, force=force, values=values)


def _export_document(run: str, document: Document, store: str | None, *, force: bool) -> None:
    from logcorr.commands.interrupt import interruptible
    from logcorr.runs import find_runs, output_files, work_folder

    root = run_root(store)

    def write(_cancel: object) -> None:
        folder = find_runs.find_run(root, run)
        output_files.check_path(document.path, force=force, inputs=output_files.logs_of([folder]))
        output_files.write_whole(document.path, document.bytes_of(folder), root)

    interruptible(write, work_folder.abandon_all)


def _export_view(run: str, store: str | None, *, force: bool, values: dict[str, Any]) -> None:
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
