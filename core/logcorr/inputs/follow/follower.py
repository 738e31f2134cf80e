"""Follows all files of a log: new ones, rotated ones, and those that are cut. No line is read twice.

A file is known by its inode, not by its name: after a rename it is read on to its end. A file that was copied and then
cut (copytruncate) is read on in its copy up to the cut.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import NamedTuple

from logcorr.inputs.encodings import without_leading_nuls
from logcorr.inputs.files import InputFile, readable, resolve
from logcorr.inputs.follow.followed_file import HEAD_BYTES, NOT_RESUMED, FollowedFile, Mark, Resumed, Standing, Start
from logcorr.inputs.whole_lines import LongLine, whole_lines
from logcorr.model.errors import InputError

_LOOK_S = 0.5
# A renamed file is closed when nothing was added to it for so long.
_PATIENCE_S = 60.0
# A copy that is not used for so long is told to the user.
_COPY_S = 5.0
# A file that was changed last so long before another one is of the past.
_PAST_S = 60.0
_MOST_FILES = 500
_MOST_SIBLINGS = 64
# So many files that were read to their ends are known again when they are compressed.
_MOST_MARKS = 1000
_PIECE_BYTES = 1 << 22


class Piece(NamedTuple):
    """Whole lines of a file, in their order. `begins` tells that they are the first of the file.

    `offset` is the byte of the file at which the lines begin; None where they cannot be read there again.
    """

    file: int
    text: bytes
    begins: bool
    offset: int | None = None


class _Held(NamedTuple):
    """A file that is not read, as it may be a copy of another one: since when, and whether the user was told."""

    file: FollowedFile
    since: float
    told: bool = False


class Follower:
    """Reads what is appended to the files that words name: files that need not be there yet, globs and folders.

    `start_of` tells where the reading of a plain file begins, for the files that are there at the start. What was read
    before is gone on with as `resumed` tells.
    """

    # Files may always grow.
    ended = False

    def __init__(
        self,
        words: Sequence[str],
        *,
        start_of: Callable[[InputFile], Start] = lambda _: Start(),
        resumed: Resumed = NOT_RESUMED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._words, self._start_of, self._clock, self._resumed = tuple(words), start_of, clock, resumed
        self.names: list[str] = []
        # The numbers of the files that a folder brought: they need not be logs.
        self.of_folders: set[int] = set()
        self._origins: list[Standing] = []
        self._files: list[FollowedFile] = []
        self._known = set(resumed.left_out)
        self._refused: set[tuple[int, int]] = set()
        self._held: dict[tuple[int, int], _Held] = {}
        self._marks: deque[Mark] = deque(resumed.marks, maxlen=_MOST_MARKS)
        self._new: set[int] = set()
        self._grew: dict[int, float] = {}
        self._by_word: dict[str, tuple[int, int]] = {}
        # Where files were found that are closed, and what they are known by.
        self._left: dict[int, tuple[Path, tuple[int, int]]] = {}
        # Lines that are there at once: of compressed files, and headers, by the numbers of their files.
        self._waiting: list[tuple[int, Iterator[Piece]]] = []
        self._past: deque[int] = deque()
        self._notices: list[str] = []
        self._looked = float("-inf")
        self._started = False
        self._open_resumed()

    def poll(self, most_bytes: int = _PIECE_BYTES, is_ahead: Callable[[int], bool] = lambda _: False) -> list[Piece]:
        """The lines that were added, about `most_bytes` of each file at most. Raises InputError.

        Of files that are ahead of others, by their numbers, nothing is read.
        """
        now = self._clock()
        if now - self._looked >= _LOOK_S or not self._started:
            self._looked = now
            self._look()
            if not self._started:
                self._past = deque(self._files_of_the_past())
            self._started = True
        pieces: list[Piece] = []
        for waiting in [one for one in self._waiting if not is_ahead(one[0])]:
            piece = next(waiting[1], None)
            if piece is None:
                self._waiting.remove(waiting)
            else:
                pieces.append(piece)
        for file in list(self._files):
            if file in self._files and file.was_cut():
                pieces += self._rest_of_cut(file)
                self._marks.append(file.mark)
                file.start_again()
        self._settle_held(now)
        for file in list(self._files):
            # A file may have turned out to be the copy of one before it.
            if file in self._files and not is_ahead(file.number) and self._is_next(file):
                read = self._read(file, most_bytes, now)
                pieces += read
                if self._past and not read:
                    self._past.popleft()
        return pieces

    def _is_next(self, file: FollowedFile) -> bool:
        """Whether no file has to be read before this one: files of the past come first, the oldest before all."""
        return not self._past or self._past[0] == file.number

    def _files_of_the_past(self) -> list[int]:
        """The numbers of the files that are not written to any more, as those that were rotated, the oldest first."""
        changed = {file.number: file.changed for file in self._files}
        newest = max(changed.values(), default=0.0)
        return sorted((number for number in changed if changed[number] < newest - _PAST_S), key=changed.__getitem__)

    def finish(self) -> list[Piece]:
        """Lines at the ends of files that have no line end. To be called when `poll` gives nothing more."""
        pieces = []
        for file in self._files:
            begins = file.begins
            while text := file.read(_PIECE_BYTES, to_end=True):
                pieces.append(Piece(file.number, without_leading_nuls(text), begins, file.read_from))
                begins = False
        return pieces

    @property
    def has_notices(self) -> bool:
        """Whether something became of files since notices were taken last."""
        return bool(self._notices)

    def take_notices(self) -> list[str]:
        """What became of files since this was last asked, a sentence each."""
        notices, self._notices = self._notices, []
        return notices

    @property
    def behind(self) -> dict[int, int]:
        """The bytes of each file that were not read yet, half a line at its end included, by the numbers of files."""
        found = {file.number: max(0, file.size - file.mark.offset) for file in self._files}
        # How much is left of a compressed file is not known.
        return found | {number: _PIECE_BYTES for number, _ in self._waiting}

    def name_of(self, number: int) -> str:
        """The name of a file."""
        return self.names[number]

    def leave(self, number: int) -> None:
        """Reads a file no more: it is no log."""
        self._waiting = [one for one in self._waiting if one[0] != number]
        for file in [file for file in self._files if file.number == number]:
            self._files.remove(file)
            file.close()
        if number in self._past:
            self._past.remove(number)

    def text_at(self, number: int, offset: int, most_bytes: int) -> bytes | None:
        """The bytes of a file from a byte on. None where the file is not there any more. Raises OSError."""
        file = next((file for file in self._files if file.number == number), None)
        if file is not None:
            return file.text_at(offset, most_bytes)
        path, identity = self._left.get(number, (None, None))
        if path is None:
            return None
        # It was renamed, perhaps again since it was closed.
        for one in path.parent.iterdir():
            if _identity(one) == identity:
                with one.open("rb") as stream:
                    stream.seek(offset)
                    return stream.read(most_bytes)
        return None

    def standing(self, number: int) -> Standing:
        """How far the file of a number was read."""
        origin = self._origins[number]
        if origin.is_compressed:
            return origin._replace(is_open=any(waiting == number for waiting, _ in self._waiting))
        file = next((file for file in self._files if file.number == number), None)
        return origin if file is None else origin._replace(is_open=True, mark=file.mark, skips=file.skips)

    def close(self) -> None:
        """Closes all files."""
        for file in (*self._files, *(held.file for held in self._held.values())):
            file.close()
        self._files, self._held = [], {}

    def _open_resumed(self) -> None:
        """Opens the files that are gone on with, by the names that words give them: they may be rotated soon."""
        for path in self._resumed.paths:
            if (identity := _identity(path)) in self._resumed.starts and identity not in self._known:
                self._take(self._as_named(path), "")

    def _as_named(self, path: Path) -> Path:
        """A path as words name files: relative where they are."""
        folders = (folder for word in self._words for folder in (Path(word), Path(word).parent))
        return next((folder / path.name for folder in folders if folder.absolute() == path.parent), path)

    def _look(self) -> None:
        """Looks for files that were not there before."""
        for word in self._words:
            paths = paths_of_word(word)
            if not paths and word not in self._by_word and not self._started:
                self._notices.append(f"{readable(word)!r} is not there yet; it is read as soon as it is.")
            for path in paths:
                try:
                    status = path.stat()
                except OSError:
                    continue  # it was renamed or removed since it was listed
                identity = (status.st_dev, status.st_ino)
                if identity not in self._known and path.is_file():
                    self._take(path, word)
                elif identity not in self._known and not path.is_dir():
                    self._known.add(identity)
                    self._notices.append(f"{readable(str(path))!r} is no file; pipe what it gives into '-'.")
                if len(paths) == 1 and str(paths[0]) == word:
                    self._by_word[word] = identity

    def _take(self, path: Path, word: str) -> None:
        """Begins to follow a file."""
        name = readable(str(path))
        try:
            input_file = resolve("log", (str(path),))[0]
            from_start = self._started or input_file.compression != "plain"
            start = Start() if from_start else self._start(input_file)
            file = FollowedFile(len(self.names), path, name, start=start.offset, skips=start.skips, mark=start.mark)
        except (InputError, OSError) as error:
            if not self._started:
                raise error if isinstance(error, InputError) else InputError(f"{name!r} cannot be read.") from error
            identity = _identity(path)
            if os.access(path, os.R_OK):
                self._known.add(identity)
            elif identity in self._refused:
                return
            # Whoever rotates a log may give it its permissions a moment later.
            self._refused.add(identity)
            self._notices.append(f"{name!r} is left out: {error}")
            return
        self._known.add(file.identity)
        if Path(word).is_dir():
            self.of_folders.add(file.number)
        if input_file.compression != "plain":
            file.close()
            self._take_compressed(input_file, name)
            return
        if len(self._files) >= _MOST_FILES:
            file.close()
            message = f"more than {_MOST_FILES} files are followed at once. Name fewer, or name the newest."
            raise InputError(message)
        before = self._by_word.get(word)
        if self._started and before is not None and before != file.identity and str(path) == word:
            self._notices.append(f"{name!r} was rotated: the new file is read too.")
        elif self._started:
            self._new.add(file.number)
        if start.header:
            self._waiting.append((file.number, iter([Piece(file.number, start.header, begins=True)])))
        self.names.append(name)
        self._origins.append(Standing(path, file.identity, is_compressed=False))
        self._grew[file.number] = self._clock()
        self._files.append(file)

    def _start(self, file: InputFile) -> Start:
        resumed = self._resumed.starts.get(file.identity)
        return self._start_of(file) if resumed is None else resumed

    def _take_compressed(self, file: InputFile, name: str) -> None:
        """Reads a compressed file once, unless it is one that was read before it was compressed."""
        try:
            lines = whole_lines(file, _PIECE_BYTES, access=True)
            first = next(lines, b"")
        except InputError as error:
            self._notices.append(f"{name!r} is left out: {error}")
            return
        text = _text(first)
        read = (*self._marks, *(file.mark if file.mark.offset else file.whole() for file in self._files))
        if any(mark.is_start_of(text) for mark in read):
            self._notices.append(f"{name!r} is a log that was read before it was compressed; it is left out.")
            return
        number = len(self.names)
        self.names.append(name)
        self._origins.append(Standing(file.path, file.identity, is_compressed=True))
        self._marks.append(Mark().moved(text))
        if text:
            self._waiting.append((number, _pieces(number, text, lines)))

    def _read(self, file: FollowedFile, most_bytes: int, now: float) -> list[Piece]:
        """The lines that were added to a file."""
        if not file.cleared and file.size:
            if self._is_copy(file):
                self._files.remove(file)
                self._held[file.identity] = _Held(file, now)
                return []
            file.cleared = True
        if file.number in self._new and file.size:
            self._new.discard(file.number)
            self._notices.append(f"{file.name!r} appeared.")
        begins = file.begins
        if text := file.read(most_bytes):
            file.begins = False
            self._grew[file.number] = now
            text = without_leading_nuls(text)
            return [Piece(file.number, text, begins, file.read_from)] if text else []
        if now - self._grew[file.number] > _PATIENCE_S and (file.is_gone or not self._is_named(file)):
            self._close(file)
        return []

    def _close(self, file: FollowedFile) -> None:
        self._marks.append(file.mark)
        self._left[file.number] = (file.path, file.identity)
        self._files.remove(file)
        if file.is_gone:
            self._known.discard(file.identity)  # another file may get the inode
        file.close()

    def _is_named(self, file: FollowedFile) -> bool:
        return any(_identity(path) == file.identity for word in self._words for path in paths_of_word(word))

    def _settle_held(self, now: float) -> None:
        """Goes on with files that turned out to be no copies. A copy that stays is told once."""
        for identity, held in list(self._held.items()):
            if not self._is_copy(held.file):
                del self._held[identity]
                held.file.cleared = True
                self._files.append(held.file)
            elif not held.told and now - held.since > _COPY_S and held.file.size > HEAD_BYTES:
                self._held[identity] = held._replace(told=True)
                self._notices.append(f"{held.file.name!r} is a copy of a log that is followed; it is left out.")

    def _is_copy(self, file: FollowedFile) -> bool:
        """Whether all bytes of a file stand at the start of another file, as far as the first and the last tell.

        It is then a copy, or a copy in the making, or holds no more than the header that the other has too.
        """
        mark = file.whole()
        return any(one is not file and one.cleared and one.fits(mark) for one in self._files)

    def _rest_of_cut(self, file: FollowedFile) -> list[Piece]:
        """The lines that were added before a file was cut and were not read yet: its copy has them, if there is one."""
        copies = self._copies_of(file)
        copy = max(copies, key=lambda one: one.size, default=None)
        if copy is None:
            self._notices.append(
                f"{file.name!r} was cut. It has no copy, so lines written just before the cut may be lost."
            )
            return []
        pieces, size = [], 0
        if copy.size >= file.mark.offset:
            copy.mark = file.mark
            while text := copy.read(_PIECE_BYTES, to_end=True):
                pieces.append(Piece(file.number, text, begins=False))
                size += len(text)
        self._notices.append(f"{file.name!r} was cut; {size:,} bytes before the cut were read in {copy.path.name!r}.")
        for one in copies:
            self._known.add(one.identity)
            one.close()
        return pieces

    def _copies_of(self, file: FollowedFile) -> list[FollowedFile]:
        """The copies of a file that was cut: files beside it, and files that were found and not read yet."""
        unread = [held.file for held in self._held.values()] + [one for one in self._files if not one.cleared]
        copies = [one for one in unread if one.holds(file.mark)]
        for one in copies:
            self._held.pop(one.identity, None)
        self._files = [one for one in self._files if one not in copies]
        if copies:
            return copies
        followed = {one.identity for one in self._files}
        try:
            beside = [Path(entry.path) for entry in os.scandir(file.path.parent) if entry.is_file()]
            newest = sorted(beside, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:_MOST_SIBLINGS]
        except OSError:
            return []
        for path in newest:
            try:
                one = FollowedFile(file.number, path, file.name)
            except OSError:
                continue  # it is not ours to read
            if one.identity not in followed and one.size >= file.mark.offset and one.holds(file.mark):
                return [one]
            one.close()
        return []


def paths_of_word(word: str) -> list[Path]:
    """The files that a word names now."""
    path = Path(word)
    try:
        if path.is_dir():
            return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
        if has_magic(word) and not path.exists():
            return [Path(name) for name in sorted(glob(word, recursive=True))]  # noqa: PTH207 - as typed
        return [path] if path.exists() else []
    except OSError:
        return []


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode of a file; (-1, -1) where it is not there any more."""
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_dev, status.st_ino)


def _text(lines: bytes | LongLine) -> bytes:
    return f"{lines.text}\n".encode() if isinstance(lines, LongLine) else lines


def _pieces(number: int, first: bytes, lines: Iterator[bytes | LongLine]) -> Iterator[Piece]:
    yield Piece(number, first, begins=True)
    for text in lines:
        yield Piece(number, _text(text), begins=False)
