"""What reading reports of its progress, and the interface of the job that takes the reports."""

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.model.ledger import Log


class SideProgress(msgspec.Struct):
    """The files of one side, how many of their lines were read, and a count of lines by what became of them."""

    files: list[InputFile]
    lines_read: LinesRead
    ledger: dict[str, int]


class ReadingProgress(Protocol):
    """Takes reports of how far reading is."""

    sides: dict[Log, SideProgress]

    def tap(self) -> None:
        """To be called for every chunk, by any thread. Raises Cancelled where the job was cancelled."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """A context whose time is counted as a step of the work."""
