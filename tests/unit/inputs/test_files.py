"""Names become files: each file once, standard input, and forms of compression that are not read."""

import bz2
import lzma
import os
import sys
from pathlib import Path

import pytest

from logcorr.inputs import zstd_window
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import fingerprint, resolve, resolve_all
from logcorr.model.errors import InputError
from tests.support.helpers import zstandard

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

TEXT = b"2026-03-01T10:00:00Z,req-1,anna\n"
GB = 10**9


def test_a_file_that_is_named_again_is_left_out(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_bytes(TEXT)
    names = ["*.log", "a.log", "./b.log", "."]
    if sys.platform != "win32":
        (tmp_path / "soft").symlink_to("b.log")
        os.link(tmp_path / "c.log", tmp_path / "hard")
        names += ["soft", "hard"]
    words = tuple(str(tmp_path / name) for name in names)
    found = resolve_all("access", words)
    assert [file.path.name for file in found.files] == ["a.log", "b.log", "c.log"]
    assert [Path(name).name for name in found.named_twice][:5] == ["a.log", "b.log", "a.log", "b.log", "c.log"]
    assert resolve("access", words) == found.files


def test_equal_files_are_different_files(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(TEXT)
    found = resolve_all("access", (str(tmp_path),))
    assert (len(found.files), found.named_twice) == (2, [])


def test_standard_input_is_the_file_it_was_copied_to(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(zstandard(TEXT))
    (file,) = resolve_all("access", ("-",), stdin=lambda: tmp_path / "copy").files
    assert (file.name, file.compression) == ("-", "zstd")
    assert fingerprint(file).path == "-"
    with pytest.raises(InputError, match="standard input is not read here"):
        resolve("access", ("-",))


def test_a_file_named_like_standard_input_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-").write_bytes(TEXT)
    monkeypatch.chdir(tmp_path)
    assert resolve("access", ("./-",))[0].bytes == len(TEXT)
    assert resolve("access", ("*",))[0].bytes == len(TEXT)


@pytest.mark.parametrize(
    ("name", "raw", "form"),
    [
        ("app.log", lzma.compress(TEXT), "xz"),
        ("app.log", bz2.compress(TEXT), "bz2"),
        ("app.log", b"PK\x03\x04rest", "zip"),
        ("app.log", b"7z\xbc\xaf\x27\x1crest", "7z"),
        ("app.log", b"\x04\x22\x4d\x18rest", "lz4"),
        ("app.log.br", b"rest", "br"),
    ],
)
def test_a_form_that_is_not_read_is_named(name: str, raw: bytes, form: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=rf"{name}.*: {form} is not read\. Give it plain, as \.gz or as \.zst\."):
        resolve("access", (str(tmp_path / name),))


def long_window(log: int) -> bytes:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
    return bytes(compressor.compress(TEXT) + compressor.flush())


def test_a_long_window_is_read_where_memory_allows(tmp_path: Path) -> None:
    path = tmp_path / "long.zst"
    path.write_bytes(long_window(28))
    with pytest.raises(InputError, match=r"wants a window of 268,435,456 bytes.*zstd -d --long=31"):
        resolve_all("access", (str(path),), memory_bytes=GB // 2)
    (file,) = resolve_all("access", (str(path),), memory_bytes=2 * GB).files
    with open_text(file) as stream:
        assert read_text(file, stream, 1000) == TEXT


def test_a_long_window_further_down_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "long.zst"
    path.write_bytes(zstandard(TEXT) + long_window(28))
    (file,) = resolve_all("access", (str(path),), memory_bytes=GB // 2).files
    with pytest.raises(InputError, match="wants a window of more than 134,217,728 bytes"), open_text(file) as stream:
        read_text(file, stream, 1000)


def test_the_largest_window_fits_the_memory() -> None:
    sizes = [zstd_window.largest_log(memory) for memory in (0, GB // 2, GB, 2 * GB, 4 * GB, 16 * GB)]
    assert sizes == [27, 27, 28, 29, 30, 31]


def test_the_longest_frame_fits_the_memory() -> None:
    sizes = [zstd_window.longest_frame(memory) >> 20 for memory in (0, GB // 2, GB, 2 * GB)]
    assert sizes == [0, 2, 10, 10]


SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"


@pytest.mark.parametrize(
    ("raw", "window"),
    [
        (b"", 0),
        (TEXT, 0),
        (SKIPPED * 3, 0),
        (SKIPPED * 3 + b"\x28\xb5\x2f\xfd\x00\x58" + b"x" * 9, 1 << 21),
        (b"\x28\xb5\x2f\xfd\x00\x5b" + b"x" * 9, (1 << 21) * 11 // 8),
        (b"\x28\xb5\x2f\xfd\x20\x40" + b"x" * 9, 64),
        (b"\x28\xb5\x2f\xfd\x60\x00\x01" + b"x" * 9, 512),
        (b"\x28\xb5\x2f\xfd\xa0\x00\x00\x01\x00" + b"x" * 9, 1 << 16),
        (b"\x28\xb5\x2f\xfd\xe1\x07\x00\x00\x00\x00\x01\x00\x00\x00" + b"x" * 9, 1 << 32),
    ],
)
def test_the_window_of_the_first_frame(raw: bytes, window: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(raw)
    with (tmp_path / "a").open("rb") as stream:
        assert zstd_window.window_bytes(stream) == window
