"""Where files that were followed before are now: by their inode, or, where they were copied or compressed, by text."""

import os
import re
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import resolve
from logcorr.inputs.follow.followed_file import FollowedFile, Mark, Resumed, Start
from logcorr.inputs.follow.follower import paths_of_word
from logcorr.model.errors import InputError
from logcorr.runs.journal_state import JournalFile

_Identity = tuple[int, int]
# So much is looked at to know a file again.
_MOST_BYTES = 1 << 20
_PACKED = (".gz", ".zst")
# What rotation puts behind the name of a log: a number, or a date. A compressed one may be older than it looks.
_ROTATED = re.compile(r"[.\-_]?\d[\d\-_.T]*")
_MOST_PACKED = 8


class Found(NamedTuple):
    """What is gone on with, the journal's file of each file by its identity, and those that cannot be found any more.

    Files in `packed` were compressed meanwhile: the compressed file is to be read in their place, from its start. Files
    in `lost` are only those to which lines may have been added since. Files in `missed` came and were rotated since.
    """

    resumed: Resumed
    files: dict[_Identity, JournalFile]
    packed: list[JournalFile]
    lost: list[JournalFile]
    missed: list[Path]


class _Now(NamedTuple):
    path: Path
    identity: _Identity
    size: int
    changed: float


def find(
    files: Sequence[JournalFile], words: Sequence[str], journal: Path, *, saved: float, named: Collection[str] = ()
) -> Found:
    """Finds the files of a log, which `words` name, as the journal in a folder knows them, which was `saved` last then.

    A file that was rotated since, and is not known, is to be read as well, unless it is `named` itself.
    """
    folders: dict[Path, list[_Now]] = {}
    starts: dict[_Identity, Start] = {}
    continued = {file.identity: file for file in files if file.form == "compressed" and not file.is_over}
    paths: list[Path] = []
    packed: list[JournalFile] = []
    lost: list[JournalFile] = []
    for file in files:
        if file.form != "plain" or file.is_over:
            continue
        mark = mark_of(file) if file.offset else _first_mark(journal / file.file)
        beside = _beside(Path(file.path).parent, folders)
        if (now := _plain(file, mark, beside)) is not None:
            start = Start(file.offset, skips=file.skips, mark=mark if file.offset else None)
            starts[now.identity], continued[now.identity] = start, file
            if now.size > file.offset or file.is_open:
                paths.append(now.path)
        elif file.is_open and (now := _packed(file, mark, beside)) is not None:
            starts[now.identity], continued[now.identity] = Start(), file
            paths.append(now.path)
            packed.append(file)
        elif file.is_open:
            lost.append(file)
    over = [mark_of(file) for file in files if file.form == "plain" and file.is_over and file.offset]
    left_out = {file.identity for file in files if file.form == "compressed" and file.is_over}
    left_out |= _copies(over, words) - set(starts)
    # A compressed file that was not read to its end is read again.
    again = [file for file in files if file.form == "pipe" or (file.form == "compressed" and not file.is_over)]
    marks = [mark_of(file) for file in files if file.offset and file not in again and file not in packed]
    known = {file.identity for file in files} | set(starts) | left_out
    all_marks = [mark_of(file) if file.offset else _first_mark(journal / file.file) for file in files]
    missed = [
        now
        for word in words
        for now in _beside(Path(word).parent, folders)
        if now.changed > saved and now.identity not in known and str(now.path) not in named
        if _is_rotated(now.path, Path(word))
        if not any(mark.offset and now.size >= mark.offset and _fits(now.path, mark) for mark in all_marks)
    ]
    starts |= {now.identity: Start() for now in missed}
    paths += [now.path for now in missed]
    return Found(Resumed(starts, paths, left_out, marks), continued, packed, lost, [now.path for now in missed])


def _is_rotated(path: Path, log: Path) -> bool:
    """Whether a file has the name that rotation gives to a log."""
    name = path.name
    return name.startswith(log.name) and _ROTATED.fullmatch(name[len(log.name) :]) is not None


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


def _plain(file: JournalFile, mark: Mark, beside: Sequence[_Now]) -> _Now | None:
    """Where a plain file is now: the file itself, or a copy of it where it was cut. None where there is neither."""
    itself = [now for now in beside if now.identity == file.identity]
    others = [now for now in beside if now.identity != file.identity]
    # Any file begins like one of which nothing was read.
    candidates = (*itself, *others) if mark.offset else itself
    return next((now for now in candidates if now.size >= mark.offset and _fits(now.path, mark)), None)


def _packed(file: JournalFile, mark: Mark, beside: Sequence[_Now]) -> _Now | None:
    """The compressed file that a plain one became when it was rotated; None where there is none."""
    name = Path(file.path).name
    candidates = [now for now in beside if now.path.name.startswith(name) and now.path.suffix in _PACKED]
    return next((now for now in candidates[:_MOST_PACKED] if mark.offset and _is_packed(now.path, mark)), None)


def _is_packed(path: Path, mark: Mark) -> bool:
    """Whether a file is compressed, and its text has what was read of another one, as far as a mark tells."""
    try:
        file = resolve("log", (str(path),))[0]
        if file.compression == "plain":
            return False
        read = Mark()
        with open_text(file) as stream:
            while read.offset < mark.offset:
                block = read_text(file, stream, min(_MOST_BYTES, mark.offset - read.offset))
                if not block:
                    return False
                read = read.moved(block)
    except InputError:
        return False  # it is still being written, or broken
    return read == mark


def _beside(folder: Path, known: dict[Path, list[_Now]]) -> list[_Now]:
    """The files of a folder, those that were changed last first. Each folder is looked into once."""
    if folder not in known:
        found = []
        try:
            for entry in os.scandir(folder):
                if entry.is_file():
                    status = entry.stat()
                    now = _Now(Path(entry.path), (status.st_dev, status.st_ino), status.st_size, status.st_mtime)
                    found.append((status.st_mtime_ns, now))
        except OSError:
            found = []  # nothing of it can be read
        known[folder] = [now for _, now in sorted(found, reverse=True, key=lambda one: one[0])]
    return known[folder]


def _fits(path: Path, mark: Mark) -> bool:
    try:
        with closing(FollowedFile(0, path, path.name)) as file:
            return file.fits(mark)
    except OSError:
        return False


def _copies(marks: Sequence[Mark], words: Sequence[str]) -> set[_Identity]:
    """The files that words name and that are copies of what was read before it was cut."""
    found: set[_Identity] = set()
    for path in [path for word in words for path in paths_of_word(word)] if marks else ():
        try:
            with closing(FollowedFile(0, path, path.name)) as file:
                if any(file.size >= mark.offset and file.fits(mark) for mark in marks):
                    found.add(file.identity)
        except OSError:
            continue
    return found
