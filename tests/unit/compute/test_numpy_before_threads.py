"""Arrays given to polars by threads: polars loads its own numpy at the first one, which two threads must not do at once."""

import subprocess
import sys

import pytest

from tests.support.kernels_or_numpy import some

_FIRST_FRAME = """
import importlib
import sys
import polars as pl
import polars._dependencies as loading

module, *_ = sys.argv[1:]
importlib.import_module(module)
late = []
load = loading.import_module
loading.import_module = lambda name: late.append(name) or load(name)
import numpy as np
pl.DataFrame({"column": np.arange(3)})
pl.Series(np.arange(3))
print(late)
"""


@pytest.mark.parametrize(
    "module",
    some(
        (
            "logcorr.jobs.correlate",
            "logcorr.formats.profile_reader",
            "logcorr.formats.pair_lines_kernel",
            "logcorr.compute.hash_match",
        ),
        "logcorr.jobs.correlate",
        "logcorr.formats.profile_reader",
    ),
)
def test_numpy_is_known_to_polars_before_there_are_threads(module: str) -> None:
    words = [sys.executable, "-c", _FIRST_FRAME, module]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout == "[]\n"
