"""The window of a zstd file: how much of the text a reader must hold in memory to decompress what comes next.

It is in the header of each frame.
"""

from typing import IO, NamedTuple

_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPED_MAGIC = b"\x2a\x4d\x18"
_SKIPPED_DIGIT = 5
_SKIPPED_HEADER_BYTES = 8
_MOST_SKIPPED = 16
MOST_HEADER_BYTES = 18
# A window of this size is always read: 128 MiB, as zstd itself does unasked.
USUAL_LOG = 27
_LARGEST_LOG = 31
# The memory that the rest of a run takes, and how many logs are read at once.
_BASE_BYTES = 400 << 20
_READ_AT_ONCE = 2
# pzstd makes frames of 8 MiB, unless it is told a higher level.
_LONGEST_FRAME_BYTES = 10 << 20
_FRAMES_IN_ROOM = 32


def longest_frame(memory_bytes: int) -> int:
    """How many bytes of text a frame may hold that is decompressed whole, beside others, within a memory budget."""
    return min(_LONGEST_FRAME_BYTES, max(0, memory_bytes - _BASE_BYTES) // _FRAMES_IN_ROOM)


def largest_log(memory_bytes: int) -> int:
    """The logarithm (base 2) of the largest window that is read within a memory budget."""
    room = max(0, memory_bytes - _BASE_BYTES) // _READ_AT_ONCE
    return min(_LARGEST_LOG, max(USUAL_LOG, room.bit_length() - 1))


class FrameHeader(NamedTuple):
    """What the header of a frame says: its own bytes, the window, the bytes of text (None where it does not tell).

    A frame that is to be skipped has a number of bytes `skipped` behind its header, and no text.
    """

    bytes: int
    window: int
    text: int | None
    checksum: bool = False
    dictionary: bool = False
    skipped: int | None = None


def window_bytes(stream: IO[bytes]) -> int:
    """The bytes of the window that the first frame of a zstd stream wants; 0 where there is none."""
    at = 0
    for _ in range(_MOST_SKIPPED):
        stream.seek(at)
        header = frame_header(stream.read(MOST_HEADER_BYTES))
        if header is None or header.skipped is None:
            return 0 if header is None else header.window
        at += header.bytes + header.skipped
    return 0


def frame_header(raw: bytes) -> FrameHeader | None:
    """The header of the frame that begins with `raw`, at most MOST_HEADER_BYTES; None where no frame begins so."""
    if raw[1:4] == _SKIPPED_MAGIC and raw[0] >> 4 == _SKIPPED_DIGIT and len(raw) >= _SKIPPED_HEADER_BYTES:
        return FrameHeader(_SKIPPED_HEADER_BYTES, 0, 0, skipped=int.from_bytes(raw[4:8], "little"))
    if not raw.startswith(_MAGIC) or len(raw) <= len(_MAGIC):
        return None
    descriptor = raw[len(_MAGIC)]
    single = bool(descriptor & 0x20)
    dictionary = len(_MAGIC) + (1 if single else 2)
    content = dictionary + (0, 1, 2, 4)[descriptor & 3]
    content_bytes = (int(single), 2, 4, 8)[descriptor >> 6]
    end = content + content_bytes
    if len(raw) < end:
        return None
    text = int.from_bytes(raw[content:end], "little") + (256 if content_bytes == 2 else 0) if content_bytes else None
    if single and text is not None:
        # A single segment: the window is as large as the content.
        window = text
    else:
        exponent, mantissa = divmod(raw[len(_MAGIC) + 1], 8)
        window = (1 << (10 + exponent)) // 8 * (8 + mantissa)
    return FrameHeader(end, window, text, checksum=bool(descriptor & 4), dictionary=content > dictionary)
