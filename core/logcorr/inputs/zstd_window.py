"""The window of a zstd file: how much of the text a reader must hold in memory to decompress what comes next."""

from typing import IO

_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPED_MAGIC = b"\x2a\x4d\x18"
_MOST_SKIPPED = 16
_HEADER_BYTES = 14
# A window of this size is always read: 128 MiB, as zstd itself does unasked.
USUAL_LOG = 27
_LARGEST_LOG = 31
# The memory that the rest of a run takes, and how many logs are read at once.
_BASE_BYTES = 400 << 20
_READ_AT_ONCE = 2


def largest_log(memory_bytes: int) -> int:
    """The logarithm (base 2) of the largest window that is read within a memory budget."""
    room = max(0, memory_bytes - _BASE_BYTES) // _READ_AT_ONCE
    return min(_LARGEST_LOG, max(USUAL_LOG, room.bit_length() - 1))


def window_bytes(stream: IO[bytes]) -> int:
    """The bytes of the window that the first frame of a zstd stream wants; 0 where there is none."""
    at = 0
    for _ in range(_MOST_SKIPPED):
        stream.seek(at)
        header = stream.read(_HEADER_BYTES)
        if header[1:4] != _SKIPPED_MAGIC:
            return _window(header[4:]) if header.startswith(_MAGIC) and len(header) == _HEADER_BYTES else 0
        at += 8 + int.from_bytes(header[4:8], "little")
    return 0


def _window(header: bytes) -> int:
    """The window that a frame header says, behind its magic number."""
    descriptor = header[0]
    if not descriptor & 0x20:
        exponent, mantissa = divmod(header[1], 8)
        base = 1 << (10 + exponent)
        return base + base // 8 * mantissa
    # A single segment: the window is as large as the content.
    start = 1 + (0, 1, 2, 4)[descriptor & 3]
    size = (1, 2, 4, 8)[descriptor >> 6]
    content = int.from_bytes(header[start : start + size], "little")
    return content + 256 if size == 2 else content
