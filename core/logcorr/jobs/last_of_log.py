"""Where the last minutes of a log begin: found by bisection, so that not all of it is read.

The log is in order of time. Lines may be a little out of order: the place that is found has all lines of these minutes
behind it, but for lines that stand further before their time than the steps of the search.
"""

import os
from collections.abc import Callable, Sequence

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
from logcorr.model.options import WatchOptions

_STEP_BYTES = 1 << 16

# Gives the instants between which the entries of whole lines lie; None where there is none.
LastMinutes = tuple[int, dict[tuple[int, int], Start]]
_Span = Callable[[bytes], tuple[int, int] | None]


def starts(files: Sequence[InputFile], options: WatchOptions, last_us: int) -> "LastMinutes | None":
    """The instant at which the last `last_us` of all logs begin, and where each plain file is to be read, by identity.

    None where no log tells the time.

    Files of unknown form are read from their start.
    """
    spans = {file: _span_of(file, options) for file in files if file.compression == "plain"}
    newest = [span for file, of_file in spans.items() if of_file is not None and (span := _end(file, of_file[0]))]
    if not newest:
        return None
    since_us = max(last for _, last in newest) - last_us
    found = {}
    for file, of_file in spans.items():
        if of_file is not None:
            found[file.identity] = _start(file, of_file[0], since_us, has_header=of_file[1])
    return since_us, found


def _span_of(file: InputFile, options: WatchOptions) -> tuple[_Span, bool] | None:
    """How instants are read in a file, and whether its first line names columns; None where no form is told."""
    told: list[ToldFormat] = []
    try:
        told = [KindTeller(options.reading, options.form).told([file])[2]]
    except InputError:
        told = [ToldFormat(profile=own_profile(side)) for side in SIDES]
    read = read_options(options.reading, collapse_ids=False)
    readers = [ProfileReader(one.profile, read) for one in told]
    if any(reader.in_order for reader in readers):
        return None  # its clock needs the lines above
    forms = [FileForm(reader=reader, heads=one.heads) for reader, one in zip(readers, told, strict=True)]
    header = any(reader.depends_on_lines_above for reader in readers)
    first = _first_line(file) if header else b""

    def span(text: bytes) -> tuple[int, int] | None:
        for form in forms:
            opened = OpenForm(form)
            parsed, _ = opened.parsed(first + text, 0, {}, begins=True)
            spans = [frame.row(0) for _, frame in sorted_lines(parsed, opened, None, None).spans]
            known = [(first_us, last_us) for first_us, last_us in spans if first_us is not None]
            if known:
                return min(first_us for first_us, _ in known), max(last_us for _, last_us in known)
        return None

    return span, header


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


def _end(file: InputFile, span: _Span) -> tuple[int, int] | None:
    """The instants of the last lines of a file."""
    with file.path.open("rb") as stream:
        _, text = _lines_at(stream.fileno(), max(0, file.bytes - _STEP_BYTES), file.bytes)
    return span(text) if text else None


def _start(file: InputFile, span: _Span, since_us: int, *, has_header: bool) -> Start:
    """Where the lines begin that are not before an instant."""
    low, high = 0, file.bytes
    with file.path.open("rb") as stream:
        descriptor = stream.fileno()
        while high - low > _STEP_BYTES:
            middle = (low + high) // 2
            place, text = _lines_at(descriptor, middle, file.bytes)
            instants = span(text) if text and place < high else None
            if instants is not None and instants[1] < since_us:
                low = place
            else:
                high = middle
        place, _ = _lines_at(descriptor, low, file.bytes)
        head = stream.readline(_STEP_BYTES) if has_header and place else b""
    return Start(place, head if head.endswith(b"\n") else b"")
