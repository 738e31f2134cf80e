"""Faults of a bucket: what is asked again, what its errors say, and that nothing of it names a key."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from logcorr.compute import object_storage
from logcorr.compute.object_path import ObjectPath, path_of
from logcorr.compute.object_storage import ObjectChangedError
from logcorr.model.errors import StoreError, UsageError
from tests.support.bucket_server import KEY_ID, SECRET, TOKEN, Bucket, bucket_server

PLACE = ObjectPath("s3://bucket/logs")
# Every way in which a bucket is asked for something.
REQUESTS: dict[str, Callable[[], Any]] = {
    "get": (PLACE / "a").read_bytes,
    "range": lambda: (PLACE / "a").read_range(0, 1),
    "head": (PLACE / "a").stat,
    "list": PLACE.objects,
    "folders": PLACE.folders,
    "delete": lambda: PLACE.delete(["a"]),
}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_server() as served:
        served.objects["logs/a"] = (b"0123456789", {})
        served.objects["logs/deep/b"] = (b"xyz", {})
        yield served


@pytest.mark.parametrize("status", [500, 502, 503, 429])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_what_fails_for_a_moment_is_asked_again(bucket: Bucket, status: int, request_name: str) -> None:
    bucket.faults.extend([status, status])
    REQUESTS[request_name]()
    assert len(bucket.asked) == 3


def test_a_slow_answer_is_waited_for(bucket: Bucket) -> None:
    bucket.faults.append(0.5)
    assert (PLACE / "a").read_bytes() == b"0123456789"
    assert len(bucket.asked) == 1


def test_an_answer_that_does_not_come_is_asked_for_again(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(object_storage._CLIENT, "read_timeout", "200ms")
    bucket.faults.append(2.0)
    assert (PLACE / "a").read_bytes() == b"0123456789"
    assert len(bucket.asked) == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "access denied on {} (HTTP 403). Check the credentials"),
        (401, "no valid credentials on {} (HTTP 401). Set the credentials"),
        (400, "the service refused on {} (HTTP 400). Check"),
    ],
)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_what_stays_an_error_is_one_line_without_keys(
    bucket: Bucket, status: int, says: str, request_name: str
) -> None:
    bucket.refused = status
    with pytest.raises(StoreError) as caught:
        REQUESTS[request_name]()
    action = {"range": "get", "folders": "list"}.get(request_name, request_name)
    what = action if action == "list" else f"{action} of 'a'"
    assert says.format(what) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("s3://bucket/logs: ")
    _check_no_key("".join(traceback.format_exception(caught.value)))


def test_a_service_that_goes_on_failing_is_told_after_the_last_try(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"max_retries": 2, "backoff": {"init_backoff": timedelta(milliseconds=1)}}
    monkeypatch.setattr(object_storage, "_RETRY", few)
    bucket.refused = 503
    with pytest.raises(StoreError, match=r"asks for fewer requests on get of 'a' \(HTTP 503\)\. Give fewer workers"):
        (PLACE / "a").read_bytes()
    assert len(bucket.asked) == 3


def test_nobody_who_listens_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket_server():
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setattr(object_storage, "_RETRY", {"max_retries": 0})
        with pytest.raises(StoreError, match=r"the request failed on head of 'a'\. Check the endpoint") as caught:
            (PLACE / "a").stat()
    _check_no_key(str(caught.value))


def test_an_object_that_is_absent_is_no_error_of_the_store(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        (PLACE / "absent").read_bytes()
    assert str(caught.value) == "s3://bucket/logs: there is no 'absent'"
    assert not (PLACE / "absent").is_file()
    assert (PLACE / "a").is_file()
    bucket.refused = 403
    with pytest.raises(StoreError):
        (PLACE / "a").is_file()


def test_an_object_that_has_changed_is_not_read(bucket: Bucket) -> None:
    etag = (PLACE / "a").stat().etag
    assert (PLACE / "a").read_range(2, 4, etag) == b"23"
    bucket.objects["logs/a"] = (b"another one", {})
    with pytest.raises(ObjectChangedError):
        (PLACE / "a").read_range(2, 4, etag)


def test_paths(bucket: Bucket) -> None:
    place = path_of("s3://bucket/logs/")
    assert place == PLACE
    assert isinstance(place, ObjectPath)
    assert (place.name, (place / "x.parquet").suffix, str(place.absolute())) == ("logs", ".parquet", "s3://bucket/logs")
    assert place.folders() == [PLACE / "deep"]
    assert {name: status.st_size for name, status in place.objects().items()} == {"a": 10, "deep/b": 3}
    assert list(place.objects(deep=False)) == ["a"]
    place.delete(["a", "absent"])
    assert set(bucket.objects) == {"logs/deep/b"}
    place.delete([])


def test_a_uri_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="not the URI of a bucket"):
        object_storage.opened("s3:///runs")


def test_without_obstore_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    object_storage.opened.cache_clear()
    with pytest.raises(UsageError, match=r"pip install 'logcorr\[s3\]'"):
        object_storage.opened("s3://bucket/runs")


def test_paths_of_buckets_load_neither_obstore_nor_the_engine() -> None:
    code = (
        "import sys; from logcorr.compute import object_path; object_path.path_of('s3://b/c').name; "
        "print(sorted({'obstore', 'polars'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert printed.stdout.strip() == "[]"


def _check_no_key(text: str) -> None:
    assert not [key for key in (KEY_ID, SECRET, TOKEN) if key in text]
