"""Lines of the common form of pair logs → entries, for all lines of a chunk at once.

Every entry that is found here is sure. All other lines are returned as lines, for `pair_lines.classify`.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.bytes_as_words import BYTES, Positions, Words
from logcorr.compute.zero_copy_text import Span, lines_frame, text_columns
from logcorr.formats.line_format import null_if_empty, too_few
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


def parse_common(
    text: bytes, wrong: list[int], side: Side, form: CommonForm, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """`LineFormat.parse_common` for the lines of one side, with timestamps of a form."""
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
    other_lines = None
    if not common.all():
        other_lines = lines.frame(np.flatnonzero(~common), first_row)
        common_rows = np.flatnonzero(common)
        columns = {name: column[common_rows] for name, column in columns.items()}
        texts = {name: (start[common_rows], end[common_rows]) for name, (start, end) in texts.items()}
    return _entries(text, texts, columns), other_lines


def _entries(text: bytes, texts: dict[str, Span], columns: dict[str, Any]) -> pl.DataFrame:
    text_series = text_columns(text, *texts.values())
    entries = pl.DataFrame({**dict(zip(texts, text_series, strict=True)), **columns})
    users = texts.get("user_id")
    if users is not None and (users[0] == users[1]).any():
        entries = entries.with_columns(null_if_empty("user_id").alias("user_id"))
    value = "status_code" if users is None else "user_id"
    return entries.select("request_id", "time", value, "row")


class _Lines:
    """The byte positions of the lines of a text and of their commas: arrays with an item for each line.

    `three` marks the lines of three fields. For other lines the positions of the commas are meaningless.
    """

    def __init__(self, text: bytes, wrong: list[int]) -> None:
        self._text = text
        self._octets = np.frombuffer(text, np.uint8)
        marks = self._octets == _COMMA
        marks |= self._octets == _NEWLINE
        positions = np.flatnonzero(marks)
        last = np.flatnonzero(self._octets.take(positions) == _NEWLINE)
        ends = positions.take(last)
        self.three: Flags = np.diff(last, prepend=-1) == _FIELDS
        self.first_comma: Positions = positions.take(last - 2, mode="clip")
        self.second_comma: Positions = positions.take(last - 1, mode="clip")
        self.start: Positions = np.concatenate([[0], ends[:-1] + 1])
        self.end: Positions = np.maximum(ends - (self._at(ends - 1) == _RETURN), self.start)
        self.wrong: Flags = np.zeros(ends.size, np.bool_)
        self.wrong[np.searchsorted(self.start, wrong)] = True

    def rows(self, first_row: int) -> npt.NDArray[np.uint32]:
        """The row of each line."""
        return np.arange(first_row, first_row + self.start.size, dtype=np.uint32)

    def bare(self, start: Positions, end: Positions) -> Flags:
        """Whether a text, from `start` to `end` (excluded), surely has no blank at its ends. It must not be empty."""
        first, last = self._at(start), self._at(end - 1)
        is_bare: Flags = (first > _SPACE) & (last != _SPACE) & (last != _TAB)
        return is_bare

    def usual(self, common: Flags, start: Positions, end: Positions) -> Flags:
        """Whether an id is none of the words for no id. If few ids are short, all short ids are left to `classify`."""
        usual = end - start >= _USUAL_ID_BYTES
        short = np.flatnonzero(common & ~usual)
        if not too_few(short.size, usual.size):
            ids = text_columns(self._text, (start[short], end[short]))[0]
            usual[short] = ~ids.is_in(_NO_ID_SPELLINGS.implode()).to_numpy()
        return usual

    def status(self, start: Positions, end: Positions) -> tuple[npt.NDArray[np.int16], Flags]:
        """The status codes from `start` to `end` (excluded), and which texts are one to three digits."""
        digits = end - start
        sound = (digits > 0) & (digits <= _STATUS_DIGITS)
        code = np.zeros(digits.size, np.int16)
        for index in range(_STATUS_DIGITS):
            value = self._at(end - 1 - index) - np.uint8(_ZERO)
            has_digit = digits > index
            sound &= (value <= 9) | ~has_digit
            code += np.int16(10**index) * (value * has_digit)
        return code, sound

    def frame(self, rows: Positions, first_row: int) -> pl.DataFrame:
        """The lines of the given rows as LINE_SCHEMA."""
        return lines_frame(self._text, (self.start[rows], self.end[rows]), first_row + rows, self.wrong[rows])

    def _at(self, positions: Positions) -> npt.NDArray[np.uint8]:
        # A line of fewer fields has positions that may be outside of the text.
        return self._octets.take(positions, mode="clip")
