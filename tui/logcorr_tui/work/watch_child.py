"""Follows logs in a child process, which tells a record a moment. The child ends when its stdin is closed."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from logcorr.text.safe import safe
from logcorr_tui.state.live_record import Record
from logcorr_tui.work.engine_command import environment, logcorr_command

_LIMIT_BYTES = 16 << 20
_LINES_KEPT = 40
# So long the app waits for the run of what was followed. Then the child makes it alone.
_PATIENCE_S = 10.0
_EVERY = "200ms"
_SHORT_NAME = 8
_LONGEST_WINDOW = "1h"


def watch_command(words: Sequence[str]) -> list[str]:
    """The command that follows logs. `words` are those of `logcorr watch`: logs, and how they are read."""
    options = ["--json", f"--every={_EVERY}", f"--longest-window={_LONGEST_WINDOW}", "--controls"]
    return logcorr_command("watch", *options, *words)


def kept_text(kept: Record | None, store: str | None) -> str:
    """What was kept of what was followed, and how to open it: a line for people. Nothing where nothing was kept."""
    if kept is None or kept["run"] is None:
        return "" if kept is None else f"logcorr runs settle {kept['journal']} makes the run of what was followed."
    named = f"--store={safe(store, 400)} " if store else ""
    return f"run {kept['run']}: logcorr-tui {named}{kept['run'][:_SHORT_NAME]} opens it."


class WatchChild:
    """A child process that follows logs. All methods are for the event loop's thread."""

    def __init__(self, words: Sequence[str]) -> None:
        self._command = watch_command(words)
        self._process: asyncio.subprocess.Process | None = None
        self.said: deque[str] = deque(maxlen=_LINES_KEPT)
        # What was kept, once the child has told it.
        self.kept: Record | None = None

    async def run(self, tell: Callable[[Record], None], note: Callable[[str], None]) -> int:
        """Runs the child to its end: `tell` takes each record, `note` what is said to people. Returns the exit code."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=_LIMIT_BYTES,
            start_new_session=os.name != "nt",
        )
        try:
            await asyncio.gather(self._records(process, tell), self._notes(process, note))
            return await process.wait()
        finally:
            if process.returncode is None:
                # It ends in order: what was followed is kept.
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()

    async def ask_window(self, seconds: int) -> None:
        """Asks the child for another window."""
        if self._process is not None and self._process.stdin is not None and self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(f"{seconds}s\n".encode())
                await self._process.stdin.drain()

    async def stop(self) -> None:
        """Asks the child to end, and waits for the run that it makes of what it followed.

        A run that takes long is made once the app is gone.
        """
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE_S)

    async def _records(self, process: asyncio.subprocess.Process, tell: Callable[[Record], None]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        async for line in process.stdout:
            with contextlib.suppress(msgspec.DecodeError):  # the last line of a child that was killed
                record: Record = msgspec.json.decode(line, type=dict)
                if record["kind"] == "run":
                    self.kept = record
                else:
                    tell(record)

    async def _notes(self, process: asyncio.subprocess.Process, note: Callable[[str], None]) -> None:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        async for line in process.stderr:
            text = safe(line.decode("utf8", "replace").rstrip("\r\n").removeprefix("logcorr: "), 400)
            self.said.append(text)
            note(text)
