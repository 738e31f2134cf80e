"""Templates of JSON lines: lines of a template have the same keys in the same order, and the same text between values.

Lines of a template are cut at known texts, not parsed. Most logs have few templates: they differ where a value is a
number or a text, or where a field may be missing.
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
# Every template is compared with all lines that the templates before it did not fit.
_MOST = 8


class Value(msgspec.Struct, frozen=True):
    """The key of a value, the text before the value, and whether the value is in quotes.

    The quotes are part of the texts around the value.
    """

    key: str
    before: str
    quoted: bool


class Template(msgspec.Struct, frozen=True):
    """The values of a line in their order, and the text after the last value."""

    values: tuple[Value, ...]
    after: str


def templates_of(samples: Sequence[str]) -> tuple[Template, ...]:
    """The templates of a log's first lines, at most eight. Templates of many lines come first."""
    counts = Counter(template for line in samples if (template := _template(line)))
    return tuple(template for template, _ in counts.most_common(_MOST))


def _template(line: str) -> Template | None:
    """The template of a line; None if it is no flat object, is not plain ASCII without escapes, or has a key twice."""
    values = []
    start = position = 0
    if not line.isascii() or not line.startswith("{"):
        return None
    position = 1
    while key := _KEY.match(line, position):
        text = _TEXT.match(line, key.end())
        value = text or _TOKEN.match(line, key.end())
        if value is None or (text is None and re.search(BARE, value[0]) is None):
            return None
        before = line[start : value.start(1) if text else value.start()]
        values.append(Value(key[1], before, quoted=text is not None))
        start = value.end(1) if text else value.end()
        position = value.end()
        comma = _NEXT.match(line, position)
        if comma is None:
            break
        position = comma.end()
    end = _END.fullmatch(line, position)
    if end is None or not values or len({value.key for value in values}) < len(values):
        return None
    return Template(tuple(values), line[start:])
