"""Input files as the bytes of their text, decompressed as they are read; what cannot be read is an InputError."""

import gzip
import zlib
from typing import IO, cast

from logcorr.errors import InputError
from logcorr.inputs import InputFile

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd


def open_text(file: InputFile) -> IO[bytes]:
    """The file's text as bytes, decompressed as it is read."""
    try:
        if file.form == "gzip":
            return cast("IO[bytes]", gzip.open(file.path))
        if file.form == "zstd":
            return cast("IO[bytes]", zstd.open(file.path))
        return file.path.open("rb")
    except OSError as error:
        raise _broken(file, None, error) from error


def read_text(file: InputFile, stream: IO[bytes], size: int) -> bytes:
    """The next bytes of an opened file."""
    try:
        return stream.read(size)
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        raise _broken(file, stream, error) from error


def _broken(file: InputFile, stream: IO[bytes] | None, error: Exception) -> InputError:
    where = f" after {stream.tell():,} bytes of text" if stream is not None else ""
    what = "the compressed data is broken or cut off" if file.form != "plain" else "it cannot be read"
    return InputError(f"{file.name!r}: {what}{where} ({error}). Check the file, or copy it again.")
