"""Pairs the request and response logs of a service and accounts for every line."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# numpy's library for matrices starts threads that look for work for some time, and there is none.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from logcorr.jobs.scan import scan

__all__ = ["__version__", "scan"]


def __getattr__(name: str) -> Any:
    # Polars is loaded when it is needed: a command must not wait for it.
    if name == "scan":
        return import_module("logcorr.jobs.scan").scan
    raise AttributeError(name)
