"""Textual's web driver, which also stands large downloads and a server that goes away. Runs in the app's process."""

import contextlib
import os
import threading
from typing import Any

from textual import messages
from textual.drivers.web_driver import WebDriver


class Driver(WebDriver):
    """Sends what the app draws to the server, and ends the app when the server is gone."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self._writing = threading.Lock()
        self._write = self._write_whole  # type: ignore[assignment] # a partial of os.write there

    def _write_whole(self, data: bytes) -> int:
        """Writes one packet. Downloads are written by a thread of their own: packets must not run into each other."""
        rest = memoryview(data)
        with self._writing, contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self.fileno, rest) :]
        return len(data)

    def run_input_thread(self) -> None:
        """Reads until the server closes the pipe; an app that nobody sees any more ends."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Closes the file of a download that was cancelled."""
        if packet_type != "deliver_cancel":
            super().on_meta(packet_type, payload)
        elif (file := self._deliveries.pop(str(payload.get("key")), None)) is not None:
            file.close()
