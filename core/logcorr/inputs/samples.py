"""Sample lines from both ends of files: a log's form and span are told by them before it is read."""

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
# Enough to meet what one line in some hundred is like.
MANY_LINES = 1000


def sample(file: InputFile, *, most: int = SAMPLE_LINES) -> list[str]:
    """The first lines of a file as text, so many at most: whole ones of UTF-8 that are not blank, without a BOM."""
    with open_text(file) as stream:
        head = read_text(file, stream, HEAD_BYTES)
    lines = head.removeprefix(BOM.encode()).split(b"\n")
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        # The last one may go on.
        lines.pop()
    texts = (_text(line) for line in lines)
    return list(islice((text for text in texts if text and text.strip(SPACE)), most))


def sample_end(file: InputFile, *, most: int = SAMPLE_LINES) -> list[str]:
    """The last lines of a plain file as text, so many at most; none of a compressed one."""
    if file.form != "plain":
        return []
    with open_text(file) as stream:
        stream.seek(max(0, file.bytes - _END_BYTES))
        end = read_text(file, stream, _END_BYTES)
    texts = (_text(line) for line in reversed(end.split(b"\n")[1:]))
    return list(islice((text for text in texts if text), most))


def _text(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None


# Of so many lines at the ends of all files the span of the logs is told, and of so many at each end at least.
_SPAN_LINES = 20_000
_LEAST_SPAN_LINES = 4


def span(files: Mapping[Log, list[InputFile]]) -> tuple[int | None, int | None]:
    """About the first and the last instant of all files, from lines at both ends of each: the fewer the more files."""
    every = [file for of in files.values() for file in of]
    most = min(SAMPLE_LINES, max(_LEAST_SPAN_LINES, _SPAN_LINES // max(1, len(every))))
    texts = [line for file in every for line in (*sample(file, most=most), *sample_end(file, most=most))]
    stamps = pl.Series([line.split(",", 1)[0].strip(line_format.SPACE) for line in texts], dtype=pl.String)
    instants = careful(stamps)
    return instants.min(), instants.max()  # type: ignore[return-value]


def first_lines(files: list[InputFile], most: int = SAMPLE_LINES) -> list[str]:
    """The first lines of a side that are UTF-8 and not blank, to tell the log's form by."""
    found: list[str] = []
    for file in files:
        with changes.telling([file]):
            found += sample(file, most=most)
        if len(found) >= most:
            break
    return found[:most]
