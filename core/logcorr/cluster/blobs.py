"""One file for many readers: segments one behind the other, of which a reader needs one range of bytes.

A file has its segments, their offsets (u64, little endian, one more than segments), the number of segments (u64), and
MAGIC. A segment is a row of frames: the length of each (u64) and an Arrow IPC stream.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.cluster.store import Store
from logcorr.compute import object_storage
from logcorr.compute.struct_bytes import frame_of

MAGIC = b"LCBLOB01"
_LENGTH_BYTES = 8
Packing = Literal["lz4", "zstd"]
Offsets = npt.NDArray[np.uint64]


class BlobWriter:
    """Takes frames by segment, in any order. Each is packed at once, so that memory holds packed bytes alone."""

    def __init__(self, segments: int, packing: Packing = "lz4") -> None:
        self._packing: Packing = packing
        self._parts: list[list[bytes]] = [[] for _ in range(segments)]

    def add(self, segment: int, frame: pl.DataFrame) -> None:
        """Adds a frame behind the others of a segment."""
        data = _packed(frame, self._packing)
        self._parts[segment] += [len(data).to_bytes(_LENGTH_BYTES, "little"), data]

    def put(self, store: Store, name: str, scratch: Path) -> tuple[int, Offsets]:
        """Writes the file into the store, by way of a local file. Returns its size, and the offsets of segments."""
        sizes = [sum(map(len, parts)) for parts in self._parts]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype("<u8")
        with scratch.open("wb") as file:
            for parts in self._parts:
                file.writelines(parts)
                parts.clear()
            file.write(offsets.tobytes() + len(sizes).to_bytes(_LENGTH_BYTES, "little") + MAGIC)
        size = store.put_file(name, scratch)
        scratch.unlink()
        return size, offsets


def frames_of(segment: bytes) -> Iterator[pl.DataFrame]:
    """The frames of a segment. Raises ValueError where it is cut off."""
    view, at = memoryview(segment), 0
    while at < len(view):
        size = int.from_bytes(view[at : at + _LENGTH_BYTES], "little")
        at += _LENGTH_BYTES
        if at + size > len(view):
            message = f"a segment ends {at + size - len(view)} bytes too early"
            raise ValueError(message)
        yield frame_of(bytes(view[at : at + size]))
        at += size


def packing_for(store: str) -> Packing:
    """How frames are packed in a store: in a bucket as small as can be, as they cross a network twice."""
    return "zstd" if object_storage.is_uri(store) else "lz4"


def _packed(frame: pl.DataFrame, packing: Packing) -> bytes:
    """A frame as an Arrow IPC stream."""
    stream = io.BytesIO()
    frame.write_ipc_stream(stream, compression=packing, compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()
