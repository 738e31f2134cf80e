"""Numbers in the bytes of a text are those that Python reads there, or are left to others."""

import random
import re
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import polars as pl
import pytest

from logcorr.compute.bytes_as_words import Words
from logcorr.formats.decimals_numpy import BEYOND, decimals, digits, leading_zero, scaled
from logcorr.inputs.reader import batches

PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")


def tokens() -> list[str]:
    chance = random.Random(1)
    whole = [str(chance.randrange(10 ** chance.randint(1, 18))) for _ in range(2000)]
    split = [f"{chance.randrange(10 ** chance.randint(1, 10))}.{chance.randrange(10**9)}" for _ in range(2000)]
    odd = ["".join(chance.choices("0123456789.-e ", k=chance.randint(0, 12))) for _ in range(4000)]
    ties = ["0.5", "1.5", "2.5", "0.0005", "0.0015", "0.0025", "00.5", "007", "0", "00", "", ".", "1.", ".5", "9" * 16]
    return whole + split + odd + ties


@pytest.mark.parametrize("exponent", [3, 6, 0, -3])
def test_numbers(exponent: int) -> None:
    texts = tokens()
    words = Words("".join(f"{text}," for text in ["0" * 16, *texts]).encode())
    ends = 16 + np.cumsum([1 + len(text) for text in texts])
    starts = ends - [len(text) for text in texts]
    found = decimals(words, starts, ends)
    value, within = scaled(found, exponent)
    zero = leading_zero(words, found, starts)
    whole, are_whole = digits(words, starts, ends)
    for place, text in enumerate(texts):
        before, _, behind = text.partition(".")
        usual = PLAIN.fullmatch(text) and (len(text) <= 16 if text == before else max(len(before), len(behind)) <= 8)
        assert found.sound[place] == bool(usual), text
        assert are_whole[place] == (text.isdecimal() and len(text) <= 16), text
        assert not are_whole[place] or whole[place] == int(text)
        if not usual:
            continue
        assert zero[place] == (len(before) > 1 and text.startswith("0")), text
        exact = Decimal(text).scaleb(exponent).to_integral_value(ROUND_HALF_EVEN)
        assert value[place] == exact if within[place] else exact > BEYOND // 10**6, text


def test_batches_are_bounded_by_rows_and_by_frames() -> None:
    frames = [pl.DataFrame({"n": range(rows)}) for rows in (5, 5, 1, 1, 1, 1)]
    assert [frame.height for frame in batches(frames, 10, 3)] == [10, 3, 1]
