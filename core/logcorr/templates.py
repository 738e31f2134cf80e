"""A log writer's template: the same keys in the same order on every line. Lines that fit one are cut, not parsed.

Finding the text between two values costs a fraction of parsing JSON. What fits is certain: a line is the template's
literals with values in between that hold no quote, no backslash and no control character: it has no other reading.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Self

import msgspec
import polars as pl

from logcorr.dialects import Path

_KEY = re.compile(r'\s*"([^"\\]*)"\s*:\s*')
_TEXT = re.compile(r'"([^"\\]*)"')
_BARE = re.compile(r'[^\s",{}\[\]\\]+')
_NEXT = re.compile(r"\s*,")
_END = re.compile(r"\s*\}\s*")
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"
_LEAST_SHARE = 0.5
_ASCII = 128


class Value(msgspec.Struct, frozen=True):
    """A value's key, the text that stands before it, and whether it is in quotes (which are part of those texts)."""

    key: str
    before: str
    quoted: bool


class Template(msgspec.Struct, frozen=True):
    """Values in their order, and the text behind the last."""

    values: tuple[Value, ...]
    after: str

    @classmethod
    def of(cls, samples: Sequence[str]) -> Self | None:
        """The template of most of a log's first lines; None where there is no such."""
        found = Counter(template for line in samples if (template := _template(line)))
        if not found:
            return None
        best, count = found.most_common(1)[0]
        return cls(*best) if count >= _LEAST_SHARE * len(samples) else None

    def cut(self, lines: pl.LazyFrame, columns: dict[Path, str]) -> pl.LazyFrame:
        """Lines with the texts of the values in the columns of their paths; `fits` tells the lines of this form."""
        line, rest = pl.col("line"), pl.col("rest")
        first, *others = self.values
        # No regex sees a control character, which JSON forbids in a text, as fast as the least of all bytes tells it.
        octets = pl.col("octets").list
        cut = lines.with_columns(octets=line.cast(pl.Binary).cast(pl.List(pl.UInt8))).with_columns(
            line.str.slice(len(first.before)).alias("rest"),
            fits=line.str.starts_with(first.before)
            & line.str.ends_with(self.after)
            & (octets.min() >= ord(" "))
            & (octets.max() < _ASCII)
            & ~line.str.contains("\\", literal=True),
        )
        names = [columns.get((value.key,), f"other{number}") for number, value in enumerate(self.values)]
        for name, following in zip(names, others, strict=False):
            at = rest.str.find(following.before, literal=True)
            cut = cut.with_columns(
                rest.str.head(at).alias(name), rest.str.slice(at + len(following.before)).alias("rest")
            )
        cut = cut.with_columns(rest.str.head(rest.str.len_bytes().cast(pl.Int64) - len(self.after)).alias(names[-1]))
        sound = pl.all_horizontal(
            pl.col("fits"), *(_sound(pl.col(name), value) for name, value in zip(names, self.values, strict=True))
        )
        lacking = [pl.lit(None, pl.String).alias(name) for name in columns.values() if name not in names]
        others_ = [name for name in names if name.startswith("other")]
        return cut.with_columns(*lacking, sound.fill_null(value=False).alias("fits")).drop("rest", "octets", *others_)


def _sound(text: pl.Expr, value: Value) -> pl.Expr:
    if value.quoted:
        return ~text.str.contains('"', literal=True)
    return text.str.contains(_NUMBER)


def _template(line: str) -> tuple[tuple[Value, ...], str] | None:
    """The template that one line is of; None where it is not flat, not plain, or has a key twice."""
    values = []
    start = place = 0
    if not line.isascii() or not line.startswith("{"):
        return None
    place = 1
    while key := _KEY.match(line, place):
        text = _TEXT.match(line, key.end())
        found = text or _BARE.match(line, key.end())
        if found is None or (text is None and not _is_number(found[0])):
            return None
        before = line[start : found.start(1) if text else found.start()]
        values.append(Value(key[1], before, quoted=text is not None))
        start = found.end(1) if text else found.end()
        place = found.end()
        comma = _NEXT.match(line, place)
        if comma is None:
            break
        place = comma.end()
    end = _END.fullmatch(line, place)
    if end is None or not values or len({value.key for value in values}) < len(values):
        return None
    return tuple(values), line[start:]


def _is_number(text: str) -> bool:
    return re.search(_NUMBER, text) is not None
