"""The lines of a log → their syntax, and records of what they hold."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logcorr.formats.draft_profile.events import Record

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PAIR = re.compile(r"([A-Za-z_@][\w.@/-]*)=(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"']*)(?=\s|$)")
_LEAST_JSON, _LEAST_OTHER = 0.3, 0.8
_MOST_DEPTH = 6
_MOST_CHARACTERS = 4096


def clean(lines: Sequence[str]) -> list[str]:
    """Lines without colours, line ends and blank lines."""
    bare = (COLOURS.sub("", line).rstrip("\r\n") for line in lines)
    return [line for line in bare if line.strip()]


def cut(lines: Sequence[str]) -> list[str]:
    """Lines without what stands behind their first 4,096 characters: it would cost much, and a form shows before it."""
    return [line[:_MOST_CHARACTERS] for line in lines]


def json_records(lines: Sequence[str]) -> list[Record]:
    """The objects of lines that are JSON objects, as paths of keys and texts; other lines are left out."""
    return [record for line in lines if (record := _json_record(line)) is not None]


def is_json(lines: Sequence[str]) -> bool:
    """Whether so many lines are JSON objects that the others are lines of other loggers between them."""
    return len(json_records(lines)) >= max(1, _LEAST_JSON * len(lines))


def _json_record(line: str) -> Record | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line, strict=False, parse_float=str, parse_int=str, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None
    return dict(_flat(value, ())) if isinstance(value, dict) else None


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Paths and texts of all that stands in a value. Of an array, the first element. null counts as not there."""
    if isinstance(value, Mapping):
        if len(path) < _MOST_DEPTH:
            for key, inner in value.items():
                yield from _flat(inner, (*path, key))
    elif isinstance(value, list):
        if value:
            yield from _flat(value[0], (*path, "0"))
    elif value is not None:
        yield ".".join(path), str(value).lower() if isinstance(value, bool) else value


def json_prefix(lines: Sequence[str]) -> list[tuple[str, str]] | None:
    """What stands before the object, and the object, of lines that end in one; None where these are few."""
    cut = [(line[: line.index("{")], line[line.index("{") :]) for line in lines if "{" in line and line.endswith("}")]
    objects = [(before, text) for before, text in cut if before.strip() and _json_record(text) is not None]
    return objects if len(objects) >= _LEAST_OTHER * len(lines) else None


def logfmt_records(lines: Sequence[str]) -> list[Record]:
    """The pairs `key=value` of lines that consist of pairs; other lines are left out."""
    records: list[Record] = []
    for line in lines:
        pairs = _PAIR.findall(line)
        rest = _PAIR.sub("", line).split()
        if len(pairs) >= 3 and len(rest) <= 1:
            records.append({key: _unquoted(value) for key, value in pairs})
    return records


def is_logfmt(lines: Sequence[str]) -> bool:
    """Whether nearly all lines consist of pairs `key=value`."""
    return len(logfmt_records(lines)) >= _LEAST_OTHER * len(lines)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in "\"'" else value


def csv_table(lines: Sequence[str]) -> tuple[str, list[list[str]]] | None:
    """The separator and the rows of a log that is csv: nearly all lines have one number of columns, at least three."""
    for separator in (",", "\t", ";", "|"):
        try:
            rows = list(csv.reader(lines, delimiter=separator, strict=False))
        except csv.Error:  # a carriage return within a line, or a cell of more than 128 KiB: this is no csv
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width >= 3 and count >= 0.95 * len(rows):
            return separator, [row for row in rows if len(row) == width]
    return None
