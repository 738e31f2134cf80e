"""Writes lines of made-up profiles: JSON, logfmt, csv and text, in all the spellings that servers have."""

import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
Texts = Mapping[str, str | None]


class Spelling(Protocol):
    """Writes the lines of one profile."""

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        """A line of the rule `key` with these texts."""


def path(syntax: str, number: int, chance: Random) -> str:
    """A path for a value, unlike that of any other number."""
    if syntax == "json":
        forms = ("k{}", "k{}", "obj.k{}", "o{}.a.b", "l{}.0", "l{}.1", "l{}.*.k", "dot{}.x", "é{}", "sp ace{}")
        return chance.choice(forms).format(number)
    if syntax == "logfmt":
        return chance.choice(("k{}", "http.k{}", "k-{}")).format(number)
    return f"c{number}"


def settle(profile: Any, chance: Random) -> None:
    """Completes the table by what the spelling of the lines decides, and sets the spelling."""
    if profile.syntax == "json":
        profile.spell = _Json(profile.paths)
    elif profile.syntax == "logfmt":
        profile.spell = _Logfmt(profile.paths)
    elif profile.syntax == "csv":
        profile.spell = _csv(profile, chance)
    else:
        profile.spell = _Text(profile, chance)
    if profile.syntax in ("json", "logfmt") and chance.random() < 0.15:
        profile.table["prefix"] = r"(?P<level>[A-Z]+) (?:\[[^\]]*\] )?- "
        profile.spell = _Prefixed(profile.spell)


class _Prefixed:
    def __init__(self, inner: Spelling) -> None:
        self._inner = inner

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        before = chance.choice(("INFO - ", "WARN [main] - ", "INFO - ", "info - ", ""))
        return before.encode() + self._inner.line(key, texts, chance)


class _Json:
    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = paths

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        tree: dict[str, Any] = {"level": "30", "msg": json.dumps(f"a {key}")}
        for name, text in texts.items():
            if text is not None or chance.random() < 0.3:
                _put(tree, self._paths[name], "null" if text is None else _value(text, chance), chance)
        names = list(tree)
        chance.shuffle(names)
        space = chance.choice(("", "", " ", "\t"))
        fields = [f"{_string(one, chance)}:{space}{_spelled(tree[one], chance)}" for one in names]
        if chance.random() < 0.04:
            fields.append(chance.choice(fields))
        if chance.random() < 0.03:
            fields.append(f"{_string(chance.choice(names), chance)}:{chance.choice(('1', 'null', chr(34) * 2, '{}'))}")
        comma = chance.choice(("," if chance.random() < 0.02 else "", ""))
        return f"{{{f',{space}'.join(fields)}{comma}}}".encode(errors="surrogatepass")


def _put(tree: dict[str, Any], where: str, value: Any, chance: Random) -> None:
    """Puts a spelled value at a path, with traps around it."""
    first, *rest = where.split(".")
    if first.startswith("l"):
        items: list[Any] = [value]
        if rest[0] == "1":
            items = ["null", value, "3"]
        elif rest[0] == "*":
            items = [{"k": value} if chance.random() < 0.9 else {"k": "null"}, {"k": '"later"'}]
            items = [chance.choice(({"z": "1"}, "5", "[]", "null")) for _ in range(chance.randint(0, 2))] + items
        tree[first] = items
    elif first.startswith("dot"):
        # The longest key that is there wins.
        tree[where] = value
        if chance.random() < 0.3:
            tree[first] = {"x": '"shadowed"'}
        if chance.random() < 0.2:
            del tree[where]
            tree[first] = {"x": value}
    elif rest:
        inner = tree.setdefault(first, {})
        for step in rest[:-1]:
            inner = inner.setdefault(step, {})
        inner[rest[-1]] = value
    else:
        tree[first] = value


def _spelled(value: Any, chance: Random) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(key, chance)}:{_spelled(inner, chance)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_spelled(inner, chance) for inner in value) + "]"
    return str(value)


def _value(text: str, chance: Random) -> str:
    """A text as JSON: a number where it is one, mostly; at times something else."""
    if chance.random() < 0.02:
        return chance.choice(
            (
                *("true", "false", "{}", "[]", '{"a":1}', "[1]", "null", "-", '"\\ud800"', '"\\x41"'),
                *("NaN", "Infinity", "-Infinity", "nan", "-NaN"),
            )
        )
    if _NUMBER.fullmatch(text) and chance.random() < 0.7:
        return text
    return _string(text, chance)


def _string(text: str, chance: Random) -> str:
    kind = chance.random()
    if kind < 0.85:
        return json.dumps(text, ensure_ascii=False)
    if kind < 0.95:
        return json.dumps(text)
    if kind < 0.98:
        return '"' + "".join(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in text) + '"'
    return json.dumps(text).replace("/", "\\/").replace("\\t", "\t")


class _Logfmt:
    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = paths

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        pairs = [f"level=info msg={chance.choice((key, json.dumps(f'a {key}')))}"]
        for name, text in texts.items():
            if text is not None:
                pairs.append(f"{self._paths[name]}={self._value(text, chance)}")
        chance.shuffle(pairs)
        if chance.random() < 0.05:
            pairs.append(chance.choice(("word", "k1=", "=x", "k1", "k1=again", "a==b", 'k2="open', "k3=[1 2]")))
        return chance.choice((" ", " ", "  ", "\t")).join(pairs).encode()

    @staticmethod
    def _value(text: str, chance: Random) -> str:
        plain = text and not set(text) & set(" \t\"'=\\[]{}")
        if plain and chance.random() < 0.8:
            return text
        if chance.random() < 0.15:
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return json.dumps(text, ensure_ascii=False)


def _csv(profile: Any, chance: Random) -> Spelling:
    names = list(profile.paths)
    chance.shuffle(names)
    columns = [profile.paths[name] for name in names]
    for _ in range(chance.randint(0, 2)):
        columns.insert(chance.randrange(len(columns) + 1), f"more{len(columns)}")
    separator, quote = chance.choice(",,;|\t "), chance.choice('""\'')
    kind = chance.choice(("columns", "columns", "header", "fields_line"))
    table = profile.table
    table |= {"separator": separator} if separator != "," else {}
    table |= {"quote": quote} if quote != '"' else {}
    if kind == "columns":
        table["columns"] = columns
    elif kind == "fields_line":
        table["fields_line"] = "#Fields:"
    return _Csv({profile.paths[name]: name for name in names}, columns, separator, quote, kind)


class _Csv:
    def __init__(self, names: Mapping[str, str], columns: list[str], separator: str, quote: str, kind: str) -> None:
        self._names, self.columns, self._separator, self._quote, self._kind = names, columns, separator, quote, kind
        self._begun = False

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        if self._kind == "header" and not self._begun:
            self._begun = True
            return self._separator.join(self.columns).encode()
        if self._kind == "fields_line" and (not self._begun or chance.random() < 0.02):
            self._begun = True
            return f"#Fields: {' '.join(self.columns)}".encode()
        if self._kind == "fields_line" and chance.random() < 0.03:
            return chance.choice((b"#Version: 1.0", b"#Date: 2026-01-01 00:00:00"))
        cells = [self._cell(texts.get(self._names.get(column, ""), key) or "", chance) for column in self.columns]
        return self._separator.join(cells).encode()

    def _cell(self, text: str, chance: Random) -> str:
        mark = self._quote
        if chance.random() < 0.2 or self._separator in text or (self._separator == " " and not text):
            return mark + text.replace(mark, mark * 2) + mark
        around = chance.choice(("", "", "", "", "", " ")) if self._separator != " " else ""
        return around + text + around


class _Text:
    """Lines of a pattern for each rule: groups between literals, in an order of their own."""

    def __init__(self, profile: Any, chance: Random) -> None:
        self._words, self._names, self._paths = profile.words, {}, profile.paths
        self._marks: dict[str, tuple[str, str]] = {}
        rules = profile.table["rule"]
        keys = _keys(rules)
        for rule, key in zip(rules, keys, strict=True):
            names = [name for name in profile.makers[key] if name in profile.paths]
            rest = names[:]
            chance.shuffle(rest)
            self._names[key] = rest
            pieces = [self._piece(name, chance) for name in rest]
            flag = "(?i)" if chance.random() < 0.05 else ""
            rule["match"] = flag + self._start(key, chance) + "".join(pieces)

    def _start(self, key: str, chance: Random) -> str:
        word = (
            re.escape(self._words[key]).replace("\\ ", " ").replace("\\-", "-").replace("\\<", "<").replace("\\>", ">")
        )
        return chance.choice((word, f"(?:{word}|zz{word})", f"[^:]{{0,4}}{word}", word)) + ":"

    def _piece(self, name: str, chance: Random) -> str:
        """The pattern of one value: within brackets or quotes, or after its name."""
        begin, end = self._marks.setdefault(
            name, chance.choice((("[", "]"), ('"', '"'), ("<", ">"), (f"{name}=", ";")))
        )
        inner = chance.choice((f"[^{re.escape(end)}]*", ".*?", f"[^{re.escape(end)}]*"))
        begin, end = (text.replace("[", "\\[").replace("]", "\\]") for text in (begin, end))
        group = f" {begin}(?P<{self._paths[name]}>{inner}){end}"
        return f"(?:{group})?" if name not in ("t", "id0") and chance.random() < 0.4 else group

    def line(self, key: str, texts: Texts, chance: Random) -> bytes:
        pieces = [self._words[key] + ":"]
        for name in self._names[key]:
            text = texts[name]
            if text is None and chance.random() < 0.7:
                continue
            begin, end = self._marks[name]
            pieces.append(f"{begin}{text or ''}{end}")
        tail = chance.choice(("", "", "", " trailing"))
        return (" ".join(pieces) + tail).encode()


def _keys(rules: list[dict[str, Any]]) -> list[str]:
    """The key of each rule in the makers of its profile."""
    keys, number = [], 0
    for rule in rules:
        if rule["event"] in ("ignore", "restart"):
            keys.append(rule["event"])
        else:
            keys.append(f"{rule['event']}{number}")
            number += 1
    return keys
