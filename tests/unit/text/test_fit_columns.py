"""Texts and rows are as wide in the cells of a terminal as they say, whatever the text is made of."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from logcorr.text.fit_columns import Fitted, TextColumn, head, middle, tail
from logcorr.text.safe import safe, takes_no_cell

# Letters, wide characters, marks, parts of Hangul syllables, emoji, joiners, and a wide character with a mark.
GLYPHS = ("a", " ", "\u5bbd", "\u3000", "\u0301", "\u1112", "\u1161", "\U0001f469", "\u200d", "\ufe0f", "\u304b\u3099")
TEXTS = st.lists(st.sampled_from(GLYPHS), max_size=30).map("".join).map(safe)


@given(TEXTS, st.integers(0, 40))
def test_a_cut_text_fits(text: str, cells: int) -> None:
    for cut in (head(text, cells), middle(text, cells), tail(text, cells)):
        assert cell_len(cut) <= cells
        assert (cut == text) == (cell_len(text) <= cells)
        # No more is lost than half a wide character.
        assert cell_len(cut) >= min(cells, cell_len(text)) - 1


@given(TEXTS, st.integers(1, 40))
def test_what_is_kept_is_of_the_text(text: str, cells: int) -> None:
    if cell_len(text) > cells:
        assert text.startswith(head(text, cells).removesuffix("…"))
        assert text.endswith(tail(text, cells).removeprefix("…"))


@pytest.mark.parametrize(
    ("text", "cells", "start", "both", "end"),
    [
        ("requests.log", 12, "requests.log", "requests.log", "requests.log"),
        ("requests.log", 7, "reques…", "req…log", "…ts.log"),
        ("requests.log", 1, "…", "…", "…"),
        ("requests.log", 0, "", "", ""),
        ("宽宽宽宽", 6, "宽宽…", "宽…宽", "…宽宽"),
        ("e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301…", "e\u0301…e\u0301", "…e\u0301e\u0301"),
        ("か\u3099か\u3099か\u3099", 5, "か\u3099か\u3099…", "か\u3099…か\u3099", "…か\u3099か\u3099"),
    ],
)
def test_where_a_text_is_cut(text: str, cells: int, start: str, both: str, end: str) -> None:
    assert (head(text, cells), middle(text, cells), tail(text, cells)) == (start, both, end)


def test_columns_stand_under_each_other_whatever_they_hold() -> None:
    names = ("plain", "宽宽", "e\u0301", "\u1112\u1161\u11ab", "か\u3099", "☰")
    fitted = Fitted(
        [TextColumn("name"), TextColumn("count", right=True), TextColumn("log", fill=True)],
        [[n, n, "|"] for n in names],
        80,
        1,
    )
    assert {cell_len(fitted.line([name, name, "|"])) for name in names} == {len("plain") + 2 + len("count") + 2 + 1}


def test_harmless_text_and_its_width_agree_on_what_takes_no_cell() -> None:
    harmless = (chr(code) for code in range(sys.maxunicode + 1) if safe(f"a{chr(code)}") == f"a{chr(code)}")
    assert [hex(ord(char)) for char in harmless if takes_no_cell(char) != (cell_len(char) == 0)] == []
