"""Sample lines from files. Before a log is read, lines of all of it tell its form, and both ends its span of time."""

import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import IO

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
_SPACE = SPACE.encode()
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
        stream.seek(max(0, file.bytes_to_read - _END_BYTES))
        end = read_text(file, stream, _END_BYTES)
    texts = (_text(line) for line in reversed(end.split(b"\n")[1:]))
    return list(islice((text for text in texts if text), most_lines))


def _text(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None


# So many windows of a text are looked at, of so many bytes each.
_WINDOWS = 16
_WINDOW_BYTES = 1 << 16
# Only so much of a compressed text is looked at.
_MOST_DECOMPRESSED = 1 << 24
# Names the columns of all lines below: it is looked for where it stands between the windows.
_DIRECTIVE = b"#Fields:"


def spread_sample(file: InputFile, *, most_lines: int = MANY_LINES) -> list[bytes]:
    """Lines from the start, the end and places between of a file, in order, `most_lines` at most. Raises InputError.

    Lines come in runs of neighbours, without line ends and BOM; blank lines are left out. A file of a megabyte with no
    more lines than that comes whole. Of a compressed file, and of JSON documents, only the first 16 MiB of text are
    looked at.
    """
    with open_text(file) as stream:
        if file.compression == "plain" and stream.seekable():
            return _spread(file, stream, file.bytes, most_lines)
        text = read_text(file, stream, _MOST_DECOMPRESSED)
        size = len(text) if len(text) < _MOST_DECOMPRESSED else text.rfind(b"\n") + 1
    return _spread(file, io.BytesIO(text), size, most_lines)


def _spread(file: InputFile, stream: IO[bytes], size: int, most_lines: int) -> list[bytes]:
    """Lines of windows that are spread over the first `size` bytes of a text."""
    if size <= _WINDOWS * _WINDOW_BYTES:
        return list(_runs(_window_lines(file, stream, 0, size), most_lines))
    last = size - _WINDOW_BYTES
    starts = [last * number // (_WINDOWS - 1) for number in range(_WINDOWS)]
    each = max(1, most_lines // _WINDOWS)
    windows = [_window_lines(file, stream, start, _WINDOW_BYTES, most=each) for start in starts[:-1]]
    windows.append(_window_lines(file, stream, last, _WINDOW_BYTES)[-each:])
    if not any(line.startswith(_DIRECTIVE) for window in windows for line in window):
        stream.seek(0)
        at, directive = _directive(read_text(file, stream, min(size, _MOST_DECOMPRESSED)))
        behind = next((number for number, start in enumerate(starts) if directive and start > at), 0)
        windows[behind] = [*directive, *windows[behind]]
    return [line for window in windows for line in window][:most_lines]


def _directive(text: bytes) -> tuple[int, list[bytes]]:
    """Where the first directive of a text stands, and its line; an empty list where there is none."""
    at = text.find(b"\n" + _DIRECTIVE) + 1
    return at, [text[at:].partition(b"\n")[0].removesuffix(b"\r")] if at else []


def _window_lines(file: InputFile, stream: IO[bytes], start: int, size: int, *, most: int | None = None) -> list[bytes]:
    """The whole lines of a window of a text that are not blank.

    With `most` they are at most so many, and the last line of the window may go on behind it.
    """
    # One byte before tells whether a line begins where the window begins.
    before = min(start, 1)
    stream.seek(start - before)
    lines = read_text(file, stream, size + before).split(b"\n")
    if most is not None:
        lines.pop()
    if start:
        lines = lines[1:]
    elif lines:
        lines[0] = lines[0].lstrip(b"\0").removeprefix(BOM.encode())
    whole = (line.lstrip(b"\0").removesuffix(b"\r") for line in lines)
    return list(islice((line for line in whole if line.strip(_SPACE)), most))


def _runs(lines: list[bytes], most_lines: int) -> Iterator[bytes]:
    """Runs of neighbouring lines, spread over all lines, `most_lines` in all; all lines where they are no more."""
    if len(lines) <= most_lines:
        yield from lines
        return
    runs = min(_WINDOWS, most_lines)
    each = most_lines // runs
    last = len(lines) - each
    done = 0
    for number in range(runs):
        start = last * number // max(1, runs - 1)
        yield from [line for line in lines[done:start] if line.startswith(_DIRECTIVE)][-1:]
        yield from lines[start : start + each]
        done = start + each


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
