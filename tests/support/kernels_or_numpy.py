"""Ways to do the work, by the compiled kernels, where they are built, or by numpy; and how much of it a test does."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from logcorr.compute import kernels

needs_kernels = pytest.mark.skipif(kernels.compiled is None, reason="the kernels in C are not built here, or are off")
long = pytest.mark.long
# How many times as many examples are tried.
_TIMES = int(os.environ.get("LOGCORR_EXAMPLES", "1"))


def search(examples: int) -> settings:
    """So many examples, the same ones in every run; LOGCORR_EXAMPLES=n tries n times as many, and fresh ones."""
    return settings(
        max_examples=examples * _TIMES,
        derandomize=_TIMES == 1,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


def some(values: Iterable[Any], *short: Any) -> list[Any]:
    """The values as parameters of a test: those in `short` each time, the others where all variants are asked for.

    A tuple is a value for each of several parameters.
    """
    every = list(values)
    unknown = [value for value in short if value not in every]
    assert not unknown, f"there is no {unknown}"
    apart = [value if isinstance(value, tuple) else (value,) for value in every]
    return [pytest.param(*one, marks=() if value in short else long) for one, value in zip(apart, every, strict=True)]


def without_kernels(patch: pytest.MonkeyPatch) -> None:
    """Has numpy do all, in every module that knows the kernels."""
    for engine in ("logcorr.jobs.correlate", "logcorr.jobs.analyze"):
        import_module(engine)  # with whatever it takes: who comes later would keep that there are none
    for name, module in list(sys.modules.items()):
        if name.startswith("logcorr.") and "compiled" in vars(module):
            patch.setattr(module, "compiled", None)
