"""A program that uses the Python API is interrupted, killed, or ends while it holds a run that is not kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.helpers import ROOT, big_logs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
_START = """
import json, os, signal, sys
from pathlib import Path
import logcorr
folder, store = Path(sys.argv[1]), Path(sys.argv[2])
logs = folder / "requests.log", folder / "responses.log"
"""
INTERRUPTED = """
def interrupt(event):
    if isinstance(event, logcorr.events.ProgressEvent) and event.lines:
        os.kill(os.getpid(), signal.SIGINT)
os.environ["LOGCORR_CHUNK_BYTES"] = "50000"
try:
    logcorr.correlate(*logs, store=store, on_event=interrupt)
except KeyboardInterrupt:
    print(json.dumps([path.name for path in store.iterdir()]))
"""
HELD = """
run = logcorr.correlate(*logs, store=store, keep=False)
frame = run.orphans
print(json.dumps([run.folder.is_dir(), len(list(store.iterdir())), frame.collect().height > 0]))
"""
KILLED = (
    HELD
    + """
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return big_logs(tmp_path_factory)


def ended(script: str, *words: Path) -> tuple[int, object]:
    """The exit code of a program, and what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", _START + script, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(ROOT / "core"), "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_an_interrupt_comes_as_python_has_it_and_leaves_nothing(logs: Path, tmp_path: Path) -> None:
    assert ended(INTERRUPTED, logs, tmp_path) == (0, [])


def test_a_run_that_is_not_kept_goes_with_the_program(logs: Path, tmp_path: Path) -> None:
    assert ended(HELD, logs, tmp_path) == (0, [True, 1, True])
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_program_left_goes_with_the_next_run(logs: Path, tmp_path: Path) -> None:
    assert ended(KILLED, logs, tmp_path) == (-9, [True, 1, True])
    (left,) = tmp_path.iterdir()
    assert ended(HELD, logs, tmp_path) == (0, [True, 1, True])
    assert not left.exists()
    assert list(tmp_path.iterdir()) == []
