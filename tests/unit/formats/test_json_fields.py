"""The careful reading of JSON: texts that no column could hold."""

import polars as pl
import pytest

from logcorr.formats import json_fields


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\udc9b", "\ufffd"),
        (r"a\ud800b", "a\ufffdb"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_half_a_pair_of_surrogates_is_replaced(escaped: str, text: str) -> None:
    read = json_fields.cells(pl.Series([f'{{"a": "{escaped}", "{escaped}": 1}}']), ["a"])
    assert read["t0"].to_list() == [text]
    assert read["state"].to_list() == [json_fields.OBJECT]
