"""Input files → their lines a chunk of some megabytes at a time, whatever bytes they hold."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import polars as pl

from logcorr.formats.line_format import LINE_SCHEMA, LineFormat, scan_lines
from logcorr.inputs.files import InputFile
from logcorr.inputs.whole_lines import LongLine, in_utf8, spans

_DENSE_BYTES = 1 << 18
_LOOK_BYTES = 512
_LOOKS = 64
_SHORT_LINE_BYTES = 8
_SHORT_LINE_COST = 32


class Piece(NamedTuple):
    """A part of a chunk that is of one file: its number, its bytes, and how many lines it has, where counted."""

    file: int
    bytes: int
    lines: int | None


class Chunk(NamedTuple):
    """Whole lines of one file, or of several small ones."""

    text: bytes | LongLine
    pieces: Sequence[Piece]

    def lines(self, first_row: int) -> pl.LazyFrame:
        """The lines (LINE_SCHEMA), the first of which is row `first_row` of the side."""
        if isinstance(self.text, LongLine):
            row = (self.text.text, first_row, self.text.refused)
            return pl.LazyFrame([row], schema=LINE_SCHEMA, orient="row")
        return scan_lines(*in_utf8(self.text), first_row)

    def parted(self, form: LineFormat, first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """What `LineFormat.parse_common` makes of the lines."""
        if isinstance(self.text, LongLine):
            return pl.DataFrame(schema=form.schema), self.lines(first_row).collect()
        return form.parse_common(*in_utf8(self.text), first_row)


def chunks(files: Sequence[InputFile], size: int, *, access: bool = False) -> Iterator[Chunk]:
    """All lines of the files in order, about `size` bytes at a time; raises InputError as `spans` does."""
    held: list[tuple[int, bytes]] = []
    room = enough = size - size // 8
    for number, file in enumerate(files):
        for span in _thinned(spans(file, size, access=access)):
            if isinstance(span, LongLine):
                if held:
                    yield _joined(held)
                yield Chunk(span, [Piece(number, span.bytes, 1)])
                held, room = [], enough
                continue
            held.append((number, span))
            room -= len(span) * (_SHORT_LINE_COST if _is_dense(span) else 1)
            if room <= 0:
                yield _joined(held)
                held, room = [], enough
    if held:
        yield _joined(held)


def _joined(held: list[tuple[int, bytes]]) -> Chunk:
    if len(held) == 1:
        number, text = held[0]
        return Chunk(text, [Piece(number, len(text), None)])
    parts = [Piece(number, len(text), text.count(b"\n")) for number, text in held]
    return Chunk(b"".join(text for _, text in held), parts)


def _thinned(spans: Iterable[bytes | LongLine]) -> Iterator[bytes | LongLine]:
    """The same lines, fewer at a time where they are short: a line of a byte takes a hundred."""
    for span in spans:
        if isinstance(span, LongLine) or len(span) <= _DENSE_BYTES or not _is_dense(span):
            yield span
            continue
        start = 0
        while start < len(span):
            stop = span.find(b"\n", start + _DENSE_BYTES) + 1 or len(span)
            yield span[start:stop]
            start = stop


def _is_dense(text: bytes) -> bool:
    """Whether lines are very short, in any of many places."""
    step = max(_LOOK_BYTES, len(text) // _LOOKS)
    places = range(0, len(text), step)
    return any(text.count(b"\n", at, at + _LOOK_BYTES) * _SHORT_LINE_BYTES > _LOOK_BYTES for at in places)
