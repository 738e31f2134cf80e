"""gzip files, inflated by ISA-L or by zlib: the text that the standard library reads, and its words for what is broken."""

import gzip
import io
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import IO, cast

import pytest

from logcorr.inputs import gzip_members
from logcorr.inputs.gzip_members import GzipMembers

SMALL = b"2025-03-01T12:00:00Z,a,u\n" * 5
_chance = random.Random(5)
BIG = b"".join(b"2025-03-01T12:00:00Z,%016x,u\n" % _chance.getrandbits(64) for _ in range(20_000))
TEXTS = {"small": SMALL, "big": BIG}
# zlib, and ISA-L where it is installed.
LIBRARIES: dict[str, ModuleType] = {library.__name__: library for library in (zlib, gzip_members.inflating_library())}


def packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def flipped(raw: bytes, at: int, bit: int = 1) -> bytes:
    """The bytes with another bit at a place before their end."""
    return raw[:at] + bytes([raw[at] ^ bit]) + raw[at:][1:]


def head(flags: int = 0, more: bytes = b"") -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\3" + more


def with_checksum(start: bytes) -> bytes:
    return start + struct.pack("<H", zlib.crc32(start) & 0xFFFF)


def deflated(text: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY, window: int = -15) -> bytes:
    """A member without its header."""
    packer = zlib.compressobj(level, zlib.DEFLATED, window, 8, strategy)
    return packer.compress(text) + packer.flush() + struct.pack("<II", zlib.crc32(text), len(text))


SOUND: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "whole": packed,
    "of nothing": lambda _: gzip.compress(b""),
    "two": lambda text: packed(text) + packed(text),
    "many": lambda text: b"".join(gzip.compress(text[at : at + 999]) for at in range(0, len(text), 999)),
    "many of nothing": lambda text: gzip.compress(b"") * 3000 + packed(text),
    "zeros behind": lambda text: packed(text) + b"\0" * 400_000,
    "zeros between": lambda text: packed(text) + b"\0" * 400_000 + packed(text),
    "a name": lambda text: head(8, b"name\0") + deflated(text),
    "a long name": lambda text: head(8, b"n" * 400_000 + b"\0") + deflated(text),
    "a comment": lambda text: head(16, b"comment\0") + deflated(text),
    "an extra field": lambda text: head(4, b"\x06\0BC\2\0\1\0") + deflated(text),
    "a long extra field": lambda text: head(4, b"\xff\xff" + b"e" * 65535) + deflated(text),
    "a checksum of the header": lambda text: with_checksum(head(2)) + deflated(text),
    "all of them": lambda text: with_checksum(head(31, b"\x06\0BC\2\0\1\0name\0comment\0")) + deflated(text),
    "a wrong checksum of the header": lambda text: head(2, b"\1\2") + deflated(text),
    "stored": lambda text: head() + deflated(text, 0),
    "fixed codes": lambda text: head() + deflated(text, strategy=zlib.Z_FIXED),
    "no matches": lambda text: head() + deflated(text, strategy=zlib.Z_HUFFMAN_ONLY),
    "a small window": lambda text: head() + deflated(text, window=-9),
}


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "more behind": lambda text: packed(text) + b"more",
    "text behind": lambda text: packed(text) + SMALL,
    "a letter behind": lambda text: packed(text) + b"x",
    "a letter behind zeros": lambda text: packed(text) + b"\0" * 400_000 + b"x",
    "half a magic behind": lambda text: packed(text) + b"\x1f",
    "a magic behind": lambda text: packed(text) + b"\x1f\x8b",
    "half a header behind": lambda text: packed(text) + packed(text)[:7],
    "a header behind": lambda text: packed(text) + packed(text)[:10],
    "half a magic": lambda text: packed(text)[:1],
    "a magic alone": lambda text: packed(text)[:2],
    "half a header": lambda text: packed(text)[:5],
    "a header alone": lambda text: packed(text)[:10],
    "half a name": lambda _: head(8, b"name"),
    "half an extra field": lambda _: head(4, b"\xff\0abc"),
    "without its end": lambda text: packed(text)[:-8],
    "half an end": lambda text: packed(text)[:-4],
    "without the last byte": lambda text: packed(text)[:-1],
    "without its last block": lambda text: packed(text)[:-9],
    "the second without its end": lambda text: packed(text) + packed(text)[:-20],
    "another checksum": lambda text: flipped(packed(text), -6),
    "another length": lambda text: flipped(packed(text), -2),
    "the second of another checksum": lambda text: packed(text) + flipped(packed(text), -6),
    "another method": lambda text: packed(text)[:2] + b"\x07" + packed(text)[3:],
    "no gzip": lambda _: SMALL,
}


def members(raw: bytes, library: str, monkeypatch: pytest.MonkeyPatch) -> GzipMembers:
    monkeypatch.setattr(gzip_members, "inflating_library", lambda: LIBRARIES[library])
    return GzipMembers(io.BytesIO(raw))


def all_text(stream: IO[bytes], size: int = 1 << 20) -> bytes:
    return b"".join(iter(lambda: stream.read(size), b""))


def fault(stream: IO[bytes]) -> tuple[type[Exception], str, int]:
    """What reading a stream raises, and how far the text was read."""
    try:
        all_text(stream)
    except (OSError, EOFError, zlib.error) as error:
        return type(error), str(error), stream.tell()
    raise AssertionError("it can be read")


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("size", TEXTS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_text_is_that_of_the_standard_library(
    library: str, size: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = SOUND[name](TEXTS[size])
    expected = gzip.decompress(raw) if raw else b""
    stream = members(raw, library, monkeypatch)
    for step in (1 << 20, 4096, 1 << 17):
        assert all_text(cast("IO[bytes]", stream), step) == expected
        assert stream.tell() == len(expected)
        assert stream.seek(0) == 0


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("size", TEXTS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_broken_is_told_in_the_words_of_the_standard_library(
    library: str, size: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = BROKEN[name](TEXTS[size])
    found = fault(cast("IO[bytes]", members(raw, library, monkeypatch)))
    assert found == fault(cast("IO[bytes]", gzip.GzipFile(fileobj=io.BytesIO(raw))))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("size", TEXTS)
def test_a_file_that_is_cut_off_within_its_text_is_told_near_the_cut(
    size: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gzip.compress(TEXTS[size], mtime=0)
    for share in (3, 2):
        raw = whole[: len(whole) // share]
        kind, text, at = fault(cast("IO[bytes]", members(raw, library, monkeypatch)))
        expected = fault(cast("IO[bytes]", gzip.GzipFile(fileobj=io.BytesIO(raw))))
        assert (kind, text) == expected[:2]
        # ISA-L waits for more bytes before it gives the last characters.
        assert expected[2] - 300 <= at <= expected[2]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("rest", [b"\x07" + b"x" * 100, bytes(range(200))])
def test_what_cannot_be_inflated_is_an_error_of_zlib(
    rest: bytes, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, text, at = fault(cast("IO[bytes]", members(head() + rest, library, monkeypatch)))
    assert (kind, at) == (zlib.error, 0)
    assert text.startswith("Error -")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_never_gives_another_text(seed: int, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    text = BIG[:30_000]
    whole = gzip.compress(text, mtime=0)
    for _ in range(60):
        raw = flipped(whole, chance.randrange(10, len(whole)), 1 << chance.randrange(8))
        fault(cast("IO[bytes]", members(raw, library, monkeypatch)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bomb_is_inflated_a_piece_at_a_time(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = members(gzip.compress(bytes(20_000_000)), library, monkeypatch)
    sizes = [len(text) for text in iter(lambda: stream.read(1 << 16), b"")]
    assert max(sizes) <= 1 << 16
    assert sum(sizes) == 20_000_000


def test_it_goes_back_to_its_start_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = members(gzip.compress(SMALL), "zlib", monkeypatch)
    assert stream.read(7) == SMALL[:7]
    with pytest.raises(ValueError, match="from its start"):
        stream.seek(7)
    assert not stream.seekable()


@pytest.mark.skipif(len(LIBRARIES) == 1, reason="isal has no wheel for this machine")
def test_isal_is_loaded_for_a_gzip_file_and_its_lack_is_no_error() -> None:
    program = """
import io, sys, zlib
from logcorr.inputs import decompress, gzip_members
assert "isal" not in sys.modules
sys.modules["isal"] = None
assert gzip_members.inflating_library() is zlib
del sys.modules["isal"]
gzip_members.inflating_library.cache_clear()
gzip_members.GzipMembers(io.BytesIO())
assert "isal" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
