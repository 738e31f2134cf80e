"""A log writer's templates: the same keys in the same order, written alike. Lines of one are cut, not parsed.

Most logs have a few: where a value is a number or a text, or where a field may be missing.
"""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from logcorr.formats.json_lines import NUMBER

BARE = rf"{NUMBER}|^(?:true|false|null)$"
_KEY = re.compile(r'\s*"([^"\\]*)"\s*:\s*')
_TEXT = re.compile(r'"([^"\\]*)"')
_TOKEN = re.compile(r'[^\s",{}\[\]\\]+')
_NEXT = re.compile(r"\s*,")
_END = re.compile(r"\s*\}\s*")
# Each is looked for among the lines that are of none before it.
_MOST = 8


class Value(msgspec.Struct, frozen=True):
    """A value's key, the text that stands before it, and whether it is in quotes (which are part of those texts)."""

    key: str
    before: str
    quoted: bool


class Template(msgspec.Struct, frozen=True):
    """Values in their order, and the text behind the last."""

    values: tuple[Value, ...]
    after: str


def templates_of(samples: Sequence[str]) -> tuple[Template, ...]:
    """The templates of a log's first lines, those of most lines first."""
    found = Counter(template for line in samples if (template := _template(line)))
    return tuple(template for template, _ in found.most_common(_MOST))


def _template(line: str) -> Template | None:
    """The template that one line is of; None where it is not flat, not plain, or has a key twice."""
    values = []
    start = place = 0
    if not line.isascii() or not line.startswith("{"):
        return None
    place = 1
    while key := _KEY.match(line, place):
        text = _TEXT.match(line, key.end())
        found = text or _TOKEN.match(line, key.end())
        if found is None or (text is None and re.search(BARE, found[0]) is None):
            return None
        before = line[start : found.start(1) if text else found.start()]
        values.append(Value(key[1], before, quoted=text is not None))
        start = found.end(1) if text else found.end()
        place = found.end()
        comma = _NEXT.match(line, place)
        if comma is None:
            break
        place = comma.end()
    end = _END.fullmatch(line, place)
    if end is None or not values or len({value.key for value in values}) < len(values):
        return None
    return Template(tuple(values), line[start:])
