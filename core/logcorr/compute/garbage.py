"""When Python looks for garbage: neither while modules are loaded nor at the end of the process.

It would look at all that is loaded, several times, and none of that is garbage. This takes a tenth of a short run.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_process_is_ours = False
# Python looks at new objects once there are so many more of them, by default 700.
_MANY_OBJECTS = 100_000


def own_process() -> None:
    """Says that this process runs one command and ends. Without that, nothing here does anything."""
    global _process_is_ours  # noqa: PLW0603 - of the process, as the collector is
    _process_is_ours = True
    atexit.register(gc.freeze)


@contextmanager
def loading() -> Iterator[None]:
    """Looks for no garbage while the context is open. What exists at its end is never looked at again."""
    if not _process_is_ours:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def seldom() -> None:
    """Looks for garbage seldom from now on, for a command that makes an object for each line and no circles of them."""
    if _process_is_ours:
        gc.set_threshold(_MANY_OBJECTS, *gc.get_threshold()[1:])
