"""Texts of instants have one length and the order of their instants, in every form that has texts."""

import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.runs import write_csv_json_parquet, write_ndjson
from logcorr.text import instant_columns
from logcorr.text.instant_columns import INSTANT, as_texts
from tests.support.kernels_or_numpy import search

FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
# Close to each other, so that many are within a second; around 1970; and anywhere in the years 1 to 9999.
US = st.one_of(
    st.integers(-2_000_000, 2_000_000),
    st.integers(1_763_733_600_000_000, 1_763_733_601_000_000),
    st.integers(FIRST_US, LAST_US),
    st.sampled_from([FIRST_US, LAST_US, 0, -1, 100_000, 999_999, 1_000_000]),
)
COLUMN = st.lists(st.one_of(st.none(), US), max_size=40)


def instants(us: list[int | None]) -> pl.DataFrame:
    return pl.DataFrame({"time": pl.Series(us, dtype=pl.Int64).cast(INSTANT)})


def exported(frame: pl.DataFrame, folder: Path, form: str) -> list[str | None]:
    path = folder / f"out{form}"
    write_csv_json_parquet.write_frames(lambda: frame.iter_slices(7), frame.schema, path.name, path)
    if form == ".csv":
        rows = pl.read_csv(path, schema={"time": pl.String})
    elif form == ".json":
        rows = pl.read_json(path, schema={"time": pl.String})
    else:
        rows = pl.read_ndjson(path, schema={"time": pl.String})
    return rows["time"].to_list()


def nulls_first(value: str | int | None) -> tuple[bool, str | int]:
    return (value is not None, value if value is not None else 0)


@search(60)
@given(us=COLUMN.filter(len))
def test_sorted_texts_are_sorted_instants(us: list[int | None], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("out")
    frame = instants(us)
    in_order = sorted(us, key=nulls_first)
    wanted = exported(instants(in_order), folder, ".csv")
    for form in (".csv", ".json", ".ndjson"):
        texts = exported(frame, folder, form)
        assert {len(text) for text in texts if text is not None} <= {27}
        assert sorted(texts, key=nulls_first) == wanted
        assert [text and datetime.fromisoformat(text) for text in texts] == frame["time"].to_list()


@search(60)
@given(us=COLUMN)
def test_parquet_has_the_instants_themselves(us: list[int | None], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("out") / "out.parquet"
    frame = instants(us)
    write_csv_json_parquet.write_frames(lambda: frame.iter_slices(7), frame.schema, path.name, path)
    assert pl.read_parquet(path).equals(frame)
    assert pl.read_parquet_schema(path) == {"time": INSTANT}


@search(100)
@given(us=COLUMN)
def test_both_ways_to_write_ndjson_are_one(us: list[int | None]) -> None:
    file = io.BytesIO()
    write_ndjson.write(instants(us), file)
    assert file.getvalue() == as_texts(instants(us)).write_ndjson().encode()


def test_any_unit_and_zone_is_told_in_utc() -> None:
    at = datetime(2025, 11, 21, 14, 0, 0, 100_000, tzinfo=UTC)
    kinds = [pl.Datetime("ms", "Europe/Berlin"), pl.Datetime("ns", "UTC"), pl.Datetime("us"), INSTANT]
    frame = pl.DataFrame({str(kind): pl.Series([at]).cast(INSTANT).cast(kind) for kind in kinds})
    assert set(as_texts(frame.lazy()).collect().row(0)) == {"2025-11-21T14:00:00.100000Z"}


def test_four_digit_years() -> None:
    assert instant_columns.in_four_digit_years(instants([FIRST_US, None, LAST_US]))
    assert instant_columns.in_four_digit_years(instants([None]))
    assert instant_columns.in_four_digit_years(pl.DataFrame({"n": [1]}))
    for us in (FIRST_US - 1, LAST_US + 1):
        assert not instant_columns.in_four_digit_years(instants([0, us]))
