"""Lines that are cut by the log's template are read as the careful path reads them, whatever stands in them."""

import polars as pl
import pytest

from logcorr.accesslog import AccessFormat, access_format
from logcorr.formats import LINE_SCHEMA

TEXT = (
    '{"timestamp": "2025-11-21T14:00:00.577Z", "method": "PUT", "endpoint": "/a%s?q", "status_code": "200",'
    ' "ip": "192.0.2.1", "response_time": 88, "extra": "x%sy", "user_agent": "u%s"}'
)
ODD = [chr(code) for code in range(33)] + [
    "\x7f",
    "\x85",
    "é",
    "\u2028",
    "\\n",
    "\\",
    '"',
    '","',
    "\U0001f600",
    " ",
    "-",
    "",
]
COLUMNS = ["time", "duration_us", "status_code", "method", "endpoint", "ip", "user_agent"]


def lines(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": texts, "row": range(len(texts)), "refused": [None] * len(texts)}, schema=LINE_SCHEMA)


def usual(form: AccessFormat, frame: pl.DataFrame) -> pl.DataFrame:
    return form.common(frame.lazy()).collect(engine="streaming").sort("row")


@pytest.mark.parametrize("place", range(3))
def test_what_is_cut_is_what_the_careful_path_reads(place: int) -> None:
    plain = TEXT % ("", "", "")
    form = access_format("ndjson", [plain], collapse_ids=False)
    assert form.template is not None
    odd = [TEXT % tuple(char if place == at else "" for at in range(3)) for char in ODD]
    # So many plain ones that the odd ones are few, and are left to the careful path alone.
    frame = lines(*odd, *[plain] * 17 * len(odd))
    found, careful = usual(form, frame), form.classify(frame)
    sure = found["common"]
    assert sure.sum() >= 17 * len(odd)
    assert found.filter(sure).select(COLUMNS).equals(careful.filter(sure).select(COLUMNS))
    assert careful.filter(sure)["valid"].all()


@pytest.mark.parametrize("code", [code for code in range(32) if chr(code) not in "\n\r"])
def test_control_characters_are_no_json(code: int) -> None:
    plain, broken = TEXT % ("", "", ""), TEXT % ("", chr(code), "")
    form = access_format("ndjson", [plain], collapse_ids=False)
    assert form.classify(lines(broken))["reason"].to_list() == ["json"]
    for count in (1, 100):
        assert usual(form, lines(broken, *[plain] * count))["common"].to_list() == [False, *[True] * count]
