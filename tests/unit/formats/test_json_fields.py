"""The careful reading of JSON: texts that no column could hold."""

import json
import math

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


@pytest.mark.parametrize("written", [math.nan, math.inf, -math.inf])
def test_what_python_writes_for_no_number_is_null(written: float) -> None:
    line = json.dumps({"wanted": written, "all": [written, {"more": written}], "status": 200})
    read = json_fields.cells(pl.Series([line]), ["wanted", "all.1.more", "status"])
    assert read.row(0) == (
        json_fields.OBJECT,
        None,
        json_fields.NULL,
        None,
        json_fields.NULL,
        "200",
        json_fields.NUMBER,
    )


@pytest.mark.parametrize(
    "written", ["nan", "NAN", "-NaN", "inf", "-inf", "+Infinity", "infinity", "NaN0", "- Infinity"]
)
def test_other_spellings_of_no_number_are_no_json(written: str) -> None:
    read = json_fields.cells(pl.Series([f'{{"a":{written},"b":1}}']), ["b"])
    assert read["state"].to_list() == [json_fields.MALFORMED]
