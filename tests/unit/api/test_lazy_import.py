"""`import logcorr` loads no engine and changes nothing; what it offers is loaded when it is first asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import logcorr
from tests.support.helpers import write_pair

HEAVY = {"polars", "numpy", "click", "msgspec", "rich", "textual", "plotext", "psutil", "isal", "platformdirs"}
IMPORT = """
import json, os, sys
before = dict(os.environ)
import logcorr
print(json.dumps({"loaded": sorted(sys.modules), "same": before == dict(os.environ), "dir": dir(logcorr)}))
"""
# polars changes the environment itself when it is imported.
RUN = """
import json, os, signal, sys
import polars, numpy
def state():
    umask = os.umask(0o22)
    os.umask(umask)
    handlers = [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)]
    return [dict(os.environ), umask, handlers, os.getcwd(), sys.flags.utf8_mode]
before = state()
import logcorr
run = logcorr.correlate("requests.log", "responses.log", store="runs")
run.export("exchanges", "out.csv")
logcorr.diff(run, logcorr.open(run.folder))
with logcorr.analyze("access.log", keep=False, store="runs") as other:
    other.exchanges.collect()
print(json.dumps({"same": state() == before}))
"""


def said(script: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_importing_loads_no_engine_and_leaves_the_environment_alone(tmp_path: Path) -> None:
    found = said(IMPORT, tmp_path)
    loaded = {name.partition(".")[0] for name in found["loaded"]}
    assert loaded & HEAVY == set()
    assert {name for name in found["loaded"] if name.startswith("logcorr")} == {"logcorr"}
    assert found["same"]
    assert {*logcorr.__all__} <= {*found["dir"]}


def test_a_whole_session_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    write_pair(tmp_path)
    (tmp_path / "access.log").write_text('192.0.2.7 - - [04/Mar/2026:05:06:07 +0000] "GET /x HTTP/1.1" 200 5\n')
    assert said(RUN, tmp_path) == {"same": True}
    assert os.environ.get("POLARS_MAX_THREADS") is None


@pytest.mark.parametrize("name", logcorr.__all__)
def test_everything_that_is_offered_is_there(name: str) -> None:
    assert getattr(logcorr, name) is not None


def test_another_name_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="module 'logcorr' has no attribute 'corelate'"):
        logcorr.corelate  # type: ignore[attr-defined] # noqa: B018
