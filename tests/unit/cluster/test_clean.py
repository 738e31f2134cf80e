"""`runs clean` removes what runs on engines have left, and nothing else."""

import shutil
import time
from pathlib import Path

import msgspec
import pytest

from logcorr.cluster import clean
from logcorr.cluster.plan import WorkNames
from logcorr.cluster.store import open_store
from logcorr.runs.work_folder import WorkFolder

ENDED, BEGUN, ALIVE = "0" * 16, "1" * 16, "2" * 16
MARK = "f" * 16


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def filled(folder: Path) -> None:
    store = open_store(str(folder))
    for key in (ENDED, BEGUN, ALIVE):
        store.put(f"{key}/exchanges/000000-0000-abc.parquet", b"rows")
        store.put(f".work/{key}/{MARK}/made/map/000000-abc.blob", b"blob")
    for name in ("manifest.json", "report.json"):
        store.put(f"{ENDED}/{name}", b"{}")
    for key in (BEGUN, ALIVE):
        store.put(f".work/{key}/plan", MARK.encode() + b"plan")
    beat = clean.Beat(time_s=time.time(), machine="elsewhere", work_folder=str(folder / ".work-there"), root=(1, 2))
    store.put(f"{WorkNames(ALIVE, MARK).beats}there", msgspec.msgpack.encode(beat))
    (folder / f"{BEGUN}/orphans").mkdir()
    (folder / BEGUN / "orphans" / f".000000.parquet.{'a' * 32}.part").write_bytes(b"half")
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("not of logcorr")
    (folder / "readme").write_text("not of logcorr")


OTHERS = {f"{ENDED}/exchanges/000000-0000-abc.parquet", f"{ENDED}/manifest.json", f"{ENDED}/report.json"}
OTHERS |= {"mine/notes.txt", "readme"}


def test_runs_that_did_not_end(tmp_path: Path) -> None:
    filled(tmp_path)
    cleaned = clean.clean(open_store(str(tmp_path)), every=False)
    assert (cleaned.removed, cleaned.under_way) == ([ENDED, BEGUN], [ALIVE])
    assert cleaned.bytes == 2 * len(b"blob") + len(b"rows") + len(b"half") + len(MARK + "plan")
    assert {name for name in files(tmp_path) if ALIVE not in name} == OTHERS
    assert len([name for name in files(tmp_path) if ALIVE in name]) == 4


def test_a_driver_that_was_not_heard_of_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    monkeypatch.setattr(clean, "_GONE_S", -1.0)
    assert clean.clean(open_store(str(tmp_path)), every=False).under_way == []
    assert files(tmp_path) == OTHERS


def test_a_driver_of_this_machine_is_known_by_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    store = open_store(str(tmp_path))
    with WorkFolder(tmp_path / "root") as work:
        clean.Alive(work.path).tell(store, WorkNames(BEGUN, MARK))
        clean.Alive(tmp_path / "root" / ".work-killed").tell(store, WorkNames(BEGUN, MARK))
        # It lives, however long it was not heard of.
        monkeypatch.setattr(clean, "_GONE_S", -1.0)
        assert clean.clean(store, every=False).under_way == [BEGUN]
        monkeypatch.setattr(clean, "_GONE_S", 600.0)
        copy = work.path.with_name(".work-copy")
        shutil.copytree(work.path, copy)
    # Its lock is free, or its folder is gone: it is dead, however lately it was heard of.
    clean.Alive(copy).tell(store, WorkNames(BEGUN, MARK))
    assert clean.clean(store, every=False).under_way == []
    assert BEGUN not in "".join(files(tmp_path))


def test_all(tmp_path: Path) -> None:
    filled(tmp_path)
    assert clean.clean(open_store(str(tmp_path)), every=True).removed == [ENDED, BEGUN, ALIVE]
    assert files(tmp_path) == OTHERS
    assert clean.clean(open_store(str(tmp_path)), every=True).removed == []
