"""Inputs by name: files and objects, read by ranges, and found out where they change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logcorr.cluster.sources import list_sources, open_source
from logcorr.model.errors import InputError, StoreError
from tests.support.bucket_server import Bucket, bucket_server

OBJECTS = ("day/req-1.log", "day/req-2.log.gz", "day/.hidden", "day/sub/req-3.log", "day/resp.log", "other/req-4.log")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_server() as served:
        for name in OBJECTS:
            served.objects[name] = (name.encode() * 3, {})
        yield served


def _named(*words: str) -> list[str]:
    return [source.uri.removeprefix("s3://bucket/") for source in list_sources(words, "request")]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("day/req-1.log", ["day/req-1.log"]),
        ("day/", ["day/req-1.log", "day/req-2.log.gz", "day/resp.log"]),
        ("day/req-*", ["day/req-1.log", "day/req-2.log.gz"]),
        ("day/req-?.log", ["day/req-1.log"]),
        ("day/req-[12]*", ["day/req-1.log", "day/req-2.log.gz"]),
        ("*/req-*.log", ["day/req-1.log", "other/req-4.log"]),
        ("**/req-*.log", ["day/req-1.log", "day/sub/req-3.log", "other/req-4.log"]),
        ("day/**", ["day/req-1.log", "day/req-2.log.gz", "day/resp.log", "day/sub/req-3.log"]),
        ("day/.h*", ["day/.hidden"]),
    ],
)
def test_objects_are_named_as_files_are(word: str, named: list[str], tmp_path: Path) -> None:
    assert _named(f"s3://bucket/{word}") == named
    for name in OBJECTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name * 3, "utf8")
    files = sorted(source.uri.removeprefix(f"{tmp_path}/") for source in list_sources([f"{tmp_path}/{word}"]))
    assert files == named


@pytest.mark.usefixtures("bucket")
def test_words_keep_their_order_and_name_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "local.log").write_bytes(b"x")
    words = ("s3://bucket/day/resp.log", str(tmp_path / "local.log"), "s3://bucket/day/", str(tmp_path))
    names = [source.name for source in list_sources(words)]
    assert names == [
        "s3://bucket/day/resp.log",
        str(tmp_path / "local.log"),
        "s3://bucket/day/req-1.log",
        "s3://bucket/day/req-2.log.gz",
    ]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("s3://bucket/day/none.log", "request log 's3://bucket/day/none.log': no such object. Check the URI."),
        ("s3://bucket/day", "no such object. Its objects are named by s3://bucket/day/"),
        ("s3://bucket/none/", "there are no objects. Name an object, a pattern or a folder of logs."),
        ("s3://bucket/day/none*", "no object matches. Check the pattern, and quote it for the shell."),
        ("none.log", "request log 'none.log': no such file. Check the path."),
    ],
)
def test_a_word_that_names_nothing_is_told(word: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        list_sources([word], "request")
    assert says in str(caught.value)


def test_a_bucket_that_refuses_is_told(bucket: Bucket) -> None:
    bucket.refused = 403
    with pytest.raises(StoreError, match=r"s3://bucket/day: access denied on list \(HTTP 403\)"):
        list_sources(["s3://bucket/day/"])


def test_an_object_is_read_by_ranges_until_it_changes(bucket: Bucket) -> None:
    (source,) = list_sources(["s3://bucket/day/req-1.log"])
    assert (source.size, source.read(0, 4), source.read(10, 15), source.read(3, 3)) == (39, b"day/", b"logda", b"")
    assert bucket.bytes_sent["day/req-1.log"] == 9
    source.check_unchanged()
    again = open_source(source.uri, source.identity)
    bucket.objects["day/req-1.log"] = (b"x" * 39, {})
    for changed in (source, again):
        with pytest.raises(InputError, match="was written to while it was read"):
            changed.read(4, 8)
        with pytest.raises(InputError, match="was written to while it was read"):
            changed.check_unchanged()
    with pytest.raises(InputError, match="was written to"):
        open_source(source.uri, source.identity)
    del bucket.objects["day/req-1.log"]
    for call in (source.check_unchanged, lambda: source.read(4, 8)):
        with pytest.raises(InputError, match="was removed while it was read"):
            call()
    with pytest.raises(InputError, match="no such object"):
        open_source(source.uri)


def test_a_file_is_read_by_ranges_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "requests.log"
    path.write_bytes(b"0123456789")
    (source,) = list_sources([str(path)])
    assert (source.size, source.read(2, 5), source.read(4, 4)) == (10, b"234", b"")
    source.check_unchanged()
    assert open_source(source.uri, source.identity).read(0, 1) == b"0"
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="was written to while it was read"):
        source.check_unchanged()
    with pytest.raises(InputError, match="was written to"):
        open_source(source.uri, source.identity)
    path.write_bytes(b"01")
    with pytest.raises(InputError, match="was written to"):
        source.read(0, 10)
    path.unlink()
    for call in (source.check_unchanged, lambda: source.read(0, 1), lambda: open_source(source.uri)):
        with pytest.raises(InputError, match="cannot be read"):
            call()
