"""The text of a zst file. Frames that are short, as pzstd and seekable files have them, are decompressed in parallel.

Where a frame ends is told by the headers of its blocks. All that is not plainly a sound, short frame is decompressed
from start to end, and so is what follows it.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import IO, Any, NamedTuple

from logcorr.compute.background_thread import parallel_map
from logcorr.inputs import zstd_window

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd

_BLOCK_BYTES = 1 << 20
_SHORT_WINDOW_BYTES = 8 << 20
# Very short frames are decompressed several at a time.
_GROUP_BYTES = 1 << 20
_MOST_IN_GROUP = 1000
_THREADS = 2
_GROUPS_AHEAD = 2
_MOST_OF_BLOCK = 1 << 17
_ONE_BYTE, _COMPRESSED = 1, 2
_BLOCK_HEADER_BYTES = 3
_CHECKSUM_BYTES = 4


class _Frame(NamedTuple):
    """A frame of a file: where it begins and ends, how many bytes of text it holds at most. A skipped one has none."""

    start: int
    end: int
    most_text: int
    skipped: bool


class _Group(NamedTuple):
    """Frames of a file, one after the other: where they begin and end, and the bytes of those that hold text."""

    start: int
    end: int
    packed: list[bytes]


class ZstdFrames:
    """A stream of the text of a zst file, to be read from start to end. It has threads until it is closed.

    Frames of up to `short_bytes` of text are short. `read` raises what zstd's own file raises where the file is broken.
    """

    def __init__(self, file: IO[bytes], options: dict[int, int], short_bytes: int) -> None:
        self._file, self._options, self._short_bytes = file, options, short_bytes
        self._texts = self._all_text()
        self._text = memoryview(b"")
        # Where the frames begin that are decompressed from start to end, and their text.
        self._rest: Any = None
        self._text_before_rest = 0

    def read(self, size: int) -> bytes:
        """The next bytes of text, `size` at most; none at the end alone."""
        # The text of frames may be empty.
        while not self._text and (text := next(self._texts, None)) is not None:
            self._text = memoryview(text)
        read, self._text = self._text[:size], self._text[size:]
        return bytes(read)

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        """The bytes of text that were decompressed, those before a fault included."""
        rest: int = 0 if self._rest is None else self._rest.tell()
        return self._text_before_rest + rest

    def close(self) -> None:
        """Ends the threads."""
        self._texts.close()
        if self._rest is not None:
            self._rest.close()

    def _all_text(self) -> Generator[bytes, None, None]:
        rest = 0
        with closing(parallel_map(self._decompressed, self._groups(), _THREADS, _GROUPS_AHEAD)) as texts:
            for end, text in texts:
                rest = end
                if text is None:
                    break
                self._text_before_rest += len(text)
                yield text
        if rest < self._file.seek(0, os.SEEK_END):
            self._file.seek(rest)
            self._rest = zstd.ZstdFile(self._file, options=self._options)
            while text := self._rest.read(_BLOCK_BYTES):
                yield text

    def _decompressed(self, group: _Group) -> tuple[int, bytes | None]:
        """Where the frames end, and their text; where they begin, and None where one of them is broken."""
        try:
            texts = [zstd.decompress(packed, options=self._options) for packed in group.packed]
        except zstd.ZstdError:
            return group.start, None
        return group.end, texts[0] if len(texts) == 1 else b"".join(texts)

    def _groups(self) -> Iterator[_Group]:
        """The short frames that the file begins with."""
        frames: list[_Frame] = []
        most_text = 0
        for frame in self._short_frames():
            frames.append(frame)
            most_text += frame.most_text
            if most_text >= _GROUP_BYTES or len(frames) >= _MOST_IN_GROUP:
                yield self._group(frames)
                frames, most_text = [], 0
        if frames:
            yield self._group(frames)

    def _group(self, frames: list[_Frame]) -> _Group:
        packed = []
        for frame in frames:
            if not frame.skipped:
                self._file.seek(frame.start)
                packed.append(self._file.read(frame.end - frame.start))
        return _Group(frames[0].start, frames[-1].end, packed)

    def _short_frames(self) -> Iterator[_Frame]:
        end, size = 0, self._file.seek(0, os.SEEK_END)
        while (frame := _short_frame(self._file, end, size, self._short_bytes)) is not None:
            yield frame
            end = frame.end


def _short_frame(file: IO[bytes], start: int, size: int, short_bytes: int) -> _Frame | None:
    """The frame that begins at `start` in a file of `size` bytes; None where it is long, or is no sound frame."""
    file.seek(start)
    header = zstd_window.frame_header(file.read(zstd_window.MOST_HEADER_BYTES))
    if header is None or header.window > _SHORT_WINDOW_BYTES or header.dictionary:
        return None
    end = start + header.bytes
    if header.skipped is not None:
        end += header.skipped
        return _Frame(start, end, 0, skipped=True) if end <= size else None
    most_text = 0
    last = False
    while not last:
        file.seek(end)
        block = int.from_bytes(file.read(_BLOCK_HEADER_BYTES), "little")
        last, kind, block_bytes = bool(block & 1), block >> 1 & 3, block >> 3
        end += _BLOCK_HEADER_BYTES + (1 if kind == _ONE_BYTE else block_bytes)
        most_text += _MOST_OF_BLOCK if kind == _COMPRESSED else block_bytes
        if kind > _COMPRESSED or block_bytes > _MOST_OF_BLOCK or most_text > short_bytes or end > size:
            return None
    end += _CHECKSUM_BYTES if header.checksum else 0
    if end > size or (header.text is not None and header.text > most_text):
        return None
    return _Frame(start, end, most_text if header.text is None else header.text, skipped=False)
