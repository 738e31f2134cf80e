"""Runs work that can be interrupted: Ctrl+C or SIGTERM ends it within a second, and what it wrote is gone."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TextIO, TypeVar

from logcorr.compute.child_process import call_at_end
from logcorr.model.errors import Cancelled

_T = TypeVar("_T")
_PATIENCE_S = 0.6
_LONG_S = 0.5
_LAST_S = 0.05
_MESSAGE = "interrupted; nothing was kept."


def interruptible(
    work: Callable[[threading.Event], _T],
    abandon: Callable[[], None],
    *,
    leash: TextIO | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> _T:
    """Returns what `work(cancel)` returns; raises what it raises, Cancelled once interrupted.

    The engine does not stop in the middle of a join: work that has not ended shortly after being cancelled is left
    behind, `abandon` removes what it wrote, and the process exits at once. Work on a `leash` is also interrupted when
    that stream ends, as it does when the process at its other end is gone. `meanwhile` is called once, while work that
    takes long goes on.
    """
    cancel = threading.Event()
    result: list[_T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            result.append(work(cancel))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failure.append(error)

    def stop(_number: int, _frame: FrameType | None) -> None:
        cancel.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    worker = threading.Thread(target=body, name="run", daemon=True)
    worker.start()
    if leash is not None:
        call_at_end(leash, cancel.set)
    try:
        worker.join(_LONG_S)
        if worker.is_alive():
            meanwhile()
        _wait(worker, cancel, abandon)
    finally:
        for number, handler in before.items():
            # Work that is complete stays complete: a SIGTERM that comes while the process ends changes nothing.
            done = bool(result) and number == signal.SIGTERM
            signal.signal(number, signal.SIG_IGN if done else handler)
    if not failure:
        return result[0]
    if cancel.is_set():
        raise Cancelled(_MESSAGE) from failure[0]
    raise failure[0]


def _wait(worker: threading.Thread, cancel: threading.Event, abandon: Callable[[], None]) -> None:
    """Waits until the work has ended. Ends the process where the work goes on after it was cancelled."""
    while worker.is_alive() and not cancel.is_set():
        worker.join(0.05)
    if cancel.is_set():
        worker.join(_PATIENCE_S)
    if worker.is_alive():
        abandon()
        # Nothing of it can come any more; what was just being delivered is whole.
        worker.join(_LAST_S)
    if worker.is_alive():
        sys.stderr.write(f"logcorr: {_MESSAGE}\n")
        sys.stderr.flush()
        os._exit(Cancelled.exit_code)
