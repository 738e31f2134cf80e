"""zst files of one frame and of many: the text that zstd's own file reads, and its words for what is broken."""

import io
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from logcorr.inputs import zstd_frames
from logcorr.inputs.zstd_frames import ZstdFrames
from tests.support.helpers import zstandard

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

OPTIONS = {zstd.DecompressionParameter.window_log_max: 27}
SHORT = 10 << 20
SKIPPED = b"\x5a\x2a\x4d\x18\x04\x00\x00\x00abcd"
_chance = random.Random(7)
TEXT = b"".join(b"2025-03-01T12:00:00Z,%016x,u\n" % _chance.getrandbits(64) for _ in range(20_000))
NOISE = _chance.randbytes(300_000)


def streamed(text: bytes, **options: int) -> bytes:
    """A frame that does not tell how much text it holds."""
    numbers = {zstd.CompressionParameter[name]: value for name, value in options.items()}
    packer = zstd.ZstdCompressor(options=numbers)
    return bytes(packer.compress(text[:1000]) + packer.compress(text[1000:]) + packer.flush())


def frames(text: bytes, size: int, pack: Callable[[bytes], bytes]) -> bytes:
    return b"".join(pack(text[at : at + size]) for at in range(0, len(text), size))


SOUND: dict[str, bytes] = {
    "one": zstandard(TEXT),
    "one of nothing": zstandard(b""),
    "some": frames(TEXT, 100_000, zstandard),
    "some that tell no size": frames(TEXT, 100_000, streamed),
    "many": frames(TEXT, 999, zstandard),
    "with checksums": frames(TEXT, 50_000, lambda text: zstandard(text, checksum=True)),
    "as pzstd": frames(TEXT, 100_000, lambda text: SKIPPED + zstandard(text)),
    "skipped alone": SKIPPED * 5,
    "skipped behind": zstandard(TEXT) + SKIPPED * 3,
    "nothing between": (zstandard(b"") + zstandard(TEXT)) * 3 + zstandard(b""),
    "bytes that repeat": frames(b"a" * 3_000_000, 700_000, streamed),
    "noise": frames(NOISE, 100_000, zstandard),
    "a long one first": zstandard(TEXT * 20) + zstandard(TEXT),
    "a long one later": zstandard(TEXT) + streamed(TEXT * 20) + zstandard(TEXT),
    "a wide window later": zstandard(TEXT) + streamed(TEXT, window_log=24) + zstandard(TEXT),
    # zstd reads it, though the header says that it holds 64 KiB.
    "one of nothing that tells a size": b"\x28\xb5\x2f\xfd\xa0\x00\x00\x01\x00\x01\x00\x00" + zstandard(TEXT),
}
WHOLE = frames(TEXT, 100_000, lambda text: zstandard(text, checksum=True))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


BROKEN: dict[str, bytes] = {
    "more behind": WHOLE + b"more",
    "zeros behind": WHOLE + b"\0" * 16,
    "half a magic behind": WHOLE + zstandard(TEXT)[:3],
    "half a header behind": WHOLE + zstandard(TEXT)[:5],
    "half a skipped one behind": WHOLE + SKIPPED[:-1],
    "half a frame behind": WHOLE + zstandard(TEXT)[:1000],
    "without the last byte": WHOLE[:-1],
    "cut in the middle": WHOLE[: len(WHOLE) // 2],
    "another checksum at the end": flipped(WHOLE, len(WHOLE) - 1),
    "another checksum in the middle": flipped(WHOLE, len(WHOLE) - 1) + WHOLE,
    "a reserved block": WHOLE + b"\x28\xb5\x2f\xfd\x00\x40\x07\x00\x00" + WHOLE,
    "a reserved bit": WHOLE + b"\x28\xb5\x2f\xfd\x08\x40\x01\x00\x00" + WHOLE,
    "too wide a window later": WHOLE + streamed(TEXT, window_log=28) + WHOLE,
    "noise for a block": WHOLE + zstandard(TEXT)[:20] + NOISE + WHOLE,
}


def of_frames(raw: bytes) -> ZstdFrames:
    return ZstdFrames(io.BytesIO(raw), OPTIONS, SHORT)


def of_file(raw: bytes) -> Any:
    return zstd.ZstdFile(io.BytesIO(raw), options=OPTIONS)


def all_text(stream: Any, size: int = 1 << 20) -> bytes:
    return b"".join(iter(lambda: stream.read(size), b""))


def fault(stream: Any) -> tuple[type[Exception], str, int]:
    """What reading a stream raises, and how far the text was read."""
    try:
        all_text(stream)
    except (OSError, EOFError, zstd.ZstdError) as error:
        return type(error), str(error), stream.tell()
    raise AssertionError("it can be read")


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("name", SOUND)
def test_the_text_is_that_of_the_file_of_zstd(name: str) -> None:
    raw = SOUND[name]
    expected = all_text(of_file(raw))
    for size in (1 << 20, 4096):
        stream = of_frames(raw)
        assert all_text(stream, size) == expected
        assert stream.tell() == len(expected)
        stream.close()


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_in_the_words_of_zstd(name: str) -> None:
    raw = BROKEN[name]
    stream = of_frames(raw)
    assert fault(stream) == fault(of_file(raw))
    stream.close()


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("one", 1),
        ("some", 6),
        ("as pzstd", 6),
        ("many", 2),
        ("skipped alone", 0),
        ("a long one first", 0),
        ("a long one later", 1),
        ("a wide window later", 1),
    ],
)
def test_short_frames_are_decompressed_by_threads(name: str, alone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    real = zstd.decompress

    def decompress(raw: bytes, **options: Any) -> bytes:
        threads.append(threading.current_thread().name)
        text: bytes = real(raw, **options)
        return text

    monkeypatch.setattr(zstd, "decompress", decompress)
    stream = of_frames(SOUND[name])
    all_text(stream)
    stream.close()
    assert len(threads) >= alone
    assert (len(threads) > 0) == (alone > 0)
    assert threading.current_thread().name not in threads


def test_only_so_many_frames_are_decompressed_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstd_frames, "_GROUP_BYTES", 1)
    begun: list[int] = []
    real = zstd.decompress

    def decompress(raw: bytes, **options: Any) -> bytes:
        begun.append(len(raw))
        text: bytes = real(raw, **options)
        return text

    monkeypatch.setattr(zstd, "decompress", decompress)
    stream = of_frames(frames(TEXT, 10_000, zstandard))
    for number in range(1, 30):
        assert len(stream.read(10_000)) == 10_000
        assert len(begun) <= number + 2
    stream.close()


def test_closing_early_ends_the_threads() -> None:
    for name in ("some", "a long one first", "a long one later"):
        for taken in (0, 1):
            stream = of_frames(SOUND[name])
            for _ in range(taken):
                assert stream.read(10)
            stream.close()
            stream.close()


def test_a_frame_is_never_decompressed_whole_that_could_be_long() -> None:
    """A frame of few bytes may hold much text: what its blocks may hold counts, not what it says."""
    long = streamed(b"\0" * (11 << 20))
    assert len(long) < 10_000
    assert zstd_frames._short_frame(io.BytesIO(long), 0, len(long), SHORT) is None
    short = streamed(b"\0" * (9 << 20))
    frame = zstd_frames._short_frame(io.BytesIO(short), 0, len(short), SHORT)
    assert frame is not None
    assert (frame.start, frame.end) == (0, len(short))
    assert 9 << 20 <= frame.most_text <= 10 << 20
