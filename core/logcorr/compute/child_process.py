"""Child processes: their environment, and how they notice that the process that started them is gone."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import IO, Any

_INSTALLED = ("site-packages", "dist-packages")


def environment(*packages: ModuleType, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child that imports these packages, also if they are not installed but in a source tree."""
    roots = (Path(str(package.__file__)).resolve().parent.parent for package in packages)
    paths = [str(root) for root in roots if root.name not in _INSTALLED]
    if not paths:
        return dict(base)
    return {**base, "PYTHONPATH": os.pathsep.join(filter(None, [*paths, base.get("PYTHONPATH", "")]))}


def call_at_end(stream: IO[Any], callback: Callable[[], None]) -> None:
    """Calls `callback`, in a thread, when the stream ends. A pipe ends when the process at its other end is gone."""

    def read_to_end() -> None:
        stream.read()
        callback()

    threading.Thread(target=read_to_end, name="leash", daemon=True).start()
