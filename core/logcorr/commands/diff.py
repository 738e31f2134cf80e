"""`logcorr diff`: compares two finished runs."""

from typing import Any

import click

from logcorr.commands.html_option import HTML
from logcorr.commands.options import STORE, positive, run_root
from logcorr.commands.run_job import FAILED_CONDITION
from logcorr.commands.stdout_and_stderr import put, put_json, say, wants_color, width


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@STORE
@click.option("--top", type=int, default=20, show_default=True, help="How many users, endpoints and such to show.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON.")
@HTML
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.option(
    "--fail-if", multiple=True, help="Exit with 1 if a figure changed so, such as 'p99>+10%'; may be given again."
)
def diff(
    before: str,
    after: str,
    store: str | None,
    *,
    top: int,
    as_json: bool,
    html: str | None,
    force: bool,
    fail_if: tuple[str, ...],
) -> int:
    """Compare two finished runs of one kind: what changed from A to B, what got worse first.

    A and B are names of `runs list`, the starts of such names, or folders. A change counts as worse or better when it
    is more than one percent, and more than chance would make of it.

    \b
    Examples:
      logcorr diff 3f2a 90be
      logcorr diff 3f2a 90be --json --top 100 | jq .worse
      logcorr diff 3f2a 90be --html changes.html
      logcorr diff 3f2a 90be --fail-if 'p99>+10%' --fail-if 'p99>+50ms' --fail-if 'error_rate>+0.5%'

    In --fail-if a change needs its sign. Of a latency or a count it is a share of what it was in A (+10%), or an amount
    (+50ms, -1000); of a rate it is in percentage points: error_rate>+0.5% holds when 1.0 % became more than 1.5 %.
    A change that the tables call the same does not count.
    """
    from logcorr.query.compare import fail_if as fail_if_

    limits = [fail_if_.limit(text) for text in fail_if]
    top = positive("--top", top)
    from logcorr.commands.interrupt import interruptible
    from logcorr.query.compare import compare_runs
    from logcorr.runs import export_view, find_runs, output_files, run_folder, work_folder

    root = run_root(store)
    runs = [find_runs.find_run(root, name) for name in (before, after)]
    for limit in limits:
        limit.check(runs[0].manifest.kind)

    if html is not None:
        logs = [log for run in runs for log in export_view.logs_of(run)]
        output_files.check_path(html, force=force, inputs=logs)

    def work(cancel: Any) -> Any:
        compared = compare_runs.diff(runs[0], runs[1], top=top, cancel=cancel)
        if html is not None:
            from logcorr.render.html.page import diff_html

            output_files.publish(html, diff_html(compared), root)
        return compared

    comparison = interruptible(work, work_folder.abandon_all)
    verdicts = [(limit, limit.holds(comparison), limit.figure(comparison)) for limit in limits]
    if as_json:
        put_json(run_folder.encode(comparison).decode())
    else:
        from logcorr.render.diff_summary import render_diff

        put(render_diff(comparison, width=width(), color=wants_color()))
    for limit, exceeded, figure in verdicts:
        if figure is None:
            say(f"note: {limit.text} cannot be judged: one of the runs has no such figure.")
        elif exceeded is not None:
            say(f"failed: {limit.text} ({fail_if_.change_text(exceeded)}).")
    return FAILED_CONDITION if any(exceeded is not None for _, exceeded, _ in verdicts) else 0
