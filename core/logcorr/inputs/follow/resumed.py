"""Where files that were followed before are now: by their inode, or where they were copied and cut, by their copy."""

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from logcorr.inputs.follow.followed_file import FollowedFile, Mark, Resumed, Start
from logcorr.inputs.follow.follower import paths_of_word
from logcorr.runs.journal_state import JournalFile

_Identity = tuple[int, int]
# So much is looked at to know a file again.
_MOST_BYTES = 1 << 20


class Found(NamedTuple):
    """What is gone on with, the journal's file of each file by its identity, and those that cannot be found any more.

    `lost` are only files to which lines may have been added since.
    """

    resumed: Resumed
    files: dict[_Identity, JournalFile]
    lost: list[JournalFile]


class _Now(NamedTuple):
    path: Path
    identity: _Identity
    size: int


def find(files: Iterable[JournalFile], words: Sequence[str], journal: Path) -> Found:
    """Finds the files of a log, which `words` name, as the journal in a folder knows them."""
    folders: dict[Path, list[_Now]] = {}
    starts: dict[_Identity, Start] = {}
    continued: dict[_Identity, JournalFile] = {}
    paths: list[Path] = []
    left_out: set[_Identity] = set()
    lost: list[JournalFile] = []
    files = list(files)
    for file in files:
        if file.form == "pipe" or (file.form == "plain" and file.is_over):
            continue
        if file.form == "compressed":
            if file.is_over:
                left_out.add(file.identity)
            else:
                continued[file.identity] = file
            continue
        now = _now(file, mark_of(file) if file.offset else _first_mark(journal / file.file), folders)
        if now is None:
            lost += [file] if file.is_open else []
            continue
        starts[now.identity] = Start(file.offset, skips=file.skips)
        continued[now.identity] = file
        if now.size > file.offset or file.is_open:
            paths.append(now.path)
    left_out |= _copies([mark_of(file) for file in files if file.form == "plain" and file.is_over], words) - set(starts)
    # A compressed file of which a part was read is read again.
    known = [file for file in files if file.form == "plain" or (file.form == "compressed" and file.is_over)]
    marks = [mark_of(file) for file in known if file.offset]
    return Found(Resumed(starts, paths, left_out, marks), continued, lost)


def mark_of(file: JournalFile) -> Mark:
    """How far a file was read, as the journal knows it."""
    return Mark(file.offset, file.head, file.tail)


def _first_mark(kept: Path) -> Mark:
    """How far a file was read of which the state knows only that it is there: by the lines in the journal's file."""
    try:
        with kept.open("rb") as stream:
            text = stream.read(_MOST_BYTES)
    except OSError:
        return Mark()
    return Mark().moved(text[: text.rfind(b"\n") + 1])


def _now(file: JournalFile, mark: Mark, folders: dict[Path, list[_Now]]) -> _Now | None:
    """Where a plain file is now: the file itself, or a copy of it where it was cut. None where there is neither."""
    folder = Path(file.path).parent
    if folder not in folders:
        folders[folder] = _beside(folder)
    beside = folders[folder]
    itself = [now for now in beside if now.identity == file.identity]
    others = [now for now in beside if now.identity != file.identity]
    # Any file begins like one of which nothing was read.
    candidates = (*itself, *others) if mark.offset else itself
    return next((now for now in candidates if now.size >= mark.offset and _fits(now.path, mark)), None)


def _beside(folder: Path) -> list[_Now]:
    """The files of a folder, those that were changed last first."""
    found = []
    try:
        for entry in os.scandir(folder):
            if entry.is_file():
                status = entry.stat()
                found.append(
                    (status.st_mtime_ns, _Now(Path(entry.path), (status.st_dev, status.st_ino), status.st_size))
                )
    except OSError:
        return []  # nothing of it can be read
    return [now for _, now in sorted(found, reverse=True, key=lambda one: one[0])]


def _fits(path: Path, mark: Mark) -> bool:
    try:
        with closing(FollowedFile(0, path, path.name)) as file:
            return file.fits(mark)
    except OSError:
        return False


def _copies(marks: Sequence[Mark], words: Sequence[str]) -> set[_Identity]:
    """The files that words name and that are copies of what was read before it was cut."""
    marks = [mark for mark in marks if mark.offset]
    found: set[_Identity] = set()
    for path in [path for word in words for path in paths_of_word(word)] if marks else ():
        try:
            with closing(FollowedFile(0, path, path.name)) as file:
                if any(file.size >= mark.offset and file.fits(mark) for mark in marks):
                    found.add(file.identity)
        except OSError:
            continue
    return found
