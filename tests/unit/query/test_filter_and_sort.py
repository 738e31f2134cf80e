"""Filtered and sorted files hold the very rows, in order, whatever the ranges; and the first rows are the first rows."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import parquet_slices
from logcorr.compute.object_path import local
from logcorr.compute.parquet_slices import RowFiles, row_files
from logcorr.model.errors import OutputError
from logcorr.query import filter_and_sort
from logcorr.query.top_rows import top_rows
from tests.support.kernels_or_numpy import search

_KEYS = st.lists(st.none() | st.integers(-3, 3) | st.integers(-(2**62), 2**62), min_size=1, max_size=60)
_TEXTS = st.lists(st.none() | st.text(max_size=3) | st.sampled_from(["", "a", "ab", "宽"]), min_size=1, max_size=60)


def _stored(folder: Path, keys: list[Any], dtype: Any, parts: int = 3) -> list[Path]:
    """Rows with these keys and their number, spread over some files."""
    frame = pl.DataFrame({"key": pl.Series(keys, dtype=dtype), "number": range(len(keys))})
    step = -(-frame.height // parts)
    paths = []
    for start in range(0, frame.height, step):
        paths.append(folder / f"{start:04d}.parquet")
        frame.slice(start, step).write_parquet(paths[-1])
    return paths


def _rows(found: RowFiles) -> list[Any]:
    frames = [parquet_slices.scan([path]).collect() for path in found.paths]
    assert [frame.height for frame in frames] == found.heights
    return [row for frame in frames for row in frame.rows()]


def _expected(keys: list[Any], *, descending: bool) -> list[Any]:
    """Keys in order with the number of their row: equal ones as stored, none last."""
    rows = list(enumerate(keys))
    valued = sorted((row for row in rows if row[1] is not None), key=lambda row: row[1], reverse=descending)
    return [(key, number) for number, key in [*valued, *(row for row in rows if row[1] is None)]]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("most", [1000, 14, 2])
@search(10)
@given(keys=_KEYS | _TEXTS)
def test_an_order_is_exact_whatever_the_ranges(
    tmp_path_factory: pytest.TempPathFactory, keys: list[Any], most: int, *, descending: bool
) -> None:
    folder = tmp_path_factory.mktemp("sifting")
    text = any(isinstance(key, str) for key in keys)
    paths = _stored(folder, keys, pl.String if text else pl.Int64)
    target = folder / "view"
    target.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filter_and_sort, "_SORTED_AT_ONCE_ROWS", most)
        found = filter_and_sort.ordered(row_files(paths), "key", target, descending=descending)
    assert _rows(found) == _expected(keys, descending=descending)
    assert sorted(path.name for path in target.iterdir()) == sorted(path.name for path in found.paths)
    assert all(path.exists() for path in paths)


def test_one_key_for_most_rows_makes_no_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_and_sort, "_SORTED_AT_ONCE_ROWS", 100)
    keys = [200] * 400 + list(range(100)) + [None] * 200
    found = filter_and_sort.ordered(row_files(_stored(tmp_path, keys, pl.Int64)), "key", tmp_path, descending=False)
    assert _rows(found) == _expected(keys, descending=False)
    assert max(found.heights) <= 100


def test_a_filter_keeps_the_order_and_tells_what_it_has(tmp_path: Path) -> None:
    paths = _stored(tmp_path, [1, 2, 3, 4, 5, 6], pl.Int64)
    told: list[int] = []
    found = filter_and_sort.filtered(paths, pl.col("key") != 3, tmp_path, lambda files: told.append(files.height))
    assert [row[0] for row in _rows(found)] == [1, 2, 4, 5, 6]
    assert told == [2, 3, 5]
    again = filter_and_sort.ordered(found, "key", tmp_path, descending=True)
    assert [row[0] for row in _rows(again)] == [6, 5, 4, 2, 1]
    assert {path.suffix for path in tmp_path.iterdir() if path not in paths} == {".ipc"}
    assert not any(local(path).exists() for path in found.paths)


def test_a_disk_without_room_is_known_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    paths = _stored(tmp_path, [1, 2, 3], pl.Int64)
    with pytest.raises(OutputError, match="filter"):
        filter_and_sort.ordered(row_files(paths), "key", tmp_path, descending=False)


@pytest.mark.parametrize("descending", [False, True])
@search(20)
@given(keys=_KEYS | _TEXTS, of_them=st.integers(0, 60), count=st.integers(1, 12))
def test_the_first_rows_are_the_first_of_the_order(
    keys: list[Any], of_them: int, count: int, *, descending: bool
) -> None:
    text = any(isinstance(key, str) for key in keys)
    rows = pl.LazyFrame({"key": pl.Series(keys, dtype=pl.String if text else pl.Int64), "number": range(len(keys))})
    some = rows.head(of_them)
    found = top_rows(rows, some, "key", count, descending=descending)
    expected = [key for key, _ in _expected(keys, descending=descending)]
    assert found["key"].to_list() == expected[: found.height]
    assert found.height >= min(count, sum(key is not None for key in keys))
    assert found["number"].n_unique() == found.height


@pytest.mark.parametrize("descending", [False, True])
def test_equal_rows_come_first_as_in_the_whole_order(tmp_path: Path, *, descending: bool) -> None:
    """Whatever order the rows are stored in: the first rows stay where they are when the whole order is there."""
    names = ["delta", None, "alpha", "charlie", "bravo", "echo"]
    frame = pl.DataFrame({"count": [2, 1, 2, 2, 1, 3], "name": names})
    expected = {True: ["echo", "alpha", "charlie", "delta"], False: [None, "bravo", "alpha", "charlie"]}[descending]
    for number, stored in enumerate((frame, frame.reverse(), frame.sort("name"))):
        path = tmp_path / f"{number}.parquet"
        stored.write_parquet(path)
        first = top_rows(stored.lazy(), stored.lazy(), "count", 4, descending=descending)
        assert first["name"].to_list() == expected
        folder = tmp_path / f"sorted-{number}"
        folder.mkdir()
        whole = filter_and_sort.ordered(row_files([path]), "count", folder, descending=descending)
        assert [name for _, name in _rows(whole)][:4] == expected
