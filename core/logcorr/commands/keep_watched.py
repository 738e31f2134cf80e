"""Keeps what `logcorr watch` follows, and says in the end which run it is."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from logcorr.commands.stdout_and_stderr import put_json, say
from logcorr.model.errors import OutputError, UsageError
from logcorr.model.options import WatchOptions
from logcorr.text.safe import one_line

# So many characters of the name of a run are enough to find it.
_SHORT_NAME = 8
_LONG_S = 1.0


@contextmanager
def keeping(options: WatchOptions, values: dict[str, Any], interrupted: Callable[[], bool]) -> Iterator[Any]:
    """Gives what keeps the logs that are followed, None where nothing is to be kept. In the end it makes the run.

    The run is also made where the block raises: a terminal may be gone, and what was followed is kept all the same.
    Making it ends where it is `interrupted`. Raises OutputError where lines were followed that could not be kept.
    """
    if values["no_store"]:
        if values["resume"] or values["store"]:
            raise UsageError("--no-store keeps nothing: leave out --store and --resume.")
        yield None
        return
    from logcorr.jobs.keep_followed import Keeping
    from logcorr.runs.find_journals import root_of_journals

    root = root_of_journals(values["store"] or None)
    kept = Keeping(options, root, resume=values["resume"])
    raised = True
    try:
        yield kept
        raised = False
    finally:
        outcome = kept.finish(_waiting(interrupted))
        # Whoever reads this may be gone.
        with suppress(OSError):
            _tell(outcome, values, str(root))
            if raised and outcome.problem is not None:
                say(f"error: {outcome.problem}")
    if outcome.problem is not None and not raised:
        raise OutputError(outcome.problem)


def _waiting(interrupted: Callable[[], bool]) -> Callable[[], bool]:
    """The same; it says what takes so long where it is asked for longer than a second."""
    begun, said = time.monotonic(), list[bool]()

    def asked() -> bool:
        if not said and time.monotonic() - begun > _LONG_S:
            said.append(True)
            with suppress(OSError):
                say("a run is made of what was followed; Ctrl+C leaves that to `logcorr runs settle`.")
        return interrupted()

    return asked


def _tell(outcome: Any, values: dict[str, Any], root: str) -> None:
    """Says which run was kept."""
    if outcome.journal is None:
        return
    if values["as_json"]:
        import msgspec

        told = {"run": outcome.run, "store": root, "journal": outcome.journal, "problem": outcome.problem}
        put_json(msgspec.json.encode({"kind": "run", **told}).decode())
        sys.stdout.flush()
    if outcome.run is not None:
        store = f"--store={one_line(root)} " if values["store"] else ""
        say(f"run {outcome.run}: logcorr-tui {store}{outcome.run[:_SHORT_NAME]} opens it.")
    if outcome.run is None:
        say(f"note: `logcorr runs settle {outcome.journal}` makes the run of what was followed.")
