"""The compiled kernels, where this installation has them; else None, and numpy does the same at a lower speed."""

import os
from types import ModuleType

_VERSION = 1
_SWITCH = "LOGCORR_KERNELS"


def _loaded() -> ModuleType | None:
    if os.environ.get(_SWITCH) == "off":
        return None
    try:
        from logcorr import _kernels
    except ImportError:
        return None
    # Those of another version of the sources are as good as none.
    return _kernels if _kernels.VERSION == _VERSION else None


kernels = _loaded()
