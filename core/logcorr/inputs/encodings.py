"""Texts that are no lines in UTF-8 are refused by their first bytes: UTF-16, UTF-32, and lines that end in CR alone.

Also takes out of lines what is no text: colours of terminals, and the NUL bytes that a truncated log begins with.
"""

import codecs
import re
from collections.abc import Callable

from logcorr.model.errors import InputError

# So many bytes of a text are looked at where its line ends are in doubt.
HEAD_BYTES = 1 << 16
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_NULS_BEFORE_LINE = re.compile(rb"\n\0+")
# UTF-32 comes first: its mark in little-endian order begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LEAST_BYTES = 32
_MOSTLY = 0.8
_HARDLY = 0.05


def check(name: str, head: bytes, more: Callable[[], bytes]) -> None:
    """Raises InputError where the file `name` cannot be read as lines in UTF-8, by the first bytes of its text.

    `more` gives the first HEAD_BYTES of the text. It is only called where `head` leaves a doubt.
    """
    encoding = _wide_encoding(head)
    if encoding is not None:
        raise InputError(
            f"{name!r}: the text is {encoding}, and only UTF-8 is read. "
            f"Convert it first: iconv -f {encoding} -t UTF-8 LOG > LOG.utf8"
        )
    if _ends_in_cr(head) and _ends_in_cr(more()):
        raise InputError(
            f"{name!r}: the lines end in CR alone, and LF or CRLF is read. "
            "Convert it first: tr '\\r' '\\n' < LOG > LOG.lf"
        )


def without_colours(text: bytes) -> bytes:
    """The text without the colours of terminals: ESC, `[`, digits and semicolons, `m`."""
    return _COLOUR.sub(b"", text) if b"\x1b" in text else text


def without_leading_nuls(text: bytes) -> bytes:
    """Whole lines without NUL bytes at their starts.

    A log that is truncated while it is written to (copytruncate of logrotate) begins with NUL bytes.
    """
    if b"\0" not in text:
        return text
    text = text.lstrip(b"\0")
    return _NULS_BEFORE_LINE.sub(b"\n", text) if b"\n\0" in text else text


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 if the text has its mark, or zeros where English text in it has them."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) < _LEAST_BYTES or b"\0" not in head:
        return None
    shares = [head[place::4].count(0) / len(head[place::4]) for place in range(4)]
    if sum(share > _MOSTLY for share in shares) == 3:
        return "UTF-32"
    even, odd = (shares[0] + shares[2]) / 2, (shares[1] + shares[3]) / 2
    return "UTF-16" if max(even, odd) > _MOSTLY and min(even, odd) < _HARDLY else None


def _ends_in_cr(head: bytes) -> bool:
    """Whether there are several lines that end in CR, and none that ends in LF."""
    return (
        b"\r" in head and b"\n" not in head and len(head.strip(b"\r\0 \t").split(b"\r")) > 1 and head.count(b"\r") > 1
    )
