"""Which status is a failure, for one code, for a column and for counts: all agree, null included."""

import polars as pl
import pytest

from logcorr.model import status

CODES = (None, 0, 99, 100, 200, 304, 399, 400, 404, 499, 500, 599, 600, 999)
FAILURES = {None, 0, 99, 400, 404, 499, 500, 599, 600, 999}


@pytest.mark.parametrize("code", CODES)
def test_one_code(code: int | None) -> None:
    assert status.is_failure(code) is (code in FAILURES)
    assert status.is_client_error(code) is (code in (400, 404, 499))
    assert status.is_server_error(code) is (code in (500, 599))
    assert status.code_of(status.key_of(code)) == code


def test_a_column_is_judged_as_each_code() -> None:
    column = pl.Series("code", CODES, pl.Int16)
    for judge in (status.is_failure, status.is_client_error, status.is_server_error):
        found = pl.select(judge(pl.lit(column))).to_series().to_list()
        assert found == [judge(code) for code in CODES]


def test_counts_by_code() -> None:
    counts = {"none": 1, "200": 2, "999": 4, "404": 8, "503": 16, "0": 32}
    assert status.failures(counts) == 61
    assert (status.client_errors(counts), status.server_errors(counts)) == (8, 16)
    assert status.in_order(counts) == ["0", "200", "404", "503", "999", "none"]


def test_classes_and_names() -> None:
    assert [status.class_of(code) for code in (None, 99, 200, 304, 404, 503, 600)] == [0, 0, 2, 3, 4, 5, 0]
    assert [status.phrase(code) for code in (None, 0, 503, 799)] == ["No status", "Aborted", "Unavailable", ""]
