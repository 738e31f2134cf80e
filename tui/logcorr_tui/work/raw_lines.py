"""The raw lines of a log by their number, each with its neighbours: read a block at a time, and bounded.

In a plain file, reading starts at the nearest line before whose offset is remembered. A compressed file is read from
its start.
"""

import threading
from bisect import bisect_right

import msgspec

from logcorr.cluster.sources import input_file
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile, fingerprint
from logcorr.model.errors import Cancelled, InputError, StoreError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Fingerprint

NEIGHBOURS = 3
_BLOCK_BYTES = 1 << 20
_START_EVERY = 1 << 24
_LONGEST = 4096
# A log in a bucket is fetched up to the line.
_MOST_FETCHED = 1 << 26
_TOO_FAR = "The log is in a bucket, and too large to fetch it up to this line."
_CHANGED = "The log has changed since the run: these may be other lines."


class Excerpt(msgspec.Struct, frozen=True):
    """Lines of a file (number from 1, text). The note says why there are none, or that the file has changed."""

    lines: list[tuple[int, str]]
    note: str = ""


class RawLineReader:
    """Reads raw lines of the inputs of one run, and remembers offsets in plain files. For one thread at a time."""

    def __init__(self) -> None:
        self._line_starts: dict[str, list[tuple[int, int]]] = {}

    def read(self, side: Log, known: Fingerprint, line: int, cancel: threading.Event) -> Excerpt:
        """The line and its neighbours. Raises Cancelled once `cancel` is set."""
        try:
            file = input_file(side, known.path)
            if file.source is not None and file.bytes > _MOST_FETCHED:
                return Excerpt([], _TOO_FAR)
            now = fingerprint(file)
            note = "" if now.digest == known.digest and now.bytes == known.bytes else _CHANGED
            if note:
                self._line_starts.pop(known.path, None)
            lines = self._lines(file, max(1, line - NEIGHBOURS), line + NEIGHBOURS, cancel)
        except (InputError, StoreError) as error:
            return Excerpt([], f"The log cannot be read any more: {error}")
        if not any(number == line for number, _ in lines):
            note = f"{_CHANGED} It has no line {line:,}."
        return Excerpt(lines, note)

    def _lines(self, file: InputFile, first: int, last: int, cancel: threading.Event) -> list[tuple[int, str]]:
        """The lines `first` to `last`, each cut to a few kilobytes."""
        starts = self._line_starts.setdefault(str(file.path), [(1, 0)])
        number, start = starts[bisect_right(starts, (first, 1 << 62)) - 1] if file.compression == "plain" else (1, 0)
        found: list[tuple[int, str]] = []
        held, at = b"", start  # `held` is the start of line `number`, where the line is wanted
        with open_text(file) as stream:
            seeks = file.compression == "plain" and stream.seekable()
            if start:
                stream.seek(start)
            while number <= last and (block := read_text(file, stream, _BLOCK_BYTES)):
                if cancel.is_set():
                    raise Cancelled("Nobody waits for these lines any more.")
                ends = block.count(b"\n")
                if number + ends < first:
                    number += ends
                    at += len(block)
                    if ends and seeks and at - starts[-1][1] >= _START_EVERY:
                        starts.append((number, at - (len(block) - block.rfind(b"\n") - 1)))
                    held = b""
                    continue
                for piece in _pieces(block):
                    if number >= first and len(held) < _LONGEST:
                        held += piece[: _LONGEST + 2]
                    if piece.endswith(b"\n"):
                        if first <= number <= last:
                            found.append((number, _text(held)))
                        number, held = number + 1, b""
                    if number > last:
                        break
                at += len(block)
        if held and first <= number <= last:
            found.append((number, _text(held)))
        return found


def _pieces(block: bytes) -> list[bytes]:
    pieces = [piece + b"\n" for piece in block.split(b"\n")]
    last = pieces.pop()[:-1]
    return [*pieces, last] if last else pieces


def _text(line: bytes) -> str:
    whole = line.removesuffix(b"\n").removesuffix(b"\r")
    return whole[:_LONGEST].decode(errors="replace")
