"""Filter expressions: rows kept, against plain Python on the terms that were written down; any text, parsed or refused.

A piece is the list of an expression's terms, or a text that need not be one.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl

from logcorr.model.errors import UsageError
from logcorr.query import filter_language
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated_text
from tests.support.comparisons import COMPARED
from tests.support.hostile import PAYLOADS, faults

START = datetime(2025, 11, 21, tzinfo=UTC)
SCHEMA: dict[str, pl.DataType] = {
    "request_id": pl.String(),
    "user_id": pl.String(),
    "status_code": pl.Int16(),
    "request_time": pl.Datetime("us", "UTC"),
    "duration_us": pl.Int64(),
    "request_file": pl.UInt32(),
    "request_line": pl.UInt32(),
    "response_file": pl.UInt32(),
    "response_line": pl.UInt32(),
}
FILES = {"request": ["logs/a.log", "logs/b.log", "c.log"], "response": ["r.log", "other/a.log"]}
_TEXTS = (*PAYLOADS.values(), "", "u", "user-7", 'a "b" \\c', "a b", "x=y", "ü", "\n", "=", "~", "!=", "\\", '"', "u=1")
_SPACES = (" ", " ", "  ", "\t", "\n", "\u2003", "\x1f")
_UNITS = {"us": 1, "µs": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86_400 * 10**6}
_NUMBERS = {"status": "status_code", "status_code": "status_code", "duration": "duration_us", "line": "line"}
Row = dict[str, Any]


def make(chance: Random) -> Batch:
    """Three hundred expressions, a third of them spoilt, on forty rows."""
    rows = [
        {
            "request_id": chance.choice(_TEXTS),
            "user_id": chance.choice((None, *_TEXTS)),
            "status_code": chance.choice((0, 200, 404, 500, 999)),
            "request_time": chance.randrange(-90_000 * 10**6, 200_000 * 10**6),
            "duration_us": chance.choice((chance.randrange(-5_000_000, 5_000_000), 0, 1000, 10**6)),
            "request_file": chance.randrange(3),
            "request_line": chance.randint(1, 4),
            "response_file": chance.randrange(2),
            "response_line": chance.randint(1, 4),
        }
        for _ in range(40)
    ]
    written = [[_term(chance) for _ in range(chance.choice((1, 1, 2, 3)))] for _ in range(200)]
    texts = [text_of(terms) for terms in written]
    spoilt = [mutated_text(chance.choice(texts), chance, texts) for _ in range(100)]
    return Batch([*written, *spoilt], {"rows": rows, "one_day": chance.random() < 0.5})


def _term(chance: Random) -> list[Any]:
    """Name, sign, value as the oracle needs it, value as it is written, and the blanks behind it."""
    kind = chance.choice(("text", "text", "number", "duration", "time", "file"))
    blank = chance.choice(_SPACES)
    signs = ("=", "!=", "~") if kind in ("text", "file") else tuple(sign for sign in COMPARED if sign != "~")
    sign = chance.choice(signs)
    if kind == "text":
        value = chance.choice(_TEXTS)
        if sign == "~":
            value = value[chance.randrange(len(value) + 1) :][:3] or "u"
        return [chance.choice(("user", "user_id", "id", "request_id")), sign, value, _quoted(value, chance), blank]
    if kind == "number":
        number = chance.choice((0, 1, 2, 3, 200, 404, 999, -1, 10**17))
        return [chance.choice(("status", "status_code", "line")), sign, number, str(number), blank]
    if kind == "duration":
        unit = chance.choice(tuple(_UNITS))
        amount = chance.choice((0, 1, 2, 250, 1000))
        minus = chance.choice(("", "", "-"))
        return ["duration", sign, int(f"{minus}{amount * _UNITS[unit]}"), f"{minus}{amount}{unit}", blank]
    if kind == "file":
        name = chance.choice(("a.log", "logs/a.log", "r.log", "b.log", "c.log"))
        return ["file", sign, name, name, blank]
    second = chance.randrange(86_400)
    digits = chance.choice((None, 0, 1, 3, 6))
    micros = second * 10**6 + (chance.randrange(10**digits) * 10 ** (6 - digits) if digits else 0)
    clock = START + timedelta(microseconds=micros)
    if digits is None:
        text, first, width = f"{clock:%H:%M}", second // 60 * 60 * 10**6, 60 * 10**6
    else:
        text = f"{clock:%H:%M:%S}" + (f".{clock.microsecond:06}"[: digits + 1] if digits else "")
        first, width = micros, 10 ** (6 - digits)
    dated = chance.random() < 0.5
    if dated:
        zone = chance.choice((None, "Z", "+02:00", "-0330"))
        shift = {"+02:00": -7200, "-0330": 12_600}.get(zone or "", 0) * 10**6
        text, first = f"2025-11-21T{text}{zone or ''}", first + shift
    return ["time", sign, [first, first + width, dated], text, blank]


def _quoted(value: str, chance: Random) -> str:
    """The value bare where that can be, else in quotes; there any character may have a backslash before it."""
    bare = value and not any(char.isspace() or char == '"' for char in value)
    if bare and chance.random() < 0.7:
        return value
    return '"' + "".join(f"\\{char}" if char in '"\\' or chance.random() < 0.1 else char for char in value) + '"'


def text_of(terms: list[list[Any]]) -> str:
    """The expression as a user writes it."""
    return "".join(f"{name}{sign}{written}{blank}" for name, sign, _, written, blank in terms)


def holds(term: list[Any], row: Row, *, one_day: bool) -> bool:
    """Whether a term holds for a row, plainly."""
    name, sign, value, *_ = term
    if name == "line":
        return _any(sign, [COMPARED[sign](row[column], value) for column in ("request_line", "response_line")])
    if name == "file":
        return _any(sign, [_in_file(side, row[f"{side}_file"], sign, value) for side in FILES])
    if name == "time":
        first, until, dated = value
        at = row["request_time"] if dated or one_day else row["request_time"] % 86_400_000_000
        if sign in ("=", "!="):
            return (first <= at < until) is (sign == "=")
        return COMPARED[sign](at, first)
    stored = row[{"user": "user_id", "id": "request_id"}.get(name, _NUMBERS.get(name, name))]
    if sign == "~":
        return stored is not None and value in stored
    if value == "":
        return (stored is None) is (sign == "=")
    return COMPARED[sign](stored, value)


def _any(sign: str, found: list[bool]) -> bool:
    return all(found) if sign == "!=" else any(found)


def _in_file(side: str, number: int, sign: str, value: str) -> bool:
    name = FILES[side][number]
    found = value in name if sign == "~" else value in (name, name.split("/")[-1])
    return found if sign != "!=" else not found


def check(batch: Batch) -> list[str]:
    """Where other rows are kept, where a sound expression is refused, and what an error says that it must not."""
    rows, one_day = batch.options["rows"], batch.options["one_day"]
    stamped = [{**row, "request_time": START + timedelta(microseconds=row["request_time"])} for row in rows]
    frame = pl.DataFrame(stamped, schema=SCHEMA).with_row_index("row")
    day = date(2025, 11, 21) if one_day else None
    start = (START - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    found = []
    for piece in batch.pieces:
        text = piece if isinstance(piece, str) else text_of(piece)
        try:
            kept = filter_language.expression(filter_language.parse(text, SCHEMA, day, FILES))
        except UsageError as error:
            said = str(error)
            if not isinstance(piece, str) or len(said) > 500 or faults(said.encode()):
                found.append(f"{text!r} is refused: {said!r}")
            continue
        chosen = frame.with_columns(kept=kept)
        if chosen["kept"].null_count() or chosen.schema["kept"] != pl.Boolean:
            found.append(f"{text!r} is not true or false for every row")
        if isinstance(piece, str):
            continue
        ours = chosen.filter("kept")["row"].to_list()
        theirs = [n for n, row in enumerate(rows) if all(holds(term, row, one_day=one_day) for term in piece)]
        if ours != theirs:
            found.append(f"{text!r}: engine keeps {ours}, plainly {theirs}")
    assert start % 86_400_000_000 == 0
    return found


def count(batch: Batch) -> int:
    """Expressions; of spoilt ones it is only known that they are refused or run."""
    return sum(not isinstance(piece, str) for piece in batch.pieces)


TARGET = Target("terms", make, check, count)
