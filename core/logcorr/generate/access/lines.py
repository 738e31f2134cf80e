"""The lines of a generated access log: NDJSON, now and then written in an uncommon way, incomplete, malformed or blank.

Nearly all lines come from one expression that only looks texts up; the few others are made field by field.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

import polars as pl

from logcorr.generate.access.odd_lines import BROKEN, FIRST_FINE, LACKING, LAST_FINE, LAYOUTS, STATUS, TOOK, gaps
from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.texts import METHODS, Words
from logcorr.generate.access.traffic import BLANK, INCOMPLETE, MALFORMED, ODD, PLAIN
from logcorr.generate.random_bits import bits, mixed
from logcorr.generate.writer import (
    BLANKS,
    FORMS,
    MICROS,
    MILLIS,
    NANOS,
    OFFSET,
    OFFSET_US,
    SECONDS,
    SPACE,
    Untidy,
    filled,
)

# The key of each field that may be missing, its letter in the templates, and the column of its value.
_FIELDS = (
    ("method", "M", "method"),
    ("endpoint", "E", "endpoint"),
    ("ip", "I", "ip"),
    ("response_time", "D", "us"),
    ("user_agent", "U", "agent"),
)
EXCHANGE = ("at", "status", *(column for *_, column in _FIELDS))
_STAMPS = (*(MILLIS,) * 6, *(MICROS,) * 3, NANOS, NANOS, OFFSET, OFFSET, SPACE, SECONDS, SECONDS)


class AccessLog:
    """The log on its way to disk; counts its lines as they are made."""

    def __init__(self, file: BinaryIO, options: AccessOptions, words: Words, *, end_us: int, most: int) -> None:
        """No time is moved to `end_us` or after it; `most` lines are held back at a time."""
        self.lines = 0
        self.counts: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self._words = words
        self._end_us = end_us
        self._untidy = Untidy(file, most)
        self._reasons = [reason for reason in BROKEN if options.encoding_errors or reason != "encoding"]
        self._ips = pl.lit('"' + words.ips + '","response_time":')
        self._agents = pl.lit(',"user_agent":' + words.agents_json + "}")
        self._paths, self._queries = pl.lit(words.endpoints_json), pl.lit(words.queries_json)
        self._millis = pl.lit(
            pl.Series([f'{ms:03d}Z","method":"{method}","endpoint":' for ms in range(1000) for method in METHODS])
        )
        # One status code in eight is a number, the others are strings.
        quotes = ['"'] * 14 + [""] * 2
        self._codes = pl.lit(
            pl.Series([f',"status_code":{quote}{code}{quote},"ip":' for code in range(1000) for quote in quotes])
        )

    def add(self, rows: pl.DataFrame, watermark: int | None) -> pl.DataFrame:
        """Take lines as Traffic has them, write all that no later ones can come before (None: all).

        Returns the exchanges among them as they are to be understood: columns EXCHANGE, numbers of Words or null.
        """
        kind = pl.col("kind")
        plain = rows.filter(kind == PLAIN)
        odd = self._odd(rows.filter(kind.is_in([ODD, INCOMPLETE, MALFORMED])))
        broken, odd = odd.filter(kind == MALFORMED), odd.filter(kind != MALFORMED)
        blank = rows.filter(kind == BLANK)
        texts = [self._plain_lines(plain), *_odd_lines(odd), self._blank_lines(blank), self._malformed_lines(broken)]
        self.lines += rows.height
        exchanges = pl.concat([plain.select(EXCHANGE), odd.select(EXCHANGE)])
        self.counts["exchanges"] += exchanges.height
        self._untidy.add(texts, watermark)
        return exchanges

    def ledger(self) -> dict[str, Any]:
        """The lines by what became of them."""
        malformed = {reason: count for reason, count in self.malformed.items() if count}
        exchanges = self.counts["exchanges"]
        return {"lines": self.lines, "blank": self.counts["blank"], "malformed": malformed, "exchanges": exchanges}

    def _plain_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        seconds = rows["at"] // 1_000_000
        # A text for each second, not for each line: writing times takes longer than all the rest.
        known = seconds.unique().sort()
        stamps = (known * 1_000_000).cast(pl.Datetime("us")).dt.to_string('{"timestamp":"%Y-%m-%dT%H:%M:%S.')
        return rows.select(
            key=pl.col("at") + pl.col("late_us"),
            line=pl.concat_str(
                pl.lit(stamps.gather(known.search_sorted(seconds))),
                self._millis.gather(pl.col("at") // 1000 % 1000 * len(METHODS) + pl.col("method")),
                self._paths.gather("endpoint"),
                self._queries.gather("query"),
                self._codes.gather(pl.col("status") * 16 + pl.col("form")),
                self._ips.gather("ip"),
                (pl.col("us") // 1000).cast(pl.String),
                self._agents.gather("agent"),
            ),
        )

    def _odd(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give lines their uncommon values, and the texts that the templates ask for: a column for each letter."""
        rows = rows.with_columns(rare=mixed(pl.col("seed")))
        malformed, incomplete = pl.col("kind") == MALFORMED, pl.col("kind") == INCOMPLETE
        second = -(-pl.col("at") // 1_000_000) * 1_000_000
        stamp = _table(_STAMPS).gather(bits("rare", 0, 4))
        late = (stamp == SECONDS) & (second >= self._end_us)
        took, fine = bits("rare", 7, 3), bits("rare", 4, 3) * 125
        is_fine = took.is_between(FIRST_FINE, LAST_FINE)
        rows = rows.with_columns(
            stamp=pl.when(malformed | late).then(MILLIS).otherwise(stamp),
            us=pl.col("us") + pl.when(is_fine).then(fine).otherwise(0),
            lacking=pl.when(incomplete).then(_table(LACKING).gather(bits("rare", 10, 4))).otherwise(0),
        )
        finer = pl.when(pl.col("stamp").is_in([MICROS, NANOS])).then(pl.col("at") + fine)
        rows = rows.with_columns(at=finer.when(pl.col("stamp") == SECONDS).then(second).otherwise("at"))
        rows = rows.with_columns(
            key=pl.col("at") + pl.col("late_us"),
            V=pl.coalesce(pl.when(pl.col("stamp") == form).then(_stamp(form)) for form in FORMS),
            C=pl.col("status").cast(pl.String),
            N=(pl.col("us") // 1000).cast(pl.String),
            F=(pl.col("us") % 1000).cast(pl.String).str.zfill(3),
        )
        words = self._words
        written = {
            "M": '"' + pl.lit(words.methods).gather("method") + '"',
            "E": self._paths.gather("endpoint") + self._queries.gather("query"),
            "I": '"' + pl.lit(words.ips).gather("ip") + '"',
            "D": _chosen(took, TOOK),
            "U": pl.lit(words.agents_json).gather("agent"),
        }
        gone = {column: _lacks(place) for place, (*_, column) in enumerate(_FIELDS)}
        rows = rows.with_columns(
            pl.concat_str(pl.lit(',"status_code":'), _chosen(bits("rare", 14, 3), STATUS)).alias("S"),
            *(_field(place, key, written[letter]).alias(letter) for place, (key, letter, _) in enumerate(_FIELDS)),
            *(pl.when(~lacks).then(column).alias(column) for column, lacks in gone.items()),
        )
        return rows.with_columns(R=pl.concat_str(letter for _, letter, _ in _FIELDS))

    def _blank_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        done = self.counts["blank"]
        self.counts["blank"] += rows.height
        return rows.select(key="at", line=_table(BLANKS).gather(pl.int_range(done, done + rows.height) % len(BLANKS)))

    def _malformed_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Take the reasons in turn, and of each its templates in turn, so that few lines show all of them."""
        lines = []
        for turn, (stamp, code, rest) in enumerate(rows.select("V", "C", "R").iter_rows(), self.malformed.total()):
            reason = self._reasons[turn % len(self._reasons)]
            templates = BROKEN[reason]
            template = templates[turn // len(self._reasons) % len(templates)]
            self.malformed[reason] += 1
            # The rest comes last, for it may hold anything.
            lines.append(template.replace("{V}", stamp).replace("{C}", code).replace("{R}", rest))
        return rows.select("key", line=pl.Series(lines, dtype=pl.String))


def _odd_lines(rows: pl.DataFrame) -> list[pl.DataFrame]:
    parts = rows.with_columns(layout=bits("rare", 25, 3)).partition_by("layout", maintain_order=True, as_dict=True)
    return [part.select("key", line=filled(LAYOUTS[int(place)])) for (place,), part in parts.items()]


def _table(values: Sequence[Any]) -> pl.Expr:
    return pl.lit(pl.Series(values))


def _stamp(form: int) -> pl.Expr:
    shift = OFFSET_US if form == OFFSET else 0
    return (pl.col("at") + shift).cast(pl.Datetime("us")).dt.to_string(FORMS[form])


def _chosen(place: pl.Expr, templates: Sequence[str]) -> pl.Expr:
    return pl.coalesce(pl.when(place == here).then(filled(text)) for here, text in enumerate(templates))


def _lacks(place: int) -> pl.Expr:
    return (pl.col("lacking") & (1 << place)) > 0


def _field(place: int, key: str, written: pl.Expr) -> pl.Expr:
    """A field with its key and a comma before it, or one of the ways in which it is not there."""
    gap = (bits("rare", 17, 3) + 3 * place) % 8
    return (
        pl.when(_lacks(place))
        .then(_table(gaps(key)).gather(gap))
        .otherwise(pl.concat_str(pl.lit(f',"{key}":'), written))
    )
