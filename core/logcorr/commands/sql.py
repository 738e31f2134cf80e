"""`logcorr sql`: asks a finished run in SQL."""

import sys
from typing import Any

import click

from logcorr.commands.completions import run_names
from logcorr.commands.options import RAW_CSV, STORE, positive, run_root
from logcorr.commands.stdout_and_stderr import put, say, wants_color, width
from logcorr.model.errors import UsageError

_TABLE_ROWS = 1000


@click.command()
@click.argument("run", shell_complete=run_names)
@click.argument("query")
@STORE
@click.option("-o", "--output", type=click.Path(), help="File to write: .csv .ndjson .jsonl .json .parquet.")
@click.option(
    "--as",
    "as_form",
    type=click.Choice(["table", "csv", "ndjson"]),
    help="Form on standard output.  [default: a table on a terminal, else CSV]",
)
@click.option("--limit", type=int, help=f"At most so many rows.  [default: {_TABLE_ROWS} in a table, else all]")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@RAW_CSV
def sql(run: str, query: str, store: str | None, **values: Any) -> None:
    """Ask a finished RUN in SQL: QUERY is a SELECT over its views, by the SQL of polars.

    The tables are the views, such as exchanges, orphans and users: `SHOW TABLES` lists them, `DESCRIBE exchanges` the
    columns. Times are UTC and compare with texts: request_time >= '2025-11-21 14:30:00'. Durations are integers, in
    the unit that their name ends in. A query only reads, and only this run.

    \b
    Examples:
      logcorr sql 3f2a 'show tables'
      logcorr sql 3f2a 'select status_code, count(*) as n from exchanges group by 1 order by 2 desc'
      logcorr sql 3f2a "select * from slow where request_time between '2025-11-21 14:30' and '2025-11-21 14:31'"
      logcorr sql 3f2a 'select reason, count(*) as n from orphans group by reason' --as ndjson
      logcorr sql 3f2a 'select user_id, max(duration_us) as worst_us from exchanges group by 1' -o worst.csv
    """
    form, output, limit = values["as_form"], values["output"], values["limit"]
    if form is not None and output is not None:
        message = "give --as for standard output, or -o for a file that ends in .json, .ndjson, .csv or .parquet."
        raise UsageError(message)
    if limit is not None:
        positive("--limit", limit)
    if output == "-":
        form, output = "ndjson", None  # as in every other command
    form = form or ("table" if sys.stdout.isatty() and output is None else "csv")
    from logcorr.commands.interrupt import interruptible
    from logcorr.query import sql as engine
    from logcorr.runs import find_runs, work_folder

    root = run_root(store)
    work_root = find_runs.work_root(root)

    def work(_cancel: Any) -> Any:
        folder = find_runs.find_run(root, run)
        rows = engine.query(folder, query)
        rows = rows if limit is None else rows.head(limit)
        if output is not None:
            engine.write(folder, rows, output, work_root, force=values["force"], raw_csv=values["raw_csv"])
        elif form == "table":
            # One more than is shown, to tell whether there are more.
            return engine.whole(folder, rows.head(_TABLE_ROWS + 1) if limit is None else rows)
        else:
            engine.write_to_stdout(folder, rows, "csv" if form == "csv" else "ndjson", raw_csv=values["raw_csv"])
        return None

    table = interruptible(work, work_folder.abandon_all)
    if table is None:
        return
    from logcorr.render.result_table import result_table

    shown = table.head(_TABLE_ROWS if limit is None else limit)
    put(result_table(shown, width(), color=wants_color()))
    if shown.height < table.height:
        say(f"note: only the first {_TABLE_ROWS:,} rows are shown. Ask for more with --limit, or write a file with -o.")
