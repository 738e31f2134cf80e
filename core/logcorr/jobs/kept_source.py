"""A followed log whose lines are kept in a journal as they are read. The end of the journal comes before new lines."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from logcorr.inputs import standard_input
from logcorr.inputs.files import resolve
from logcorr.inputs.follow.followed_file import Mark, Standing
from logcorr.inputs.follow.follower import Follower, Piece
from logcorr.inputs.follow.piped import PipedLog
from logcorr.inputs.follow.resumed import Found
from logcorr.jobs import last_of_log
from logcorr.model.options import WatchOptions
from logcorr.runs.journal import Journal
from logcorr.runs.journal_state import JournalFile, SourceForm

# What a pipe gave has this name in reports.
_PIPE_NAME = "stdin"
_PIECE_BYTES = 1 << 20
# The end of a file in which no instant can be found by bisection.
_MOST_BYTES = 64 << 20


class KeptSource:
    """Gives the lines of a log as its source does, once they are in the journal.

    `files` are those of the log that the journal had before. Files are numbered anew: first these, then the others.
    """

    def __init__(
        self,
        journal: Journal,
        log: int,
        source: Follower | PipedLog,
        *,
        found: Found,
        tail: "Sequence[TailFile]" = (),
        notices: Sequence[str] = (),
    ) -> None:
        self._journal, self._log, self._source, self._found = journal, log, source, found
        before = [file for file in journal.state.files if file.log == log]
        self._before = {file.file: number for number, file in enumerate(before)}
        self._files = dict(enumerate(before))
        self._numbers: dict[int, int] = {}
        self._tail = deque((self._before[one.file.file], one) for one in tail)
        self._notices = list(notices)

    @property
    def ended(self) -> bool:
        """Whether the log is a pipe that has ended."""
        return isinstance(self._source, PipedLog) and self._source.ended

    @property
    def names(self) -> list[str]:
        """The names of the files, by their numbers. It is empty for a number whose file has no line yet."""
        if not self._files:
            return self._source.names
        return [self._files[number].name if number in self._files else "" for number in range(max(self._files) + 1)]

    @property
    def of_folders(self) -> set[int]:
        """The numbers of the files that a folder brought."""
        return {self._number(number) for number in self._source.of_folders}

    @property
    def has_notices(self) -> bool:
        """Whether something became of files since notices were taken last."""
        return bool(self._notices) or self._source.has_notices

    def name_of(self, number: int) -> str:
        """The name of a file."""
        return self._files[number].name

    def leave(self, number: int) -> None:
        """Reads a file no more: it is no log. What the journal has of it is left out of the run as well."""
        for own in self._own_numbers(number):
            self._source.leave(own)

    def text_at(self, number: int, offset: int, most_bytes: int) -> bytes | None:
        """The bytes of a file from a byte on. None where the file is not there any more. Raises OSError."""
        own = self._own_numbers(number)
        return self._source.text_at(own[-1], offset, most_bytes) if own else None

    def _own_numbers(self, number: int) -> list[int]:
        """The numbers that a file has in the source."""
        return [own for own, here in self._numbers.items() if here == number]

    def poll(self, most_bytes: int = _PIECE_BYTES, is_ahead: Callable[[int], bool] = lambda _: False) -> list[Piece]:
        """The lines that came, as `Follower.poll` gives them. Raises InputError."""
        if self._tail:
            return self._of_tail(is_ahead)
        pieces = []
        numbers = set()
        for piece in self._source.poll(most_bytes, lambda number: is_ahead(self._number(number))):
            number = self._number(piece.file)
            file = self._file(number, piece)
            if self._journal.append(file, piece.text) and file.form == "compressed" and not file.offset:
                mark = Mark().moved(piece.text)
                self._journal.note(file, offset=mark.offset, head=mark.head, tail=mark.tail)
            pieces.append(piece._replace(file=number))
            numbers.add(piece.file)
        for number in numbers:
            self._note(number)
        if self._journal.is_due():
            self.note_all()
            self._journal.save_soon()
        return pieces

    def note_all(self) -> None:
        """Notes how far each file was read."""
        for number in list(self._numbers):
            self._note(number)

    def tell(self, notice: str) -> None:
        """Adds a notice for the user."""
        self._notices.append(notice)

    def take_notices(self) -> list[str]:
        """What became of files since this was last asked."""
        notices, self._notices = self._notices, []
        return notices + self._source.take_notices()

    @property
    def behind(self) -> dict[int, int]:
        """The bytes of each file that were not read yet, by the numbers of files."""
        return {number: one.left for number, one in self._tail} | {
            self._number(number): count for number, count in self._source.behind.items()
        }

    def close(self) -> None:
        """Notes how far each file was read, and closes all files."""
        self.note_all()
        self._source.close()

    def _of_tail(self, is_ahead: Callable[[int], bool]) -> list[Piece]:
        pieces = []
        for number, one in [one for one in self._tail if not is_ahead(one[0])]:
            piece = next(one.pieces, None)
            if piece is None:
                self._tail.remove((number, one))
            else:
                pieces.append(piece._replace(file=number))
        return pieces

    def _number(self, number: int) -> int:
        """The number of a file here, by its number in the source."""
        if number not in self._numbers:
            file = self._found.files.get(self._standing(number).identity)
            taken = None if file is None else self._before[file.file]
            is_free = taken is not None and taken not in self._numbers.values()
            self._numbers[number] = taken if taken is not None and is_free else len(self._before) + number
        return self._numbers[number]

    def _standing(self, number: int) -> Standing:
        if isinstance(self._source, PipedLog):
            return Standing(Path(standard_input.NAME), (0, 0), is_compressed=False, is_open=not self._source.ended)
        return self._source.standing(number)

    def _file(self, number: int, piece: Piece) -> JournalFile:
        """The journal's file that takes a piece. A log that was cut goes on in another one."""
        file = self._files.get(number)
        if file is None or (piece.begins and self._journal.written(file)):
            file = self._begin(number, piece.file)
        return file

    def _begin(self, number: int, source_number: int) -> JournalFile:
        before = self._files.get(number)
        if before is not None:
            self._journal.note(before, is_open=False, is_over=True)
        standing = self._standing(source_number)
        if isinstance(self._source, PipedLog):
            form: SourceForm = "pipe"
            name, path = _PIPE_NAME, standard_input.NAME
        else:
            form = "compressed" if standing.is_compressed else "plain"
            name, path = self._source.names[source_number], str(standing.path.absolute())
        self._files[number] = self._journal.add_file(self._log, name, path, form, standing.identity)
        return self._files[number]

    def _note(self, source_number: int) -> None:
        """Notes how far a file of the source was read."""
        standing, number = self._standing(source_number), self._number(source_number)
        file = self._files.get(number)
        if file is None:
            return
        mark = standing.mark
        if mark is not None and mark.offset < file.offset:
            file = self._begin(number, source_number)
        if mark is None:
            self._journal.note(file, is_open=standing.is_open, is_over=file.form != "plain" and not standing.is_open)
            return
        device, inode = standing.identity
        self._journal.note(
            file,
            path=str(standing.path.absolute()),
            device=device,
            inode=inode,
            offset=mark.offset,
            head=mark.head,
            tail=mark.tail,
            skips=standing.skips,
            is_open=standing.is_open,
        )


class TailFile:
    """The end of a journal's file, from a start on, as pieces."""

    def __init__(self, file: JournalFile, path: Path, start: int, header: bytes) -> None:
        self.file, self.left = file, file.size - start
        self._path, self._start, self._header = path, start, header
        self.pieces = self._pieces()

    def _pieces(self) -> Iterator[Piece]:
        if self._header:
            yield Piece(0, self._header, begins=True)
        begins = not self._header and not self._start
        with self._path.open("rb") as stream:
            stream.seek(self._start)
            while self.left > 0 and (lines := stream.readlines(_PIECE_BYTES)):
                text = b"".join(lines)
                self.left -= len(text)
                yield Piece(0, text, begins)
                begins = False


def tails(journal: Journal, options: WatchOptions, tail_us: int) -> dict[int, list[TailFile]]:
    """The last `tail_us` of what a journal holds, by the numbers of logs: what a window is made of again."""
    files = {journal.place / file.file: file for file in journal.state.files if file.size}
    inputs = {one.path: one for one in resolve("log", tuple(map(str, files)))} if files else {}
    found = last_of_log.starts(list(inputs.values()), options.reading, options.form, tail_us)
    starts = found[1] if found is not None else {}
    made: dict[int, list[TailFile]] = {}
    for path, file in files.items():
        start = starts.get(inputs[path].identity)
        if start is not None:
            tail = TailFile(file, path, start.offset, start.header)
        else:
            tail = TailFile(file, path, _line_after(path, file.size - _MOST_BYTES), b"")
        made.setdefault(file.log, []).append(tail)
    return made


def _line_after(path: Path, at: int) -> int:
    """Where the first line begins at or after a byte of a file."""
    if at <= 0:
        return 0
    with path.open("rb") as stream:
        stream.seek(at - 1)
        return at - 1 + len(stream.readline())
