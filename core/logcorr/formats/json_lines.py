"""JSON lines → the texts at key paths: by a fast path for many lines at once, or a careful path line by line.

On the fast path polars decodes many lines at once. There, one malformed line fails all lines, a line may hold a second
object, and of two equal keys the first counts. So only lines for which all this is impossible take the fast path.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from logcorr.formats.access_dialects import KeyPath

JSON_SPACE = " \t\r\n"
_TWO_OBJECTS = r"\}\s*,\s*\{"
_LINE = pl.col("line")
NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"
_MINUS_ZERO = re.compile(r"[:\[\s]-0(?![0-9.eE])")
_MOST_DIGITS = 40


class Number(str):
    """A number with a point, with an exponent, or of an unusual form, as the text that is in the line."""

    __slots__ = ()


class PathReader:
    """Reads the texts at key paths: a column `p0`, `p1`, … for each path.

    A text is null if the path is missing, or holds null, an object or an array.
    """

    def __init__(self, paths: Sequence[KeyPath], numeric: frozenset[KeyPath], clocks: frozenset[KeyPath]) -> None:
        """`numeric` are the paths of numbers. `clocks` are the numeric paths where every written digit counts."""
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
        """The columns of `decoded` and `careful`."""
        return dict.fromkeys(self.columns, pl.String())

    def decoded(self, lines: pl.Series) -> pl.DataFrame:
        """The fast path: the texts of lines, and `fits`: whether they are the line's texts for sure.

        Where `fits` is False, `careful` has to read the line. If polars refuses a line, `careful` reads all of them.
        """
        numbered = lines.to_frame("line").with_row_index("place")
        certain = numbered.filter(self._certain())
        objects = self._objects(certain.get_column("line"))
        if objects is None:
            texts, sound = self.careful(lines)
            return texts.with_columns(sound.alias("fits"))
        texts = objects.to_frame("object").select(
            _field_at(path, path in self._lists).alias(column)
            for path, column in zip(self._paths, self.columns, strict=True)
        )
        known = certain.hstack(texts).with_columns(fits=self._once() & self._as_written())
        return (
            numbered.select("place")
            .join(known, on="place", how="left", maintain_order="left")
            .select(*self.columns, pl.col("fits").fill_null(value=False))
        )

    def _objects(self, lines: pl.Series) -> pl.Series | None:
        """The object of each line; None if polars refuses a line, or finds another number of objects."""
        try:
            objects = lines.str.json_decode(self._dtype)
        except pl.exceptions.ComputeError:
            return None
        return objects if objects.len() == lines.len() else None

    def _certain(self) -> pl.Expr:
        """Whether a line without escapes surely is one object, which polars reads as other readers do."""
        closed = _LINE.str.starts_with("{") & _LINE.str.ends_with("}") & ~_LINE.str.contains(_TWO_OBJECTS)
        spaced = _LINE.str.contains('" ', literal=True) | _LINE.str.contains('"\t', literal=True)
        return closed & ~_LINE.str.contains("\\", literal=True) & ~spaced

    def _once(self) -> pl.Expr:
        """Whether no key that is read comes twice: the line has as many keys as were found, or a search tells so."""
        if self._nested:
            return self._each_once()
        present = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.UInt32) for column in self.columns)
        return (_LINE.str.count_matches('":', literal=True) == present) | self._each_once()

    def _each_once(self) -> pl.Expr:
        return pl.all_horizontal(_LINE.str.count_matches(f'"{name}"', literal=True) <= 1 for name in self._names)

    def _as_written(self) -> pl.Expr:
        """Whether each number that is read as text has the digits of the line, as polars may write it differently."""
        exact = [~_is_number(column) | _LINE.str.contains(pl.col(column), literal=True) for column in self._clocks]
        return pl.all_horizontal(*(~_is_number(column) for column in self._texts), *exact)

    def careful(self, lines: Iterable[str | None]) -> tuple[pl.DataFrame, pl.Series]:
        """The careful path: the texts of any lines, and which lines are JSON objects. Of equal keys the last counts."""
        rows, sound = [], []
        no_texts = (None,) * len(self._paths)
        for line in lines:
            record = self._object(line)
            sound.append(record is not None)
            rows.append(no_texts if record is None else self._texts_of(record))
        columns = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        texts = [pl.Series(name, texts_, pl.String) for name, texts_ in zip(self.columns, columns, strict=True)]
        return pl.DataFrame(texts), pl.Series("sound", sound, pl.Boolean)

    def _texts_of(self, record: dict[str, Any]) -> tuple[str | None, ...]:
        texts = []
        for path, plain in self._kinds:
            value = record.get(path[0]) if len(path) == 1 else _value_at(record, path)
            # An instance of the subclass Number is no plain text.
            texts.append(value if type(value) is str else _text(value, plain=plain))
        return tuple(texts)

    def _object(self, line: str | None) -> dict[str, Any] | None:
        text = (line or "").strip(JSON_SPACE)
        value = None
        if not _MINUS_ZERO.search(text):
            with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
                value = self._decoder.decode(text)
        # msgspec reads -0 as 0, and refuses some valid JSON. Both are decoded slowly.
        value = _decode_slowly(text) if value is None else value
        return value if isinstance(value, dict) else None


def _decode_slowly(text: str) -> Any:
    """The value of a JSON text, with every number as Number; None if it is no JSON."""
    try:
        value = json.loads(text, parse_constant=_refused, parse_int=Number, parse_float=Number)
        # A lone surrogate is refused anywhere: also in a key, or in a value that a later equal key replaces.
        everything = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
        json.dumps(everything, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def _struct(paths: Sequence[KeyPath], lists: set[KeyPath]) -> pl.Struct:
    first_keys = dict.fromkeys(path[0] for path in paths)
    fields: dict[str, Any] = {}
    for first_key in first_keys:
        own_paths = [path for path in paths if path[0] == first_key]
        if any(len(path) > 1 for path in own_paths):
            fields[first_key] = _struct([path[1:] for path in own_paths if len(path) > 1], {path[1:] for path in lists})
        else:
            fields[first_key] = pl.List(pl.String) if own_paths[0] in lists else pl.String()
    return pl.Struct(fields)


def _field_at(path: KeyPath, listed: bool) -> pl.Expr:
    field = pl.col("object")
    for name in path:
        field = field.struct.field(name)
    return field.list.first() if listed else field


def _value_at(value: Any, path: KeyPath) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if len(path) > 2 and isinstance(value, list):
        return value[0] if value else None
    return value


def _refused(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _is_number(column: str) -> pl.Expr:
    return pl.col(column).str.contains(NUMBER).fill_null(value=False)


def _text(value: Any, *, plain: bool) -> str | None:
    """A value as text: a number as it is written, or without exponent for `plain`. None for null, object and array."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number) and plain:
        return _without_exponent(value)
    if isinstance(value, int):
        return str(value)
    return str(value) if isinstance(value, str) else None


def _without_exponent(number: str) -> str:
    """A number without exponent, and without a fraction of zeros; as it is written if it would be very long."""
    value = Decimal(number)
    if not value:
        return "0"
    if not -_MOST_DIGITS < value.adjusted() < _MOST_DIGITS:
        # Of a number this close to zero only the sign matters.
        return number if value.adjusted() > 0 else f"{'-' * value.is_signed()}0.{'0' * _MOST_DIGITS}1"
    return format(value.to_integral_value() if value == value.to_integral_value() else value, "f")
