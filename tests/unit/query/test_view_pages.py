"""Pages of every view are the view's rows in order, filtered and sorted too; what is cancelled or dies leaves nothing."""

import os
import random
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from logcorr.compute.object_path import local
from logcorr.jobs.correlate import correlate
from logcorr.model.errors import Cancelled, InputError, LogcorrError, UsageError
from logcorr.model.options import CorrelateOptions
from logcorr.query import filter_language
from logcorr.query.filter_process import FilterTask
from logcorr.query.filter_worker import FIRST_ROWS
from logcorr.query.view_pages import TemporaryFolder, ViewPages
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from tests.support.helpers import ROOT, SAMPLE, generated
from tests.support.kernels_or_numpy import some


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of a few thousand lines in several buckets."""
    folder = tmp_path_factory.mktemp("paging")
    generated(folder, 4000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGCORR_BUCKETS", "3")
        return _run(folder, folder)


@pytest.fixture
def spill(tmp_path: Path) -> Iterator[TemporaryFolder]:
    """A place for files of views, of which nothing is left at the end."""
    root = tmp_path / "root"
    found = TemporaryFolder(root)
    yield found
    found.close()
    assert not root.exists() or list(root.iterdir()) == []


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


@pytest.mark.parametrize(
    "view",
    some(
        [view for view in views.VIEWS_OF["correlation"] if view not in views.OF_SOME_RUNS],
        *("exchanges", "slow", "orphans", "malformed", "users"),
    ),
)
def test_the_pages_of_every_view_are_its_rows(run: RunFolder, spill: TemporaryFolder, view: Any) -> None:
    pages = ViewPages(run, view, spill)
    rows = _stored(run, pages)
    assert pages.total == len(rows)
    assert _all(pages) == rows
    ready = pages.narrowed((), None, False, threading.Event())
    assert ready.stored
    assert _all(ready) == rows
    assert ready.page(len(rows), 10) == []
    assert ready.page(-1, 10) == []
    ready.close()


@pytest.mark.parametrize(
    ("column", "descending"),
    some(
        [
            ("duration_us", True),
            ("status_code", False),
            ("user_id", True),
            ("request_id", False),
            ("request_time", True),
        ],
        *[("duration_us", True), ("user_id", True), ("request_id", False)],
    ),
)
def test_sorted_pages_are_sorted(run: RunFolder, spill: TemporaryFolder, column: str, *, descending: bool) -> None:
    pages = ViewPages(run, "exchanges", spill)
    terms = filter_language.parse("status!=404", pages.schema)
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
    assert [row[at] for row in seen] == [row[at] for row in rows[:FIRST_ROWS]]
    for _ in range(5):
        start = random.randrange(len(rows))
        assert found.page(start, 50) == rows[start : start + 50]


def test_first_rows_of_a_filter_are_told_as_they_are_found(run: RunFolder, spill: TemporaryFolder) -> None:
    pages = ViewPages(run, "exchanges", spill)
    told: list[list[Any]] = []
    terms = filter_language.parse("duration>900ms", pages.schema)
    rows = _all(pages.narrowed(terms, None, False, threading.Event(), told.append))
    assert 0 < len(rows) < FIRST_ROWS
    assert told[-1] == rows
    assert all(rows[: len(first)] == first for first in told)


def test_what_is_cancelled_leaves_nothing(run: RunFolder, spill: TemporaryFolder, tmp_path: Path) -> None:
    pages = ViewPages(run, "exchanges", spill)
    terms = filter_language.parse("status=200", pages.schema)
    for column in (None, "duration_us"):
        for at_once in (True, False):
            cancel = threading.Event()
            if at_once:
                cancel.set()
            with pytest.raises(Cancelled):
                pages.narrowed(terms, column, False, cancel, lambda _, cancel=cancel: cancel.set())  # type: ignore[misc]
    assert list(tmp_path.glob("root/.work-*/spill/*")) == []


def test_files_are_private_and_what_a_dead_process_left_goes_at_the_next_start(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib; from logcorr.query.temporary_folder import TemporaryFolder; spill = TemporaryFolder(pathlib.Path(sys.argv[1]));"
        "(spill.folder() / 'sorted.ipc').write_bytes(b'rows'); os.kill(os.getpid(), 9 if os.name != 'nt' else 15)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment, check=False, timeout=60)
    (left,) = tmp_path.glob(".work-*")
    assert list(left.rglob("sorted.ipc"))
    spill = TemporaryFolder(tmp_path)
    folder = spill.folder()
    assert not left.exists()
    if os.name != "nt":
        assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.parents[:2])] == [0o700] * 3
    spill.close()
    assert list(tmp_path.iterdir()) == []


def _sifter(**more: Any) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    command = [sys.executable, "-P", "-m", "logcorr.query.filter_worker"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **more)


@pytest.mark.parametrize("busy", [False, True])
def test_the_process_ends_with_the_one_that_asked(run: RunFolder, tmp_path: Path, *, busy: bool) -> None:
    job = FilterTask(
        run=str(run.path), view="exchanges", terms=(), column="request_id", descending=False, folder=str(tmp_path)
    )
    with _sifter() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if busy:
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(b'{"type":"first"')
        else:
            time.sleep(0.2)
            assert process.poll() is None
        process.stdin.close()
        assert process.wait(20) in (0, 130)


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
@pytest.mark.parametrize(
    ("line", "said"), [("kill -9 $$", "out of memory"), ("echo no such engine >&2", "no such eng")]
)
def test_a_process_that_dies_says_why(
    run: RunFolder, spill: TemporaryFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, line: str, said: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{line}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(LogcorrError, match=said):
        ViewPages(run, "exchanges", spill).narrowed((), "user_id", False, threading.Event())


def test_a_damaged_run_is_named(tmp_path: Path, spill: TemporaryFolder) -> None:
    run = _run(SAMPLE, tmp_path)
    pages = ViewPages(run, "exchanges", spill)
    part = local(run.view("exchanges")[0])
    raw = part.read_bytes()
    part.write_bytes(b"x" * (len(raw) // 3) + raw[len(raw) // 3 :])
    with pytest.raises(InputError, match=run.path.name):
        pages.narrowed((), "user_id", False, threading.Event())
    part.unlink()
    with pytest.raises(InputError, match="gone or damaged"):
        pages.narrowed((), "user_id", False, threading.Event())


def test_a_column_there_is_not_is_named(run: RunFolder, spill: TemporaryFolder) -> None:
    with pytest.raises(UsageError, match="'nope'"):
        ViewPages(run, "users", spill).narrowed((), "nope", False, threading.Event())


def test_nothing_found_is_no_row(tmp_path: Path, spill: TemporaryFolder) -> None:
    pages = ViewPages(_run(SAMPLE, tmp_path), "exchanges", spill)
    for column in (None, "user_id"):
        seen: list[Any] = []
        terms = filter_language.parse("id=nope", pages.schema)
        none = pages.narrowed(terms, column, True, threading.Event(), seen.extend)
        assert (none.total, none.page(0, 10), seen) == (0, [], [])


def test_counted_rows_are_filtered_sorted_and_paged_as_others(run: RunFolder, spill: TemporaryFolder) -> None:
    whole = ViewPages(run, "exchanges", spill)
    terms = filter_language.parse("status>=400", whole.schema)
    counted = whole.counted(terms, "user_id", threading.Event())
    failed = views.scan(run, "exchanges").filter(pl.col("status_code") >= 400).collect()
    expected = failed.group_by("user_id").len().sort("len", "user_id", descending=[True, False])
    assert (counted.total, counted.counted_by) == (expected.height, "user_id")
    more = filter_language.parse("requests>1", counted.schema)
    pages = counted.narrowed(more, "requests", True, threading.Event())
    wanted = expected.filter(pl.col("len") > 1).select("user_id", pl.col("len").cast(pl.Int64)).rows()
    assert [row[:2] for row in _all(pages)] == wanted
    assert _all(counted.narrowed([], None, False, threading.Event())) == _all(counted)
    with pytest.raises(Cancelled):
        whole.counted([], "user_id", _set())


def test_users_are_counted_with_their_orphans(run: RunFolder, spill: TemporaryFolder) -> None:
    counted = ViewPages(run, "exchanges", spill).counted([], "user_id", threading.Event(), [])
    stored = views.scan(run, "users").collect()
    columns = ("user_id", "requests", "errors", "orphans")
    names = [column.name for column in counted.columns]
    places = [names.index(name) for name in columns]
    found = {tuple(row[place] for place in places) for row in _all(counted)}
    assert found == {*stored.select(columns).rows()}


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@pytest.mark.parametrize("sort", [None, ("duration_us", True)])
def test_a_row_is_found_by_its_time_and_by_what_holds_for_it(
    run: RunFolder, spill: TemporaryFolder, sort: tuple[str, bool] | None
) -> None:
    whole = ViewPages(run, "exchanges", spill)
    pages = whole.narrowed([], sort and sort[0], bool(sort and sort[1]), threading.Event())
    names = [column.name for column in pages.columns]
    rows, at, user = _all(pages), names.index("request_time"), names.index("user_id")
    instants = [row[at] for row in rows]
    for instant in (min(instants) - 1, sorted(instants)[len(rows) // 2], max(instants), max(instants) + 1):
        later = [value for value in instants if value >= instant]
        wanted = min(later) if later else max(instants)
        number = pages.nearest_at("request_time", instant)
        assert number is not None
        assert instants[number] == wanted
    someone = rows[len(rows) // 3][user]
    own = [number for number, row in enumerate(rows) if row[user] == someone]
    condition = pl.col("user_id") == someone
    for start in (0, own[0], own[0] + 1, own[-1], own[-1] + 1, len(rows)):
        wanted = next((number for number in own if number >= start), own[0])
        assert pages.first_match(condition, start) == wanted
    assert pages.first_match(pl.lit(value=False)) is None
