"""Timestamps of one form in the bytes of a text → µs since 1970 UTC, for all lines at once.

A sound timestamp has the instant that `timestamps.careful` gives. A text that is not sound may be a timestamp of
another form.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from logcorr.compute.bytes_as_words import BYTES, DIGIT, Pattern, Positions, UInt64Array, Words, digit, tens
from logcorr.formats.timestamps import MICRO_DIGITS, CommonForm

Int64Array = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_DATE: list[str | None] = [*[DIGIT] * 4, "-", DIGIT, DIGIT, "-", DIGIT, DIGIT]
_CLOCK: list[str | None] = [DIGIT, DIGIT, ":", DIGIT, DIGIT, ":", DIGIT, DIGIT]
_SECONDS, _FRACTION = 17, 20
_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000


class Stamps:
    """Reads timestamps of a form. A timestamp has `width` bytes."""

    def __init__(self, form: CommonForm) -> None:
        fraction = [".", *[DIGIT] * form.digits] if form.digits else []
        shape = [*_DATE, form.separator, *_CLOCK, *fraction, *form.zone]
        self.width = len(shape)
        self._offsets = list(range(0, self.width - BYTES + 1, BYTES))
        if self.width % BYTES:
            self._offsets.append(self.width - BYTES)
        self._patterns = [Pattern(shape[offset : offset + BYTES]) for offset in self._offsets]
        self._zone_us = form.zone_us
        kept = min(form.digits, MICRO_DIGITS)
        self._numbers = [(_SECONDS, 2, _SECOND_US)]
        for place in range(0, kept, 2):
            digits = min(2, kept - place)
            self._numbers.append((_FRACTION + place, digits, 10 ** (MICRO_DIGITS - place - digits)))

    def read(self, words: Words, start: Positions, end: Positions) -> tuple[Int64Array, Flags]:
        """The instants of the timestamps from `start` to `end` (excluded), and which of them are sound."""
        sound = end - start == self.width
        values = [
            pattern.values(words.at(start, offset))
            for offset, pattern in zip(self._offsets, self._patterns, strict=True)
        ]
        faults = self._patterns[0].faults(values[0])
        for pattern, word in zip(self._patterns[1:], values[1:], strict=True):
            faults |= pattern.faults(word)
        sound &= faults == 0
        minutes, real = _minutes_by_run(values[0], values[1])
        sound &= real
        pairs = [tens(word) for word in values[2:]]
        micros = np.zeros(start.size, np.uint64)
        for place, digits, unit in self._numbers:
            number = self._number(values, pairs, place, digits)
            if place == _SECONDS:
                sound &= number < 60
            number *= np.uint64(unit)
            micros += number
        minutes += micros.view(np.int64)
        if self._zone_us:
            minutes -= self._zone_us
        return minutes, sound

    def _number(self, values: list[UInt64Array], pairs: list[UInt64Array], index: int, digits: int) -> UInt64Array:
        """The number of one or two digits at an index of the form that lies after the minute."""
        for offset, word, pair in zip(self._offsets[2:], values[2:], pairs, strict=True):
            if offset <= index and index + digits <= offset + BYTES:
                return digit(word if digits == 1 else pair, index - offset)
        raise AssertionError(index)


@lru_cache(maxsize=8)
def stamps(form: CommonForm) -> Stamps:
    """The reader of a form. It is cached, as a side is read in many chunks."""
    return Stamps(form)


def _minutes_by_run(first: UInt64Array, second: UInt64Array) -> tuple[Int64Array, Flags]:
    """The minute of each pair of words, in µs since 1970, and whether it exists. A run of equal pairs is read once."""
    if not first.size:
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    differs = first[1:] != first[:-1]
    differs |= second[1:] != second[:-1]
    run_starts = np.concatenate([[0], np.flatnonzero(differs) + 1])
    run_lengths = np.diff(run_starts, append=first.size)
    minutes, real = _minutes(first[run_starts], second[run_starts])
    return np.repeat(minutes, run_lengths), np.repeat(real, run_lengths)


def _minutes(first: UInt64Array, second: UInt64Array) -> tuple[Int64Array, Flags]:
    def number(word: UInt64Array, *places: int) -> Int64Array:
        value = np.zeros(word.size, np.uint64)
        for place in places:
            value = value * np.uint64(10) + digit(word, place)
        return value.view(np.int64)

    year, month = number(first, 0, 1, 2, 3), number(first, 5, 6)
    day, hour, minute = number(second, 0, 1), number(second, 3, 4), number(second, 6, 7)
    months = (year - 1970) * 12 + month - 1
    begin, following = (
        month_number.astype("M8[M]").astype("M8[D]").astype(np.int64) for month_number in (months, months + 1)
    )
    real = (year > 0) & (month > 0) & (month <= 12) & (day > 0) & (day <= following - begin)
    real &= (hour < 24) & (minute < 60)
    return (((begin + day - 1) * 24 + hour) * 60 + minute) * _MINUTE_US, real
