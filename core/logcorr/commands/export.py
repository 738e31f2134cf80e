"""`logcorr export`: writes a view of a finished run, or a document that is made of it."""

from typing import Any, get_args

import click

from logcorr.commands.completions import run_names
from logcorr.commands.documents import HTML, OPENMETRICS, of_run
from logcorr.commands.options import RAW_CSV, STORE, names
from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing, Output, View

_VIEWS = get_args(View)


@click.command()
@click.argument("run", shell_complete=run_names)
@click.option("--view", type=click.Choice(_VIEWS), help="Which rows.")
@click.option("-o", "--output", type=click.Path(), help=".json .ndjson .jsonl .csv .parquet, or -.")
@click.option("--columns", default="", help="More columns for views of exchanges, separated by commas.")
@click.option("--where", metavar="FILTER", help="The rows for which this holds, such as 'reason=lost user=a'.")
@click.option("--since", metavar="TIME", help="Rows at or after this time; -15m is before the end.")
@click.option("--until", metavar="TIME", help="Rows before this time.")
@click.option(
    "--sort",
    type=click.Choice(["view", "time", "none"]),
    default="view",
    show_default=True,
    help="Order of the records: that of the view (slow by duration; endpoints, users and ips by requests), or by time.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@RAW_CSV
@HTML
@OPENMETRICS
@STORE
def export(run: str, store: str | None, *, force: bool, **values: Any) -> None:
    """Write a view of a finished RUN to a file, its report as an HTML page, or its counts and latency as metrics.

    \b
    Examples:
      logcorr export 3f2a --view orphans -o orphans.json
      logcorr export 3f2a --view orphans --where side=request --since 15:05 --until 15:15 -o lost.json
      logcorr export 3f2a --view slow -o - --columns request_time | head
      logcorr export 3f2a --html report.html
      logcorr export 3f2a --openmetrics shop.prom
    """
    view, output = values["view"], values["output"]
    documents = of_run(values)
    if (view is None) != (output is None) or (view is None and not documents):
        message = "give --view and -o, or --html, or --openmetrics."
        raise UsageError(message)
    within = Narrowing(since=values["since"], until=values["until"])
    if view is None and (values["where"] is not None or within != Narrowing()):
        message = "--where, --since and --until go with --view."
        raise UsageError(message)
    from logcorr.api.open_run import open as open_run
    from logcorr.commands.interrupt import interruptible
    from logcorr.runs import export_view, work_folder

    def write(cancel: Any) -> None:
        opened = open_run(run, store)
        for document in documents:
            export_view.export_document(opened.stored, document, opened.root, force=force)
        if view is not None:
            opened.write_output(_output(values), force=force, where=values["where"], within=within, cancel=cancel)

    interruptible(write, work_folder.abandon_all)


def _output(values: dict[str, Any]) -> Output:
    return Output(
        view=values["view"],
        path=values["output"],
        columns=names(values["columns"]),
        sort_time=values["sort"] == "time",
        sort_view=values["sort"] == "view",
        raw_csv=values["raw_csv"],
    )
