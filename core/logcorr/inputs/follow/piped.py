"""Standard input is followed like a file, until it ends."""

import os
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from logcorr.inputs import standard_input
from logcorr.inputs.encodings import without_leading_nuls
from logcorr.inputs.follow.follower import Piece
from logcorr.model.errors import InputError

# So much is read at once; a pipe seldom has more.
_BLOCK_BYTES = 1 << 16
# So many blocks may wait: whoever writes into the pipe waits then.
_MOST_WAITING = 128
_POLL_BYTES = 1 << 20
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


class PipedLog:
    """Whole lines of standard input, as they come. A thread reads it, as a pipe cannot be looked into."""

    def __init__(self) -> None:
        """Raises InputError where standard input cannot be read, or a person would have to type."""
        standard_input.check([standard_input.NAME])
        self.names = [standard_input.NAME]
        self.of_folders: set[int] = set()
        self._blocks: SimpleQueue[bytes | InputError] = SimpleQueue()
        self._room = threading.Semaphore(_MOST_WAITING)
        self._rest, self._begins, self.ended = b"", True, False
        self._told = False
        # Each of both is changed by one thread alone.
        self._read_bytes = self._taken_bytes = 0
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def poll(self, most_bytes: int = _POLL_BYTES, is_ahead: Callable[[int], bool] = lambda _: False) -> list[Piece]:
        """The whole lines that came; at the end, also one without a line end. Raises InputError.

        Nothing is read while the log is ahead of others.
        """
        if is_ahead(0):
            return []
        blocks, size = [self._rest], 0
        while size < most_bytes:
            try:
                block = self._blocks.get_nowait()
            except Empty:
                break
            self._room.release()
            if isinstance(block, InputError):
                raise block
            if not block:
                self.ended = True
                break
            if self._begins and not self._rest and block.startswith(_MAGIC):
                raise InputError("log '-': what comes is compressed. Decompress it on the way: zcat LOG | logcorr ...")
            blocks.append(block)
            size += len(block)
        self._taken_bytes += size
        text = b"".join(blocks)
        if self.ended and text and not text.endswith(b"\n"):
            text += b"\n"
        cut = text.rfind(b"\n") + 1
        self._rest = text[cut:]
        return self._piece(text[:cut])

    @property
    def has_notices(self) -> bool:
        """Whether the pipe has ended, and that was not told yet."""
        return self.ended and not self._told

    def take_notices(self) -> list[str]:
        """That the pipe has ended, once."""
        told, self._told = self._told, self.ended
        return [f"{standard_input.NAME!r} has ended: whoever wrote into the pipe has closed it."] * (self.ended > told)

    @property
    def behind(self) -> dict[int, int]:
        """How many bytes wait to be read, by the number of the log, which is 0."""
        return {0: self._read_bytes - self._taken_bytes}

    def name_of(self, number: int) -> str:  # noqa: ARG002 - as of files
        """The name of the log."""
        return standard_input.NAME

    def leave(self, number: int) -> None:
        """Nothing: a pipe that the user named is a log."""

    def text_at(self, number: int, offset: int, most_bytes: int) -> bytes | None:  # noqa: ARG002 - as of files
        """Nothing: what came through a pipe cannot be read again."""
        return None

    def close(self) -> None:
        """Leaves the thread that reads behind: it ends with the process."""

    def _piece(self, text: bytes) -> list[Piece]:
        text = without_leading_nuls(text)
        if not text:
            return []
        begins, self._begins = self._begins, False
        return [Piece(0, text, begins)]

    def _read(self) -> None:
        while True:
            self._room.acquire()
            try:
                block = os.read(sys.stdin.fileno(), _BLOCK_BYTES)
            except (OSError, ValueError) as error:
                self._blocks.put(InputError(f"log '-': standard input cannot be read: {error}."))
                return
            self._read_bytes += len(block)
            self._blocks.put(block)
            if not block:
                return
