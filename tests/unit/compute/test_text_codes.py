"""Codes of texts: equal texts have one code, different texts have different codes, by kernels and by the engine."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import text_codes
from logcorr.compute.text_codes import NO_TEXT, TextCodes
from tests.support.kernels_or_numpy import needs_kernels

pytestmark = pytest.mark.usefixtures("way")

TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "\0", "user-1", "12345678", "x" * 16]), st.text(max_size=40))


@given(st.lists(st.lists(TEXTS), max_size=6))
def test_codes_tell_their_texts(parts: list[list[str | None]]) -> None:
    codes = TextCodes()
    of_all = [codes.of_texts(pl.Series(part, dtype=pl.String)) for part in parts]
    texts = codes.texts().to_list()
    assert texts[NO_TEXT] is None
    assert len(set(texts)) == len(texts) == codes.count
    for part, found in zip(parts, of_all, strict=True):
        assert [texts[code] for code in found] == part


def test_a_table_grows_and_is_emptied() -> None:
    codes = TextCodes()
    names = pl.Series([f"/api/{'x' * (number % 50)}/{number}" for number in range(5000)])
    first, again = codes.of_texts(names), codes.of_texts(names[::-1])
    assert first.tolist() == again[::-1].tolist()
    assert codes.texts().gather(first).to_list() == names.to_list()
    assert codes.size() > names.str.len_bytes().sum()
    codes.clear()
    assert (codes.count, codes.texts().to_list()) == (1, [None])


def test_more_text_than_positions_have_bits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_codes, "_MOST_BYTES", 20)
    codes = TextCodes()
    names = pl.Series(["a" * 15, None, "b" * 9, "a" * 15, "c" * 30])
    found = codes.of_texts(names)
    assert codes.texts().gather(found).to_list() == names.to_list()


@needs_kernels
@pytest.mark.parametrize("length", range(40))
def test_texts_that_differ_in_one_byte(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbits", lambda _: 12345)
    codes = TextCodes()
    texts = ["a" * at + "b" + "a" * (length - at - 1) for at in range(length)] + ["a" * length, "a" * (length + 1)]
    assert len(set(codes.of_texts(pl.Series(texts)).tolist())) == len(texts)
