"""Input files as the bytes of their text, decompressed while they are read. A failure to read is an InputError.

JSON documents come as lines. A text in UTF-16, or with line ends that are not read, is refused by its first bytes.
"""

import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import IO, cast

from logcorr.inputs import documents, encodings
from logcorr.inputs.files import InputFile, open_bytes
from logcorr.inputs.gzip_members import GzipMembers
from logcorr.inputs.zstd_frames import ZstdFrames
from logcorr.model.errors import InputError

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd


_HEAD_BYTES = 1 << 12
_BLOCK_BYTES = 1 << 20
_FEW_BYTES = 1 << 18
_BROKEN = (OSError, EOFError, zlib.error, zstd.ZstdError)


@contextmanager
def open_text(file: InputFile, *, parallel: bool = False) -> Iterator[IO[bytes]]:
    """Opens the text of a file as bytes, decompressed while it is read, without what was written since the run began.

    A file of JSON documents opens as a stream of lines that cannot seek. With `parallel`, threads decompress the frames
    of a zst file that has many: for who reads all of it. Raises InputError where the file cannot be opened, or its text
    is no lines in UTF-8. A window of a file is lines.
    """
    with ExitStack() as opened:
        try:
            stream = _open(file, opened)
            try:
                head = b"" if file.window is not None else _head(stream, _HEAD_BYTES)
            except _BROKEN:
                # What reads on will say so. After an error, a stream does not begin anew at its start.
                head, stream = b"", _open(file, opened)
            else:
                # The head of a window is no head of a file: of that, the head of the whole file was checked.
                encodings.check(file.name, head, lambda: _head(stream, encodings.HEAD_BYTES))
                if parallel and file.compression == "zstd":
                    stream = _open_frames(file, opened)
        except _BROKEN as error:
            raise _broken(file, None, error) from error
        yield cast("IO[bytes]", documents.DocumentLines(stream)) if documents.begin(head) else stream


def text_blocks(file: InputFile) -> Iterator[bytes]:
    """All the text of a file, in blocks of up to a megabyte. Raises InputError as `open_text` and `read_text` do."""
    with open_text(file, parallel=True) as stream:
        while block := _block(file, stream):
            yield block


def check_text(file: InputFile) -> None:
    """Raises InputError where `open_text` does."""
    with open_text(file):
        pass


def read_text(file: InputFile, stream: IO[bytes], size: int) -> bytes:
    """The next `size` bytes of text; fewer at the end alone. Raises InputError where the file is broken."""
    with _told(file, stream):
        return _read(stream, size)


def _open(file: InputFile, opened: ExitStack) -> IO[bytes]:
    """A stream of the text of a file, to be closed with `opened`."""
    stream: IO[bytes] = opened.enter_context(open_bytes(file))
    if file.compression == "gzip":
        return cast("IO[bytes]", GzipMembers(stream))
    if file.compression == "zstd":
        return opened.enter_context(cast("IO[bytes]", zstd.ZstdFile(stream, options=_zstd_options(file))))
    return stream


def _open_frames(file: InputFile, opened: ExitStack) -> IO[bytes]:
    """A stream of the text of a zst file whose frames threads decompress, to be closed with `opened`."""
    stream = opened.enter_context(open_bytes(file))
    return cast("IO[bytes]", opened.enter_context(closing(ZstdFrames(stream, _zstd_options(file), file.frame_bytes))))


def _zstd_options(file: InputFile) -> dict[int, int]:
    return {zstd.DecompressionParameter.window_log_max: file.window_log}


def _head(stream: IO[bytes], size: int) -> bytes:
    """The first `size` bytes of a stream, which stands at its start before and after."""
    head = _read(stream, size)
    stream.seek(0)
    return head


def _block(file: InputFile, stream: IO[bytes]) -> bytes:
    """The next bytes of text: as many as come at once, unless they are few. None at the end."""
    with _told(file, stream):
        block = stream.read(_BLOCK_BYTES)
        return block if not block or len(block) >= _FEW_BYTES else block + _read(stream, _FEW_BYTES)


def _read(stream: IO[bytes], size: int) -> bytes:
    """The next `size` bytes of a stream, which may give them in pieces; fewer at the end alone."""
    pieces: list[bytes] = []
    while size and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@contextmanager
def _told(file: InputFile, stream: IO[bytes]) -> Iterator[None]:
    """Raises InputError where reading the stream of a file fails."""
    try:
        yield
    except _BROKEN as error:
        raise _broken(file, stream, error) from error


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
