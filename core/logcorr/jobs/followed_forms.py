"""The forms of the files of a log that is followed, by their first lines. What is no log in a folder is left out."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.follow.follower import Piece
from logcorr.jobs.folder_files import notes, own_entries_of, side_of
from logcorr.jobs.pair_formats import PairFormats, pair_formats_of
from logcorr.jobs.tell_logs import Sample, ToldFormat, sample_of
from logcorr.model.errors import InputError
from logcorr.model.ledger import SIDES, Log, Side
from logcorr.model.options import Reading, WatchOptions
from logcorr.text.safe import safe

SAMPLE_LINES = 1000


class Source(Protocol):
    """Gives the lines of a log as they come: `Follower` and `PipedLog`.

    `names` are those of its files; `of_folders` are the numbers of those that a folder brought.
    """

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def of_folders(self) -> set[int]: ...
    @property
    def ended(self) -> bool: ...
    def name_of(self, number: int) -> str: ...
    def poll(self, most_bytes: int = ..., is_ahead: Callable[[int], bool] = ...) -> list[Piece]: ...
    def take_notices(self) -> list[str]: ...
    @property
    def has_notices(self) -> bool: ...
    def leave(self, number: int) -> None: ...
    def text_at(self, number: int, offset: int, most_bytes: int) -> bytes | None: ...
    @property
    def behind(self) -> dict[int, int]: ...
    def close(self) -> None: ...


class FileForms:
    """Tells the forms of the files of a log, as `FollowedLog` asks for them.

    `form_of` gives the form for sampled lines, None where it reads none of them; `whatever` gives one in any case, for
    files that the user named. `say` takes what the user should know.
    """

    def __init__(
        self,
        source: Source,
        reading: Reading,
        form_of: Callable[[Sample], FileForm | None],
        whatever: Callable[[Sample], FileForm],
        *,
        say: Callable[[str], None],
    ) -> None:
        self._source, self._reading, self._form_of, self._whatever = source, reading, form_of, whatever
        self._say = say
        self._said: set[int] = set()

    def __call__(self, number: int, text: bytes) -> FileForm | Literal["wait", "leave"]:
        name = self._source.name_of(number)
        raw = lines_of(text, SAMPLE_LINES)
        log = sample_of(name, raw, self._reading)
        form = None if log.is_binary else self._form_of(log)
        if form is not None:
            return form
        if number not in self._source.of_folders:
            return self._whatever(log)
        if not log.is_binary and len(raw) < SAMPLE_LINES:
            if number not in self._said and raw:
                self._said.add(number)
                self._say(f"{safe(name, 200)!r}: no line of it is an entry yet.")
            return "wait"
        for note in notes([name]):
            self._say(note)
        self._source.leave(number)
        return "leave"


def sides_of_files(samples: Sequence[Sample]) -> dict[str, Side]:
    """The side of each file whose lines are of logcorr's own line forms, by the names of the files."""
    counts = {log.name: own_entries_of(log.view.lines) for log in samples if not log.is_binary}
    sides = {name: side_of(name, of_file) for name, of_file in counts.items()}
    return {name: side for name, side in sides.items() if side is not None}


def lines_of(text: bytes, most: int) -> list[bytes]:
    """The first lines of a text that are not blank, without line ends and BOM."""
    if most <= 0:
        return []
    lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n", most)[:most]
    return [line.removesuffix(b"\r") for line in lines if line.strip()]


def form_of_told(told: ToldFormat, read: ReadOptions) -> FileForm:
    return FileForm(reader=ProfileReader(told.profile, read), heads=told.heads)


def form_if_read(form: FileForm, formats: PairFormats, told: ToldFormat, log: Sample) -> FileForm | None:
    """The form of a pair's log for one of its files. None where it reads no line of the file.

    A file is of logcorr's own line forms where it has a line of either side.
    """
    own = not formats.told and any(own_entries_of(log.view.lines).values())
    return form if own or (formats.told and formats.teller.reads_any(log, told)) else None


def are_own(options: WatchOptions, samples: Sequence[Sample]) -> bool:
    """Whether two logs are of logcorr's own line forms. Raises InputError where one is no text."""
    named: dict[Log, Sample] = dict(zip(SIDES, samples, strict=True))
    try:
        return options.form is None and not pair_formats_of(options.correlation(), named).told
    except InputError:
        if any(log.is_binary for log in samples):
            raise
        return False
