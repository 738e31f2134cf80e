"""The small language that filters the rows of a view: `status>=500 user=user-7 duration>1s time>12:15`.

Terms are separated by blanks. A row passes where all terms hold. `status=none` finds rows without a status.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
import polars as pl

from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.model.access_report import RunReport
from logcorr.model.errors import UsageError
from logcorr.model.ledger import SIDES
from logcorr.model.quantiles import OF_ENDPOINTS
from logcorr.model.status import NO_STATUS
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.query.filter_expressions import Kind, Sign, Term, expression
from logcorr.text.instants import time_range
from logcorr.text.quantities import duration_us
from logcorr.text.safe import safe

__all__ = ["Term", "complete", "day_of", "equal", "expression", "names", "parse", "quoted", "token"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGN = re.compile(r"!=|<=|>=|=|<|>|~")
_BARE = re.compile(r'[^\s"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TOKEN = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^\s"])+', re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
# The column whose null has a name.
_STATUS = ("status_code",)
# The columns of durations in a row that stands for many exchanges.
_FIGURES = ("min", *OF_ENDPOINTS, "max")
# The stored columns that a short name stands for: `line` and `file` stand for all columns that the view has, other
# names for the first column that the view has.
_ALIASES = {
    "status": ("status_code",),
    "user": ("user_id",),
    "agent": ("user_agent",),
    "id": ("request_id",),
    "duration": ("duration_us",),
    "given": ("given_us",),
    **{name: (f"{name}_us",) for name in _FIGURES},
    "time": ("time", "request_time", "window_start"),
    "line": ("line", "request_line", "response_line"),
    "file": ("file", "request_file", "response_file"),
}
_SIGNS: dict[Kind, tuple[Sign, ...]] = {
    "text": ("=", "!=", "~"),
    "number": ("=", "!=", "<", "<=", ">", ">="),
    "duration": ("=", "!=", "<", "<=", ">", ">="),
    "instant": ("=", "!=", "<", "<=", ">", ">="),
    "truth": ("=", "!="),
    "file": ("=", "!=", "~"),
}
_EXAMPLES: dict[Kind, str] = {
    "text": 'text, quoted where it has blanks: "a b"',
    "number": "a whole number",
    "duration": "a duration such as 250us, 5ms, 2s, 3m or 1h",
    "instant": "a time such as 12:15, 12:15:30 or 2025-11-21T12:15:30Z",
    "truth": "true or false",
    "file": "the name of one of the log files",
}


def parse(
    text: str,
    schema: Mapping[str, pl.DataType],
    day: date | None = None,
    files: Mapping[str, Sequence[str]] | None = None,
) -> list[Term]:
    """The terms of a filter on rows of `schema`.

    `day` is the day of a log of one day: without it, `HH:MM` is a time of every day. `files` are the names of the log
    files by side, as in the manifest. Raises UsageError, which names the term, the position of the fault in the text
    (from 1) and what is possible there.
    """
    terms, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at, schema, day, files or {})
        terms.append(term)
    return terms


def names(schema: Mapping[str, pl.DataType]) -> list[str]:
    """All names that a term can start with: first short names, then stored columns."""
    short = [alias for alias, columns in _ALIASES.items() if any(column in schema for column in columns)]
    return [*short, *(name for name in schema if name not in short)]


def quoted(value: str) -> str:
    """A value as it is written in a filter: in quotes where it needs quotes."""
    if value and not re.search(r'[\s"\\]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def equal(column: str, value: str | int | None, schema: Mapping[str, pl.DataType]) -> str:
    """The term that finds exactly the rows with this value in a stored column. None finds the rows without a value."""
    name = next((alias for alias in _ALIASES if _columns(alias, schema) == (column,)), column)
    if value is None and column in _STATUS:
        return f"{name}={NO_STATUS}"
    return f"{name}={quoted('' if value is None else str(value))}"


def day_of(report: RunReport) -> date | None:
    """The day of a log that covers one day in UTC; None where it covers more or none."""
    points = report.timeline.points
    days = {points[0].start[:10], points[-1].start[:10]} if points else set()
    return date.fromisoformat(days.pop()) if len(days) == 1 else None


def token(text: str, cursor: int) -> tuple[int, int]:
    """The start and the end of the term at the cursor; both are the cursor where there is no term."""
    for match in _TOKEN.finditer(text):
        if match.start() <= cursor <= match.end():
            return match.span()
    return cursor, cursor


def complete(
    text: str, cursor: int, schema: Mapping[str, pl.DataType], seen: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """The completions of the term at the cursor. Each replaces all of `token(text, cursor)`.

    `seen` are values that occur, by stored column.
    """
    start, _ = token(text, cursor)
    head = text[start:cursor]
    word = _WORD.match(head)
    name = word[0] if word else ""
    rest = head[len(name) :]
    if not rest:
        longer_names = [known for known in names(schema) if known.startswith(name) and known != name]
        if name in names(schema):
            kind = _kind(name, _columns(name, schema), schema)
            return [f"{name}{sign}" for sign in _SIGNS[kind]] + longer_names
        return longer_names
    sign = _SIGN.match(rest)
    if sign is None or name not in names(schema):
        return [f"{name}!="] if rest == "!" and name in names(schema) else []
    value = rest[sign.end() :]
    columns = _columns(name, schema)
    occurring = (seen or {}).get(columns[0]) if columns else None
    known_values = [quoted(text) for text in occurring] if occurring else _values(columns, schema)
    return [f"{name}{sign[0]}{known}" for known in known_values if known.startswith(value) and known != value]


def _term(
    text: str, start: int, schema: Mapping[str, pl.DataType], day: date | None, files: Mapping[str, Sequence[str]]
) -> tuple[Term, int]:
    token_end = token(text, start)[1]
    shown = text[start:token_end]
    word = _WORD.match(text, start)
    if word is None:
        raise _error(shown, start, "a term starts with a name", f"Names: {', '.join(names(schema))}.")
    name, columns = word[0], _columns(word[0], schema)
    if not columns:
        raise _error(shown, start, f"no {name!r} here", f"Names: {', '.join(names(schema))}.")
    kind = _kind(name, columns, schema)
    match = _SIGN.match(text, word.end())
    possible = f"{name} takes {' '.join(_SIGNS[kind])}"
    if match is None:
        raise _error(shown, word.end(), "a comparison is missing", f"{possible}, without blanks.")
    sign: Sign | None = next((known for known in _SIGNS[kind] if known == match[0]), None)
    if sign is None:
        raise _error(shown, word.end(), f"{match[0]} does not go with {name}", f"{possible}.")
    value, end = _value(text, match.end(), shown)
    if value is None:
        raise _error(shown, match.end(), "a value is missing", f'Write {_EXAMPLES[kind]}; "" means no value.')
    term = Term(text=text[start:end], columns=columns, sign=sign, kind=kind, value=None)
    if not value or (value == NO_STATUS and columns == _STATUS):
        if sign not in ("=", "!="):
            none = value or '""'
            raise _error(shown, match.end(), f"{none} does not go with {sign}", f"Only = and != take {none}: no value.")
        return term, end
    try:
        return _with_value(term, value, day, files), end
    except (UsageError, ValueError, OverflowError) as error:
        example = _EXAMPLES[kind] + (f", or {NO_STATUS}" if columns == _STATUS else "")
        message = f"{safe(value, 60)!r} is not {example}"
        offered = _values(columns, schema) if kind not in ("file", "number") else ()
        if kind == "file":
            offered = tuple(safe(file, 60) for side in files.values() for file in side)
        hint = f"Write {example}." if not offered else f"There are: {', '.join(offered)}."
        raise _error(shown, match.end(), message, hint) from error


def _value(text: str, start: int, shown: str) -> tuple[str | None, int]:
    """The value that starts at `start`, and the position where it ends. The value is None where there is none."""
    if text.startswith('"', start):
        match = _QUOTED.match(text, start)
        if match is None:
            raise _error(shown, start, "the quote is not closed", 'Write "…", and \\" for a quote in it.')
        if match.end() < len(text) and not text[match.end()].isspace():
            raise _error(shown, match.end(), "a blank is missing", "Terms are separated by blanks.")
        return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL), match.end()
    match = _BARE.match(text, start)
    if match is None:
        return None, start
    if text.startswith('"', match.end()):
        raise _error(shown, match.end(), "a quote within a value", 'Quote all of it: "…", and \\" for a quote in it.')
    return match[0], match.end()


def _with_value(term: Term, value: str, day: date | None, files: Mapping[str, Sequence[str]]) -> Term:
    kind = term.kind
    if kind == "number":
        return msgspec.structs.replace(term, value=_integer(value))
    if kind == "duration":
        negative = value.startswith("-")
        amount = 0 if value == "0" else duration_us(value.removeprefix("-"))
        return msgspec.structs.replace(term, value=-amount if negative else amount)
    if kind == "instant":
        first, until, each_day = time_range(value, day)
        return msgspec.structs.replace(term, value=first, until=until, each_day=each_day)
    if kind == "truth":
        return msgspec.structs.replace(term, value={"true": True, "false": False}[value] if value in _TRUTH else _no())
    if kind == "file":
        numbers = {
            side: tuple(number for number, name in enumerate(file_names) if _named(name, value, term.sign))
            for side, file_names in files.items()
        }
        if not any(numbers.values()):
            raise ValueError(value)
        return msgspec.structs.replace(term, value=value, files=numbers)
    return msgspec.structs.replace(term, value=value)


_TRUTH = ("true", "false")


def _no() -> bool:
    raise ValueError


def _named(name: str, value: str, sign: Sign) -> bool:
    return value in name if sign == "~" else value in (name, name.replace("\\", "/").rpartition("/")[2])


def _integer(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueError(value)
    return int(value)


def _columns(name: str, schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    if name in schema:
        return (name,)
    columns = tuple(column for column in _ALIASES.get(name, ()) if column in schema)
    return columns if name in ("line", "file") else columns[:1]


def _kind(name: str, columns: tuple[str, ...], schema: Mapping[str, pl.DataType]) -> Kind:
    dtype = schema[columns[0]]
    if columns[0] in _ALIASES["file"]:
        return "file"
    if name in ("duration", "given", *_FIGURES):
        return "duration"
    if isinstance(dtype, pl.Datetime):
        return "instant"
    if isinstance(dtype, pl.Boolean):
        return "truth"
    return "number" if dtype.is_integer() else "text"


def _values(columns: tuple[str, ...], schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """All values that a column can have, for columns of few values; none for other columns."""
    column = columns[0] if columns else ""
    if column == "reason":
        return PAIR_REASONS if "text" in schema else ORPHAN_REASONS
    known: dict[str, tuple[str, ...]] = {
        "side": SIDES,
        "status_code": (NO_STATUS,),
        "kind": ("redelivered", "superseded"),
        "truncated": _TRUTH,
    }
    return known.get(column, ())


def _error(term: str, at: int, what: str, possible: str) -> UsageError:
    return UsageError(f"filter {safe(term, 60)!r}, at {at + 1}: {what}. {possible}")
