"""Tells whether a terminal is dark or light: by its answer on the colour of its background, or by COLORFGBG."""

import re
from collections.abc import Mapping

# The question, which a terminal answers with `ESC ] 11 ; rgb:ffff/ffff/ffff`.
QUESTION = "\x1b]11;?\x1b\\"
_ANSWER = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
# The share of the brightest white from which on a ground is light.
_LIGHT = 0.5
_LIGHT_ANSI = ("7", "15")


def is_asked(environ: Mapping[str, str]) -> bool:
    """Whether to ask. The consoles of Linux and terminals without a name show the question, or do not answer."""
    return environ.get("TERM", "") not in ("", "dumb", "linux")


def is_light(answer: str) -> bool | None:
    """Whether an answer tells of a light background. None where it is the answer to another question."""
    found = _ANSWER.match(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / (int("f" * len(part), 16)) for part in found.groups())
    return 0.299 * red + 0.587 * green + 0.114 * blue > _LIGHT


def is_light_by_name(environ: Mapping[str, str]) -> bool:
    """Whether the terminal has told in COLORFGBG (`0;15`: black on white) that it is light."""
    return environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_ANSI
