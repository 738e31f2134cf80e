"""What reading tells about its progress, and whom: the job that drives it."""

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.model.ledger import Log


class SideProgress(msgspec.Struct):
    """The files of one side, which of their lines have been read, and where these lines went so far."""

    files: list[InputFile]
    lines_read: LinesRead
    ledger: dict[str, int]


class ReadingProgress(Protocol):
    """Whoever is told how far reading is."""

    sides: dict[Log, SideProgress]

    def tap(self) -> None:
        """To be called for every chunk, from any thread. Raises Cancelled where the job was cancelled."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Counts the time of a step of the work."""
