"""Whether two logs are of logcorr's own two line forms, by their first lines. It needs no engine, so it is fast."""

import re
from collections.abc import Sequence

from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile
from logcorr.model.errors import InputError

_HEAD_BYTES = 1 << 14
_LINES = 20
# TIMESTAMP,REQUEST_ID,VALUE: a date in front, and two commas.
_OWN = re.compile(rb"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][^,]*,[^,]*,[^,]*")


def are_own(sides: Sequence[Sequence[InputFile]]) -> bool:
    """Whether the first file of each side has such a line among its first lines. False where one cannot be read."""
    try:
        return all(any(map(_OWN.fullmatch, _first_lines(side[0]))) for side in sides)
    except InputError:
        return False


def _first_lines(file: InputFile) -> list[bytes]:
    with open_text(file) as stream:
        return read_text(file, stream, _HEAD_BYTES).split(b"\n")[:_LINES]
