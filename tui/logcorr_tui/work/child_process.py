"""Starts the engine in a child process, reads its progress, and ends it with the app.

The child is never forked from the memory of this process. The child ends when its stdin is closed.
"""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from textual.message import Message

from logcorr.model.errors import Cancelled
from logcorr.model.events import DoneEvent, EstimateEvent, Event, ProgressEvent
from logcorr.model.told import Told
from logcorr.text.safe import safe
from logcorr_tui.state.messages import Estimated, Failed, Finished, Progressed, ToldLogs
from logcorr_tui.work.engine_command import environment
from logcorr_tui.work.let_child_go import let_go

PATIENCE_S = 1.0
_LAST_WORDS_S = 2.0
_AFTER_DONE_S = 10.0
_LINES_KEPT = 40
_LOOK_EVERY_S = 0.02
_LONGEST_LINE = 64 << 20
_SILENT = "The engine ended without a word."


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative for a signal), its stderr, and its result, if there is one."""

    code: int
    said: str
    done: DoneEvent | None


class ChildProcess:
    """One child process, from its start to its end. All methods are for the event loop's thread.

    With `keep_output`, what the child writes to standard output is in `output`, as far as it is not too long.
    """

    def __init__(self, command: Sequence[str], *, keep_output: bool = False) -> None:
        self.command = list(command)
        self._keep_output = keep_output
        self.output = b""
        self._cancel = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._ended = asyncio.Event()
        self._said: deque[str] = deque(maxlen=_LINES_KEPT)
        self._done: DoneEvent | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, once it runs."""
        return self._process.pid if self._process else None

    @property
    def cancelled(self) -> bool:
        """Whether the child was asked to end."""
        return self._cancel.is_set()

    @property
    def running(self) -> bool:
        """Whether the child still has to end."""
        return not self._ended.is_set()

    async def run(self, tell: Callable[[Event], None]) -> Ended:
        """Runs the child to its end, and calls `tell` with each event."""
        try:
            if self._cancel.is_set():
                return Ended(Cancelled.exit_code, "", None)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self.command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE if self._keep_output else asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env=environment(),
                    start_new_session=os.name != "nt",
                )
            except (OSError, ValueError) as error:
                return Ended(126, f"the engine could not be started: {error}", None)
            if self._cancel.is_set():  # while it started
                await self.cancel()
            return await self._follow(self._process, tell)
        finally:
            self._release()

    async def cancel(self) -> None:
        """Asks the child to end, and kills it after a second. Returns when the child is gone."""
        self._cancel.set()
        process = self._process
        if process is None or self.code is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
        try:
            await asyncio.wait_for(self._exit(), PATIENCE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await self._exit()

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal. None while the child runs, and where it could not be started."""
        return None if self._process is None else self._process.returncode

    async def _exit(self) -> None:
        """Returns at the exit of the child. asyncio's own wait also waits for pipes, which others may hold open."""
        while self.code is None:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(_LOOK_EVERY_S)

    async def wait(self) -> None:
        """Returns once `run` is over."""
        await self._ended.wait()

    async def _follow(self, process: asyncio.subprocess.Process, tell: Callable[[Event], None]) -> Ended:
        reader = asyncio.create_task(self._read_all(process, tell))
        waiter = asyncio.create_task(self._exit())
        try:
            await asyncio.wait({reader, waiter}, return_when=asyncio.FIRST_COMPLETED)
            # The output ends near the exit. A pipe that another process holds open must not hold us.
            await asyncio.wait({reader}, timeout=_LAST_WORDS_S)
            await asyncio.wait({waiter}, timeout=_AFTER_DONE_S)
            if self.code is None:
                process.kill()
                await self._exit()
        finally:
            for task in (reader, waiter):
                task.cancel()
        return Ended(self.code or 0, "\n".join(self._said), self._done)

    async def _read_all(self, process: asyncio.subprocess.Process, tell: Callable[[Event], None]) -> None:
        """Reads both streams to their ends."""
        await asyncio.gather(self._read(process, tell), self._read_output(process))

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        """Reads stdout, where it is kept."""
        if process.stdout is None:
            return
        while block := await process.stdout.read(1 << 16):
            if len(self.output) < _LONGEST_LINE:
                self.output += block

    async def _read(self, process: asyncio.subprocess.Process, tell: Callable[[Event], None]) -> None:
        """Reads stderr. A line is an event, or text for people."""
        if process.stderr is None:
            return
        decoder = msgspec.json.Decoder(Event)
        rest = b""
        while block := await process.stderr.read(1 << 16):
            *lines, rest = (rest + block).split(b"\n")
            rest = rest[-_LONGEST_LINE:]
            for line in lines:
                self._take(line, decoder, tell)
        self._take(rest, decoder, tell)

    def _take(self, line: bytes, decoder: "msgspec.json.Decoder[Event]", tell: Callable[[Event], None]) -> None:
        if not line.strip():
            return
        try:
            event = decoder.decode(line)
        except msgspec.MsgspecError:
            self._said.append(safe(line.decode("utf8", "replace").rstrip("\r"), 400))
            return
        if isinstance(event, DoneEvent):
            self._done = event
        tell(event)

    def _release(self) -> None:
        """Ends the child where `run` ends by an exception or with the app, so that no child is left over."""
        process = self._process
        if process is not None:
            if self.code is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            # Pipes may still be open in another process; here they are closed.
            let_go(process)
        self._ended.set()


async def ask(child: ChildProcess) -> Told | Ended:
    """What `logcorr tell` in the child takes logs for, or else how it ended. The child keeps its output."""
    ended = await child.run(lambda _event: None)
    try:
        return msgspec.json.decode(child.output, type=Told)
    except msgspec.MsgspecError:
        return ended


async def run_tell(child: ChildProcess, post: Callable[[Message], object]) -> None:
    """Tells in the child what logs are. The last message is one ToldLogs or one Failed."""
    answer = await ask(child)
    if child.cancelled:
        post(Failed(Cancelled.exit_code, ""))
    elif isinstance(answer, Ended):
        post(Failed(answer.code, answer.said or _SILENT))
    else:
        post(ToldLogs(answer))


async def run_engine(child: ChildProcess, post: Callable[[Message], object]) -> None:
    """Runs the engine in the child, and posts its progress. The last message is one Finished or one Failed."""

    def tell(event: Event) -> None:
        if isinstance(event, ProgressEvent):
            post(Progressed(event))
        elif isinstance(event, EstimateEvent):
            post(Estimated(event))

    ended = await child.run(tell)
    if ended.done is not None and ended.done.run is not None and ended.code == 0:
        post(Finished(ended.done))
    elif child.cancelled:
        post(Failed(Cancelled.exit_code, ended.said))
    else:
        post(Failed(ended.code, ended.said or _SILENT))
