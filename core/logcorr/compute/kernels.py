"""The compiled kernels, where this installation has them; else None, and numpy does the same at a lower speed."""

import os
from importlib import import_module
from types import ModuleType
from typing import Any

_VERSION = 5
_SWITCH = "LOGCORR_KERNELS"


def _loaded() -> ModuleType | None:
    if os.environ.get(_SWITCH) == "off":
        return None
    try:
        found = import_module("logcorr._kernels")
    except ImportError:
        return None
    # Those of another version of the sources are as good as none.
    return found if found.VERSION == _VERSION else None


compiled: Any = _loaded()


def loaded() -> bool:
    """Whether this process has the kernels."""
    return compiled is not None
