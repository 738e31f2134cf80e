"""A child that is let go ends by itself, whatever becomes of the loop, and nothing of it is left open."""

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from logcorr_tui.work.let_child_go import let_go
from tests.support.helpers import looks

_LOOK_S = 0.02
# Goes on until a file is there, and then makes another one.
_SCRIPT = """
import pathlib, sys, time
go, done = map(pathlib.Path, sys.argv[1:])
print("started", flush=True)
end = time.monotonic() + 60
while not go.exists() and time.monotonic() < end:
    time.sleep(0.01)
done.touch()
"""


async def _started(go: Path, done: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SCRIPT, str(go), str(done)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    return process


@pytest.mark.parametrize("loop_goes_on", [True, False])
def test_it_is_not_killed_and_leaves_nothing(loop_goes_on: bool, tmp_path: Path) -> None:
    go, done = tmp_path / "go", tmp_path / "done"
    complaints: list[dict[str, Any]] = []

    async def body() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        process = await _started(go, done)
        let_go(process)
        if not loop_goes_on:
            return
        go.touch()
        for _ in looks(_LOOK_S):
            if process.returncode is not None:
                break
            await asyncio.sleep(_LOOK_S)
        assert process.returncode == 0

    asyncio.run(body())
    go.touch()
    for _ in looks(_LOOK_S):
        if done.exists():
            break
        time.sleep(_LOOK_S)
    assert done.exists()
    assert complaints == []
    # Whatever was left open would be complained of now, which is an error.
    gc.collect()


def test_one_that_has_ended_is_let_go_too(tmp_path: Path) -> None:
    async def body() -> None:
        (tmp_path / "go").touch()
        process = await _started(tmp_path / "go", tmp_path / "done")
        await process.wait()
        let_go(process)
        assert process.returncode == 0

    asyncio.run(body())
    gc.collect()
