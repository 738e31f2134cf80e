"""Streams of files and sources: the bytes of a window, whatever is asked for, in few requests."""

import io
import random
from pathlib import Path

import pytest

from logcorr.inputs.byte_source import HEAD_BYTES, FileBytes, SourceBytes

SIZE = 3_000_000
DATA = random.Random(7).randbytes(SIZE)


class Source:
    """A source that notes which ranges are asked for."""

    name = uri = "memory"
    identity = "1"
    size = SIZE

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def read(self, start: int, end: int) -> bytes:
        self.asked.append((start, end))
        return DATA[start:end]

    def check_unchanged(self) -> None:
        """Never changes."""


@pytest.mark.parametrize(("start", "end"), [(0, SIZE), (0, 10), (1_000_000, 2_500_001), (5, 5)])
@pytest.mark.parametrize("kind", ["file", "source"])
def test_windows_read_as_bytes_do(kind: str, start: int, end: int, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA + b"written later")
    raw = FileBytes(path, start, end) if kind == "file" else SourceBytes(Source(), start, end)
    plain, chance = io.BytesIO(DATA[start:end]), random.Random(start + end)
    with io.BufferedReader(raw) as stream:
        for _ in range(200):
            what, count = chance.choice(("read", "seek", "end")), chance.randrange(0, max(1, end - start))
            if what == "read":
                count //= chance.choice((1, 10, 1000))
                assert stream.read(count) == plain.read(count)
            elif what == "seek":
                assert stream.seek(count) == plain.seek(count)
            else:
                assert stream.seek(-min(count, 100, end - start), io.SEEK_END) == plain.seek(
                    -min(count, 100, end - start), io.SEEK_END
                )
        stream.seek(0)
        assert stream.read() == DATA[start:end]


def test_a_look_at_the_head_asks_for_little_and_reading_on_for_more_and_more() -> None:
    source = Source()
    stream = io.BufferedReader(SourceBytes(source, 0, SIZE))
    stream.read(8)
    assert source.asked == [(0, HEAD_BYTES)]
    while stream.read(100_000):
        pass
    sizes = [end - start for start, end in source.asked]
    assert sum(sizes) == SIZE
    assert sizes[:3] == [HEAD_BYTES, 256 << 10, 1 << 20]
    assert len(sizes) <= 5


def test_places_between_are_asked_for_once_each() -> None:
    source = Source()
    stream = io.BufferedReader(SourceBytes(source, 0, SIZE))
    for start in (1_000_000, 2_000_000, 500_000):
        stream.seek(start)
        assert stream.read(65_537) == DATA[start : start + 65_537]
    assert [start for start, _ in source.asked] == [1_000_000, 2_000_000, 500_000]
