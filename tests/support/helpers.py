"""What tests of the whole command share: running it in this process or in one of its own, small logs, looking for leftovers."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from logcorr.cli import main
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "assets" / "sample"
REQUESTS = b"2025-03-01T12:00:00Z,a,u1\n2025-03-01T12:00:01Z,b,u2\n2025-03-01T12:00:02Z,c,\n"
RESPONSES = b"2025-03-01T12:00:00.222Z,a,200\n2025-03-01T12:00:01.5Z,b,503\n"
# What waits for a condition goes on at once. Looks are counted, not seconds: a machine that stands still for a while,
# or is busy with others, has not kept anybody waiting.
PATIENCE_S = 60.0
_LOOK_S = 0.01
_TICK_S = 0.01
_HOLD_S = 60.0

# Runs the command in a process that comes to a halt in one stage, says so by making a file, and goes on when another
# file is there or a minute has passed. Reading is not halted but slowed down, so that a query is really under way.
_DRIVER = f"""
import os, sys, time
from pathlib import Path
from logcorr.figures import endpoints_and_addresses, latency
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.pairing import bucket_join
from logcorr.runs import write_csv_json_parquet
from logcorr.cli import main
stage, mark = sys.argv[1], Path(sys.argv[2])
calls = {{"n": 0}}

def halt():
    mark.touch()
    end = time.monotonic() + {_HOLD_S}
    while time.monotonic() < end and not mark.with_name("go").exists():
        time.sleep(0.02)

def halting(module, name, at_call, after=False):
    real = getattr(module, name)
    def halted(*args, **kwargs):
        calls["n"] += 1
        now = calls["n"] == at_call
        if now and not after:
            halt()
        result = real(*args, **kwargs)
        if now and after:
            halt()
        return result
    setattr(module, name, halted)

real_tap = ProgressMeter.tap
def slow_tap(self):
    real_tap(self)
    if self.stage == "read":
        calls["n"] += 1
        if calls["n"] == 4:
            mark.touch()
        time.sleep(0.1)

if stage == "read":
    os.environ["LOGCORR_CHUNK_BYTES"] = "50000"
    ProgressMeter.tap = slow_tap
elif stage == "pair":
    halting(bucket_join, "pair", 2)
elif stage == "count":
    halting(endpoints_and_addresses, "windows", 1)
elif stage == "report":
    halting(latency, "figures", 1)
elif stage == "export":
    halting(write_csv_json_parquet, "write", 1, after=True)
sys.argv[:] = ["logcorr", *sys.argv[3:]]
main()
"""
STAGES = ("read", "pair", "report", "export")
ACCESS_STAGES = ("read", "count", "export")


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: bytes
    err: str


def logcorr(*words: str | Path, cwd: Path, **env: str) -> Outcome:
    """Runs the command in this process, with `cwd/cache` for its runs."""
    environment = {"XDG_CACHE_HOME": str(cwd / "cache"), **env}
    with patch.dict(os.environ, environment), chdir(cwd):
        result = CliRunner().invoke(main, [str(word) for word in words], prog_name="logcorr", catch_exceptions=False)
    return Outcome(result.exit_code, result.stdout_bytes, result.stderr)


def succeed(*words: str | Path, cwd: Path, **env: str) -> Outcome:
    """The same for a command that must succeed."""
    outcome = logcorr(*words, cwd=cwd, **env)
    assert outcome.code == 0, outcome.err
    return outcome


def command(*words: str | Path) -> list[str]:
    """The command for a process of its own."""
    return [sys.executable, "-m", "logcorr", *(str(word) for word in words)]


def halted(stage: str, mark: Path, *words: str | Path) -> list[str]:
    """The command for a process of its own that halts in a stage, once it has made the file `mark`."""
    return [sys.executable, "-c", _DRIVER, stage, str(mark), *(str(word) for word in words)]


def start(words: Sequence[str], cwd: Path, **env: str) -> subprocess.Popen[str]:
    """Starts a command; both its outputs are pipes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "XDG_CACHE_HOME": str(cwd / "cache"), **env}
    return subprocess.Popen(
        words, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf8"
    )


def zstandard(raw: bytes, *, checksum: bool = False) -> bytes:
    """The bytes as one zst frame."""
    packed: bytes = zstd.compress(raw, options={zstd.CompressionParameter.checksum_flag: int(checksum)})
    return packed


def looks(every_s: float) -> range:
    """As many looks as there is patience for, one every so many seconds."""
    return range(round(PATIENCE_S / every_s))


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Waits until something holds; fails when the process ends before."""
    for _ in looks(_LOOK_S):
        if condition():
            return
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode} too early: {process.communicate()[1]}")
        time.sleep(_LOOK_S)
    raise AssertionError("nothing happened")


@contextmanager
def ticking() -> Iterator[Callable[[], float]]:
    """Counts seconds by turns that this process got: while the machine is busy with others, or stands still, none pass."""
    done, ticks = threading.Event(), [0]

    def count() -> None:
        while not done.wait(_TICK_S):
            ticks[0] += 1

    counting = threading.Thread(target=count, daemon=True)
    counting.start()
    try:
        yield lambda: ticks[0] * _TICK_S
    finally:
        done.set()
        counting.join()


def write_pair(folder: Path, requests: bytes = REQUESTS, responses: bytes = RESPONSES) -> None:
    """Writes requests.log and responses.log."""
    (folder / "requests.log").write_bytes(requests)
    (folder / "responses.log").write_bytes(responses)


def as_it_was(original: Path, folder: Path) -> Path:
    """A folder made the same as another one, times of change too: a run made there once is known again."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder)
    return folder


@cache
def generated(folder: Path, rows: int, **options: Any) -> dict[str, Any]:
    """Makes requests.log and responses.log in a folder, once in a session; returns the truth."""
    return generate_pair(PairOptions(directory=str(folder), rows=rows, **options))


def big_logs(factory: pytest.TempPathFactory) -> Path:
    """A folder with a pair of logs of 80,000 lines, all of them UTF-8; one for the whole session."""
    folder = factory.getbasetemp() / "big pair"
    generated(folder, 40_000, encoding_errors=False, header=True)
    return folder


def runs_root(cwd: Path) -> Path:
    """Where commands run by `logcorr` and `start` keep their runs."""
    return cwd / "cache" / "logcorr" / "runs"


def kept(cwd: Path) -> list[Path]:
    """All that stands in the run folder, hidden or not."""
    root = runs_root(cwd)
    return sorted(root.iterdir()) if root.exists() else []


def files_of(cwd: Path) -> dict[str, bytes | None]:
    """Every file and folder outside of the run folder with its content, hidden ones too; what is no file has none."""
    found = (path for path in cwd.rglob("*") if path.relative_to(cwd).parts[0] != "cache")
    return {str(path.relative_to(cwd)): path.read_bytes() if path.is_file() else None for path in found}


def assert_short_error(outcome: Outcome, *parts: str) -> None:
    """One or two lines that hold every part, and neither a traceback nor a plea to report it."""
    lines = outcome.err.splitlines()
    assert 1 <= len(lines) <= 2, outcome.err
    assert "Traceback" not in outcome.err
    assert "internal error" not in outcome.err
    for part in parts:
        assert part in outcome.err


def gone(pid: int) -> bool:
    """Whether no process has this id any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
