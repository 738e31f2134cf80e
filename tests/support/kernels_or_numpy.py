"""Both ways to do the work: by the compiled kernels, where they are built, and by numpy."""

import sys
from importlib import import_module

import pytest

from logcorr.compute import kernels

needs_kernels = pytest.mark.skipif(kernels.compiled is None, reason="the kernels in C are not built here, or are off")


def without_kernels(patch: pytest.MonkeyPatch) -> None:
    """Has numpy do all, in every module that knows the kernels."""
    for engine in ("logcorr.jobs.correlate", "logcorr.jobs.analyze"):
        import_module(engine)  # with whatever it takes: who comes later would keep that there are none
    for name, module in list(sys.modules.items()):
        if name.startswith("logcorr.") and "compiled" in vars(module):
            patch.setattr(module, "compiled", None)
