"""Garbage is looked for seldom only in a process that runs one command."""

import subprocess
import sys

from tests.support.helpers import PATIENCE_S, ROOT

_SCRIPT = """
import gc
from logcorr.compute import garbage
before = gc.get_threshold()
garbage.seldom()
assert gc.get_threshold() == before
garbage.own_process()
garbage.seldom()
assert gc.get_threshold()[0] > 10 * before[0], gc.get_threshold()
assert gc.get_threshold()[1:] == before[1:]
assert gc.isenabled()
"""


def test_seldom() -> None:
    subprocess.run(
        [sys.executable, "-c", _SCRIPT], check=True, timeout=PATIENCE_S, env={"PYTHONPATH": str(ROOT / "core")}
    )
