"""The app of one browser tab, in a process of its own: its output goes to the tab, the keys of the tab go to it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from logcorr.text.safe import safe
from logcorr_tui.work import engine_command

DRIVER = "logcorr_tui.web.driver:Driver"
PATIENCE_S = 5.0
_READY = b"__GANGLION__\n"
_SAID_BYTES = 1 << 16
_BLOCK = 1 << 16


class TabProcess(AppService):
    """The process of an app from its start to its end.

    textual-serve starts the app by a shell; here a list of words does. Where the app ends by itself, the tab is told.
    A tab that is closed leaves no process, even where the process is stuck.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        write_bytes: Callable[[bytes], Awaitable[None]],
        write_str: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[object]],
        download_manager: DownloadManager,
    ) -> None:
        async def end() -> None:
            await close()

        super().__init__("", write_bytes=write_bytes, write_str=write_str, close=end, download_manager=download_manager)
        self._words = list(words)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        environment = engine_command.environment(self._build_environment(width, height)) | {"TEXTUAL_DRIVER": DRIVER}
        # A session of its own: Ctrl+C is for the server, which then ends the apps in order.
        self._process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=os.name != "nt",
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Passes on the output of the app until the app ends, then its stderr, and closes the connection of the tab."""
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            return
        listener = asyncio.create_task(_last_words(process.stderr))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._pass_on(process.stdout)
        finally:
            # The rest of the output is read and dropped, because the app could not end with a full pipe.
            while await process.stdout.read(_BLOCK):
                pass
            said = await listener
            if said:
                sys.stderr.write("\n".join(said) + "\n")
            with contextlib.suppress(ConnectionError):
                if said:
                    await self.remote_write_bytes(("\x1b[2J\x1b[H" + "\r\n".join(said)).encode())
                await self.remote_close()

    async def _pass_on(self, stdout: asyncio.StreamReader) -> None:
        if await stdout.readline() != _READY:
            return
        while True:
            kind, length = await stdout.readexactly(1), await stdout.readexactly(4)
            payload = await stdout.readexactly(int.from_bytes(length, "big"))
            if kind == b"D":
                await self.on_data(payload)
            elif kind == b"M":
                await self.on_meta(payload)
            elif kind == b"P":
                await self.on_packed(payload)

    async def stop(self) -> None:
        """Asks the app to end, and kills it after a while. Returns when the process is gone."""
        process = self._process
        if process is None:
            return
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.send_meta({"type": "quit"})
                if self._task is not None:
                    await asyncio.wait({self._task})
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _last_words(stderr: asyncio.StreamReader) -> list[str]:
    """The last lines of stderr, made safe."""
    said = b""
    while block := await stderr.read(_BLOCK):
        said = (said + block)[-_SAID_BYTES:]
    return [safe(line, 400) for line in said.decode("utf8", "replace").splitlines()]
