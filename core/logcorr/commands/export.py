"""`logcorr export`: writes a view of a finished run to a file."""

from typing import Any, get_args

import click

from logcorr.commands.html_option import HTML, page_of_run
from logcorr.commands.options import RAW_CSV, STORE, names, run_root
from logcorr.model.errors import UsageError
from logcorr.model.options import Output, View

_VIEWS = get_args(View)


@click.command()
@click.argument("run")
@click.option("--view", type=click.Choice(_VIEWS), help="Which rows.")
@click.option("-o", "--output", type=click.Path(), help=".json .ndjson .jsonl .csv .parquet, or -.")
@HTML
@click.option("--columns", default="", help="More columns for views of exchanges, separated by commas.")
@click.option("--sort", type=click.Choice(["none", "time"]), default="none", help="Order of the records.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@RAW_CSV
@STORE
def export(run: str, store: str | None, *, force: bool, **values: Any) -> None:
    """Write a view of a finished RUN to a file, or the whole report as an HTML page.

    \b
    Examples:
      logcorr export 3f2a --view orphans -o orphans.json
      logcorr export 3f2a --view slow -o - --columns request_time | head
      logcorr export 3f2a --html report.html
    """
    output = _output(values)
    from logcorr.commands.interrupt import interruptible
    from logcorr.runs import export_view, find_runs, work_folder

    root = run_root(store)

    def work(_cancel: Any) -> None:
        folder = find_runs.find_run(root, run)
        if output is None:
            (page,) = page_of_run(values["html"])
            export_view.export_made(folder, page, root, force=force)
        else:
            export_view.export_view(folder, output, root, force=force)

    interruptible(work, work_folder.abandon_all)


def _output(values: dict[str, Any]) -> Output | None:
    """The view to write; None where the page is asked for. Raises UsageError for neither and for both."""
    of_view = values["view"] is not None, values["output"] is not None
    if values["html"] is not None and not any(of_view):
        return None
    if values["html"] is not None or not all(of_view):
        message = "give --view with -o, or --html."
        raise UsageError(message)
    return Output(
        view=values["view"],
        path=values["output"],
        columns=names(values["columns"]),
        sort_time=values["sort"] == "time",
        raw_csv=values["raw_csv"],
    )
