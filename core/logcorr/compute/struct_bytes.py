"""Frames and structs as bytes, and back: how partial sums are told to another process, or kept for another run.

Structs may hold frames. The bytes are of use to the same versions of logcorr and polars alone.
"""

import io
from typing import Any, TypeVar

import msgspec
import polars as pl

_T = TypeVar("_T")
_FRAME = 1


def frame_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as an Arrow IPC stream."""
    stream = io.BytesIO()
    # Views of texts would bring along all the text that they were cut from.
    frame.write_ipc_stream(stream, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()


def frame_of(data: bytes) -> pl.DataFrame:
    """The frame of `frame_bytes`."""
    return pl.read_ipc_stream(io.BytesIO(data))


def to_bytes(value: object) -> bytes:
    """A struct or a plain value, in which there may be frames, as MessagePack: for instance what `partial` gives."""
    return msgspec.msgpack.encode(value, enc_hook=_encoded)


def of_bytes(data: bytes, kind: type[_T]) -> _T:
    """The value of `to_bytes`. Raises msgspec.ValidationError where it is of another kind."""
    return msgspec.msgpack.decode(data, type=kind, ext_hook=_decoded, dec_hook=_as_decoded)


def _encoded(value: Any) -> msgspec.msgpack.Ext:
    if isinstance(value, pl.DataFrame):
        return msgspec.msgpack.Ext(_FRAME, frame_bytes(value))
    raise NotImplementedError(f"a {type(value).__name__} is no part of sums")


def _decoded(code: int, data: memoryview) -> pl.DataFrame:
    if code != _FRAME:
        raise ValueError(f"sums have nothing of the kind {code}")
    return frame_of(bytes(data))


def _as_decoded(kind: type, value: object) -> object:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} is no {kind.__name__}")
    return value
