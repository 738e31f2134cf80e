"""An external sort gives what sorting in memory gives, whatever the ranges, and leaves nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logcorr.compute.external_sort import Order, Rows, external_sort

MORE = os.environ.get("LOGCORR_EXAMPLES")
Row = tuple[Any, Any]

_NUMBERS = st.none() | st.integers(-2, 2) | st.integers(-(2**62), 2**62)
_TEXTS = st.none() | st.sampled_from(["", "a", "ab", "\x00", "宽"])
_EQUAL = st.builds(lambda row, many: [row] * many, st.tuples(_NUMBERS, _TEXTS), st.integers(0, 30))
_ROWS = st.lists(st.lists(st.tuples(_NUMBERS, _TEXTS), max_size=20) | _EQUAL, max_size=4).flatmap(
    lambda parts: st.permutations([row for part in parts for row in part])
)


def stored(rows: list[Row], step: int) -> tuple[Rows, list[None]]:
    """Rows with their number, some of them a slice; and how often they were removed."""
    schema = {"number": pl.Int64, "text": pl.String, "row": pl.Int64}
    whole = pl.DataFrame([(*row, number) for number, row in enumerate(rows)], schema=schema, orient="row")
    removed = list[None]()

    def read() -> Iterator[pl.LazyFrame]:
        assert not removed
        yield from (whole.slice(start, step).lazy() for start in range(0, max(1, whole.height), step))

    return Rows(whole.height, read, lambda: removed.append(None)), removed


def in_order(rows: list[Row], *, descending: bool, nulls_last: bool) -> list[Any]:
    """The rows by number, then text, then as they are; plain Python."""
    found: list[Any] = [(*row, number) for number, row in enumerate(rows)]
    for key in (1, 0):
        valued = [row for row in found if row[key] is not None]
        nulls = [row for row in found if row[key] is None]
        text = key == 1
        valued.sort(key=lambda row: row[key].encode() if text else row[key], reverse=descending)
        found = valued + nulls if nulls_last else nulls + valued
    return found


@settings(max_examples=int(MORE or 25), derandomize=not MORE, deadline=None, print_blob=True)
@given(_ROWS, st.integers(1, 9), st.integers(1, 20), st.integers(1, 30), st.booleans(), st.booleans())
@example([(0, "a")] * 30, 2, 7, 5, True, False)
@example([(None, None)] * 30, 2, 7, 5, False, True)
@example([(None, "a")] * 29 + [(1, "a")], 2, 7, 1, False, False)
@example([], 1, 1, 1, False, False)
def test_rows_come_as_sorted_has_them(  # noqa: PLR0917 - Hypothesis names them
    rows: list[Row], most: int, step: int, sample_rows: int, descending: bool, nulls_last: bool
) -> None:
    order = Order(
        keys=["number", "text"],
        tie="row",
        most_rows=most,
        descending=descending,
        nulls_last=nulls_last,
        sample_rows=sample_rows,
    )
    (source, removed), taps = stored(rows, step), list[None]()
    with TemporaryDirectory(prefix="logcorr-") as name:
        folder = Path(name) / "new"
        frames = list(external_sort(source, order, folder, lambda: taps.append(None)))
        assert not folder.exists()
    assert [row for frame in frames for row in frame.rows()] == in_order(
        rows, descending=descending, nulls_last=nulls_last
    )
    assert all(0 < frame.height <= most for frame in frames)
    assert len(removed) == 1
    assert taps


def test_few_ranges_are_spread_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("logcorr.compute.external_sort._MOST_RANGES", 2)
    rows: list[Row] = [(number * 7 % 100, "a") for number in range(100)]
    frames = external_sort(stored(rows, 9)[0], Order(keys=["number"], most_rows=6), tmp_path / "new")
    assert [row[0] for frame in frames for row in frame.iter_rows()] == list(range(100))


@pytest.mark.skipif(os.name == "nt", reason="there are no modes")
def test_folders_are_for_their_user_only(tmp_path: Path) -> None:
    frames = external_sort(
        stored([(n, "") for n in range(20)], 5)[0], Order(keys=["number"], most_rows=4), tmp_path / "n"
    )
    next(frames)
    assert {path.stat().st_mode & 0o777 for path in [tmp_path / "n", *(tmp_path / "n").iterdir()]} == {0o700}


def test_a_tap_that_raises_ends_it(tmp_path: Path) -> None:
    def tap() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(external_sort(stored([(1, "")], 1)[0], Order(keys=["number"], most_rows=1), tmp_path / "new", tap))
