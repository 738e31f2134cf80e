"""Child processes: the environment that they run in, and the leash that ends them with whoever started them."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import IO, Any

_INSTALLED = ("site-packages", "dist-packages")


def environment(*packages: ModuleType, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child that runs the code of these packages, also where they are not installed."""
    roots = (Path(str(package.__file__)).resolve().parent.parent for package in packages)
    paths = [str(root) for root in roots if root.name not in _INSTALLED]
    if not paths:
        return dict(base)
    return {**base, "PYTHONPATH": os.pathsep.join(filter(None, [*paths, base.get("PYTHONPATH", "")]))}


def on_leash(stream: IO[Any], end: Callable[[], None]) -> None:
    """Calls `end`, from a thread, when the stream ends: it does when the process at its other end is gone."""

    def hold() -> None:
        stream.read()
        end()

    threading.Thread(target=hold, name="leash", daemon=True).start()
