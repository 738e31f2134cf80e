"""Profiles made up at random, each with lines of a log for it: every syntax, form of time, unit, condition and kind of field.

`made(chance)` gives a table as TOML has it, and how to write a line of it. `spoilt` breaks lines in the ways of real logs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

from tests.support import made_lines, made_values
from tests.support.made_values import DATED_FORMS, DATELESS_FORMS, UNITS, one
from tests.support.profile_logs import BYTES, PIECES

Table = dict[str, Any]
_TOKEN = re.compile(rb"[\w.:/-]+|[^ ]")
_ZONES = ("Z", "Z", "+05:30", "Europe/Berlin", "America/New_York", "-03:00")
_WORDS = {
    "request": ("begin", "start of it", "->"),
    "response": ("end", "done ok", "<-"),
    "exchange": ("served", "hit"),
}
_ROLES = ("user", "endpoint", "method", "ip", "user_agent")


@dataclass
class Made:
    """A profile in the making: its table, and for each event how the values of a line are made.

    A value maker is given a source of chance and the instant of the line; its text is None where the line lacks the
    value. `day` is the date that the log is read with, if it needs one.
    """

    syntax: str
    table: Table
    day: date | None = None
    makers: dict[str, dict[str, Callable[[Random, datetime], str | None]]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    spell: made_lines.Spelling | None = None

    def path(self, name: str, chance: Random) -> str:
        """The path of a value of a line, which has one name in all lines."""
        if name not in self.paths:
            self.paths[name] = made_lines.path(self.syntax, len(self.paths), chance)
        return self.paths[name]


def made(chance: Random) -> Made:
    """A profile of any kind."""
    syntax = chance.choice(("json", "json", "logfmt", "csv", "text", "text"))
    profile = Made(syntax, {"syntax": syntax})
    dateless = chance.random() < 0.2
    zone = chance.choice(_ZONES)
    if zone != "Z":
        profile.table["zone"] = zone
    is_pair = chance.random() < 0.7
    events = ["request", "response"] if is_pair else ["exchange"]
    if is_pair and chance.random() < 0.3:
        events.append("response")
    shared: dict[str, Callable[[Random, datetime], str | None]] = {}
    time = _time(profile, shared, chance, dateless=dateless)
    profile.table["time"] = time
    if is_pair:
        profile.table["id"] = _id(profile, shared, chance)
    for role in _ROLES:
        if chance.random() < 0.35:
            profile.table[role] = _field(profile, shared, role, _text_of(role), chance)
    if chance.random() < 0.3:
        names = ("region", "x-y", "pod.name")[: chance.randint(1, 3)]
        profile.table["attributes"] = {name: _field(profile, shared, name, _text_of("any"), chance) for name in names}
    profile.table["rule"] = [_rule(profile, event, number, shared, chance) for number, event in enumerate(events)]
    if chance.random() < 0.2:
        profile.table["rule"].insert(chance.randrange(2), _special_rule(profile, chance))
    if chance.random() < 0.1:
        profile.table["strict"] = True
    made_lines.settle(profile, chance)
    return profile


def _time(profile: Made, shared: dict[str, Any], chance: Random, *, dateless: bool) -> Any:
    """The time of all events; sometimes several, of which the first that is there counts."""
    form = chance.choice(DATELESS_FORMS if dateless else DATED_FORMS)
    if dateless:
        profile.day = date(2026, *chance.choice(((2, 3), (12, 28), (12, 31), (3, 29))))
    lack = 0.3 if not dateless and chance.random() < 0.25 else 0.0
    one_time = {"field": profile.path("t", chance), "form": form}
    shared["t"] = _stamps(form, lack)
    if not lack:
        return one_time
    # Of a clock that a zone leaves out the oracle takes the other time, so the zone has no such clocks.
    profile.table.pop("zone", None)
    second = chance.choice(DATED_FORMS)
    shared["t2"] = _stamps(second, 0.1)
    return {"any": [one_time, {"field": profile.path("t2", chance), "form": second}]}


def _stamps(form: str, lack: float) -> Callable[[Random, datetime], str | None]:
    def make(chance: Random, at: datetime) -> str | None:
        if chance.random() < lack:
            return None
        # Where a time is beyond all years, the oracle takes the other one.
        odd = [text for text in made_values.NO_STAMPS if not lack or text[:4] not in ("0001", "9999", "-621")]
        return chance.choice(odd) if chance.random() < 0.08 else made_values.stamp(chance, form, at)

    return make


def _id(profile: Made, shared: dict[str, Any], chance: Random) -> Any:
    """One field, or a list of fields."""
    count = chance.choice((1, 1, 1, 2, 3))
    parts = []
    for number in range(count):
        name = f"id{number}"
        parts.append(_field(profile, shared, name, _text_of("id"), chance, kinds=("plain", "plain", "pick")))
    return parts[0] if count == 1 and chance.random() < 0.9 else parts


def _text_of(role: str) -> Callable[[Random, datetime], str | None]:
    """Makes texts of a role, some of them odd."""

    def make(chance: Random, _at: datetime) -> str | None:
        if chance.random() < 0.08:
            return None
        if role == "id":
            return one(
                chance, [f"r-{number}" for number in range(9)] + ["17", "18446744073709551616"], made_values.NO_IDS, 0.1
            )
        if role == "ip":
            return chance.choice(made_values.IPS)
        if role == "endpoint":
            return chance.choice(made_values.PATHS)
        return chance.choice(("ann", "GET", "-", "", "é b", "curl/8.1 (x; y)", 'a "b" \\c', "tab\there", "0"))

    return make


def _field(  # noqa: PLR0917 - a field is made of all of these
    profile: Made,
    makers: dict[str, Any],
    name: str,
    make: Callable[[Random, datetime], str | None],
    chance: Random,
    kinds: tuple[str, ...] = ("plain", "plain", "plain", "pick", "any", "join"),
) -> Any:
    """A field, and in `makers` how its texts are made."""
    kind = chance.choice(kinds)
    makers[name] = make
    path = profile.path(name, chance)
    if kind == "plain":
        return path if chance.random() < 0.9 else {"field": path}
    if kind == "pick":
        return {
            "field": path,
            "pick": chance.choice(("([^ ]+)", "^(.*)$", "([0-9]+)", "^r(.*)", "(?:a|b)([a-z]*)", "(é|n+)")),
        }
    makers[f"{name}b"] = make
    other = profile.path(f"{name}b", chance)
    inner = {"field": other, "pick": "^(..?)"} if chance.random() < 0.3 else other
    return {kind: [path, inner]}


def _rule(profile: Made, event: str, number: int, shared: dict[str, Any], chance: Random) -> Table:
    """A rule of an event, and how its lines are made."""
    word = chance.choice(_WORDS[event]) + (f" {number}" if number > 1 else "")
    key = f"{event}{number}"
    makers = dict(shared)
    rule: Table = {"event": event}
    if event != "request":
        rule["status"] = _status(profile, makers, chance)
        if chance.random() < 0.6:
            rule["duration"] = _duration(profile, makers, chance)
        if number > 1 and chance.random() < 0.6:
            rule["weak"] = True
    if chance.random() < 0.15:
        rule["user"] = _field(profile, makers, f"own{number}", _text_of("user"), chance)
    if profile.syntax != "text":
        rule["where"] = _where(profile, makers, word, number, chance)
    profile.makers[key], profile.words[key] = makers, word
    return rule


def _where(profile: Made, makers: dict[str, Any], word: str, number: int, chance: Random) -> Table:
    """The conditions of a rule, of any kind; its lines hold them."""
    path = profile.path("ev", chance)
    makers["ev"] = lambda chance, _at: word if chance.random() < 0.95 else chance.choice(("other", "begi", None))
    kind = chance.choice(("equal", "list", "prefix", "match"))
    held: Any = {
        "equal": word,
        "list": ["zz", word],
        "prefix": {"prefix": word[:3]},
        "match": {"match": f"{word[:2]}.*"},
    }[kind]
    where = {path: held}
    if chance.random() < 0.2:
        mark = f"mark{number}"
        makers[mark] = lambda chance, _at: one(chance, ["7"], ["7.0", "8", None, ""], 0.2)
        where[profile.path(mark, chance)] = chance.choice(({"exists": True}, "7", ["7", "8"], {"null": False}))
    if chance.random() < 0.15:
        absent = profile.path(f"absent{number}", chance)
        makers[f"absent{number}"] = lambda chance, _at: "x" if chance.random() < 0.1 else None
        where[absent] = {"exists": False}
    return where


def _status(profile: Made, makers: dict[str, Any], chance: Random) -> Any:
    kind = chance.choice(("always", "plain", "plain", "null", "none", "map", "map else", "pick"))
    if kind == "always":
        return chance.choice((200, 0, 999))
    texts = ("200", "404", "503", "7")
    if kind.startswith("map"):
        texts = ("ok", "failed", "0", "13")
    makers["st"] = lambda chance, _at: one(chance, texts, [*made_values.NO_STATUSES, None], 0.2)
    path = profile.path("st", chance)
    if kind == "plain":
        return path
    spec: Table = {"field": path}
    if kind == "pick":
        return spec | {"pick": "([0-9]+)"}
    if kind.startswith("map"):
        spec["map"] = {"ok": 200, "failed": 500, "0": 201}
        if kind == "map else":
            spec["else"] = 502
    if kind in ("null", "none") or chance.random() < 0.4:
        spec["null"] = "none" if kind == "none" or chance.random() < 0.5 else 499
    return spec


def _duration(profile: Made, makers: dict[str, Any], chance: Random) -> Table:
    unit = chance.choice(UNITS)
    kind = chance.choice(("plain", "plain", "plain", "units", "sum", "pick", "lenient"))

    def make(chance: Random, _at: datetime) -> str | None:
        return one(chance, [made_values.duration(chance, unit)], [*made_values.NO_DURATIONS, None], 0.15)

    makers["d"] = make
    path = profile.path("d", chance)
    if kind == "sum":
        makers["d2"] = make
        return {"sum": [path, profile.path("d2", chance)], "unit": unit}
    if kind == "units":
        makers["un"] = lambda chance, _at: one(chance, ["ms", "msecs", "s", "us", "go"], ["", "h", None], 0.1)
        makers["d"] = lambda chance, _at: one(
            chance, ["5", "1.25", "1,017", "1s"], [*made_values.NO_DURATIONS, None], 0.15
        )
        return {"field": path, "unit_field": profile.path("un", chance), "units": {"msecs": "ms"}}
    if kind == "pick":
        return {"field": path, "pick": "([0-9.,]+)", "unit": chance.choice(UNITS[:4])}
    return {"field": path, "unit": unit} | ({"else": "none"} if kind == "lenient" else {})


def _special_rule(profile: Made, chance: Random) -> Table:
    """A rule of lines that are no entries: to be passed over, or the start of a process."""
    event = chance.choice(("ignore", "restart")) if "id" in profile.table else "ignore"
    word = f"{event} this"
    profile.words[event] = word
    profile.makers[event] = {}
    if profile.syntax == "text":
        return {"event": event}
    profile.makers[event]["ev"] = lambda _chance, _at: word
    return {"event": event, "where": {profile.path("ev", chance): word}}


def lines_of(profile: Made, chance: Random, count: int) -> list[bytes]:
    """Lines of the log, most of them sound."""
    assert profile.spell is not None
    keys = list(profile.makers)
    found = []
    for at in made_values.instants(chance, count):
        key = chance.choice(keys)
        texts = {name: make(chance, at) for name, make in profile.makers[key].items()}
        found.append(profile.spell.line(key, texts, chance))
    return found


def spoilt(line: bytes, chance: Random, others: list[bytes]) -> bytes:
    """The line, broken as lines of real logs are: cut, glued, with bytes that are no text, with other values in it."""
    kind = chance.choice(("piece", "piece", "piece", "cut", "glued", "bytes", "blank", "twice", "deep", "ansi"))
    if kind == "cut":
        return line[: chance.randrange(len(line) + 1)]
    if kind == "glued":
        return line + chance.choice((b"", b" ", b"}", b",", b"\t")) + chance.choice(others)
    if kind == "blank":
        return chance.choice((b"", b" ", b"\t \t", b"\x1b[0m", b"\r"))
    if kind == "deep":
        return line.replace(b"{", b'{"deep":' + b"[" * 120 + b"]" * 120 + b",", 1)
    place = chance.randrange(len(line) + 1)
    if kind == "bytes":
        return line[:place] + chance.choice(BYTES) + line[place:]
    if kind == "ansi":
        while place < len(line) and line[place] & 0xC0 == 0x80:
            place += 1
        return line[:place] + b"\x1b[31;1m" + line[place:]
    tokens = [found.span() for found in _TOKEN.finditer(line)] or [(0, 0)]
    start, end = chance.choice(tokens)
    if kind == "twice":
        return line[:end] + line[start:end] + line[end:]
    return line[:start] + chance.choice(PIECES).encode() + line[end:]


@dataclass
class MadeLog:
    """A table of a profile, and the lines of files of its log."""

    table: Table
    files: list[list[bytes]]
    day: date | None
    chunk_bytes: int
    ending: bytes

    @property
    def contents(self) -> list[bytes]:
        """The bytes of each file."""
        return [self.ending.join([*lines, b""]) for lines in self.files]

    @property
    def lines(self) -> list[bytes]:
        """The lines of all files."""
        return [line for lines in self.files for line in lines]


def made_log(chance: Random, most: int = 40, share: float | None = None) -> MadeLog:
    """A profile of any kind, with a log of up to `most` lines, of which a share is spoilt."""
    profile = made(chance)
    sound = lines_of(profile, chance, chance.randint(1, most))
    share = chance.choice((0.0, 0.1, 0.3)) if share is None else share
    first = 1 if profile.syntax == "csv" else 0
    lines = sound[:first]
    lines += [spoilt(line, chance, sound) if chance.random() < share else line for line in sound[first:]]
    # The oracle counts the restarts of each file anew, so a log with restarts is one file.
    one_file = first or any(rule["event"] == "restart" for rule in profile.table["rule"])
    cut = chance.randrange(len(lines)) if chance.random() < 0.3 and not one_file else 0
    files = [lines[:cut], lines[cut:]] if cut else [lines]
    chunk = chance.choice((1 << 20, 1 << 20, 400, 60))
    return MadeLog(profile.table, files, profile.day, chunk, chance.choice((b"\n", b"\n", b"\r\n")))
