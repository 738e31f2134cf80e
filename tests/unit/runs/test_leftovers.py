"""Work folders of runs that start at the same moment: none takes another one for what a dead process left.

A lock tells the living from the dead: it ends with its process, however that ends.
"""

import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from logcorr.runs.leftovers import LOCK, WORK_PREFIX, root_lock, sweep, try_lock
from logcorr.runs.work_folder import WorkFolder


def test_a_folder_that_is_just_being_made_is_let_be(tmp_path: Path) -> None:
    folder = tmp_path / f"{WORK_PREFIX}new"
    with root_lock(tmp_path) as alone:
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


HOLD = """
import sys, time
from logcorr.runs.leftovers import try_lock
file = open(sys.argv[1], "r+")
print(try_lock(file), flush=True)
time.sleep(60)
"""


def test_a_lock_lives_as_long_as_its_process(tmp_path: Path) -> None:
    path = tmp_path / LOCK
    path.touch()
    with (
        subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder,
        path.open("r+") as lock,
    ):
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        assert not try_lock(lock)
        holder.kill()
        holder.wait()
        assert try_lock(lock)
        assert try_lock(lock), "what holds it may ask again"
    assert path.exists(), "only sweeping removes it"


def test_a_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / LOCK
    lock = path.open("w")
    assert try_lock(lock)
    words = [sys.executable, "-c", "print(flush=True); input()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, close_fds=False) as child:
        assert child.stdout is not None
        child.stdout.readline()  # by now it runs its own program
        lock.close()
        with path.open("r+") as again:
            assert try_lock(again)
        child.kill()


def test_a_disk_without_locks_has_none_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: int, *, blocking: bool) -> bool:
        assert not blocking
        raise OSError(errno.ENOTSUP, "no locks")

    monkeypatch.setattr(filelock, "lock_descriptor", refused)
    folder = tmp_path / f"{WORK_PREFIX}dead"
    folder.mkdir(mode=0o700)
    (folder / LOCK).touch()
    with WorkFolder(tmp_path) as work:
        assert work.run.is_dir()
        assert folder.is_dir(), "nobody can tell that it is dead"
    with root_lock(tmp_path) as alone:
        assert not alone
