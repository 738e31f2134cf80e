"""Input files as the bytes of their text, decompressed while they are read. A failure to read is an InputError.

JSON documents come as lines. A text in UTF-16, or with line ends that are not read, is refused by its first bytes.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any, cast

from logcorr.inputs import documents, encodings
from logcorr.inputs.files import InputFile
from logcorr.model.errors import InputError

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd


_HEAD_BYTES = 1 << 12
_BROKEN = (OSError, EOFError, zlib.error, zstd.ZstdError)


class _FileAsBegun(io.RawIOBase):
    """A file that ends where it ended when the run began."""

    def __init__(self, file: InputFile) -> None:
        self._file = file.path.open("rb", buffering=0)
        self._left = self._bytes = file.bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        count = self._file.readinto(view[: self._left]) if self._left else 0
        self._left -= count or 0
        return count or 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            offset, whence = offset + self._bytes, io.SEEK_SET
        position = self._file.seek(offset, whence)
        self._left = max(0, self._bytes - position)
        return position

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def open_text(file: InputFile) -> Iterator[IO[bytes]]:
    """Opens the text of a file as bytes, decompressed while it is read, without what was written since the run began.

    A file of JSON documents opens as a stream of lines that cannot seek. Raises InputError where the file cannot be
    opened, or its text is no lines in UTF-8.
    """
    with ExitStack() as opened:
        try:
            stream = _open(file, opened)
            try:
                head = _head(stream, _HEAD_BYTES)
            except _BROKEN:
                # What reads on will say so. After an error, a stream does not begin anew at its start.
                head, stream = b"", _open(file, opened)
            else:
                encodings.check(file.name, head, lambda: _head(stream, encodings.HEAD_BYTES))
        except _BROKEN as error:
            raise _broken(file, None, error) from error
        yield cast("IO[bytes]", documents.DocumentLines(stream)) if documents.begin(head) else stream


def check_text(file: InputFile) -> None:
    """Raises InputError where `open_text` does."""
    with open_text(file):
        pass


def read_text(file: InputFile, stream: IO[bytes], size: int) -> bytes:
    """The next bytes of text, `size` at most; none at the end. Raises InputError where the file is broken."""
    try:
        return stream.read(size)
    except _BROKEN as error:
        raise _broken(file, stream, error) from error


def _open(file: InputFile, opened: ExitStack) -> IO[bytes]:
    """A stream of the text of a file, to be closed with `opened`."""
    stream: IO[bytes] = opened.enter_context(io.BufferedReader(_FileAsBegun(file)))
    if file.compression == "gzip":
        return opened.enter_context(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)))
    if file.compression == "zstd":
        options = {zstd.DecompressionParameter.window_log_max: file.window_log}
        return opened.enter_context(cast("IO[bytes]", zstd.ZstdFile(stream, options=options)))
    return stream


def _head(stream: IO[bytes], size: int) -> bytes:
    """The first `size` bytes of a stream, which stands at its start before and after."""
    head = stream.read(size)
    stream.seek(0)
    return head


def _broken(file: InputFile, stream: IO[bytes] | None, error: Exception) -> InputError:
    where = f" after {stream.tell():,} bytes of text" if stream is not None else ""
    if "requires too much memory" in str(error):
        return InputError(
            f"{file.name!r}: its zstd data wants a window of more than {1 << file.window_log:,} bytes{where}. "
            "Give more --memory, or decompress it first: zstd -d --long=31 LOG"
        )
    what = "the compressed data is broken or cut off" if file.compression != "plain" else "it cannot be read"
    # After the end of a gzip member, gzip reports bytes that are no gzip as if they began the file.
    reason = "what follows is no gzip data" if where and str(error).startswith("Not a gzipped file") else error
    return InputError(f"{file.name!r}: {what}{where} ({reason}). Check the file, or copy it again.")
