"""What a journal knows of the logs that were followed: how far each file was read, and how lines are read.

It stands in a small file of JSON, which is replaced as a whole about each second. Lines that were added to the files of
a journal since are known again by their bytes.
"""

import contextlib
import os
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from logcorr.model.errors import InputError

STATE = "state.json"
RUN = "run.json"
JOURNAL_SCHEMA = 1

_T = TypeVar("_T")
SourceForm = Literal["plain", "compressed", "pipe"]
FollowedKind = Literal["pair", "log", "access"]


class JournalFile(msgspec.Struct, kw_only=True):
    """A file of a journal: the whole lines that were read of one followed file, in their order.

    `log` is the number of the log among those that are followed, `file` the name in the journal, `name` what reports
    call it, `size` its length in bytes. The followed file is known by `path`, `device` and `inode`, and by its first
    and its last bytes before `offset`, up to which it was read. `skips` tells that it was read up to the middle of a
    line that is too long, and that the rest of the line is to be left out. `is_open` tells that the file was followed
    when the state was saved. `is_over` tells that nothing can be added any more: it was cut, or ended.
    """

    log: int
    file: str
    name: str
    path: str
    form: SourceForm = "plain"
    size: int = 0
    device: int = 0
    inode: int = 0
    offset: int = 0
    head: bytes = b""
    tail: bytes = b""
    skips: bool = False
    is_open: bool = True
    is_over: bool = False

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the followed file."""
        return (self.device, self.inode)


class JournalState(msgspec.Struct, kw_only=True):
    """The state of a journal.

    `places` are the absolute names of each log that is followed, by which the same logs are known again. `options` are
    those of reading, as builtins. `kind` tells which run is made of it, None before it was told. `created` and `saved`
    are seconds since 1970. `ended` tells that following ended in order; `lines_not_kept` counts lines that were
    followed while the journal could not be written.
    """

    schema: int = JOURNAL_SCHEMA
    places: list[list[str]]
    options: dict[str, Any]
    kind: FollowedKind | None = None
    created: float
    saved: float = 0.0
    ended: bool = False
    lines_not_kept: int = 0
    files: list[JournalFile] = []


class JournalRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that was made of a journal last: its key, and the size of the journal then, in bytes."""

    run: str
    size: int


def read_state(place: Path) -> JournalState:
    """The state of the journal in a folder. Raises InputError where it is missing, broken or of another version."""
    state = _read(place / STATE, JournalState)
    if state is None or state.schema != JOURNAL_SCHEMA:
        message = f"journal {place.name!r} is damaged, or of another version. `logcorr runs remove` removes it."
        raise InputError(message)
    return state


def read_run(place: Path) -> JournalRun | None:
    """The run that was made of the journal in a folder last; None where there is none."""
    return _read(place / RUN, JournalRun)


def write_whole(path: Path, data: bytes) -> None:
    """Replaces a file by one rename. It is on the disk when this returns. Raises OSError, and leaves nothing then."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None
