"""Follows logs in a child process, which tells a record a moment. The child ends when the app does."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from logcorr.text.safe import safe
from logcorr_tui.state.live_record import Record
from logcorr_tui.work.engine_command import environment, logcorr_command
from logcorr_tui.work.let_child_go import let_go

_LIMIT_BYTES = 16 << 20
_LINES_KEPT = 40
# So long the app waits for the run of what was followed. Then the child makes it alone.
_PATIENCE_S = 10.0
_EVERY = "200ms"
LONGEST_WINDOW_S = 3600
_SHORT_NAME = 8


def watch_command(words: Sequence[str], controls: int) -> list[str]:
    """The command that follows logs. `words` are those of `logcorr watch`; `controls` is where it is asked."""
    options = ["--json", f"--every={_EVERY}", f"--longest-window={LONGEST_WINDOW_S}s", f"--controls={controls}"]
    return logcorr_command("watch", *options, *words)


def kept_text(kept: Record | None, store: str | None) -> str:
    """What was kept of what was followed, and how to open it: a line for people. Nothing where nothing was kept."""
    if kept is None or kept["run"] is None:
        return "" if kept is None else f"logcorr runs settle {kept['journal']} makes the run of what was followed."
    named = f"--store={safe(store, 400)} " if store else ""
    return f"run {kept['run']}: logcorr-tui {named}{kept['run'][:_SHORT_NAME]} opens it."


class WatchChild:
    """A child process that follows logs. All methods are for the event loop's thread.

    `pipe` is the descriptor of a log that comes through a pipe; it belongs to the child from the start on.
    """

    def __init__(self, words: Sequence[str], pipe: int | None = None) -> None:
        self._words, self._pipe = tuple(words), pipe
        self._process: asyncio.subprocess.Process | None = None
        self._controls: int | None = None
        self._answers: dict[tuple[int, ...], asyncio.Future[list[Record]]] = {}
        self.said: deque[str] = deque(maxlen=_LINES_KEPT)
        # What was kept, once the child has told it.
        self.kept: Record | None = None

    async def run(self, tell: Callable[[Record], None], note: Callable[[str], None]) -> int:
        """Runs the child to its end: `tell` takes each record, `note` what is said to people. Returns the exit code."""
        process = await self._start()
        try:
            await asyncio.gather(self._records(process, tell), self._notes(process, note))
            return await process.wait()
        finally:
            if process.returncode is None:
                # It ends in order: what was followed is kept.
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            self._release()

    async def _start(self) -> asyncio.subprocess.Process:
        """Starts the child, which is asked through standard input, or through a pipe of its own beside a log there."""
        if self._pipe is None or sys.platform == "win32":
            self._process = process = await self._spawn(0, asyncio.subprocess.PIPE, ())
            return process
        theirs, self._controls = os.pipe()
        try:
            self._process = process = await self._spawn(theirs, self._pipe, (theirs,))
        finally:
            os.close(theirs)
            # Whoever writes into the pipe is to notice when the child is gone.
            os.close(self._pipe)
            self._pipe = None
        return process

    async def _spawn(self, controls: int, stdin: int, descriptors: tuple[int, ...]) -> asyncio.subprocess.Process:
        more = {"pass_fds": descriptors} if descriptors else {}
        return await asyncio.create_subprocess_exec(
            *watch_command(self._words, controls),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=_LIMIT_BYTES,
            start_new_session=os.name != "nt",
            **more,  # type: ignore[arg-type]
        )

    def _release(self) -> None:
        """Closes the pipes to the child, also where it has not ended yet. Nobody gets an answer any more."""
        if self._process is not None:
            let_go(self._process)
        if self._controls is not None:
            os.close(self._controls)
            self._controls = None
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    async def ask_window(self, seconds: int) -> None:
        """Asks the child for another window."""
        await self._ask(f"window {seconds}s")

    async def lines(self, places: Sequence[int]) -> list[Record]:
        """Where the lines of some places stand, and what they read. None where the child has ended."""
        key = tuple(places)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = asyncio.get_running_loop().create_future()
            if not await self._ask(f"lines {' '.join(map(str, key))}"):
                self._answers.pop(key, None)
                return []
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if answer.cancelled():
                return []
            raise

    async def _ask(self, line: str) -> bool:
        """Writes a line to the child. Returns whether the child can read it."""
        process = self._process
        if process is None or process.returncode is not None:
            return False
        try:
            if self._controls is not None:
                os.write(self._controls, f"{line}\n".encode())
            elif process.stdin is not None:
                process.stdin.write(f"{line}\n".encode())
                await process.stdin.drain()
        except (ConnectionError, RuntimeError):
            return False  # it has just ended
        return True

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
            try:
                record: Record = msgspec.json.decode(line, type=dict)
            except msgspec.DecodeError:
                continue  # the last line of a child that was killed
            if record["kind"] == "run":
                self.kept = record
            elif record["kind"] != "lines":
                tell(record)
            elif (answer := self._answers.pop(tuple(record["places"]), None)) is not None and not answer.done():
                answer.set_result(record["lines"])

    async def _notes(self, process: asyncio.subprocess.Process, note: Callable[[str], None]) -> None:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        async for line in process.stderr:
            text = safe(line.decode("utf8", "replace").rstrip("\r\n").removeprefix("logcorr: "), 400)
            self.said.append(text)
            note(text)
