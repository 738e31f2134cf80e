"""Where the last minutes of a log begin: found by bisection, so that not all of it is read.

The log is in order of time. Lines may be a little out of order: the place that is found has all lines of these minutes
behind it, but for lines that stand further before their time than the steps of the search.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from logcorr.formats.own_profiles import own_profile
from logcorr.formats.profile_reader import ProfileReader
from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.files import InputFile
from logcorr.inputs.follow.followed_file import Start
from logcorr.inputs.sorted_lines import sorted_lines
from logcorr.jobs.tell_kind import KindTeller
from logcorr.jobs.tell_logs import ToldFormat, read_options
from logcorr.model.errors import InputError
from logcorr.model.ledger import SIDES
from logcorr.model.options import Reading

_STEP_BYTES = 1 << 16

# When the last minutes begin (µs), and where each plain file is to be read from, by the identity of the file.
LastMinutes = tuple[int, dict[tuple[int, int], Start]]
# Gives the instants between which the entries of whole lines lie; None where there is none.
_Span = Callable[[bytes], tuple[int, int] | None]


def starts(files: Sequence[InputFile], reading: Reading, form: str | None, last_us: int) -> "LastMinutes | None":
    """The instant at which the last `last_us` of all logs begin, and where each plain file is to be read, by identity.

    None where no log tells the time.

    Files of unknown form are read from their start.
    """
    found = {file: TimedFile.of(file, reading, form) for file in files if file.compression == "plain"}
    timed = {file: one for file, one in found.items() if one is not None}
    newest = [end for one in timed.values() if (end := one.newest_us) is not None]
    if not newest:
        return None
    since_us = max(newest) - last_us
    return since_us, {file.identity: one.start_at(since_us).start for file, one in timed.items()}


class Found(NamedTuple):
    """Where lines begin that are not before an instant, and the oldest instant of the first lines there, in µs."""

    start: Start
    oldest_us: int | None


class TimedFile:
    """A plain file whose lines tell the time wherever reading begins."""

    def __init__(self, file: InputFile, forms: Sequence[FileForm]) -> None:
        """The lines are of one of the `forms`."""
        self._file, self._forms = file, forms
        # Lines that name columns are read with the first line of the file.
        self.has_header = any(form.reader.depends_on_lines_above for form in forms)
        self._first_line = _first_line(file) if self.has_header else b""

    @classmethod
    def of(cls, file: InputFile, reading: Reading, form: str | None) -> "TimedFile | None":
        """The file, whose form is told by its lines; None where the time of a line depends on the lines above."""
        told: list[ToldFormat] = []
        try:
            told = [KindTeller(reading, form).told([file])[2]]
        except InputError:
            told = [ToldFormat(profile=own_profile(side)) for side in SIDES]
        read = read_options(reading, collapse_ids=False)
        readers = [ProfileReader(one.profile, read) for one in told]
        if any(reader.in_order for reader in readers):
            return None
        return cls(file, [FileForm(reader=reader, heads=one.heads) for reader, one in zip(readers, told, strict=True)])

    @property
    def newest_us(self) -> int | None:
        """The newest instant of the last lines, in µs; None where these have none."""
        with self._file.path.open("rb") as stream:
            _, text = _lines_at(stream.fileno(), max(0, self._file.bytes - _STEP_BYTES), self._file.bytes)
        span = self._span(text) if text else None
        return None if span is None else span[1]

    def start_at(self, since_us: int) -> Found:
        """Where the lines begin that are not before an instant."""
        low, high, oldest_us = 0, self._file.bytes, None
        with self._file.path.open("rb") as stream:
            descriptor = stream.fileno()
            while high - low > _STEP_BYTES:
                middle = (low + high) // 2
                place, text = _lines_at(descriptor, middle, self._file.bytes)
                instants = self._span(text) if text and place < high else None
                if instants is not None and instants[1] < since_us:
                    low, oldest_us = place, instants[0]
                else:
                    high = middle
            place, _ = _lines_at(descriptor, low, self._file.bytes)
            head = stream.readline(_STEP_BYTES) if self.has_header and place else b""
        return Found(Start(place, head if head.endswith(b"\n") else b""), oldest_us)

    def _span(self, text: bytes) -> tuple[int, int] | None:
        for form in self._forms:
            opened = OpenForm(form)
            parsed, _ = opened.parsed(self._first_line + text, 0, {}, begins=True)
            spans = [frame.row(0) for _, frame in sorted_lines(parsed, opened, None, None).spans]
            known = [(first_us, last_us) for first_us, last_us in spans if first_us is not None]
            if known:
                return min(first_us for first_us, _ in known), max(last_us for _, last_us in known)
        return None


def _first_line(file: InputFile) -> bytes:
    with file.path.open("rb") as stream:
        return stream.readline(_STEP_BYTES)


def _lines_at(descriptor: int, at: int, size: int) -> tuple[int, bytes]:
    """The place of the first line that begins at or after a byte, and the whole lines of a step from there."""
    text = os.pread(descriptor, _STEP_BYTES + 1, max(0, at - 1))
    begins = text.find(b"\n") + 1 if at else 0
    if at and not begins:
        return size, b""
    return max(0, at - 1) + begins, text[begins : text.rfind(b"\n") + 1]
