"""What every store has to do, whatever its kind: a folder, and a bucket."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.cluster.store import Store, check_creates_once, each, open_store
from logcorr.model.errors import StoreError, UsageError
from tests.support.bucket_server import Bucket, bucket_server
from tests.support.moto_server import moto_server

BAD_NAMES = ("", "/a", "../a", "a/../b", "a//b", "a/", "./a", ".hidden", "a/.hidden", "a\\b", "a\0b")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_server() as served:
        yield served


@pytest.fixture(params=["folder", "bucket", pytest.param("moto", marks=pytest.mark.cluster)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield open_store(str(tmp_path / "runs"))
        return
    with bucket_server() if request.param == "bucket" else moto_server():
        yield open_store("s3://bucket/some/runs")


def test_what_is_put_is_there_whole(store: Store) -> None:
    store.put("a/b/c", b"first")
    store.put("a/b/c", b"second, and longer")
    store.put("a/empty", b"")
    assert store.get("a/b/c") == b"second, and longer"
    assert store.get("a/empty") == b""
    assert store.list("") == {"a/b/c": 18, "a/empty": 0}


def test_only_the_first_create_writes(store: Store) -> None:
    assert store.create("done/map/000001", b"one")
    assert not store.create("done/map/000001", b"two")
    assert store.get("done/map/000001") == b"one"
    store.delete(["done/map/000001"])
    assert store.create("done/map/000001", b"three")
    check_creates_once(store)
    assert store.list("") == {"done/map/000001": 5}


def test_one_of_many_creates_at_the_same_time_writes(store: Store) -> None:
    begin, wrote = threading.Barrier(8), list[int]()

    def create(number: int) -> None:
        begin.wait(60)
        if store.create("told/plan", b"%d" % number):
            wrote.append(number)

    threads = [threading.Thread(target=create, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [store.get("told/plan")] == [b"%d" % number for number in wrote]


def test_ranges(store: Store) -> None:
    store.put("blob", b"0123456789")
    assert store.get_range("blob", 2, 5) == b"234"
    assert store.get_range("blob", 0, 10) == b"0123456789"
    assert store.get_range("blob", 4, 4) == b""
    assert store.get_range("blob", 10, 10) == b""
    for start, end in ((5, 11), (10, 12), (20, 21)):
        with pytest.raises(StoreError, match="ends"):
            store.get_range("blob", start, end)


def test_what_is_absent_is_told_so(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("nothing")
    with pytest.raises(FileNotFoundError):
        store.get_range("nothing", 0, 1)
    assert store.list("nothing/") == {}
    store.delete(["nothing", "nor/this"])


def test_a_list_is_of_a_folder_and_not_of_names_that_begin_so(store: Store) -> None:
    for name in ("done/map/1", "done/map/deeper/2", "done/mapped/3", "done/m", ".work/k/4"):
        store.put(name, b"x")
    assert store.list("done/map/") == {"done/map/1": 1, "done/map/deeper/2": 1}
    assert set(store.list(".work/")) == {".work/k/4"}
    assert len(store.list("")) == 5


def test_files_of_this_machine_are_copied(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "local.bin"
    data = os.urandom(1_000_000)
    path.write_bytes(data)
    assert store.put_file("run/part", path) == len(data)
    assert store.get_range("run/part", 999_000, 1_000_000) == data[999_000:]
    with pytest.raises((StoreError, FileNotFoundError)):
        store.put_file("run/other", tmp_path / "absent")
    assert set(store.list("")) == {"run/part"}


def test_tables_are_read_by_query(store: Store, tmp_path: Path) -> None:
    rows = pl.DataFrame({"a": range(1000), "b": ["x"] * 1000})
    rows.write_parquet(tmp_path / "rows.parquet")
    store.put_file("run/rows.parquet", tmp_path / "rows.parquet")
    assert store.table("run/rows.parquet").filter(pl.col("a") > 997).collect()["a"].to_list() == [998, 999]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_no_name_leads_out_of_the_store(store: Store, name: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: store.put(name, b""),
        lambda: store.create(name, b""),
        lambda: store.get(name),
        lambda: store.get_range(name, 0, 1),
        lambda: store.table(name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not the name"):
            call()
    assert store.list("") == {}


@pytest.mark.parametrize("uri", ["ftp://host/runs", "http://host/runs", ""])
def test_other_kinds_of_uris_are_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="not a store"):
        open_store(uri)


def test_a_file_uri_is_a_folder(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/runs").put("a", b"x")
    assert (tmp_path / "runs" / "a").read_bytes() == b"x"


def test_a_store_without_create_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = open_store(str(tmp_path))

    def put_always(self: Any, name: str, data: bytes) -> bool:
        self.put(name, data)
        return True

    monkeypatch.setattr(type(store), "create", put_always)
    with pytest.raises(StoreError, match=r"If-None-Match: \*"):
        check_creates_once(store)
    assert store.list("") == {}


# A folder alone


def test_a_half_file_is_never_seen_and_can_be_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(str(tmp_path))
    store.put("a/whole", b"x")
    unlink = Path.unlink

    def killed(path: Path, *, missing_ok: bool = False) -> None:
        if path.suffix != ".part":  # a process that is killed removes nothing
            unlink(path, missing_ok=missing_ok)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"No space left on device\. Make room"):
            store.put("a/half", b"half of it")
        with pytest.raises(StoreError, match="No space"):
            store.create("a/half", b"half of it")
    assert store.list("") == {"a/whole": 1}
    left = store.unfinished("a/")
    assert sorted(left.values()) == [10, 10]
    store.delete(list(left))
    assert store.unfinished("") == {}
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["whole"]


def test_folders_without_files_go_away(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "runs"))
    store.put(".work/k/done/map/1", b"x")
    store.put(".work/k/told/plan", b"x")
    store.delete([".work/k/done/map/1"])
    assert not (tmp_path / "runs/.work/k/done").exists()
    store.delete([".work/k/told/plan"])
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_goes_away_while_a_file_is_made_is_made_again(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    ends = threading.Event()

    def put_and_delete(number: int) -> None:
        while not ends.is_set():
            store.put(f"a/b/{number}", b"x")
            store.delete([f"a/b/{number}"])

    threads = [threading.Thread(target=put_and_delete, args=(number,), daemon=True) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(200):
            store.put("a/b/main", b"x")
            store.delete(["a/b/main"])
    finally:
        ends.set()
    for thread in threads:
        thread.join(60)
    assert store.list("") == {}


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_the_user_may_read_what_is_stored(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "runs"))
    before = os.umask(0)
    try:
        store.put("a/b", b"x")
        store.create("a/c", b"x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "runs").rglob("*")}
    assert modes == {"a": 0o700, "b": 0o600, "c": 0o600}
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700


def test_a_link_that_was_made_but_not_answered_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS says that a file exists where its own answer was lost, and the request repeated."""
    store = open_store(str(tmp_path))
    link = os.link

    def link_twice(*names: Any) -> None:
        link(*names)
        link(*names)

    monkeypatch.setattr(os, "link", link_twice)
    assert store.create("a", b"x")
    assert not store.create("a", b"y")
    assert store.list("") == {"a": 1}


# A bucket alone


def test_a_create_whose_answer_was_lost_counts(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may write an object and then answer 500: the request is repeated, and finds the object there."""
    store = open_store("s3://bucket/runs")
    put = store._store.put  # type: ignore[attr-defined]

    class Twice:
        def __getattr__(self, name: str) -> Any:
            return getattr(open_store("s3://bucket/runs")._store, name)  # type: ignore[attr-defined]

        def put(self, *args: Any, **options: Any) -> Any:
            put(*args, **options)
            return put(*args, **options)

    monkeypatch.setattr(store, "_store", Twice())
    assert store.create("done/1", b"x")
    assert not store.create("done/1", b"x")
    assert list(bucket.objects) == ["runs/done/1"]


def test_stores_below_each_other_do_not_mix(bucket: Bucket) -> None:
    open_store("s3://bucket/runs/").put("a", b"x")
    open_store("s3://bucket").put("b", b"x")
    assert set(bucket.objects) == {"runs/a", "b"}
    assert open_store("s3://bucket/run").list("") == {}


def test_several_requests_are_under_way_at_the_same_time_and_come_in_order() -> None:
    both = threading.Barrier(2)

    def wait(number: int) -> int:
        both.wait(10)  # none of the two ends before the other has begun
        return number

    assert list(each(wait, range(4))) == [0, 1, 2, 3]

    def fail(number: int) -> int:
        if number == 2:
            raise StoreError("refused")
        return number

    found = each(fail, range(4))
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(StoreError, match="refused"):
        next(found)
