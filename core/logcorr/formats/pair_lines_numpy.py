"""The lines of a pair's log that are of its common form → entries, for all lines of a chunk at once.

Every entry found here is one for sure; all other lines stay lines, for `pairlog.classify`.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.arrow_text import Span, lines_frame, parts
from logcorr.compute.byte_words import BYTES, Places, Words
from logcorr.formats.line_format import few, null_if_empty
from logcorr.formats.timestamps import CommonForm
from logcorr.formats.timestamps_numpy import Flags, stamps
from logcorr.model.ledger import Side

NO_IDS = ("", "-", "null", "none", "nil", "undefined")
_NO_ID_SPELLINGS = pl.Series(
    ["".join(letters) for word in NO_IDS for letters in product(*({char, char.upper()} for char in word))]
)
_USUAL_ID_BYTES = max(len(word) for word in NO_IDS) + 1
_COMMA, _NEWLINE, _RETURN, _SPACE, _TAB, _ZERO = b",\n\r \t0"
_FIELDS = 3
_STATUS_DIGITS = 3


def parted(
    text: bytes, wrong: list[int], side: Side, form: CommonForm, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """What `LineFormat.parted` gives, for one side's lines with timestamps of a form."""
    lines = _Lines(text, wrong)
    common = np.zeros(lines.start.size, np.bool_)
    columns: dict[str, Any] = {"time": np.empty(common.size, np.int64)}
    if len(text) >= BYTES:
        columns["time"], common = stamps(form).read(Words(text), lines.start, lines.first_comma)
    common &= lines.three & ~lines.wrong
    request_id = lines.first_comma + 1, lines.second_comma
    value = lines.second_comma + 1, lines.end
    common &= (request_id[1] > request_id[0]) & lines.bare(*request_id)
    columns["row"] = lines.rows(first_row)
    texts: dict[str, Span] = {"request_id": request_id}
    if side == "request":
        common &= (value[0] == value[1]) | lines.bare(*value)
        texts["user_id"] = value
    else:
        columns["status_code"], sound = lines.status(*value)
        common &= sound
    common &= lines.usual(common, *request_id)
    rest = None
    if not common.all():
        rest = lines.frame(np.flatnonzero(~common), first_row)
        kept = np.flatnonzero(common)
        columns = {name: column[kept] for name, column in columns.items()}
        texts = {name: (start[kept], end[kept]) for name, (start, end) in texts.items()}
    return _entries(text, texts, columns), rest


def _entries(text: bytes, texts: dict[str, Span], columns: dict[str, Any]) -> pl.DataFrame:
    found = parts(text, *texts.values())
    entries = pl.DataFrame({**dict(zip(texts, found, strict=True)), **columns})
    users = texts.get("user_id")
    if users is not None and (users[0] == users[1]).any():
        entries = entries.with_columns(null_if_empty("user_id").alias("user_id"))
    value = "status_code" if users is None else "user_id"
    return entries.select("request_id", "time", value, "row")


class _Lines:
    """Where the lines of a text and their fields are: arrays of a number for each line.

    `three` tells the lines of three fields, in the others the commas are anywhere.
    """

    def __init__(self, text: bytes, wrong: list[int]) -> None:
        self._text = text
        self._octets = np.frombuffer(text, np.uint8)
        marks = self._octets == _COMMA
        marks |= self._octets == _NEWLINE
        places = np.flatnonzero(marks)
        last = np.flatnonzero(self._octets.take(places) == _NEWLINE)
        ends = places.take(last)
        self.three: Flags = np.diff(last, prepend=-1) == _FIELDS
        self.first_comma: Places = places.take(last - 2, mode="clip")
        self.second_comma: Places = places.take(last - 1, mode="clip")
        self.start: Places = np.concatenate([[0], ends[:-1] + 1])
        self.end: Places = np.maximum(ends - (self._at(ends - 1) == _RETURN), self.start)
        self.wrong: Flags = np.zeros(ends.size, np.bool_)
        self.wrong[np.searchsorted(self.start, wrong)] = True

    def rows(self, first_row: int) -> npt.NDArray[np.uint32]:
        """The row of each line."""
        return np.arange(first_row, first_row + self.start.size, dtype=np.uint32)

    def bare(self, start: Places, end: Places) -> Flags:
        """Whether what stands from `start` to `end`, which is something, surely has no blank at either end."""
        first, last = self._at(start), self._at(end - 1)
        found: Flags = (first > _SPACE) & (last != _SPACE) & (last != _TAB)
        return found

    def usual(self, common: Flags, start: Places, end: Places) -> Flags:
        """Whether an id is none of the words for no id; where few may be, they stay to be looked at."""
        usual = end - start >= _USUAL_ID_BYTES
        short = np.flatnonzero(common & ~usual)
        if not few(short.size, usual.size):
            ids = parts(self._text, (start[short], end[short]))[0]
            usual[short] = ~ids.is_in(_NO_ID_SPELLINGS.implode()).to_numpy()
        return usual

    def status(self, start: Places, end: Places) -> tuple[npt.NDArray[np.int16], Flags]:
        """The status codes from `start` to `end`, and which of them are one to three digits."""
        digits = end - start
        sound = (digits > 0) & (digits <= _STATUS_DIGITS)
        code = np.zeros(digits.size, np.int16)
        for place in range(_STATUS_DIGITS):
            value = self._at(end - 1 - place) - np.uint8(_ZERO)
            there = digits > place
            sound &= (value <= 9) | ~there
            code += np.int16(10**place) * (value * there)
        return code, sound

    def frame(self, some: Places, first_row: int) -> pl.DataFrame:
        """Some of the lines as LINE_SCHEMA."""
        return lines_frame(self._text, (self.start[some], self.end[some]), first_row + some, self.wrong[some])

    def _at(self, places: Places) -> npt.NDArray[np.uint8]:
        # Where a line has no such field, a place may be none of the text.
        return self._octets.take(places, mode="clip")
