"""`--ordered`: what lies before `--since` is not read of plain logs that are in order of time.

The user says by how much lines are out of order, and that no exchange takes longer. So what is left out begins that
much earlier twice: lines before the place that is found may be newer by it, and have partners that are newer by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.documents import begin
from logcorr.inputs.files import InputFile
from logcorr.inputs.whole_lines import line_count
from logcorr.jobs.last_of_log import TimedFile
from logcorr.model.errors import InputError
from logcorr.model.ledger import Log
from logcorr.model.options import Narrowing, Reading
from logcorr.query import narrowing as narrowing_
from logcorr.text.instants import text_or_none
from logcorr.text.quantities import duration

_BLOCK_BYTES = 1 << 22
_HEAD_BYTES = 1 << 12


class Skipped(NamedTuple):
    """The files of each log, those of which less is read with a window, and sentences on what is not read.

    No entry that is read may lie before `floor_us` (None where that is not known), or lines are in another order.
    """

    files: dict[Log, list[InputFile]]
    notes: list[str]
    floor_us: int | None


def skip_before(
    files: Mapping[Log, Sequence[InputFile]],
    narrowing: Narrowing,
    reading: Reading,
    forms: Mapping[Log, str | None],
    *,
    shift_us: int = 0,
) -> Skipped:
    """Windows on files that leave out what lies before `--since`, as far as `--ordered` tells that it may be left out.

    `forms` are the formats that the user named, `shift_us` is by how much times are shifted at most. A file that is
    compressed, that holds JSON documents, or whose lines have the time of lines above is read whole.
    """
    ordered_us = narrowing.ordered_us or 0
    timed = {file.identity: one for log, file in _plain(files) if (one := _timed(file, reading, forms[log]))}
    newest = [end for one in timed.values() if (end := one.newest_us) is not None]
    since_us = narrowing_.since_us(narrowing, max(newest)) if newest else None
    found: dict[Log, list[InputFile]] = {log: list(of_log) for log, of_log in files.items()}
    if since_us is None:
        return Skipped(found, [], None)
    notes: list[str] = []
    floors: list[int | None] = []
    for of_log in found.values():
        for number, file in enumerate(of_log):
            one = timed.get(file.identity)
            begins = None if one is None else one.start_at(since_us - 2 * ordered_us - abs(shift_us))
            place = 0 if begins is None else begins.start.offset
            known = begins.oldest_us if begins is not None and place else None
            floors.append(None if known is None else known - ordered_us - abs(shift_us))
            if place:
                lines = _lines(file, place)
                notes.append(f"{file.name!r}: {lines:,} lines before {text_or_none(known)} were not read (--ordered).")
                window, rest = (place, file.bytes), file.bytes - place
                of_log[number] = msgspec.structs.replace(file, window=window, lines_before=lines, text_bytes=rest)
    lowest = [floor for floor in floors if floor is not None]
    return Skipped(found, notes, min(lowest) if lowest and len(lowest) == len(floors) else None)


def check_order(first_us: int | None, floor_us: int | None, ordered_us: int | None) -> None:
    """Raises InputError where an entry that was read lies too far before those that were not read."""
    if first_us is not None and floor_us is not None and first_us < floor_us:
        message = (
            f"the logs are not in order of time to within {duration((ordered_us or 0) / 1000)}: after entries of "
            f"{text_or_none(floor_us)} there is one of {text_or_none(first_us)}. Leave --ordered out, or give more."
        )
        raise InputError(message)


def _plain(files: Mapping[Log, Sequence[InputFile]]) -> Iterator[tuple[Log, InputFile]]:
    return (
        (log, file)
        for log, of_log in files.items()
        for file in of_log
        if file.compression == "plain" and file.source is None and file.window is None
    )


def _timed(file: InputFile, reading: Reading, form: str | None) -> TimedFile | None:
    with open_text(file) as stream:
        if begin(read_text(file, stream, _HEAD_BYTES)):
            return None
    timed = TimedFile.of(file, reading, form)
    # A window has no first line to tell the columns.
    return None if timed is None or timed.has_header else timed


def _lines(file: InputFile, end: int) -> int:
    """How many lines end before a byte."""
    lines = 0
    with file.path.open("rb") as stream:
        while end and (block := stream.read(min(end, _BLOCK_BYTES))):
            lines += line_count(block)
            end -= len(block)
    return lines
