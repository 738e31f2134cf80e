"""The cells that kernels cut out of lines, and what becomes of them: columns of text, instants, numbers, status codes.

A cell is where the text of a field is in a chunk. What a kernel is not sure of is marked, never guessed: the careful
reading of the profile's lines has to tell.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute import zero_copy_text
from logcorr.compute.kernels import compiled
from logcorr.formats.profile import Unit

# What a cell holds: core/kernels/cut.h has the same numbers. ESCAPED is a text with backslashes, DOUBLED one with
# doubled quotes, BARE one without quotes in a syntax that has them. Cells from STRING on have a text.
MISSING, NULL, STRING, ESCAPED, NUMBER, BOOLEAN, OBJECT, ARRAY, BARE, DOUBLED = range(10)
# What became of a line. Only a SURE line has cells. OTHER is no JSON object.
SURE, UNSURE, OTHER, BLANK = range(4)
# What became of a text of a time: not read, read, or read as UTC because it tells no zone.
NOT_READ, WITH_ZONE, WITHOUT_ZONE = range(3)
# What `edges` tells of a text.
BLANK_END, SHORT, TINY = 1, 2, 4
# What `equals` gives for a text that is none of the constants, and for one whose escapes have to be decoded.
NO_CONSTANT, NOT_TOLD = 255, 254

Int32s = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

_RFC_3339, _EPOCH, _EPOCH_HEX, _PATTERN = range(4)
_ATTRIBUTES: Final = ("text", "target", "client")
_YEAR_BYTES = 4
_BLANKS, _EXPONENTS = tuple(b" \t"), tuple(b"eE")
_WITHOUT_TEXT = 1 << MISSING | 1 << NULL
_POWERS: Final[dict[Unit, int]] = {"s": 6, "ms": 3, "us": 0, "ns": -3}
_WORDED: Final[dict[Unit, int]] = {"go": 0, "timedelta": 1}
_EPOCHS: Final = {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}
_RIVALS: Final = ({"Y", "y"}, {"H", "I"}, {"m", "b"})
_DIRECTIVES: Final = frozenset("YymdbaHIpMSfz")


class Span(NamedTuple):
    """A cell for each row, int32, int32 and uint8: where it begins and ends (excluded) in the chunk, and its type.

    A cell that is MISSING has no text; its begin and end are 0.
    """

    begin: Int32s
    end: Int32s
    type: Bytes

    def of_rows(self, rows: npt.NDArray[Any]) -> "Span":
        """The cells of some rows, given as indexes or flags."""
        return Span(self.begin[rows], self.end[rows], self.type[rows])


class Cells(msgspec.Struct, frozen=True):
    """The cells of lines. `begin`, `end` and `type` have the shape (slots, rows); `state` has one for each line.

    `rule` has for each line the number of the pattern that matched, 255 for none. `counts` has the number of cells of
    each line of csv. Both are None elsewhere.
    """

    begin: Int32s
    end: Int32s
    type: Bytes
    state: Bytes
    rule: Bytes | None = None
    counts: Int32s | None = None

    @property
    def rows(self) -> int:
        return self.state.size

    def slot(self, number: int) -> Span:
        """The cells of one slot."""
        return Span(self.begin[number], self.end[number], self.type[number])


def empty_cells(slots: int, rows: int, *, rule: bool = False, counts: bool = False) -> Cells:
    """Room for cells, which a kernel fills."""
    return Cells(
        np.empty((slots, rows), np.int32),
        np.empty((slots, rows), np.int32),
        np.empty((slots, rows), np.uint8),
        np.empty(rows, np.uint8),
        np.empty(rows, np.uint8) if rule else None,
        np.empty(rows, np.int32) if counts else None,
    )


def text_column(text: bytes, span: Span, *, nulls: Sequence[int] = (MISSING, NULL), quote: str = '"') -> pl.Series:
    """The texts of cells as a column (String), in memory of its own. Escapes are decoded.

    Cells of the types `nulls` become null. `quote` is the one that is doubled in DOUBLED cells. A lone surrogate
    becomes U+FFFD. `text` is UTF-8.
    """
    rows, bits = span.type.size, sum(1 << kind for kind in nulls)
    ends, present = np.empty(rows + 1, np.int64), np.empty(-(-rows // 8), np.uint8)
    texts = np.empty(int((span.end - span.begin).sum(dtype=np.int64)), np.uint8)
    used, null_count = compiled.cut_texts(text, *span, bits, ord(quote), texts, ends, present)
    if used < texts.size:
        texts = texts[:used].copy()
    return zero_copy_text.text_column(texts, ends, present if null_count else None)


class TimeForm(msgspec.Struct, frozen=True):
    """A form of times, compiled. `lacks_year` and `lacks_date` tell what has to be given from elsewhere."""

    kind: int
    power: int = 0
    directives: bytes = b""
    lacks_year: bool = False
    lacks_date: bool = False


def time_form(form: str) -> TimeForm | None:
    """A form as profiles name it: `rfc3339`, `epoch_…`, or a pattern with `%`; None if the kernel does not read it."""
    if form == "rfc3339":
        return TimeForm(_RFC_3339)
    if form in _EPOCHS:
        return TimeForm(_EPOCH, _EPOCHS[form])
    return TimeForm(_EPOCH_HEX) if form == "epoch_hex_s_ns" else _pattern_form(form)


def _pattern_form(form: str) -> TimeForm | None:
    directives, letters = bytearray(), []
    at = 0
    while at < len(form):
        if form[at] == "%" and form[at + 1 : at + 2] != "%":
            letter = form[at + 1 : at + 2]
            if letter not in _DIRECTIVES or not letter:
                return None
            letters.append(letter)
            directives += letter.encode() + b"\0"
            at += 2
            continue
        for byte in form[at].encode():
            directives += bytes([0, byte])
        at += 2 if form[at] == "%" else 1
    told = set(letters)
    if "%" not in form or len(told) < len(letters) or any(told >= rivals for rivals in _RIVALS):
        return None
    if ("I" in told) != ("p" in told):
        return None
    lacks_year, lacks_date = not told & {"Y", "y"}, "d" not in told or not told & {"m", "b"}
    return TimeForm(_PATTERN, 0, bytes(directives), lacks_year, lacks_date)


def times(text: bytes, span: Span, form: TimeForm, day: date = date(1970, 1, 1)) -> tuple[npt.NDArray[np.int64], Bytes]:
    """The instants of cells, µs since 1970 UTC, and for each NOT_READ, WITH_ZONE or WITHOUT_ZONE.

    What a form does not tell of the date is taken from `day`. NOT_READ may still be a time in a form that the careful
    reading allows.
    """
    instants, outcome = np.empty(span.type.size, np.int64), np.empty(span.type.size, np.uint8)
    told = (form.kind, form.power, form.directives, day.year, day.month, day.day)
    compiled.cut_times(text, *span, told, instants, outcome)
    return instants, outcome


def numbers(text: bytes, span: Span, power: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Plain decimal numbers times 10^power, rounded (a tie to the even number), and which cells were read.

    The whole part may have commas between thousands. Numbers with an exponent or of very many digits are not read.
    """
    values, sound = np.empty(span.type.size, np.int64), np.empty(span.type.size, np.uint8)
    compiled.cut_numbers(text, *span, power, values, sound)
    return values, sound.view(np.bool_)


def durations(text: bytes, span: Span, unit: Unit) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Durations in a unit of profiles, in whole µs (a tie goes to the even number), and which cells were read."""
    if unit in _POWERS:
        return numbers(text, span, _POWERS[unit])
    values, sound = np.empty(span.type.size, np.int64), np.empty(span.type.size, np.uint8)
    compiled.cut_durations(text, *span, _WORDED[unit], values, sound)
    return values, sound.view(np.bool_)


def attributes(text: bytes, span: Span, kind: str, *, escaped: bool) -> tuple[Span, npt.NDArray[np.int64]]:
    """The cells of an attribute, which is a "text", a "target" or a "client", and the indexes of odd cells.

    Cells lose the blanks at their ends; of a target only the path is left; nothing and `-` are MISSING. Odd cells stay
    as they are: those with escapes, targets that may have a host, and clients that are no single address. With
    `escaped` a backslash in a text begins an escape.
    """
    rows = span.type.size
    cut = Span(np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.uint8))
    odd = np.empty(rows, np.uint8)
    count = compiled.cut_attributes(text, *span, _ATTRIBUTES.index(kind), escaped, *cut, odd)
    return cut, np.flatnonzero(odd) if count else np.empty(0, np.int64)


def may_fit(text: bytes, span: Span, form: str) -> npt.NDArray[np.bool_]:
    """Which texts may be times in a form, by their fifth byte: a cheap look before the careful reading.

    Only of a date that begins with a year is the fifth byte a hyphen or a slash, and of a number it is neither, unless
    an exponent stands before it.
    """
    sure = (span.end - span.begin > _YEAR_BYTES) & (span.type != ESCAPED) & (span.type != DOUBLED)
    octets = np.frombuffer(text, np.uint8)
    at = np.where(sure, span.begin, 0)
    sure &= ~np.isin(octets[at], _BLANKS)

    def byte(place: int) -> Bytes:
        found: Bytes = octets[np.minimum(at + place, octets.size - 1)]
        return found

    fits: npt.NDArray[np.bool_] = np.ones(span.type.size, np.bool_)
    literal = form[2:3] if form[2:3].isascii() and form[2:3] not in ("", "%") else None
    if form == "rfc3339":
        fits = byte(_YEAR_BYTES) == ord("-")
    elif form in _EPOCHS:
        dated = (byte(_YEAR_BYTES) == ord("-")) & ~np.isin(byte(_YEAR_BYTES - 1), _EXPONENTS)
        fits = ~(dated | (byte(2) == ord("/")))
    elif literal is not None and form[:2] in ("%Y", "%d"):
        fits = byte(_YEAR_BYTES if form[:2] == "%Y" else 2) == ord(literal)
        # Of a day of one digit the blank went with those around the text.
        fits |= (byte(1) == ord(literal)) & (form[:2] == "%d")
    fits |= ~sure
    return fits


def decoded(text: bytes, span: Span) -> tuple[bytes, Span]:
    """The texts of cells behind each other in a text of their own, with escapes decoded and without a line end.

    So the kernels can cut what a wrapper has as an escaped text. Cells without a text stay what they are.
    """
    rows = span.type.size
    texts, ends = np.empty(int((span.end - span.begin).sum(dtype=np.int64)), np.uint8), np.empty(rows + 1, np.int64)
    present = np.empty(-(-rows // 8), np.uint8)
    used, _ = compiled.cut_texts(text, *span, _WITHOUT_TEXT, ord('"'), texts, ends, present)
    begin, end = ends[:-1].astype(np.int32), ends[1:].astype(np.int32)
    kinds = np.where(span.type >= STRING, STRING, span.type).astype(np.uint8)
    for mark in b"\n\r":
        last = np.zeros(rows, np.bool_)
        held = np.flatnonzero(end > begin)
        last[held] = texts[end[held] - 1] == mark
        end -= last
    return texts[:used].tobytes(), Span(begin, end, kinds)


def status(text: bytes, span: Span) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
    """Status codes of one to three digits, and which cells were read."""
    codes, sound = np.empty(span.type.size, np.int16), np.empty(span.type.size, np.uint8)
    compiled.cut_status(text, *span, codes, sound)
    return codes, sound.view(np.bool_)


def equals(text: bytes, span: Span, constants: Sequence[str], *, prefix: bool = False) -> Bytes:
    """For each cell the number of the first constant that it is equal to (or begins with): uint8.

    NO_CONSTANT is for a cell that is equal to none, or has no text; NOT_TOLD for a text with escapes. There may be up
    to 253 constants.
    """
    encoded = [constant.encode() for constant in constants]
    ends = np.cumsum([len(constant) for constant in encoded], dtype=np.int32)
    found = np.empty(span.type.size, np.uint8)
    compiled.cut_equals(text, *span, b"".join(encoded), ends, prefix, found)
    return found


def edges(text: bytes, span: Span, most_bytes: int) -> tuple[Bytes, int]:
    """What the ends and the length of each text say (uint8), and all flags that occur.

    BLANK_END: it has a blank at an end, or may have one behind an escape. SHORT: it has at most `most_bytes` bytes.
    TINY: it has one byte or none.
    """
    flags = np.empty(span.type.size, np.uint8)
    return flags, compiled.cut_edges(text, *span, most_bytes, flags)
