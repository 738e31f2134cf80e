"""Loads the compiled kernels. If this installation has none, `compiled` is None, and numpy does the same, slower."""

import os
from importlib import import_module
from types import ModuleType
from typing import Any

_VERSION = 11
_SWITCH = "LOGCORR_KERNELS"


def _loaded() -> ModuleType | None:
    if os.environ.get(_SWITCH) == "off":
        return None
    try:
        module = import_module("logcorr._kernels")
    except ImportError:
        return None
    # Kernels that were built from another version of the sources are not used.
    return module if module.VERSION == _VERSION else None


compiled: Any = _loaded()


def loaded() -> bool:
    """Whether this process uses the compiled kernels."""
    return compiled is not None
