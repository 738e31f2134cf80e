"""Work folders of runs that start at the same moment: none takes another one for what a dead process left."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logcorr.leftovers import LOCK, WORK_PREFIX, starting, sweep
from logcorr.store import WorkFolder


def test_a_folder_that_is_just_being_made_is_let_be(tmp_path: Path) -> None:
    folder = tmp_path / f"{WORK_PREFIX}new"
    with starting(tmp_path) as alone:
        assert alone
        folder.mkdir(mode=0o700)
        sweep(tmp_path)
        (folder / LOCK).touch()
        sweep(tmp_path)
        assert folder.is_dir()
        long_ago = time.time() - 3600
        os.utime(folder, (long_ago, long_ago))
        sweep(tmp_path)
    assert not folder.exists()


@pytest.mark.parametrize("locked", [False, True])
def test_what_died_while_starting_goes_at_once(locked: bool, tmp_path: Path) -> None:
    folder = tmp_path / f"{WORK_PREFIX}new"
    folder.mkdir(mode=0o700)
    if locked:
        (folder / LOCK).touch()
    sweep(tmp_path)
    assert not folder.exists()


def test_what_a_dead_process_left_goes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / f"{WORK_PREFIX}dead"
    (folder / "run").mkdir(parents=True, mode=0o700)
    (folder / LOCK).touch()
    sweep(tmp_path)
    assert not folder.exists()


def test_starts_at_once_leave_each_other_be(tmp_path: Path) -> None:
    def start(_number: int) -> bool:
        with WorkFolder(tmp_path) as work:
            return work.run.is_dir() and work.spill.is_dir() and (work.path / LOCK).is_file()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(start, range(200)))
    assert list(tmp_path.iterdir()) == []
