"""Makes the text of a log harmless for a terminal.

Every text from a log (ids, users, file names, raw lines) passes `safe` before it is shown anywhere.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from itertools import groupby

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}

# Characters that Python calls not printable are replaced first: controls, bidi controls, tags, surrogates, line
# separators, private use, unassigned. They move the cursor, reverse the text after them, or take no cell.
# These printable characters are replaced as well. Some take no cell, so that two different ids look alike. Of others,
# terminals disagree on the width: halves of flags, skin tones, and variation selectors of emoji.
_DECEITFUL = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U00013440-\U00013455\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
_MOST_MARKS = 4


def safe(text: str | None, limit: int = 200) -> str:
    """`text` on one line, without anything a terminal obeys, in at most `limit` characters; None is a dash."""
    if text is None:
        return "–"
    if len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    text = text.translate(_CONTROL_PICTURES)
    return text if text.isascii() else _harmless(text, _replaced)


def one_line(text: str, limit: int = 2000) -> str:
    """A message on one line; it may quote a log. If it is too long, its middle is cut: advice stands at its end."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[len(text) - limit // 2 :]}"
    return safe(text, limit + 1)


def json_for_terminal(text: str) -> str:
    """JSON of the same value, without anything a terminal obeys: harmful characters become JSON escapes."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "\n".join(_harmless(line, _escaped) for line in text.split("\n"))


def takes_no_cell(char: str) -> bool:
    """Whether a character joins the character before it: accents, vowel signs, the later parts of a Hangul syllable."""
    if char < "\u0300":
        return False
    # rich.cells is not asked, although it agrees on harmless text. The environment chooses its version of Unicode: with
    # UNICODE_VERSION=4.1.0 it gives a cell to 1,114 marks, which could then pile up. And `logcorr --help` runs without
    # rich.
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


def _harmless(text: str, replacement: Callable[[str], str]) -> str:
    """One line in which `replacement` gives the text for each harmful character and each harmful pile of marks."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() or _is_space(char) else replacement(char) for char in text)
    return _unpiled(_DECEITFUL.sub(lambda match: replacement(match[0]), text), replacement)


def _is_space(char: str) -> bool:
    return unicodedata.category(char) == "Zs"


def _unpiled(text: str, replacement: Callable[[str], str]) -> str:
    """Replaces marks that a terminal draws over other cells: beyond four on a letter, or without a letter."""
    texts: list[str] = []
    for are_marks, chars in groupby(text, takes_no_cell):
        run_text = "".join(chars)
        room = _MOST_MARKS if are_marks and texts else 0 if are_marks else len(run_text)
        texts.append(run_text if len(run_text) <= room else run_text[:room] + replacement(run_text[room:]))
    return "".join(texts)


def _replaced(_text: str) -> str:
    return "\ufffd"


def _escaped(text: str) -> str:
    """A character as JSON escape: as two surrogates if it is beyond U+FFFF."""
    return json.dumps(text)[1:-1]
