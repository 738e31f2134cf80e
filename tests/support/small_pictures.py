"""Small pictures of pages: read from PNG, kept as text, and compared so that fonts of other machines are the same page."""

import os
import struct
import zlib
from pathlib import Path

import pytest

Pixel = tuple[int, int, int]
# Letters of another font are as wide by and large, and a page of them as high.
_MOST_TALLER = 0.1
_BAND, _SHIFT, _MOST_APART = 20, 8, 9.0


def pixels(png: bytes) -> list[list[Pixel]]:
    """The rows of a picture without a palette, 8 bits a channel, not interlaced."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind = png[at + 4 : at + 8]
        parts[kind] = parts.get(kind, b"") + png[at + 8 : at + 8 + size]
        at += size + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, interlaced) == (8, 0)
    step = {2: 3, 6: 4}[colour]
    raw = zlib.decompress(parts[b"IDAT"])
    rows: list[bytearray] = []
    before = bytearray(width * step)
    for number in range(height):
        start = number * (width * step + 1)
        row = bytearray(raw[start + 1 : start + 1 + width * step])
        _unfilter(raw[start], row, before, step)
        rows.append(row)
        before = row
    return [[(row[k], row[k + 1], row[k + 2]) for k in range(0, width * step, step)] for row in rows]


def check(picture: list[list[Pixel]], kept: Path) -> None:
    """Fails where a picture is another than the golden one; writes the golden one where LOGCORR_REGEN is 1."""
    if os.environ.get("LOGCORR_REGEN") == "1":
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("".join(_line(row) + "\n" for row in picture), encoding="utf8")
    told = difference(picture, golden(kept))
    if told:
        pytest.fail(f"{kept.name}: {told}. If the page is as it should be, make it anew with LOGCORR_REGEN=1.")


def _line(row: list[Pixel]) -> str:
    """A row as text: a digit for each channel."""
    return "".join(f"{round(channel / 17):x}" for pixel in row for channel in pixel)


def _row(line: str) -> list[Pixel]:
    channels = [int(digit, 16) * 17 for digit in line]
    return list(zip(channels[::3], channels[1::3], channels[2::3], strict=True))


def golden(kept: Path) -> list[list[Pixel]]:
    """The picture that is kept in a file."""
    return [_row(line) for line in kept.read_text(encoding="utf8").splitlines()]


def difference(one: list[list[Pixel]], other: list[list[Pixel]]) -> str:
    """In what two pictures differ; empty where they are alike.

    They are compared in bands of rows. A band may stand some rows higher or lower, as texts above it are of another
    font.
    """
    if len(one[0]) != len(other[0]):
        return f"{len(one[0])} wide, not {len(other[0])}"
    if abs(len(one) - len(other)) > _MOST_TALLER * len(other):
        return f"{len(one)} high, not {len(other)}"
    for start in range(0, len(other), _BAND):
        band = other[start : start + _BAND]
        near = range(max(start - _SHIFT, 0), min(start + _SHIFT, max(len(one) - len(band), 0)) + 1)
        apart = min((_apart(one[at : at + len(band)], band) for at in near), default=255.0)
        if apart > _MOST_APART:
            return f"colours of rows {start} to {start + len(band)} are {apart:.1f} apart"
    return ""


def _apart(one: list[list[Pixel]], other: list[list[Pixel]]) -> float:
    """How far the colours of two bands are apart on average, from 0 to 255."""
    steps = [
        max(abs(a - b) for a, b in zip(x, y, strict=True))
        for mine, row in zip(one, other, strict=True)
        for x, y in zip(mine, row, strict=True)
    ]
    return sum(steps) / len(steps)


def _unfilter(kind: int, row: bytearray, before: bytearray, step: int) -> None:
    for k in range(len(row)):
        left = row[k - step] if k >= step else 0
        up, corner = before[k], before[k - step] if k >= step else 0
        if kind == 1:
            row[k] = (row[k] + left) & 255
        elif kind == 2:
            row[k] = (row[k] + up) & 255
        elif kind == 3:
            row[k] = (row[k] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
            row[k] = (row[k] + near[2]) & 255
