"""Other tools read run folders and exports: with the types that are documented, and with the values that polars reads."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.model.options import Output
from logcorr.runs import views
from logcorr.runs.export_view import export_view
from logcorr.runs.run_folder import RunFolder
from tests.support import made_runs

INSTANTS = {"request_time", "response_time", "time", "busiest_start", "window_start"}
KINDS = ("pair", "first of each id", "one log", "two logs of an application", "access log", "access log with gaps")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    return made_runs.all_kinds(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def exports(runs: dict[str, RunFolder], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Exchanges of the pair in every form."""
    folder, run = tmp_path_factory.mktemp("exports"), runs["pair"]
    paths = {form: folder / f"out.{form}" for form in ("csv", "json", "ndjson", "parquet")}
    for path in paths.values():
        columns = ("request_time", "response_time", "duration_us")
        export_view(run, Output(view="exchanges", path=str(path), columns=columns), folder / "store", force=False)
    return paths


def folders(run: RunFolder) -> list[str]:
    return sorted(run.manifest.rows)


def by_polars(run: RunFolder, folder: str) -> pl.DataFrame:
    return pl.read_parquet([str(path) for path in run.view(folder)], glob=False)


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple((value is not None, str(value)) for value in row))


@pytest.mark.parametrize("kind", KINDS)
def test_pyarrow(kind: str, runs: dict[str, RunFolder]) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    run = runs[kind]
    for folder in folders(run):
        table = parquet.read_table(run.path / folder)
        expected = by_polars(run, folder)
        assert table.num_rows == expected.height == run.manifest.rows[folder]
        assert in_order([tuple(row.values()) for row in table.to_pylist()]) == in_order(expected.rows())
        for field in table.schema:
            if field.name in INSTANTS:
                assert field.type == pyarrow.timestamp("us", tz="UTC")
            elif field.name.endswith("_us"):
                assert field.type == pyarrow.int64()
        schema = parquet.ParquetFile(run.view(folder)[0]).schema
        for number, name in enumerate(schema.names):
            if name in INSTANTS:
                column = schema.column(number)
                assert column.physical_type == "INT64"
                logical = str(column.logical_type).replace(" ", "")
                assert "isAdjustedToUTC=true" in logical
                assert "timeUnit=microseconds" in logical


@pytest.mark.parametrize("kind", KINDS)
def test_pandas(kind: str, runs: dict[str, RunFolder]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    run = runs[kind]
    for folder in folders(run):
        frame = pandas.read_parquet(run.path / folder)
        expected = by_polars(run, folder)
        assert len(frame) == expected.height
        for name in frame.columns:
            if name in INSTANTS:
                assert str(frame[name].dtype) == "datetime64[us, UTC]"
            if (name in INSTANTS or name.endswith("_us")) and frame[name].notna().any():
                assert frame[name].max() == expected[name].max()


@pytest.mark.parametrize("kind", KINDS)
def test_duckdb(kind: str, runs: dict[str, RunFolder]) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    run = runs[kind]
    with duckdb.connect() as connection:
        for folder in folders(run):
            expected = by_polars(run, folder)
            files = str(run.path / folder / "*.parquet").replace("'", "''")
            described = connection.execute(f"describe select * from '{files}'").fetchall()
            types = {name: kind for name, kind, *_ in described}
            assert list(types) == expected.columns
            assert {types[name] for name in types if name in INSTANTS} <= {"TIMESTAMP WITH TIME ZONE"}
            assert {types[name] for name in types if name.endswith("_us")} <= {"BIGINT"}
            columns = ", ".join(f"epoch_us({name})" if name in INSTANTS else name for name in types)
            rows = connection.execute(f"select {columns} from '{files}'").fetchall()
            us = expected.with_columns(pl.col([name for name in types if name in INSTANTS]).cast(pl.Int64))
            assert in_order(rows) == in_order(us.rows())


def test_duckdb_compares_times(runs: dict[str, RunFolder]) -> None:
    """What went wrong within a second while times were texts: BETWEEN, ORDER BY and max."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    run = runs["pair"]
    expected = by_polars(run, "exchanges")["request_time"]
    low, high = datetime(2025, 11, 21, 14, 0, 10, 900_000, tzinfo=UTC), datetime(2025, 11, 21, 14, 0, 17, 1, tzinfo=UTC)
    files = run.path / "exchanges" / "*.parquet"
    with duckdb.connect() as connection:
        select = f"select epoch_us(request_time) from '{files}'"
        between = f"{select} where request_time between '{low.isoformat()}'::timestamptz and '{high.isoformat()}'::timestamptz"
        found = [at for (at,) in connection.execute(between).fetchall()]
        assert sorted(found) == expected.filter(expected.is_between(low, high)).sort().cast(pl.Int64).to_list()
        assert 3 < len(found) < expected.len()
        assert connection.execute(f"select epoch_us(max(request_time)) from '{files}'").fetchone() == (
            expected.cast(pl.Int64).max(),
        )


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_duckdb_reads_exports(form: str, exports: dict[str, Path], runs: dict[str, RunFolder]) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    expected = views.scan(runs["pair"], "exchanges").collect()
    path = exports[form]
    reads = {"ndjson": f"read_json('{path}', format = 'newline_delimited')"}.get(form, f"'{path}'")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        query = f"select epoch_us(request_time::timestamptz), duration_us, request_id from {reads} order by 1, 3"
        assert connection.execute(query).fetchall() == (
            expected.sort("request_time", "request_id")
            .select(pl.col("request_time").cast(pl.Int64), "duration_us", "request_id")
            .rows()
        )


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_pandas_reads_exports(form: str, exports: dict[str, Path], runs: dict[str, RunFolder]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    expected = views.scan(runs["pair"], "exchanges").collect()["response_time"].sort()
    path = exports[form]
    frame = (
        pandas.read_csv(path)
        if form == "csv"
        else pandas.read_json(path, lines=True, dtype=False)
        if form == "ndjson"
        else pandas.read_parquet(path)
    )
    column = frame["response_time"] if form == "parquet" else frame["response_time"].sort_values()
    times = pandas.to_datetime(column, utc=True)
    assert [
        time.to_pydatetime() for time in (times.sort_values() if form == "parquet" else times)
    ] == expected.to_list()
