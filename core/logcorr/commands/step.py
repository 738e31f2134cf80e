"""`logcorr step`: runs one step of a run on an engine, for batch systems and `exec:`."""

import click

_INPUT, _AGAIN = 2, 75


@click.command()
@click.argument("store")
@click.argument("key")
@click.argument("phase")
@click.argument("index", type=click.IntRange(min=0))
def step(store: str, key: str, phase: str, index: int) -> int:
    """Run one step of a run: step INDEX of PHASE of the run KEY, whose work files are in STORE.

    `logcorr correlate --engine 'exec:COMMAND'` gives COMMAND the four words of each step as a line of its input, and
    waits until it ends. A step may be run any number of times, on any machine that sees the store and the logs.

    \b
    Examples:
      logcorr correlate req/ resp/ --store /shared/runs --engine 'exec:xargs -P 8 -L 1 logcorr step'

    Exits with 0 once the step is done or not wanted any more, 2 where the logs cannot be read, 3 where the store cannot
    be reached, and 75 where it is worth to try again.
    """
    import os
    import sys

    if "polars" not in sys.modules:
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from logcorr.cluster.steps import run_step
    from logcorr.commands.stdout_and_stderr import say

    failure = run_step(store, key, phase, index)
    if failure is None:
        return 0
    say(f"error: {failure.text}")
    return _INPUT if failure.final else _AGAIN
