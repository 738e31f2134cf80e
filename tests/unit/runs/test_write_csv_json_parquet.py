"""Equal rows make equal files, in whatever frames they come."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from logcorr.runs import write_csv_json_parquet

ROWS = 1000


def rows() -> pl.DataFrame:
    chance = random.Random(7)
    texts = [chance.choice((None, "a", "b" * chance.randrange(50), f"id {number}")) for number in range(ROWS)]
    times = pl.Series(range(ROWS)).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({"id": texts, "time": times, "n": range(ROWS)})


def frames(of: pl.DataFrame, chance: random.Random) -> Iterator[pl.DataFrame]:
    """The rows in frames of any height, also none, some of several chunks."""
    at = 0
    while at < of.height:
        height = chance.choice((0, 1, 7, 50, 100, 250, chance.randrange(400)))
        frame = of.slice(at, height)
        yield pl.concat(frame.iter_slices(3), rechunk=False) if height and chance.random() < 0.3 else frame
        at += height


def written(of: pl.DataFrame, seed: int, path: Path) -> bytes:
    write_csv_json_parquet.write_frames(lambda: frames(of, random.Random(seed)), of.schema, path.name, path)
    return path.read_bytes()


@pytest.mark.parametrize("form", ["parquet", "json", "ndjson", "csv"])
@pytest.mark.parametrize("group", [1, 100, 333, ROWS, 5000])
def test_equal_rows_make_equal_files(form: str, group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_csv_json_parquet, "_ROW_GROUP_ROWS", group)
    files = {written(rows(), seed, tmp_path / f"{seed}.{form}") for seed in range(6)}
    assert len(files) == 1
    if form == "parquet":
        assert pl.read_parquet(tmp_path / "0.parquet").equals(rows())


def test_row_groups_do_not_follow_the_frames(tmp_path: Path) -> None:
    """Frames of so many rows would each become a row group of its own height, if the writer were left to itself."""
    numbers = pl.DataFrame({"n": pl.int_range(330_000, eager=True)})

    def written_in(*heights: int) -> bytes:
        path = tmp_path / "out.parquet"
        parts = [*heights] * 330
        ends = [min(sum(parts[:number]), numbers.height) for number in range(len(parts) + 1)]
        frames = [numbers[start:end] for start, end in pairwise(ends) if end > start]
        assert sum(frame.height for frame in frames) == numbers.height
        write_csv_json_parquet.write_frames(lambda: iter(frames), numbers.schema, path.name, path)
        return path.read_bytes()

    assert written_in(100_000) == written_in(130_000, 1) == written_in(20_000, 17, 50_000) == written_in(1_000)


def test_a_parquet_file_without_rows_has_columns(tmp_path: Path) -> None:
    written(rows().clear(), 0, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.schema == rows().schema
    assert not found.height


def test_row_groups_are_even(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(write_csv_json_parquet, "_ROW_GROUP_ROWS", 300)
    written(rows(), 1, tmp_path / "out.parquet")
    metadata = parquet.ParquetFile(tmp_path / "out.parquet").metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [300, 300, 300, 100]
