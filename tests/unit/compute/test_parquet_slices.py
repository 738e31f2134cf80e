"""Slices of files are all their rows, in order, none larger than asked for."""

from pathlib import Path

import polars as pl
import pytest

from logcorr.compute import parquet_slices


def stored(folder: Path, ending: str, heights: list[int]) -> list[Path]:
    """Files of so many rows, which are numbered through."""
    start, paths = 0, []
    for number, height in enumerate(heights):
        frame = pl.DataFrame({"n": pl.Series(range(start, start + height), dtype=pl.Int64)})
        paths.append(folder / f"{number}.{ending}")
        if ending == "parquet":
            frame.write_parquet(paths[-1])
        else:
            frame.write_ipc(paths[-1], compression="uncompressed")
        start += height
    return paths


@pytest.mark.parametrize("ending", ["parquet", "ipc"])
def test_slices_and_heights(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "[a] folder *"
    folder.mkdir()
    paths = stored(folder, ending, [5, 0, 3])
    assert parquet_slices.files_of(folder, ending) == paths
    slices = [rows.collect()["n"].to_list() for rows in parquet_slices.slices(paths, 2)]
    assert slices == [[0, 1], [2, 3], [4], [], [5, 6], [7]]
    assert parquet_slices.height_of(paths) == 8
    assert parquet_slices.height_of([]) == 0
    files = parquet_slices.row_files(paths)
    assert (files.heights, files.height) == ([5, 0, 3], 8)
    assert parquet_slices.count(parquet_slices.scan(paths).filter(pl.col("n") > 5)) == 2


def test_slices_by_bytes_are_small_and_whole(tmp_path: Path) -> None:
    paths = stored(tmp_path, "ipc", [2000, 10, 20, 0, 3000])
    for most in (1, 2000, 6000, 1 << 30):
        slices = [rows.collect() for rows in parquet_slices.slices_by_bytes(paths, most)]
        assert sorted(pl.concat(slices)["n"]) == list(range(5030))
        if most > 1:
            assert max(rows.height for rows in slices) <= most // 8
    assert len(slices) == 1
    assert list(parquet_slices.slices_by_bytes([], 10)) == []
