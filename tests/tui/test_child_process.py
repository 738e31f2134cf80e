"""The child process: what it tells, how it fails, that it is gone when it should be."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from textual.message import Message

from logcorr_tui.state.messages import Estimated, Failed, Finished, Progressed
from logcorr_tui.state.session import Logs
from logcorr_tui.work import engine_command
from logcorr_tui.work.child_process import ChildProcess, run_engine
from tests.support.helpers import PATIENCE_S, SAMPLE, gone, halted, looks, ticking

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


def sample(store: Path) -> list[str]:
    """The command that correlates the sample."""
    logs = Logs.pair((str(SAMPLE / "requests.log"),), (str(SAMPLE / "responses.log"),))
    return engine_command.correlate_command(logs, store=str(store))


def run(command: list[str]) -> list[Message]:
    """Everything posted by a child that is left alone."""
    posted: list[Message] = []
    asyncio.run(asyncio.wait_for(run_engine(ChildProcess(command), posted.append), PATIENCE_S))
    return posted


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="module")
def posted(store: Path) -> list[Message]:
    """All that is posted of one run to its end."""
    return run(sample(store))


def test_a_run_to_its_end(posted: list[Message], store: Path) -> None:
    assert isinstance(posted[-1], Finished)
    assert posted[-1].event.run is not None
    assert Path(posted[-1].event.run).parent == store
    assert any(isinstance(message, Progressed) for message in posted)
    assert any(isinstance(message, Estimated) for message in posted)
    assert [type(message) for message in posted].count(Finished) == 1


def test_progress_can_be_replaced_by_newer_progress(posted: list[Message]) -> None:
    one, *_ = [message for message in posted if isinstance(message, Progressed)]
    assert one.can_replace(one)
    assert not one.can_replace(Failed(1, ""))


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        ("import sys; sys.stderr.write('logcorr: error: no space\\n'); sys.exit(3)", 3, "logcorr: error: no space"),
        ("import os; os.kill(os.getpid(), 9)", -9, "without a word"),
        ("pass", 0, "without a word"),
        ("import sys; sys.stderr.buffer.write(b'\\x1b[31m\\xff[/x]'); sys.exit(70)", 70, "␛[31m�[/x]"),
        ("import sys; sys.stderr.write('x' * 300_000); sys.exit(2)", 2, "x…"),
    ],
    ids=["exit", "killed", "silent", "hostile", "long"],
)
def test_a_child_that_dies_is_told(code: str, exit_code: int, said: str) -> None:
    (failed,) = run(python(code))
    assert isinstance(failed, Failed)
    assert failed.code == exit_code
    assert said in failed.said


def test_a_command_that_is_not_there() -> None:
    (failed,) = run(["/nowhere/python"])
    assert isinstance(failed, Failed)
    assert failed.code == 126


def test_a_stranger_that_holds_the_pipe_open_does_not_hold_us() -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)']); sys.exit(3)"
    with ticking() as seconds:
        (failed,) = run(python(code))
        took = seconds()
    assert isinstance(failed, Failed)
    assert failed.code == 3
    assert took < 7


@pytest.mark.parametrize("deaf", [False, True], ids=["listens", "deaf"])
def test_cancel_ends_the_child_within_about_a_second(deaf: bool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ignore = "import signal; signal.signal(2, signal.SIG_IGN); " if deaf else ""
    code = f"{ignore}import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep({10 * PATIENCE_S})"

    async def body() -> tuple[list[Message], float, int]:
        posted: list[Message] = []
        child = ChildProcess(python(code))
        task = asyncio.create_task(run_engine(child, posted.append))
        while not mark.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        with ticking() as seconds:
            await child.cancel()
            await asyncio.wait_for(task, PATIENCE_S)
            took = seconds()
        assert child.pid is not None
        return posted, took, child.pid

    posted, took, pid = asyncio.run(body())
    (failed,) = posted
    assert isinstance(failed, Failed)
    assert failed.code == 130
    assert took < 3
    assert gone(pid)


def test_cancel_before_the_start(tmp_path: Path) -> None:
    async def body() -> list[Message]:
        posted: list[Message] = []
        child = ChildProcess(sample(tmp_path))
        await child.cancel()
        await run_engine(child, posted.append)
        return posted

    (failed,) = asyncio.run(body())
    assert isinstance(failed, Failed)
    assert failed.code == 130


def test_a_parent_that_is_killed_takes_the_child_with_it(tmp_path: Path) -> None:
    """The child is on a leash: its stdin ends with its parent."""
    mark = tmp_path / "reached"
    logs = ("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", "--store", tmp_path / "runs")
    command = halted("pair", mark, *logs, "--progress", "json", "--end-with-stdin")
    parent = f"""
import asyncio
from logcorr_tui.work.child_process import ChildProcess
async def body():
    child = ChildProcess({command!r})
    task = asyncio.create_task(child.run(lambda event: None))
    while child.pid is None:
        await asyncio.sleep(0.01)
    print(child.pid, flush=True)
    await task
asyncio.run(body())
"""
    here = Path(__file__).parents[2]
    path = os.pathsep.join([str(here / "core"), str(here / "tui"), str(here)])

    async def body() -> int:
        process = await asyncio.create_subprocess_exec(
            *python(parent),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "LOGCORR_BUCKETS": "4"},
        )
        assert process.stdout is not None
        pid = int(await process.stdout.readline())
        for _ in looks(0.01):
            if mark.exists():
                break
            await asyncio.sleep(0.01)
        assert mark.exists()
        process.kill()
        await process.wait()
        return pid

    pid = asyncio.run(body())
    for _ in looks(0.02):
        if gone(pid):
            break
        time.sleep(0.02)
    if not gone(pid):
        os.kill(pid, signal.SIGKILL)
        pytest.fail("the child outlived its parent")
    assert not list((tmp_path / "runs").glob(".work-*"))
