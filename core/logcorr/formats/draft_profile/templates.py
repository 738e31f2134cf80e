"""Lines of text → tokens, and columns of tokens → patterns.

The time and the id of a line are put in place of by one character each, so that a time with blanks is one token.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from logcorr.formats.draft_profile import roles, stamps
from logcorr.formats.profile import Unit
from logcorr.formats.server_lines.build import PROTOCOL, literal, request_pattern
from logcorr.formats.server_lines.variables import Variable

TIME, ID = "\ue000", "\ue001"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"\S*|\[[^\]]*\]\S*|\{[^}]*\}\S*|\([^)]*\)\S*|\S+')
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_KEY = re.compile(r"[A-Za-z_][\w.-]*=")
_BEFORE_NUMBER = re.compile(r"[A-Za-z_][\w.-]*=|\D*")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_STATUS = re.compile(r"([1-9]\d\d|0{1,3}|-)")
_STATUS_BEHIND = re.compile(r"[A-Za-z_.:-]+[/:=](\d{3})")
_STATUS_KEYED = re.compile(r"\w*(?:status|code)\w*=(\d{3})", re.IGNORECASE)
_STATUS_LAST = re.compile(r"\([^() ]+ (\d{3})\)")
_NUMBER_UNIT = re.compile(r"([\d.,]+)(ms|s|us|µs|ns)")
_TASK_KEYS = ("class=", "task=", "job=", "worker=")
_TARGET = re.compile(r"/\S*|[a-z]+://\S+|\*")
UNIT_WORDS: dict[str, Unit] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millis"), "ms"),
    **dict.fromkeys(("us", "µs", "micros"), "us"),
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "s"),
    **dict.fromkeys(("ns", "nanos"), "ns"),
}


def tokens(line: str) -> tuple[list[str], list[str]]:
    """The blanks before each token of a line, and the tokens: words, and texts in quotes or brackets."""
    blanks, words, end = [], [], 0
    for found in _TOKEN.finditer(line):
        blanks.append(line[end : found.start()])
        words.append(found[0])
        end = found.end()
    return blanks, words


def shape(words: Sequence[str]) -> str:
    """The shape of a line: a letter for each token, by what it begins with."""
    return "".join(word[0] if word[0] in '"[{(' else TIME if word == TIME else "w" for word in words)


class Columns:
    """The columns of lines that have the same tokens in the same places, and the pattern that they make.

    `groups` are the groups of the pattern so far: role → name of the group. `form` is the form of the time.
    """

    def __init__(self, lines: Sequence[str], form: str | None, most: int | None = None) -> None:
        cut = [tokens(line) for line in lines]
        width = min(len(words) for _, words in cut)
        width = width if most is None else min(width, most)
        self.values = [[words[k] for _, words in cut] for k in range(width)]
        self._blanks = [[blanks[k] for blanks, _ in cut] for k in range(width)]
        self._form = form
        self.groups: dict[str, str] = {}
        # The columns that were told to be the status, a number and its unit.
        self.told: dict[int, str] = {}

    def share(self, column: int, fits: re.Pattern[str]) -> float:
        """The share of a column's texts that fit a pattern as a whole."""
        texts = self.values[column]
        return sum(1 for text in texts if fits.fullmatch(text)) / len(texts)

    def status_column(self, first: int = 0) -> int | None:
        """The column of status codes from column `first` on: the first that holds nothing else.

        It is looked for behind the request, where there is one.
        """
        after = next((k for k in range(first, len(self.values)) if self.is_request(k)), first - 1)
        order = [*range(after + 1, len(self.values)), *range(first, after + 1)]
        fits = (_STATUS, _STATUS_BEHIND, _STATUS_LAST)
        return next((k for k in order if any(self._has_codes(k, one) for one in fits)), None)

    def keyed_status_column(self) -> int | None:
        """The column of status codes behind a key that says so, such as `code=200`."""
        return next((k for k in range(len(self.values)) if self._has_codes(k, _STATUS_KEYED)), None)

    def _has_codes(self, column: int, fits: re.Pattern[str]) -> bool:
        codes = [found[1] for text in self.values[column] if (found := fits.fullmatch(text))]
        real = [code for code in codes if code.isdecimal() and 100 <= int(code) <= 599]
        return len(codes) >= 0.95 * len(self.values[column]) and len(real) >= 0.5 * len(codes)

    def number_unit_column(self, first: int) -> int | None:
        """The first column from `first` on that holds numbers with their units behind them."""
        return next((k for k in range(first, len(self.values)) if self.share(k, _NUMBER_UNIT) > 0.95), None)

    def units_of(self, column: int) -> set[str]:
        """The units behind the numbers of a column."""
        return {found[2] for text in self.values[column] if (found := _NUMBER_UNIT.fullmatch(text))}

    def is_request(self, column: int) -> bool:
        """Whether a column holds request lines in quotes."""
        bare = [text.strip('"') for text in self.values[column] if text.startswith('"')]
        hits = sum(1 for text in bare if text.partition(" ")[0] in roles.METHODS and " " in text)
        return len(bare) >= 0.8 * len(self.values[column]) and hits >= 0.5 * len(bare)

    def is_target(self, column: int) -> bool:
        """Whether a column holds the targets of requests: paths or addresses, in quotes or behind a key too."""
        bare = [_KEY.sub("", text).strip('"') for text in self.values[column]]
        return sum(1 for text in bare if _TARGET.fullmatch(text)) >= 0.8 * len(bare)

    def pattern(self, last: int) -> str:
        """The pattern of the columns up to `last`."""
        pattern = ""
        for column in range(last + 1):
            blanks = set(self._blanks[column])
            fixed = len(blanks) == 1 and len(next(iter(blanks))) <= 2
            pattern += (literal(next(iter(blanks))) if fixed else r"\s*" if "" in blanks else r"\s+") + self._piece(
                column
            )
        return pattern

    def _group(self, role: str, shape: str) -> str:
        """A group for a role; a text without a name where the role has its group already."""
        if role in self.groups:
            return f"(?:{shape})"
        self.groups[role] = role
        return f"(?P<{role}>{shape})"

    def _piece(self, column: int) -> str:
        """The pattern of one column's texts."""
        texts = self.values[column]
        first = Counter(text[0] for text in texts).most_common(1)[0][0]
        if any(mark in text for text in texts[:20] for mark in (TIME, ID)):
            return self._marked(texts)
        if self.is_request(column) and "method" not in self.groups:
            return self._request(texts)
        if first == '"':
            return self._quoted(column)
        if first in _CLOSING and all(text[0] == first for text in texts):
            return self._bracketed(first, texts)
        return self._word(column)

    def _request(self, texts: Sequence[str]) -> str:
        """The pattern of request lines in quotes. Some servers leave out the protocol, or write its number alone."""
        if sum(1 for text in texts if re.search(rf" {PROTOCOL}\W*$", text)) * 2 < len(texts):
            method, target = self._group("method", "[A-Z]+"), self._group("target", '[^" ]*')
            return f'"(?:{method} {target}[^"]*|[^"]*)"'
        taken: dict[str, Variable] = {}
        inner = request_pattern(taken)
        self.groups |= {name: name for name in taken}
        return f'"{inner}"'

    def _quoted(self, column: int) -> str:
        texts = [text.strip('"') for text in self.values[column]]
        if all(text.startswith('"') and text.endswith('"') for text in self.values[column]):
            if sum(1 for text in texts if _TARGET.fullmatch(text)) >= 0.8 * len(texts) and "target" not in self.groups:
                target = self._group("target", '[^"]*')
                return f'"{target}"'
            others = range(column + 1, len(self.values))
            last = not any(self.values[k][0].startswith('"') for k in others)
            if last and "method" in self.groups:
                return f'"{self._group("user_agent", _QUOTED[1:-1])}"'
            return _QUOTED
        return rf"(?:{_QUOTED}\S*|\S+)"

    def _bracketed(self, opening: str, texts: Sequence[str]) -> str:
        closing = _CLOSING[opening]
        inside = f"{literal(opening)}[^{literal(closing)}]*{literal(closing)}"
        if all(_STATUS_LAST.fullmatch(text) for text in texts) and "status" not in self.groups:
            return r"\([^ ]+ " + self._group("status", r"\d{3}") + r"\)"
        return inside if all(text.endswith(closing) for text in texts) else inside + r"\S*"

    def _marked(self, texts: Sequence[str]) -> str:
        """Texts in which the time or the id stands: what is before and behind it, and its group."""
        mark = TIME if any(TIME in text for text in texts) else ID
        cut = [text.partition(mark) for text in texts if mark in text]
        before, behind = [part[0] for part in cut], [part[2] for part in cut]
        closing = next((end for start, end in _CLOSING.items() if before[0].rfind(start) > before[0].rfind(end)), None)
        if mark == TIME:
            group = self._group("time", stamps.pattern_of(self._form or "rfc3339"))
        else:
            group = self._group("id", rf"[^{literal(closing)}]+" if closing else r"[\w.:-]+" if any(behind) else r"\S+")
        right = self._marked(behind) if any(ID in text for text in behind) else _beginning(behind, closing)
        if mark == ID and "target" not in self.groups and all(re.fullmatch(r"[\w.:]+\[", text) for text in before):
            # The name of a task before its id in brackets.
            return self._group("target", r"[^\s\[]+") + r"\[" + group + right
        return _ending(before) + group + right

    def _is_user(self, column: int) -> bool:
        """Whether a column holds users: in the common log format they stand before the time in brackets."""
        behind = self.values[column + 1] if column + 1 < len(self.values) else ()
        return column >= 2 and bool(behind) and all(text == f"[{TIME}]" for text in behind)

    def _told(self, column: int) -> str:
        """The pattern of a column that was told to be a status, a duration, a number or a unit."""
        role, texts = self.told[column], self.values[column]
        if role == "status":
            if self.share(column, _STATUS_BEHIND) <= 0.9:
                return self._group("status", r"\d+|-")
            return r"\S+[/:=]" + self._group("status", r"\d+")
        if role == "duration":
            name = _BEFORE_NUMBER.match(texts[0])
            return literal(name[0] if name else "") + self._group(role, r"\d[\d.,e-]*") + r"\S*"
        return self._group(role, r"\S+")

    def _word(self, column: int) -> str:
        """The pattern of a column of words, and the group of what it is told to be."""
        texts = self.values[column]
        same = len(set(texts)) == 1
        if self._is_user(column):
            # A client may send a name with blanks.
            return self._group("user", ".*?")
        if column in self.told:
            return self._told(column)
        if self.share(column, _NUMBER_UNIT) > 0.95 and "number" not in self.groups:
            return self._group("number", r"[\d.,]+") + self._group("unit", r"[a-zµ]+")
        prefix = _common_prefix(texts)
        tails = [text[len(prefix) :] for text in texts]
        if "ip" not in self.groups and all(roles.ADDRESS.fullmatch(text) for text in texts):
            return self._group("ip", r"\S+?") + r"(?::\d+)?"
        if "ip" not in self.groups and prefix and all(roles.ADDRESS.fullmatch(text) for text in tails):
            return literal(prefix) + self._group("ip", r"\S+?") + r"(?::\d+)?"
        if sum(text in roles.METHODS for text in texts) >= 0.8 * len(texts):
            return self._group("method", "[A-Z]+")
        if self.share(column, _TARGET) >= 0.8:
            return self._group("target", r"\S+")
        if same and texts[0] != "-" and not texts[0].isdecimal() and not _KEY.match(texts[0]):
            return _fixed(texts[0])
        key = _KEY.match(texts[0])
        if key is not None and all(text.startswith(key[0]) for text in texts):
            is_target = self.is_target(column) or key[0].lower() in _TASK_KEYS
            return literal(key[0]) + (self._group("target", r"\S+") if is_target else r"\S*")
        return r"\S+"


def _common_prefix(texts: Sequence[str]) -> str:
    """What all texts begin with, up to a sign that ends a name."""
    least, most = min(texts), max(texts)
    same = next((k for k, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1]), len(least))
    prefix = least[:same]
    end = max((prefix.rfind(char) for char in ":=[(/|,"), default=-1)
    return prefix[: end + 1]


def _fixed(text: str) -> str:
    """The pattern of a text that is the same in all lines, but for its numbers, which other logs have otherwise."""
    return re.sub(r"\d+", r"\\d+", literal(text))


def _ending(texts: Sequence[str]) -> str:
    """The pattern of texts that stand before a group: the same text, or anything up to the last sign."""
    last = {text[-1:] for text in texts}
    char = next(iter(last))
    if len(last) == 1 and char in _CLOSING and any(text != char for text in texts):
        return rf"[^\s{literal(char)}]*{literal(char)}"
    if len(set(texts)) == 1:
        return _fixed(texts[0])
    prefix = _common_prefix(texts)
    if len(last) == 1 and not char.isalnum():
        return rf"{_fixed(prefix)}\S*?{literal(char)}" if prefix != char else rf"\S*?{literal(char)}"
    return rf"{_fixed(prefix)}\S*?"


def _beginning(texts: Sequence[str], closing: str | None) -> str:
    """The pattern of texts that stand behind a group: the same text, or up to the closing bracket, or to the blank."""
    if closing is not None and all(closing in text for text in texts):
        alone = all(text == closing for text in texts)
        end = literal(closing) if all(text.endswith(closing) for text in texts) else rf"{literal(closing)}\S*"
        return end if alone else f"[^{literal(closing)}]*{end}"
    return _fixed(texts[0]) if len(set(texts)) == 1 else r"\S*"


def marked(line: str, spans: Mapping[str, tuple[int, int]]) -> str:
    """The line with a mark in place of each span; the spans do not overlap."""
    for mark, (start, end) in sorted(spans.items(), key=lambda item: -item[1][0]):
        line = line[:start] + mark + line[end:]
    return line
