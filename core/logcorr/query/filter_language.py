"""The small language that filters the rows of a view: `status=5xx user=user-7 duration>1s time>12:15 req-7`.

Terms are separated by blanks. A row passes where all terms hold; of terms with `or` between them, one is enough. A word
alone is looked for in what names a request, who sent it, and the text of a line. `status=none` finds rows without a
status.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

import polars as pl

from logcorr.model.access_report import RunReport
from logcorr.model.errors import UsageError
from logcorr.model.status import NO_STATUS
from logcorr.query.filter_expressions import Sign, Term, expression
from logcorr.query.filter_names import (
    EXAMPLES,
    OF_STATUS,
    SIGNS,
    STATUS,
    columns_named,
    kind_of,
    looked_in,
    names,
    possible_values,
    short_name,
)
from logcorr.query.filter_values import STATUS_CLASS, FilteredRows, with_value
from logcorr.text.safe import safe

__all__ = ["Term", "complete", "day_of", "equal", "expression", "names", "parse", "quoted", "token"]

_WORD = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_SIGN = re.compile(r"!=|!~|<=|>=|=~|=|<|>|~")
_BARE = re.compile(r'[^\s"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TOKEN = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^\s"])+', re.DOTALL)
# A value that begins with one of these would be read as part of the sign, or as the end of a quote.
# A name that there is not, such as user-id, and no word to look for.
_MISSPELT = re.compile(r"[A-Za-z_-]+(?:!=|!~|<=|>=|=~|=|<|>|~)", re.ASCII)
_LOOK_FOR = "In quotes it is a word to look for."
_TO_QUOTE = re.compile(r'[\s"\\]|^[~=<>]|^(?:or|and)$', re.IGNORECASE)


def parse(
    text: str,
    schema: Mapping[str, pl.DataType],
    day: date | None = None,
    files: Mapping[str, Sequence[str]] | None = None,
    zone: tzinfo = UTC,
) -> list[Term]:
    """The terms of a filter on rows of `schema`. Terms with `or` between them become one term.

    Times that name no zone are of `zone`; the text of such a term names it then. `day` is the day of a log of one day:
    without it, `HH:MM` is a time of every day. `files` are the names of the log files by side, as in the manifest.
    Raises UsageError, which names the term, the position of the fault in the text (from 1) and what is possible there.
    """
    rows = FilteredRows(schema, day, files or {}, zone)
    groups: list[list[Term]] = []
    at, joined = 0, False
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start, end = token(text, at)
        word = text[start:end].lower()
        if word == "and":
            raise _error(text[start:end], start, "all terms must hold anyway", "Leave it out, or quote the word.")
        if word == "or":
            if joined or not groups:
                raise _error(text[start:end], start, "a term is missing before it", "Write it between two terms.")
            joined, at = True, end
            continue
        term, at = _term(text, at, rows)
        if joined:
            groups[-1].append(term)
        else:
            groups.append([term])
        joined = False
    if joined:
        raise _error("or", len(text), "a term is missing after it", "Write it between two terms.")
    return [_one_of(group) for group in groups]


def _one_of(terms: Sequence[Term]) -> Term:
    """A term that holds where one of these holds."""
    if len(terms) == 1:
        return terms[0]
    columns = tuple(dict.fromkeys(column for term in terms for column in term.columns))
    text = " or ".join(term.text for term in terms)
    return Term(text=text, columns=columns, sign="=", kind="text", value=None, either=tuple(terms))


def quoted(value: str) -> str:
    """A value as it is written in a filter: in quotes where it needs quotes."""
    if value and not _TO_QUOTE.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def equal(column: str, value: str | int | None, schema: Mapping[str, pl.DataType]) -> str:
    """The term that finds exactly the rows with this value in a stored column. None finds the rows without a value."""
    name = short_name(column, schema)
    if value is None and column in STATUS:
        return f"{name}={NO_STATUS}"
    return f"{name}={quoted('' if value is None else str(value))}"


def day_of(report: RunReport, zone: tzinfo = UTC) -> date | None:
    """The day of a log that covers one day in a zone; None where it covers more or none."""
    points = report.timeline.points
    if not points:
        return None
    try:
        ends = [
            datetime.fromisoformat(point.start).replace(tzinfo=UTC).astimezone(zone).date()
            for point in (points[0], points[-1])
        ]
    except (ValueError, OverflowError):  # beyond the years 1 to 9999
        return None
    return ends[0] if ends[0] == ends[1] else None


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
            kind = kind_of(name, columns_named(name, schema), schema)
            return [f"{name}{sign}" for sign in SIGNS[kind]] + longer_names
        return longer_names
    sign = _SIGN.match(rest)
    if sign is None or name not in names(schema):
        return [f"{name}!="] if rest == "!" and name in names(schema) else []
    value = rest[sign.end() :]
    columns = columns_named(name, schema)
    occurring = (seen or {}).get(columns[0]) if columns else None
    known_values = [quoted(text) for text in occurring] if occurring else possible_values(columns, schema)
    return [f"{name}{sign[0]}{known}" for known in known_values if known.startswith(value) and known != value]


def _term(text: str, start: int, rows: FilteredRows) -> tuple[Term, int]:
    schema = rows.schema
    shown = slice(*token(text, start))
    written = text[shown]
    word = _WORD.match(text, start)
    name = word[0] if word else ""
    match = _SIGN.match(text, start + len(name))
    if match is None and not _MISSPELT.match(written):
        columns = columns_named(name, schema) if name == written else ()
        if columns:
            possible = f"{name} takes {' '.join(SIGNS[kind_of(name, columns, schema)])}, without blanks"
            raise _error(written, start + len(name), "a comparison is missing", f"{possible}. {_LOOK_FOR}")
        return _word(text, start, written, schema)
    if not name:
        raise _error(written, start, "a term starts with a name", f"Names: {_known_names(schema)}.")
    columns = columns_named(name, schema) if match else ()
    if match is None or not columns:
        name = name if match else _SIGN.split(written, maxsplit=1)[0]
        raise _error(written, start, f"no {name!r} here", f"Names: {_known_names(schema)}. {_LOOK_FOR}")
    return _compared(text, start, match, name, rows)


def _word(text: str, start: int, shown: str, schema: Mapping[str, pl.DataType]) -> tuple[Term, int]:
    """The term of a word alone, which is looked for in some columns."""
    value, end = _value(text, start, shown)
    columns = looked_in(schema)
    if not columns or not value:
        what = "there is no text to look for a word in" if value else "a word is missing"
        raise _error(shown, start, what, f"Names: {_known_names(schema)}.")
    return Term(text=text[start:end], columns=columns, sign="~", kind="text", value=value), end


def _compared(text: str, start: int, match: re.Match[str], name: str, rows: FilteredRows) -> tuple[Term, int]:
    """The term that compares some columns with a value."""
    shown, columns = text[slice(*token(text, start))], columns_named(name, rows.schema)
    kind = kind_of(name, columns, rows.schema)
    sign: Sign | None = next((known for known in SIGNS[kind] if known == match[0]), None)
    if sign is None:
        raise _error(
            shown, match.start(), f"{match[0]} does not go with {name}", f"{name} takes {' '.join(SIGNS[kind])}."
        )
    value, end = _value(text, match.end(), shown)
    if value is None:
        raise _error(shown, match.end(), "a value is missing", f'Write {EXAMPLES[kind]}; "" means no value.')
    term = Term(text=text[start:end], columns=columns, sign=sign, kind=kind, value=None)
    if not value or (value == NO_STATUS and columns == STATUS):
        if sign not in ("=", "!="):
            none = value or '""'
            raise _error(shown, match.end(), f"{none} does not go with {sign}", f"Only = and != take {none}: no value.")
        return term, end
    if columns == STATUS and STATUS_CLASS.fullmatch(value) and sign not in ("=", "!="):
        first = f"{name}{sign}{value[0]}00"
        raise _error(shown, match.end(), f"{value} does not go with {sign}", f"Write {name}={value}, or {first}.")
    try:
        return with_value(term, value, rows), end
    except (UsageError, ValueError, OverflowError) as error:
        offered = possible_values(columns, rows.schema) if kind not in ("file", "number") else ()
        if kind == "file":
            offered = tuple(safe(file, 60) for side in rows.files.values() for file in side)
        example = OF_STATUS if columns == STATUS else EXAMPLES[kind]
        hint = f"Write {example}." if not offered else f"There are: {', '.join(offered)}."
        if kind == "instant" and str(error).startswith("Write the date"):
            hint = f"{error}."
        if sign == "=~":
            hint = f"Write a regular expression: {error}."
        raise _error(shown, match.end(), f"{safe(value, 60)!r} cannot be read", hint) from error


def _known_names(schema: Mapping[str, pl.DataType]) -> str:
    """A name for each column of a view: its short name where it has one."""
    told: list[str] = []
    covered: set[str] = set()
    for name in names(schema):
        columns = columns_named(name, schema)
        if not covered.issuperset(columns):
            told.append(name)
            covered.update(columns)
    return ", ".join(told)


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


def _error(term: str, at: int, what: str, possible: str) -> UsageError:
    return UsageError(f"filter {safe(term, 60)!r}, at {at + 1}: {what}. {possible}")
