"""The cells of lines, as both executors of profiles give them, and `FrameCells`, which polars reads.

A cell is the text that a line has at a path, and its kind (see `json_fields`). `FrameCells` and `KernelCells` (see
`kernel_cells`) give the same for any line.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, Protocol, Self

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.formats import durations, time_forms
from logcorr.formats.json_fields import BOOLEAN, CONTAINER, NULL, NUMBER, STRING
from logcorr.formats.line_format import SPACE
from logcorr.formats.line_hashes import line_hashes
from logcorr.formats.profile import Unit
from logcorr.formats.time_forms import Clocks

# How an attribute is read: as it is, as the target of a request, or as the address of a client.
AttributeKind = Literal["text", "target", "client"]
_STATUS = r"^[0-9]{1,3}$"
_MOST_STATUS, _MOST_DIGITS = 1000, 20
_NONE = ["", "-"]


class AttributeCells(msgspec.Struct, frozen=True):
    """The texts of an attribute, or their codes (UInt32). Those at the places `odd` are to be read as `odd_texts`.

    A text that is not odd needs nothing more: a target has no query, scheme and host, and a client is written in its
    one way.
    """

    column: pl.Series
    odd: pl.Series
    odd_texts: pl.Series


class Cells(Protocol):
    """The cells of some lines. A path that no line can have is missing in every line."""

    @property
    def rows(self) -> pl.Series:
        """The row of each line (UInt32)."""

    @property
    def height(self) -> int:
        """How many lines there are."""

    def filter(self, mask: pl.Series) -> Self:
        """The cells of the lines that are marked."""

    def kind(self, path: str) -> pl.Series:
        """The kind of each cell (UInt8)."""

    def has(self, path: str) -> bool:
        """Whether any line has a value at a path that is not null."""

    def text(self, path: str) -> pl.Series:
        """The text of each cell (String); null where it has none."""

    def pick(self, path: str, pattern: str) -> str:
        """The path of new cells: they hold what the one group of a pattern takes of the texts at `path`."""

    def matches(self, path: str, pattern: str) -> pl.Series:
        """Whether a pattern is found at the start of each text."""

    def attribute(
        self, path: str, kind: AttributeKind, *, escaped: bool, codes: TextCodes | None = None
    ) -> "AttributeCells":
        """An attribute as it is read. With `escaped` a backslash in a text begins an escape.

        With `codes` it may come as these.
        """

    def stripped(self, path: str) -> pl.Series:
        """The texts without blanks at their ends."""

    def value(self, path: str) -> pl.Series:
        """The texts without blanks at their ends; null for nothing and for `-`."""

    def request_id(self, path: str, words: Sequence[str]) -> pl.Series:
        """The texts without blanks at their ends; null for what is no id, such as one of `words` in any case."""

    def equal(self, path: str, values: Sequence[str]) -> pl.Series:
        """Whether each text is one of the values."""

    def begins(self, path: str, prefix: str) -> pl.Series:
        """Whether each text begins with a prefix."""

    def clocks(self, path: str, form: str) -> Clocks:
        """The clocks of the texts: see `time_forms.clocks`."""

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        """The durations of the texts (Int64, µs; null for none), and which texts are no duration (None for none)."""

    def codes(self, path: str) -> pl.Series:
        """The numbers of texts of one to three digits (Int16); null for all others."""

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        """The texts of a few lines, by their places among these lines."""

    def line_hashes(self) -> pl.Series:
        """A hash (UInt32) of the text of each line, which lives within one run."""


def all_odd(values: pl.Series) -> AttributeCells:
    """An attribute of which every value is to be read."""
    odd = values.is_not_null().arg_true()
    return AttributeCells(values, odd, values.gather(odd))


def without_none(text: pl.Series) -> pl.Series:
    """Texts with null for nothing and for `-`."""
    none = text.is_in(_NONE).fill_null(value=False)
    return text.set(none, None) if none.any() else text


def read_durations(text: pl.Series, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
    """The durations of stripped texts, and which texts are no duration: see `Cells.micros`."""
    own = without_none(text)
    read = durations.micros(own, unit)
    return read, some(read.is_null() & own.is_not_null())


def some(flags: pl.Series) -> pl.Series | None:
    """The flags, or None where no row has the flag."""
    return flags if flags.any() else None


def read_codes(text: pl.Series, is_number: pl.Series | None = None) -> pl.Series:
    """The numbers of stripped texts of one to three digits (Int16); null for all others.

    `is_number` tells which texts are numbers of JSON: `200.0` and `2e2` are codes then.
    """
    digits = pl.when(pl.col("text").str.contains(_STATUS)).then(pl.col("text"))
    codes = text.to_frame("text").select(digits.cast(pl.Int16, strict=False)).to_series()
    if is_number is None:
        return codes
    left = (codes.is_null() & is_number).arg_true()
    return codes.scatter(left, [_whole(number) for number in text.gather(left)]) if left.len() else codes


def _whole(number: str) -> int | None:
    """A number of JSON that is a whole one of up to three digits; else None."""
    if len(number) > _MOST_DIGITS:
        return None
    value = Decimal(number)
    return int(value) if value < _MOST_STATUS and value == value.to_integral_value() and value >= 0 else None


class FrameCells:
    """Cells in a frame: for each path a column of texts and one of kinds."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @property
    def rows(self) -> pl.Series:
        return self.frame.get_column("row")

    @property
    def height(self) -> int:
        return self.frame.height

    def filter(self, mask: pl.Series) -> Self:
        return type(self)(self.frame.filter(mask))

    def kind(self, path: str) -> pl.Series:
        column = kind_column(path)
        if column in self.frame.columns:
            return self.frame.get_column(column)
        return self.text(path).is_not_null().cast(pl.UInt8) * STRING

    def has(self, path: str) -> bool:
        return bool((self.kind(path) > NULL).any())

    def pick(self, path: str, pattern: str) -> str:
        key = picked(path, pattern)
        if text_column(key) not in self.frame.columns:
            found = self.text(path).str.extract(pattern, 1)
            self.frame = self.frame.with_columns(found.alias(text_column(key)))
        return key

    def matches(self, path: str, pattern: str) -> pl.Series:
        return self.text(path).str.contains(f"^(?:{pattern})").fill_null(value=False)

    def attribute(
        self, path: str, kind: AttributeKind, *, escaped: bool, codes: TextCodes | None = None
    ) -> AttributeCells:
        del kind, escaped, codes
        return all_odd(self.value(path))

    def text(self, path: str) -> pl.Series:
        for column in (text_column(path), path):
            if column in self.frame.columns and (column != path or path.startswith("@")):
                return self.frame.get_column(column)
        return pl.repeat(None, self.height, dtype=pl.String, eager=True)

    def stripped(self, path: str) -> pl.Series:
        return self.text(path).str.strip_chars(SPACE)

    def value(self, path: str) -> pl.Series:
        return without_none(self.stripped(path))

    def request_id(self, path: str, words: Sequence[str]) -> pl.Series:
        text = self.stripped(path)
        wrong = text.str.to_lowercase().is_in(list(words)).fill_null(value=True)
        wrong |= self.kind(path).is_in([BOOLEAN, CONTAINER])
        return text.set(wrong, None) if wrong.any() else text

    def equal(self, path: str, values: Sequence[str]) -> pl.Series:
        return self.text(path).is_in(list(values)).fill_null(value=False)

    def begins(self, path: str, prefix: str) -> pl.Series:
        return self.text(path).str.starts_with(prefix).fill_null(value=False)

    def clocks(self, path: str, form: str) -> Clocks:
        return time_forms.clocks(self.stripped(path), form)

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        return read_durations(self.stripped(path), unit)

    def codes(self, path: str) -> pl.Series:
        return read_codes(self.stripped(path), self.kind(path) == NUMBER)

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        return self.text(path).gather(places)

    def line_hashes(self) -> pl.Series:
        octets = [line.encode() for line in self.frame.get_column("line")]
        ends = np.cumsum([len(line) for line in octets], dtype=np.int32)
        return line_hashes(b"".join(octets), np.concatenate([np.zeros(1, np.int32), ends[:-1]]), ends)


def text_column(path: str) -> str:
    """The name of the column with the text at a path."""
    return f"t:{path}"


def kind_column(path: str) -> str:
    """The name of the column with the kind of the value at a path."""
    return f"k:{path}"


def picked(path: str, pattern: str) -> str:
    """The path of the cells that a pattern takes of the texts at another path."""
    return f"{path}\n{pattern}"
