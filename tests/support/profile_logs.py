"""Hypothesis strategies for nasty logs of the catalogue's profiles: lines of the golden logs, spoilt in many ways.

A line is cut, doubled, glued to another, or has a piece replaced by a text that some reader stumbles over.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.oracle.golden_formats import GOLDEN, profiles

# Texts that stand where a value stands. All of them have been seen in logs, or are the edge of a grammar.
PIECES = (
    *("-", "", "null", "none", "0", "-1", "000", "1000", "2e2", "200.0", "1,017", "0.001, 0.210", "0.1 : 0.2", "+273"),
    *('"', '\\"', "\\", "\\x16\\x03", "\\xe9", "'", "[", "]", "{", "}", "/", "//", " ", "\t", "\x00", "\x1b[31m"),
    *("2026-02-30T00:00:00Z", "2026-02-03 01:00:00,5 +01", "1770112800", "1770112800.9999999", "23:59:59", "00:00:00"),
    *(
        "46.457µs",
        "1m2.5s",
        "9" * 25,
        "é",
        "\u2028",
        "\ufffd",
        "192.0.2.1:80",
        "[2001:DB8::1]:9",
        "a, b",
        "http://h/p?q",
    ),
)
BYTES = (b"\xff", b"\xc3", b"\xe2\x98", b"\r", b"\xef\xbb\xbf")
_TOKEN = re.compile(r"[\w.:/-]+|\S")


@dataclass(frozen=True)
class ProfileCase:
    """A log of one profile, and how it is to be read. `table` is the profile as TOML has it."""

    name: str
    log: bytes
    day: date | None
    table: dict[str, Any] = field(repr=False)


@cache
def golden(name: str) -> tuple[tuple[str, ...], date | None]:
    """The lines of a golden log, and the day that it is read with."""
    options = json.loads((GOLDEN / f"{name}.json").read_text())["options"]
    day = date.fromisoformat(options["day"]) if "day" in options else None
    return tuple((GOLDEN / f"{name}.log").read_text().split("\n")[:-1]), day


@st.composite
def _line(draw: st.DrawFn, lines: tuple[str, ...]) -> bytes:
    line = draw(st.sampled_from(lines))
    kind = draw(st.sampled_from(("as it is",) * 6 + ("piece",) * 6 + ("cut", "glued", "swapped", "bytes", "blank")))
    spans = [found.span() for found in _TOKEN.finditer(line)] or [(0, 0)]
    start, end = draw(st.sampled_from(spans))
    if kind == "piece":
        line = line[:start] + draw(st.sampled_from(PIECES)) + line[end:]
    elif kind == "cut":
        line = line[: draw(st.integers(0, len(line)))]
    elif kind == "glued":
        line += draw(st.sampled_from(("", " ", "}", ",", "\t"))) + draw(st.sampled_from(lines))
    elif kind == "swapped":
        other = draw(st.sampled_from(spans))
        line = line[:start] + line[slice(*other)] + line[end:]
    elif kind == "blank":
        line = draw(st.sampled_from(("", " ", "\t", "\x1b[0m")))
    raw = line.encode()
    if kind == "bytes":
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.sampled_from(BYTES)) + raw[place:]
    return raw


@st.composite
def profile_cases(draw: st.DrawFn, names: tuple[str, ...] = ()) -> ProfileCase:
    """A log of 0 to 30 lines of one profile of the catalogue, or of one of `names`."""
    catalogue = profiles()
    name = draw(st.sampled_from(names or tuple(catalogue)))
    lines, day = golden(name)
    raw = draw(st.lists(_line(lines), max_size=30))
    ending = draw(st.sampled_from((b"\n", b"\n", b"\r\n")))
    log = ending.join(raw) + draw(st.sampled_from((b"", ending)))
    return ProfileCase(name, log, day, catalogue[name])
