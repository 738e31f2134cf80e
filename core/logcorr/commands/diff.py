"""`logcorr diff`: compares two finished runs."""

from collections.abc import Sequence
from typing import Any

import click

from logcorr.commands.completions import run_names
from logcorr.commands.documents import HTML, JUNIT, check_conditions
from logcorr.commands.options import STORE, positive
from logcorr.commands.run_job import say_verdicts
from logcorr.commands.stdout_and_stderr import put, put_json, wants_color, width
from logcorr.model.verdict import Verdict


@click.command()
@click.argument("before", metavar="A", shell_complete=run_names)
@click.argument("after", metavar="B", shell_complete=run_names)
@STORE
@click.option("--top", type=int, default=20, show_default=True, help="How many users, endpoints and such to show.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON.")
@click.option(
    "--fail-if", multiple=True, help="Exit with 1 if a figure changed so, such as 'p99>+10%'; may be given again."
)
@JUNIT
@HTML
@click.option("--force", is_flag=True, help="Replace the files of --junit and --html if they exist.")
def diff(before: str, after: str, store: str | None, *, top: int, as_json: bool, **values: Any) -> int:
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
    from logcorr.query.compare import fail_if

    limits = [fail_if.limit(text) for text in values["fail_if"]]
    if values["junit"] is not None:
        check_conditions(limits)
    top = positive("--top", top)
    from logcorr.api.diff import diff as compare
    from logcorr.api.open_run import open as open_run
    from logcorr.commands.interrupt import interruptible
    from logcorr.runs import output_files, run_folder, work_folder

    a, b = (open_run(name, store) for name in (before, after))
    for limit in limits:
        limit.check(a.kind)
    runs = [a.stored, b.stored]
    for path in (values["html"], values["junit"]):
        if path is not None:
            output_files.check_path(path, force=values["force"], inputs=output_files.logs_of(runs))

    def work(cancel: Any) -> Any:
        compared = compare(a, b, top=top, cancel=cancel)
        if values["html"] is not None:
            from logcorr.render.html.page import diff_html

            output_files.write_whole(values["html"], diff_html(compared), a.root)
        return compared

    comparison = interruptible(work, work_folder.abandon_all)
    verdicts = fail_if.judge(limits, comparison)
    if values["junit"] is not None:
        output_files.write_whole(values["junit"], _junit(verdicts, runs), a.root)
    if as_json:
        put_json(run_folder.encode(comparison).decode())
    else:
        from logcorr.render.diff_summary import render_diff

        put(render_diff(comparison, width=width(), color=wants_color()))
    return say_verdicts(verdicts)


def _junit(verdicts: Sequence[Verdict], runs: Sequence[Any]) -> bytes:
    from logcorr.render.junit import junit

    properties = {name: run.manifest.key for name, run in zip(("a", "b"), runs, strict=True)}
    return junit("diff", verdicts, properties, 0.0)
