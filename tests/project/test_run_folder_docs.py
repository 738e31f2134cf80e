"""docs/run-folder.md names the columns of every view, their types and whether they are ever null: as real runs have it."""

import re

import polars as pl
import pytest

from logcorr.query.sql import type_name
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from tests.support import made_runs
from tests.support.helpers import ROOT

# Columns that only some runs have.
SOMETIMES = {"given_us", "orphans"}
ATTRIBUTES = "*attributes*"
Documented = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    return made_runs.all_kinds(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def documented() -> dict[str, Documented]:
    """The type of each column, and when it is null, by the headings of views."""
    text = (ROOT / "docs" / "run-folder.md").read_text(encoding="utf-8")
    of_views = text.partition("\n## Views\n")[2].partition("\n## Other tools\n")[0]
    found: dict[str, Documented] = {}
    for section in of_views.split("\n### ")[1:]:
        name, _, body = section.partition("\n")
        lines = re.findall(r"^\| `?(\*?\w+\*?)`? \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", body, re.MULTILINE)
        found[name] = {column: (kind, null) for column, kind, null in lines if column != "column"}
    return found


def heading(run: RunFolder, folder: str) -> str:
    return "exchanges of an access log" if folder == "exchanges" and run.manifest.kind == "access" else folder


def stored(run: RunFolder, folder: str) -> pl.DataFrame:
    return pl.read_parquet([str(path) for path in run.view(folder)], glob=False)


def test_every_column_is_documented_as_it_is(runs: dict[str, RunFolder], documented: dict[str, Documented]) -> None:
    seen: set[tuple[str, str]] = set()
    for name, run in runs.items():
        for folder in run.manifest.rows:
            columns = documented[heading(run, folder)]
            frame = stored(run, folder)
            attributes = set(run.manifest.attributes) - {"user_id"} if ATTRIBUTES in columns else set()
            assert frame.width >= 4, name
            for column, kind in frame.schema.items():
                key = ATTRIBUTES if column in attributes else column
                assert key in columns, (name, folder, column)
                told, null = columns[key]
                assert type_name(kind) == told, (name, folder, column)
                assert null != "never" or not frame[column].null_count(), (name, folder, column)
                assert null != "always" or frame[column].null_count() == frame.height, (name, folder, column)
                seen.add((heading(run, folder), key))
            assert set(columns) - set(frame.columns) - {ATTRIBUTES} <= SOMETIMES, (name, folder)
    every = {
        (view, column) for view, columns in documented.items() for column in columns if columns and view != "Selections"
    }
    assert seen == every, "each documented column is in one of the runs"


def test_values_that_may_be_null_are_null_somewhere(runs: dict[str, RunFolder]) -> None:
    """Otherwise the runs of this test would show nothing of nulls."""
    nulls = {
        (heading(run, folder), column)
        for run in runs.values()
        for folder in run.manifest.rows
        for column, count in stored(run, folder).null_count().row(0, named=True).items()
        if count
    }
    for view, column in (
        *(
            ("exchanges", "user_id"),
            ("orphans", "status_code"),
            ("users", "user_id"),
            ("endpoints", "p50_us"),
            ("endpoints", "endpoint"),
        ),
        *(("exchanges of an access log", name) for name in ("duration_us", "endpoint", "ip", "method", "user_agent")),
    ):
        assert (view, column) in nulls


def test_every_view_has_its_section(runs: dict[str, RunFolder], documented: dict[str, Documented]) -> None:
    assert set(documented) == {*views.FOLDERS, "exchanges of an access log", "Selections"}
    text = (ROOT / "docs" / "run-folder.md").read_text(encoding="utf-8")
    for run in runs.values():
        for view in views.views_of(run.manifest):
            assert view in documented or f"| `{view}`" in text or f", `{view}`" in text


def test_parquet_files_are_as_documented(runs: dict[str, RunFolder]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    for run in runs.values():
        for folder in run.manifest.rows:
            for path in run.view(folder):
                file = parquet.ParquetFile(path)
                for number in range(file.metadata.num_row_groups):
                    group = file.metadata.row_group(number)
                    assert group.num_rows <= 100_000
                    assert {group.column(k).compression for k in range(group.num_columns)} == {"UNCOMPRESSED"}
                    assert not any(group.column(k).is_stats_set for k in range(group.num_columns))
