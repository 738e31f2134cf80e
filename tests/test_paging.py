"""Pages of every view are the view's rows in order, filtered and sorted too; what is cancelled leaves nothing."""

import random
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr import filters, paging, views
from logcorr.errors import Cancelled, UsageError
from logcorr.model import CorrelateOptions
from logcorr.paging import ViewPages
from logcorr.run import correlate
from logcorr.store import RunFolder
from tests.helpers import SAMPLE, generated


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of a few thousand lines in several buckets."""
    folder = tmp_path_factory.mktemp("paging")
    generated(folder, 4000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGCORR_BUCKETS", "3")
        return _run(folder, folder)


def _run(logs: Path, folder: Path) -> RunFolder:
    options = CorrelateOptions(
        requests=(str(logs / "requests.log"),),
        responses=(str(logs / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(folder / "store"),
    )
    found = correlate(options).folder
    assert found is not None
    return RunFolder(found)


def _all(pages: ViewPages, step: int = 700) -> list[Any]:
    return [row for start in range(0, pages.total, step) for row in pages.page(start, step)]


def _stored(run: RunFolder, pages: ViewPages) -> list[Any]:
    frame = views.scan(run, pages.view).collect()
    instants = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(pl.col(instants).cast(pl.Int64)).select(c.name for c in pages.columns).rows()


@pytest.mark.parametrize("view", views.VIEWS_OF["correlation"])
def test_the_pages_of_every_view_are_its_rows(run: RunFolder, tmp_path: Path, view: Any) -> None:
    pages = ViewPages(run, view, tmp_path)
    rows = _stored(run, pages)
    assert pages.total == len(rows)
    assert _all(pages) == rows
    ready = pages.narrowed((), None, False, threading.Event())
    assert ready.stored
    assert _all(ready) == rows
    assert ready.page(len(rows), 10) == []
    assert ready.page(-1, 10) == []
    ready.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("limit", "descending"), [(100_000, False), (100_000, True), (97, False), (97, True)])
@pytest.mark.parametrize("column", ["duration_us", "status_code", "user_id", "request_id", "request_time"])
def test_sorted_pages_are_sorted(
    run: RunFolder, tmp_path: Path, column: str, *, descending: bool, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "_SORTED_AT_ONCE_ROWS", limit)
    monkeypatch.setattr(paging, "_BOUND_ROWS", 500)
    pages = ViewPages(run, "exchanges", tmp_path)
    terms = filters.parse("status!=404", pages.schema)
    seen: list[Any] = []
    found = pages.narrowed(terms, column, descending, threading.Event(), seen.extend)
    rows = _all(found)
    at = [c.name for c in pages.columns].index(column)
    status = [c.name for c in pages.columns].index("status_code")
    expected = [row for row in _stored(run, pages) if row[status] != 404]
    assert sorted(map(repr, rows)) == sorted(map(repr, expected))
    keys = [row[at] for row in expected if row[at] is not None]
    nulls = [None] * (len(expected) - len(keys))
    assert [row[at] for row in rows] == [*sorted(keys, reverse=descending), *nulls]
    assert [row[at] for row in seen] == [row[at] for row in rows[: paging.PREVIEW_ROWS]]
    for _ in range(5):
        start = random.randrange(len(rows))
        assert found.page(start, 50) == rows[start : start + 50]


def test_what_is_cancelled_leaves_nothing(run: RunFolder, tmp_path: Path) -> None:
    pages = ViewPages(run, "exchanges", tmp_path)
    cancel = threading.Event()
    cancel.set()
    for column in (None, "duration_us"):
        with pytest.raises(Cancelled):
            pages.narrowed(filters.parse("status=200", pages.schema), column, False, cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_column_there_is_not_is_named(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'nope'"):
        ViewPages(run, "users", tmp_path).narrowed((), "nope", False, threading.Event())


def test_nothing_found_is_no_row(tmp_path: Path) -> None:
    pages = ViewPages(_run(SAMPLE, tmp_path), "exchanges", tmp_path / "spill")
    for column in (None, "user_id"):
        seen: list[Any] = []
        terms = filters.parse("id=nope", pages.schema)
        none = pages.narrowed(terms, column, True, threading.Event(), seen.extend)
        assert (none.total, none.page(0, 10), seen) == (0, [], [])
