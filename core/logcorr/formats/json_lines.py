"""JSON lines → the texts at some paths of theirs: a fast path for whole morsels, a careful one for a line at a time.

polars decodes a morsel as one array: quick, but one bad line fails it, a line may smuggle in a second object, and of a
key that comes twice it takes the first. So only lines of which it is certain go that way.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from logcorr.formats.access_dialects import Path

SPACE = " \t\r\n"
_TWO_OBJECTS = r"\}\s*,\s*\{"
_LINE = pl.col("line")
NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"
_MINUS_NOTHING = re.compile(r"[:\[\s]-0(?![0-9.eE])")
_MOST_DIGITS = 40


class Number(str):
    """A number that is no integer, or no usual one, as it is written."""

    __slots__ = ()


class Paths:
    """Texts at paths: a column `p0`, `p1`, … for each path, null where there is nothing, or no plain value."""

    def __init__(self, paths: Sequence[Path], numeric: frozenset[Path], clocks: frozenset[Path]) -> None:
        """`numeric` are those of numbers; of `clocks` among them every digit counts that the line has."""
        self._paths = list(paths)
        self._kinds = [(path, path in numeric) for path in paths]
        self.columns = [f"p{number}" for number in range(len(paths))]
        self._lists = {path for path in paths if len(path) > 2}
        self._dtype = _struct(self._paths, self._lists)
        self._nested = any(len(path) > 1 for path in paths)
        self._names = sorted({name for path in paths for name in path})
        named = list(zip(self.columns, paths, strict=True))
        self._texts = [column for column, path in named if path not in numeric]
        self._clocks = [column for column, path in named if path in clocks]
        self._decoder = msgspec.json.Decoder(float_hook=Number)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns that both paths give."""
        return dict.fromkeys(self.columns, pl.String())

    def decoded(self, lines: pl.Series) -> pl.DataFrame:
        """The texts of lines, and `fits`: whether the line surely is one object, and says that and nothing else.

        What is in doubt is null: it is for `careful`, as is everything where polars refuses one of the lines.
        """
        found = lines.to_frame("line").with_row_index("place")
        certain = found.filter(self._certain())
        objects = self._objects(certain.get_column("line"))
        if objects is None:
            texts, sound = self.careful(lines)
            return texts.with_columns(sound.alias("fits"))
        texts = objects.to_frame("object").select(
            _at(path, path in self._lists).alias(column) for path, column in zip(self._paths, self.columns, strict=True)
        )
        known = certain.hstack(texts).with_columns(fits=self._once() & self._as_written())
        return (
            found.select("place")
            .join(known, on="place", how="left", maintain_order="left")
            .select(*self.columns, pl.col("fits").fill_null(value=False))
        )

    def _objects(self, lines: pl.Series) -> pl.Series | None:
        """An object a line; None where polars refuses one, or does not find as many."""
        try:
            objects = lines.str.json_decode(self._dtype)
        except pl.exceptions.ComputeError:
            return None
        return objects if objects.len() == lines.len() else None

    def _certain(self) -> pl.Expr:
        """Whether a line surely is one object, without escapes, that polars reads as everybody else does."""
        closed = _LINE.str.starts_with("{") & _LINE.str.ends_with("}") & ~_LINE.str.contains(_TWO_OBJECTS)
        spaced = _LINE.str.contains('" ', literal=True) | _LINE.str.contains('"\t', literal=True)
        return closed & ~_LINE.str.contains("\\", literal=True) & ~spaced

    def _once(self) -> pl.Expr:
        """Whether no key that is read stands twice: because there are only as many keys as were found, or by search."""
        if self._nested:
            return self._each_once()
        found = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.UInt32) for column in self.columns)
        return (_LINE.str.count_matches('":', literal=True) == found) | self._each_once()

    def _each_once(self) -> pl.Expr:
        return pl.all_horizontal(_LINE.str.count_matches(f'"{name}"', literal=True) <= 1 for name in self._names)

    def _as_written(self) -> pl.Expr:
        """Whether no number was read that polars may write otherwise than the line does, where that matters."""
        exact = [~_is_number(column) | _LINE.str.contains(pl.col(column), literal=True) for column in self._clocks]
        return pl.all_horizontal(*(~_is_number(column) for column in self._texts), *exact)

    def careful(self, lines: Iterable[str | None]) -> tuple[pl.DataFrame, pl.Series]:
        """The texts of any lines, and whether each is a JSON object; the last of equal keys counts."""
        rows, sound = [], []
        nothing = (None,) * len(self._paths)
        for line in lines:
            found = self._object(line)
            sound.append(found is not None)
            rows.append(nothing if found is None else self._texts_of(found))
        columns = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        texts = [pl.Series(name, of, pl.String) for name, of in zip(self.columns, columns, strict=True)]
        return pl.DataFrame(texts), pl.Series("sound", sound, pl.Boolean)

    def _texts_of(self, found: dict[str, Any]) -> tuple[str | None, ...]:
        texts = []
        for path, plain in self._kinds:
            value = found.get(path[0]) if len(path) == 1 else _value(found, path)
            # What is not exactly one is a Number.
            texts.append(value if type(value) is str else _text(value, plain=plain))
        return tuple(texts)

    def _object(self, line: str | None) -> dict[str, Any] | None:
        text = (line or "").strip(SPACE)
        found = None
        if not _MINUS_NOTHING.search(text):
            with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
                found = self._decoder.decode(text)
        # It writes -0 as 0, and refuses some of what is JSON all the same.
        found = _slowly(text) if found is None else found
        return found if isinstance(found, dict) else None


def _slowly(text: str) -> Any:
    """The value of a JSON text, where numbers are Number; None where it is none."""
    try:
        found = json.loads(text, parse_constant=_refused, parse_int=Number, parse_float=Number)
        # Half a character is none, wherever it hides: in a key, or in a value that a later one replaces.
        everything = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
        json.dumps(everything, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def _struct(paths: Sequence[Path], lists: set[Path]) -> pl.Struct:
    heads = dict.fromkeys(path[0] for path in paths)
    fields: dict[str, Any] = {}
    for head in heads:
        below = [path for path in paths if path[0] == head]
        if any(len(path) > 1 for path in below):
            fields[head] = _struct([path[1:] for path in below if len(path) > 1], {path[1:] for path in lists})
        else:
            fields[head] = pl.List(pl.String) if below[0] in lists else pl.String()
    return pl.Struct(fields)


def _at(path: Path, listed: bool) -> pl.Expr:
    found = pl.col("object")
    for name in path:
        found = found.struct.field(name)
    return found.list.first() if listed else found


def _value(found: Any, path: Path) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if len(path) > 2 and isinstance(found, list):
        return found[0] if found else None
    return found


def _refused(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _is_number(column: str) -> pl.Expr:
    return pl.col(column).str.contains(NUMBER).fill_null(value=False)


def _text(value: Any, *, plain: bool) -> str | None:
    """A value as text, a number as it is written, or for `plain` in digits alone; null for an object or an array."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number) and plain:
        return _plain(value)
    if isinstance(value, int):
        return str(value)
    return str(value) if isinstance(value, str) else None


def _plain(number: str) -> str:
    """A number without exponent, and without a fraction that is nothing; as it is if that would be very long."""
    value = Decimal(number)
    if not value:
        return "0"
    if not -_MOST_DIGITS < value.adjusted() < _MOST_DIGITS:
        # Of the smallest the sign is all that matters.
        return number if value.adjusted() > 0 else f"{'-' * value.is_signed()}0.{'0' * _MOST_DIGITS}1"
    return format(value.to_integral_value() if value == value.to_integral_value() else value, "f")
