"""Where lines end in a file."""

from typing import IO

_BLOCK_BYTES = 1 << 20


def last_line_end(stream: IO[bytes], size: int) -> int:
    """Where the last whole line within the first `size` bytes ends; 0 where there is none. Raises OSError."""
    while size:
        start = max(0, size - _BLOCK_BYTES)
        stream.seek(start)
        newline = stream.read(size - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        size = start
    return 0
