"""Text for people: log text made harmless for a terminal, and numbers, sizes and durations made short.

Everything that comes from a log (ids, users, file names, raw lines) passes `safe` before it is shown anywhere.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from itertools import groupby

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}

# What Python counts as not printable moves the cursor, reverses what follows, takes no room, or is nothing that this
# Unicode knows: controls, bidi controls, tags, surrogates, line separators, private use, unassigned.
# These are beside it: what takes no room all the same, so that two different ids look alike, and what terminals
# disagree on how wide it is: halves of flags, shades of skin, and the choice of an emoji's form.
_DECEITFUL = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U00013440-\U00013455\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
_MOST_MARKS = 4


def safe(text: str | None, limit: int = 200) -> str:
    """`text` on one line, free of anything a terminal obeys, at most `limit` characters; null is a dash."""
    if text is None:
        return "–"
    if len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    text = text.translate(_CONTROL_PICTURES)
    return text if text.isascii() else _harmless(text, _replaced)


def one_line(text: str, limit: int = 2000) -> str:
    """What is said to people, on one line; it may quote anything. Too long a quote loses its middle, not the advice."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[len(text) - limit // 2 :]}"
    return safe(text, limit + 1)


def json_for_terminal(text: str) -> str:
    """JSON of the same value in which a terminal finds nothing to obey: such characters become escapes."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "\n".join(_harmless(line, _escaped) for line in text.split("\n"))


def takes_no_cell(char: str) -> bool:
    """Whether it joins the character before it: accents, vowel signs, and the later parts of a Hangul syllable."""
    if char < "\u0300":
        return False
    # rich.cells finds no other character of harmless text without a cell. But the environment chooses its Unicode: with
    # UNICODE_VERSION=4.1.0 it gives 1,114 marks a cell, which could then pile up. And `logcorr --help` is without rich.
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


def _harmless(text: str, instead: Callable[[str], str]) -> str:
    """One line with something else instead of each character, and each pile of marks, that is no plain text."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() or _is_space(char) else instead(char) for char in text)
    return _unpiled(_DECEITFUL.sub(lambda found: instead(found[0]), text), instead)


def _is_space(char: str) -> bool:
    return unicodedata.category(char) == "Zs"


def _unpiled(text: str, instead: Callable[[str], str]) -> str:
    """Something else instead of marks that pile up on a letter, or stand on nothing: they cover their neighbours."""
    shown: list[str] = []
    for marks, run in groupby(text, takes_no_cell):
        part = "".join(run)
        room = _MOST_MARKS if marks and shown else 0 if marks else len(part)
        shown.append(part if len(part) <= room else part[:room] + instead(part[room:]))
    return "".join(shown)


def _replaced(_text: str) -> str:
    return "\ufffd"


def _escaped(text: str) -> str:
    """As JSON writes it: halves of pairs where it is beyond the first plane."""
    return json.dumps(text)[1:-1]
