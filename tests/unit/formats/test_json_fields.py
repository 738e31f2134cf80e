"""The careful reading of JSON: texts that no column could hold."""

import polars as pl
import pytest

from logcorr.formats import json_fields


def state_and_text(value: str) -> tuple[int, str | None]:
    read = json_fields.cells(pl.Series([f'{{"a": "{value}"}}']), ["a"])
    return read["state"][0], read["t0"][0]


@pytest.mark.parametrize("half", [r"\udc9b", r"a\ud800b", r"\ude00\ud83d"])
def test_half_a_pair_of_surrogates_is_no_text(half: str) -> None:
    assert state_and_text(half)[0] == json_fields.MALFORMED


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert state_and_text(r"\ud83d\ude00") == (json_fields.OBJECT, "\U0001f600")
