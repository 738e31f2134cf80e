"""Sample lines from both ends of files. Before a log is read, they tell its form and its span of time."""

from collections.abc import Mapping
from itertools import islice

import polars as pl

from logcorr.formats import line_format
from logcorr.formats.line_format import BOM, SPACE
from logcorr.formats.timestamps import careful
from logcorr.inputs import changes
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile
from logcorr.model.ledger import Log

HEAD_BYTES = 1 << 18
_END_BYTES = 1 << 14
SAMPLE_LINES = 100
# Enough to have a line of every kind that makes up one in some hundred.
MANY_LINES = 1000


def sample(file: InputFile, *, most_lines: int = SAMPLE_LINES) -> list[str]:
    """The first lines of a file as text without BOM, `most_lines` at most. Raises InputError.

    Blank lines, lines that are not UTF-8 and a line that may be cut are left out.
    """
    with open_text(file) as stream:
        head = read_text(file, stream, HEAD_BYTES)
    lines = head.removeprefix(BOM.encode()).split(b"\n")
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        # The last line may go on beyond these bytes.
        lines.pop()
    texts = (_text(line) for line in lines)
    return list(islice((text for text in texts if text and text.strip(SPACE)), most_lines))


def sample_end(file: InputFile, *, most_lines: int = SAMPLE_LINES) -> list[str]:
    """The last lines of a plain file as text, the last first, `most_lines` at most. Raises InputError.

    A compressed file and a file of JSON documents give none: their end can only be reached through all of them.
    """
    if file.compression != "plain":
        return []
    with open_text(file) as stream:
        if not stream.seekable():
            return []
        stream.seek(max(0, file.bytes - _END_BYTES))
        end = read_text(file, stream, _END_BYTES)
    texts = (_text(line) for line in reversed(end.split(b"\n")[1:]))
    return list(islice((text for text in texts if text), most_lines))


def _text(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None


# How many lines are read to tell the span of time of all logs, and how many at least from each end of a file.
_SPAN_LINES = 20_000
_LEAST_SPAN_LINES = 4


def time_span(files: Mapping[Log, list[InputFile]]) -> tuple[int | None, int | None]:
    """About the first and the last instant (µs) of all files, by lines from both ends of each; None where unknown.

    The more files there are, the fewer lines are read of each. Raises InputError.
    """
    all_files = [file for files_of_log in files.values() for file in files_of_log]
    most = min(SAMPLE_LINES, max(_LEAST_SPAN_LINES, _SPAN_LINES // max(1, len(all_files))))
    lines = [
        line for file in all_files for line in (*sample(file, most_lines=most), *sample_end(file, most_lines=most))
    ]
    stamps = pl.Series([line.split(",", 1)[0].strip(line_format.SPACE) for line in lines], dtype=pl.String)
    instants = careful(stamps)
    return instants.min(), instants.max()  # type: ignore[return-value]


def first_lines(files: list[InputFile], most_lines: int = SAMPLE_LINES) -> list[str]:
    """The first lines of a side as `sample` gives them, to tell the form of the log. Raises InputError."""
    lines: list[str] = []
    for file in files:
        with changes.explained([file]):
            lines += sample(file, most_lines=most_lines)
        if len(lines) >= most_lines:
            break
    return lines[:most_lines]


def spread_sample(file: InputFile, *, most_lines: int = MANY_LINES) -> list[bytes]:
    """Lines of a file, as bytes."""
    with open_text(file) as stream:
        head = read_text(file, stream, HEAD_BYTES * 4)
    return [line.removesuffix(b"\r") for line in head.removeprefix(BOM.encode()).split(b"\n")][:most_lines]
