"""Takes off lines the heads that collectors put before them, and keeps what the heads tell of the lines.

Lines stay lines: there are as many behind as before, in the same order. A line without the head stays as it is.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from logcorr.inputs import head_forms, json_heads
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.head_forms import FIELDS, SOURCE, STREAM, TIME
from logcorr.inputs.joined_parts import Parts
from logcorr.inputs.json_heads import HeadedTexts

_KINDS = {TIME: ("time", "epoch"), STREAM: ("stream",), SOURCE: ("source",)}
_JSON_HEADS: dict[str, Callable[[bytes, Collection[str]], HeadedTexts]] = {
    head_forms.DOCKER_JSON: json_heads.docker_texts,
    head_forms.JOURNALD_JSON: json_heads.journal_texts,
}
_Column = list[str | None]


class Unwrapped(NamedTuple):
    """Lines without their heads.

    `text` is whole lines that end in LF, without colours of terminals. `time`, `stream` and `source` are what the
    heads tell of each line (String; null where a head tells nothing); None where the field was not asked for. `part`
    (Boolean) tells which lines are empty because they are a part of a line further down; None where none is.
    `joined` is how many lines were joined from parts.
    """

    text: bytes
    time: pl.Series | None
    stream: pl.Series | None
    source: pl.Series | None
    part: pl.Series | None
    joined: int


class Unwrapper:
    """Takes heads off the lines of files, one file after another. For one thread at a time.

    `names` are heads, outermost first, of `head_forms.NAMES`; `needed` are the fields to tell of each line. Times are
    RFC 3339 where the head has date and zone, else as they are written. Where several heads tell of a line, the
    innermost counts. `taken` counts the lines that had each head, `joined` the lines that were joined from parts.
    """

    def __init__(self, names: Iterable[str], needed: Iterable[str] = ()) -> None:
        fields = [field for field in FIELDS if field in needed]
        self._fields = fields
        self._layers = [(name, _layer(name, fields)) for name in names if name != head_forms.NONE]
        self.taken = {name: 0 for name, _ in self._layers}
        self.joined = 0

    def start_file(self) -> None:
        """Begins the lines of another file: parts of lines of the file before are forgotten."""
        self.finish()

    def unwrap(self, text: bytes) -> Unwrapped:
        """Whole lines, each ending in LF, without their heads."""
        text = without_colours(text)
        columns: dict[str, _Column] = {}
        part: pl.Series | None = None
        joined = 0
        for name, layer in self._layers:
            text, told, parts, joined_here, headed = layer.take_off(text)
            self.taken[name] += headed
            for field, values in told.items():
                columns[field] = _first_known(values, columns.get(field))
            if parts is not None and any(parts):
                part = pl.Series(parts, dtype=pl.Boolean) if part is None else part | pl.Series(parts)
            joined += joined_here
        self.joined += joined
        height = text.count(b"\n") if self._fields else 0
        series = {
            field: pl.Series(field, columns.get(field) or [None] * height, dtype=pl.String) for field in self._fields
        }
        return Unwrapped(text, series.get(TIME), series.get(STREAM), series.get(SOURCE), part, joined)

    def finish(self) -> list[bytes]:
        """The lines of the file that were begun by parts and have not ended, without heads and line ends.

        Each of their parts was counted as a line already. They are forgotten.
        """
        begun: list[bytes] = []
        for _, layer in self._layers:
            begun = [*(layer.take_off(_text_of(begun)).text.split(b"\n")[:-1] if begun else ()), *layer.parts.take()]
        return begun


class _Taken(NamedTuple):
    """Lines without one head, what the head tells of each line by field, and which lines are parts.

    Also how many lines were joined from parts, and how many lines had the head.
    """

    text: bytes
    told: dict[str, _Column]
    part: list[bool] | None
    joined: int
    headed: int


class _PatternLayer:
    """A head that is a pattern."""

    def __init__(self, pattern: bytes, fields: Sequence[str]) -> None:
        self.parts = Parts()
        self._fields = fields
        self._bare = _lines_with(pattern, frozenset())[0]
        kinds = frozenset(kind for field in fields for kind in _KINDS[field])
        self._told, self._told_kinds = _lines_with(pattern, kinds)
        self._parted: re.Pattern[bytes] | None = None
        if b"(?P<flag>" in pattern:
            self._parted, self._parted_kinds = _lines_with(pattern, kinds | {"flag", "stream"})

    def take_off(self, text: bytes) -> _Taken:
        if self._parted is not None and (self.parts or b" P " in text or b" P:" in text):
            return self._joined(text, self._parted)
        if not self._told_kinds:
            return _taken(self._bare.findall(text), text, {})
        *groups, lines = zip(*self._told.findall(text), strict=True) if text else [()] * (len(self._told_kinds) + 1)
        return _taken(lines, text, self._columns(groups, self._told_kinds))

    def _joined(self, text: bytes, pattern: re.Pattern[bytes]) -> _Taken:
        *groups, lines = zip(*pattern.findall(text), strict=True) if text else [()] * (len(self._parted_kinds) + 1)
        flags = groups[self._parted_kinds.index("flag")]
        streams = groups[self._parted_kinds.index("stream")]
        taken = _taken(lines, text, self._columns(groups, self._parted_kinds))
        joined = self.parts.join((line[:-1] for line in lines), streams, (flag == b"P" for flag in flags))
        return taken._replace(text=_text_of(joined.lines), part=joined.part, joined=joined.joins)

    def _columns(self, groups: Sequence[Sequence[bytes]], kinds: Sequence[str]) -> dict[str, _Column]:
        """The columns of the fields asked for. Of several groups of one kind, at most one has a text."""
        columns: dict[str, _Column] = {}
        for field in self._fields:
            for kind, values in zip(kinds, groups, strict=True):
                if kind in _KINDS[field]:
                    column = [_rfc3339(value) if kind == "epoch" else _text(value) for value in values]
                    columns[field] = _first_known(column, columns.get(field))
        return columns


class _JsonLayer:
    """A head that is a JSON object."""

    def __init__(self, texts_of: Callable[[bytes, Collection[str]], HeadedTexts], fields: Sequence[str]) -> None:
        self.parts = Parts()
        self._texts_of, self._fields = texts_of, fields

    def take_off(self, text: bytes) -> _Taken:
        headed = self._texts_of(text, self._fields)
        lines = [
            line if inner is None else inner for inner, line in zip(headed.texts, text.split(b"\n")[:-1], strict=True)
        ]
        count = len(headed.texts) - headed.texts.count(None)
        if not self.parts and headed.goes_on is None:
            return _Taken(without_colours(_text_of(lines)), headed.told, None, 0, count)
        # A line without the head belongs to no stream.
        streams = [
            b"-" if inner is None else (stream or "").encode()
            for inner, stream in zip(headed.texts, headed.streams, strict=True)
        ]
        joined = self.parts.join(lines, streams, headed.goes_on or [False] * len(lines))
        return _Taken(without_colours(_text_of(joined.lines)), headed.told, joined.part, joined.joins, count)


def _layer(name: str, fields: Sequence[str]) -> _PatternLayer | _JsonLayer:
    """What takes off the head of a name."""
    if name in _JSON_HEADS:
        return _JsonLayer(_JSON_HEADS[name], fields)
    return _PatternLayer(head_forms.PATTERNS[name], fields)


def _taken(lines: Sequence[bytes], text: bytes, told: dict[str, _Column]) -> _Taken:
    """The lines of a text without a head. None of these lines is a part."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    before, behind = np.diff(ends, prepend=-1), np.fromiter(map(len, lines), np.int64, len(lines))
    return _Taken(b"".join(lines), told, None, 0, int(np.count_nonzero(before != behind)))


def _text_of(lines: list[bytes]) -> bytes:
    return b"\n".join([*lines, b""])


def _lines_with(pattern: bytes, kinds: frozenset[str]) -> tuple[re.Pattern[bytes], list[str]]:
    """A pattern of a whole line that may have the head, with the groups of these kinds and then the line behind it."""
    head, found = head_forms.with_groups(pattern, kinds)
    return re.compile(rb"(?:" + head + rb")?([^\n]*+\n)"), found


def _first_known(values: _Column, others: _Column | None) -> _Column:
    if others is None:
        return values
    return [other if value is None else value for value, other in zip(values, others, strict=True)]


def _text(value: bytes) -> str | None:
    return value.decode(errors="replace") if value else None


def _rfc3339(seconds: bytes) -> str | None:
    """Seconds since 1970, with six digits behind the point, as RFC 3339."""
    if not seconds:
        return None
    whole, _, fraction = seconds.decode().partition(".")
    return f"{datetime.fromtimestamp(int(whole), UTC):%Y-%m-%dT%H:%M:%S}.{fraction}Z"
