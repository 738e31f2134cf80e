"""JSON lines → the texts at some paths of theirs: a fast path for whole morsels, a careful one for a line at a time.

polars decodes a morsel as one array: quick, but one bad line fails it, a line may smuggle in a second object, and of a
key that comes twice it takes the first. So only lines of which it is certain go that way.
"""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from logcorr.dialects import Path

SPACE = " \t\r\n"
_TWO_OBJECTS = r"\}\s*,\s*\{"
_LINE = pl.col("line")
_MOST_DIGITS = 400


class Paths:
    """Texts at paths: a column `p0`, `p1`, … for each path, null where there is nothing, or no plain value."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self.columns = [f"p{number}" for number in range(len(paths))]
        self._lists = {path for path in paths if len(path) > 2}
        self._dtype = _struct(self._paths, self._lists)
        self._nested = any(len(path) > 1 for path in paths)
        self._names = sorted({name for path in paths for name in path})
        self._decoder = msgspec.json.Decoder()

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
        try:
            objects = certain.get_column("line").str.json_decode(self._dtype)
        except pl.exceptions.ComputeError:
            texts, sound = self.careful(lines)
            return texts.with_columns(sound.alias("fits"))
        texts = objects.to_frame("object").select(
            _at(path, path in self._lists).alias(column) for path, column in zip(self._paths, self.columns, strict=True)
        )
        known = certain.hstack(texts).with_columns(fits=self._once())
        return (
            found.select("place")
            .join(known, on="place", how="left", maintain_order="left")
            .select(*self.columns, pl.col("fits").fill_null(value=False))
        )

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

    def careful(self, lines: Iterable[str | None]) -> tuple[pl.DataFrame, pl.Series]:
        """The texts of any lines, and whether each is a JSON object; the last of equal keys counts."""
        rows, sound = [], []
        nothing = (None,) * len(self._paths)
        for line in lines:
            found = self._object(line)
            sound.append(found is not None)
            rows.append(nothing if found is None else tuple(_text(_value(found, path)) for path in self._paths))
        return pl.DataFrame(rows, schema=self.schema, orient="row"), pl.Series("sound", sound, pl.Boolean)

    def _object(self, line: str | None) -> dict[str, Any] | None:
        text = (line or "").strip(SPACE)
        try:
            found = self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            # It refuses numbers beyond any float, which are JSON all the same.
            try:
                found = json.loads(text, parse_constant=_refused, parse_int=_whole)
                # Half a character is none, wherever it hides: in a key, or in a value that a later one replaces.
                everything = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
                json.dumps(everything, ensure_ascii=False).encode()
            except (ValueError, RecursionError):
                return None
        return found if isinstance(found, dict) else None


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


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _text(value: Any) -> str | None:
    """A plain value as polars writes it; null for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return None
