"""Tells by their shape which heads collectors have put before the lines of a file, such as that of syslog.

A wrong head is worse than none. So all lines must have a head, or nearly all, and a head that could be the line's own
start must look like that of a collector in more ways than one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from logcorr.inputs import head_forms
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.head_forms import NAMES, PATTERNS

__all__ = ["NAMES", "detect"]

_MOST_HEADS = 4
# One line in so many may have no head: a note of the collector, or a line that goes on.
_LINES_PER_MISS = 20
_SOME, _MANY = 3, 10
_PATTERNS = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
# Lines that a collector writes of itself.
_NOTES = re.compile(rb"-- |--$|Attaching to |[\w.-]+ exited with code \d|Gracefully stopping")
_LEVELS = frozenset(
    b"trace debug verbose info information notice warn warning error err crit critical alert emerg emergency fatal "
    b"severe panic fine finer finest config d i w e f".split()
)
_CLOCK = re.compile(rb"\d\d:\d\d:\d\d")
_CLOCK_WITHIN = 200
_LETTER = re.compile(rb"[A-Za-z]")
_CONTAINER_NUMBER = re.compile(rb"[-_]\d+$")
_LOG_NAME = re.compile(
    rb"(?:.*/)?[^/]*\.(?:log|json|jsonl|ndjson|txt|out|err|csv)(?:[.-][\w-]+)*|(?:.*/)?(?:logs?|journal)/.+",
    re.IGNORECASE,
)
_BEGINS_CLOCK = re.compile(rb"\d\d(?::\d\d|[.,]\d|Z|\s)")
_DOCKER_KEYS = frozenset(("log", "stream", "time", "attrs"))
_JOURNAL_TIME, _JOURNAL_TEXT = "__REALTIME_TIMESTAMP", "MESSAGE"
# Alone, a time is the line's own.
_WITH_TIMESTAMPS = (head_forms.KUBECTL, head_forms.COMPOSE)
_Matches = list[re.Match[bytes]]


def detect(lines: Sequence[bytes]) -> tuple[str, ...]:
    """The names of the heads that the lines have, outermost first; none where the lines begin with their own text.

    `lines` are a sample of one file, without line ends. Names are those of `head_forms`.
    """
    rest = [text for line in lines if (text := without_colours(line).rstrip(b"\r")).strip()]
    heads: list[str] = []
    while rest and len(heads) < _MOST_HEADS:
        name, rest = _outermost(rest, behind=heads[-1] if heads else None)
        if name is None:
            break
        heads.append(name)
        rest = [line for line in rest if line.strip()]
    return tuple(heads)


def _outermost(lines: list[bytes], *, behind: str | None) -> tuple[str | None, list[bytes]]:
    """The outermost head of the lines, and the lines without it. `behind` is the head that stood before it."""
    for name, texts in (
        (head_forms.DOCKER_JSON, _docker_texts(lines)),
        (head_forms.JOURNALD_JSON, _journal_texts(lines)),
    ):
        if texts is not None:
            return name, texts
    own = [line for line in lines if not _NOTES.match(line)]
    for name, pattern in _PATTERNS.items():
        if name == head_forms.TIMESTAMPS and behind not in _WITH_TIMESTAMPS:
            continue
        matches = [match for line in own if (match := pattern.match(line + b"\n"))]
        if matches and _nearly_all(len(matches), len(own)) and _PROOFS.get(name, _any)(matches):
            return name, [_behind(match) for match in matches]
    return None, lines


def _nearly_all(count: int, lines: int) -> bool:
    return lines - count <= lines // _LINES_PER_MISS


def _behind(match: re.Match[bytes]) -> bytes:
    return match.string[match.end() : -1]


def _any(_matches: _Matches) -> bool:
    return True


def _is_syslog(matches: _Matches) -> bool:
    """Whether the heads are of syslog or the journal, and no time of an application with two words behind it.

    A priority proves it. Without one, hosts and programs must be no levels, and few hosts may write. Where the time is
    not that of syslog, either most programs have a process id, or most lines have a second clock or are JSON.
    """
    bare = [match for match in matches if match["host"] is not None]
    if any(match["host"].lower() in _LEVELS or match["source3"].lower() in _LEVELS for match in bare):
        return False
    if len({match["host"] for match in bare}) > max(_SOME, len(bare) // _MANY):
        return False
    doubtful = [match for match in bare if not match.string[:1].isalpha()]
    sure = [match for match in doubtful if match["process"] or _has_own_form(_behind(match))]
    return len(sure) * 2 >= len(doubtful)


def _has_own_form(text: bytes) -> bool:
    """Whether a text begins a JSON object, or has a clock of its own."""
    return text.startswith(b"{") or _CLOCK.search(text[:_CLOCK_WITHIN]) is not None


def _is_compose(matches: _Matches) -> bool:
    """Whether what stands before the bars is the name of a container, and no column of a table.

    The bars stand in few columns, and the names are few, have letters and are no levels. Where the lines go on like a
    table, the names must also end in the number of a container and occur several times.
    """
    names = {match["source1"] for match in matches}
    bars = {match.string.index(b"|") for match in matches}
    if len(names) > max(_SOME, len(matches) // _MANY) or len(bars) > _SOME:
        return False
    if any(name.lower() in _LEVELS or not _LETTER.search(name) for name in names):
        return False
    if sum(b" | " in _behind(match) for match in matches) * 2 <= len(matches):
        return True
    return all(_CONTAINER_NUMBER.search(name) for name in names) and len(names) * _SOME <= len(matches)


def _is_grep(matches: _Matches) -> bool:
    """Whether the names are of log files, few, and all of one kind of path; no clock or JSON begins with them."""
    names = {match["source1"] for match in matches}
    if len(names) > max(_SOME, len(matches) // 2) or not all(_LOG_NAME.fullmatch(name) for name in names):
        return False
    if len({name.startswith(b"/") for name in names}) > 1:
        return False
    return not all(_BEGINS_CLOCK.match(_behind(match)) and match["source1"][-1:].isdigit() for match in matches)


def _is_first_clock(matches: _Matches) -> bool:
    """Whether the time stands before lines that have a time of their own, or are JSON."""
    return all(_has_own_form(_behind(match)) for match in matches)


_PROOFS: dict[str, Callable[[_Matches], bool]] = {
    head_forms.SYSLOG: _is_syslog,
    head_forms.JOURNALD_SHORT: _is_syslog,
    head_forms.COMPOSE: _is_compose,
    head_forms.GREP: _is_grep,
    head_forms.TIMESTAMPS: _is_first_clock,
}


def _docker_texts(lines: list[bytes]) -> list[bytes] | None:
    """The texts within lines of Docker's json-file; None where the lines are not of this form."""
    objects = _objects(lines)
    if objects is None or not all(
        isinstance(each.get("log"), str) and "time" in each and "stream" in each and each.keys() <= _DOCKER_KEYS
        for each in objects
    ):
        return None
    return [line for each in objects for line in each["log"].encode(errors="replace").splitlines()]


def _journal_texts(lines: list[bytes]) -> list[bytes] | None:
    """The messages of lines as `journalctl -o json` prints them; None where the lines are not of this form."""
    objects = _objects(lines)
    if objects is None or not all(_JOURNAL_TIME in each for each in objects):
        return None
    messages = [each.get(_JOURNAL_TEXT) for each in objects]
    return [message.encode(errors="replace") for message in messages if isinstance(message, str)]


def _objects(lines: list[bytes]) -> list[dict[str, Any]] | None:
    """The JSON objects of the lines; None where more than a few lines are none."""
    if not lines[0].startswith(b"{") and not lines[-1].startswith(b"{"):
        return None
    objects = [each for line in lines if isinstance(each := _decoded(line), dict)]
    return objects if objects and _nearly_all(len(objects), len(lines)) else None


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
