"""The lines of a generated access log: NDJSON. A few are written in an uncommon way, incomplete, malformed or blank.

Nearly all lines come from one expression that looks texts up. The few others are made field by field.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO

import polars as pl

from logcorr.generate.access.odd_lines import (
    DURATION,
    FIRST_FINE,
    LACKING,
    LAST_FINE,
    LAYOUTS,
    MALFORMED_LINES,
    NO_UTF8,
    STATUS,
    gaps,
)
from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.texts import METHODS, Vocabulary
from logcorr.generate.access.traffic import BLANK, INCOMPLETE, MALFORMED, ODD, PLAIN
from logcorr.generate.random_bits import bits, mixed
from logcorr.generate.writer import (
    BLANKS,
    MICROS,
    MILLIS,
    NANOS,
    OFFSET,
    OFFSET_US,
    SECONDS,
    SPACED,
    STAMP_FORMATS,
    SortingWriter,
    fill_template,
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
_STAMPS = (*(MILLIS,) * 6, *(MICROS,) * 3, NANOS, NANOS, OFFSET, OFFSET, SPACED, SECONDS, SECONDS)


class AccessLog:
    """Writes the log, nearly in order of time. Counts its lines by kind."""

    def __init__(
        self, file: BinaryIO, options: AccessOptions, vocabulary: Vocabulary, *, end_us: int, most: int
    ) -> None:
        """No instant is moved to `end_us` or later. At most `most` lines are held back."""
        self.lines = 0
        self.counts: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self._vocabulary = vocabulary
        self._end_us = end_us
        self._writer = SortingWriter(file, most)
        self._reasons = [reason for reason in MALFORMED_LINES if options.encoding_errors or reason != NO_UTF8]
        self._ips = pl.lit('"' + vocabulary.ips + '","response_time":')
        self._agents = pl.lit(',"user_agent":' + vocabulary.agents_json + "}")
        self._paths, self._queries = pl.lit(vocabulary.endpoints_json), pl.lit(vocabulary.queries_json)
        self._millis = pl.lit(
            pl.Series([f'{ms:03d}Z","method":"{method}","endpoint":' for ms in range(1000) for method in METHODS])
        )
        # One status code in eight is a number, the others are strings.
        quotes = ['"'] * 14 + [""] * 2
        self._codes = pl.lit(
            pl.Series([f',"status_code":{quote}{code}{quote},"ip":' for code in range(1000) for quote in quotes])
        )

    def add(self, rows: pl.DataFrame, watermark: int | None) -> pl.DataFrame:
        """Takes lines as `Traffic.lines` gives them, and writes every line that no later line can come before.

        No later line has its time before `watermark`, in µs; None writes all lines. Returns the exchanges that a
        correct analysis reads: the columns EXCHANGE, with numbers of the vocabulary or null.
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
        self._writer.add(texts, watermark)
        return exchanges

    def ledger(self) -> dict[str, Any]:
        """The counts of lines, as in the ledger of a report."""
        malformed = {reason: count for reason, count in self.malformed.items() if count}
        exchanges = self.counts["exchanges"]
        # No line is of another kind.
        own = {name: self.counts[name] for name in ("blank", "other", "repaired")}
        return {"lines": self.lines, **own, "malformed": malformed, "exchanges": exchanges}

    def _plain_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        seconds = rows["at"] // 1_000_000
        # A text for each second, not for each line: formatting times takes longer than everything else.
        distinct = seconds.unique().sort()
        stamps = (distinct * 1_000_000).cast(pl.Datetime("us")).dt.to_string('{"timestamp":"%Y-%m-%dT%H:%M:%S.')
        return rows.select(
            key=pl.col("at") + pl.col("late_us"),
            line=pl.concat_str(
                pl.lit(stamps.gather(distinct.search_sorted(seconds))),
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
        """Gives lines uncommon values, and adds a column of text for each letter of the templates."""
        rows = rows.with_columns(rare=mixed(pl.col("seed")))
        malformed, incomplete = pl.col("kind") == MALFORMED, pl.col("kind") == INCOMPLETE
        second = -(-pl.col("at") // 1_000_000) * 1_000_000
        stamp = _table(_STAMPS).gather(bits("rare", 0, 4))
        late = (stamp == SECONDS) & (second >= self._end_us)
        duration_form, fine_us = bits("rare", 7, 3), bits("rare", 4, 3) * 125
        is_fine = duration_form.is_between(FIRST_FINE, LAST_FINE)
        rows = rows.with_columns(
            stamp=pl.when(malformed | late).then(MILLIS).otherwise(stamp),
            us=pl.col("us") + pl.when(is_fine).then(fine_us).otherwise(0),
            lacking=pl.when(incomplete).then(_table(LACKING).gather(bits("rare", 10, 4))).otherwise(0),
        )
        finer = pl.when(pl.col("stamp").is_in([MICROS, NANOS])).then(pl.col("at") + fine_us)
        rows = rows.with_columns(at=finer.when(pl.col("stamp") == SECONDS).then(second).otherwise("at"))
        rows = rows.with_columns(
            key=pl.col("at") + pl.col("late_us"),
            V=pl.coalesce(pl.when(pl.col("stamp") == form).then(_stamp(form)) for form in STAMP_FORMATS),
            C=pl.col("status").cast(pl.String),
            N=(pl.col("us") // 1000).cast(pl.String),
            F=(pl.col("us") % 1000).cast(pl.String).str.zfill(3),
        )
        vocabulary = self._vocabulary
        written = {
            "M": '"' + pl.lit(vocabulary.methods).gather("method") + '"',
            "E": self._paths.gather("endpoint") + self._queries.gather("query"),
            "I": '"' + pl.lit(vocabulary.ips).gather("ip") + '"',
            "D": _chosen(duration_form, DURATION),
            "U": pl.lit(vocabulary.agents_json).gather("agent"),
        }
        missing = {column: _is_missing(bit) for bit, (*_, column) in enumerate(_FIELDS)}
        rows = rows.with_columns(
            pl.concat_str(pl.lit(',"status_code":'), _chosen(bits("rare", 14, 3), STATUS)).alias("S"),
            *(_field(bit, key, written[letter]).alias(letter) for bit, (key, letter, _) in enumerate(_FIELDS)),
            *(pl.when(~is_missing).then(column).alias(column) for column, is_missing in missing.items()),
        )
        return rows.with_columns(R=pl.concat_str(letter for _, letter, _ in _FIELDS))

    def _blank_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        done = self.counts["blank"]
        self.counts["blank"] += rows.height
        return rows.select(key="at", line=_table(BLANKS).gather(pl.int_range(done, done + rows.height) % len(BLANKS)))

    def _malformed_lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Takes the reasons in turn, and the templates of each reason in turn, so that few lines show all templates."""
        lines = []
        for turn, (stamp, code, rest) in enumerate(rows.select("V", "C", "R").iter_rows(), self.malformed.total()):
            reason = self._reasons[turn % len(self._reasons)]
            templates = MALFORMED_LINES[reason]
            template = templates[turn // len(self._reasons) % len(templates)]
            self.malformed["json" if reason == NO_UTF8 else reason] += 1
            self.counts["repaired"] += reason == NO_UTF8
            # {R} is replaced last, as its text may have braces.
            lines.append(template.replace("{V}", stamp).replace("{C}", code).replace("{R}", rest))
        return rows.select("key", line=pl.Series(lines, dtype=pl.String))


def _odd_lines(rows: pl.DataFrame) -> list[pl.DataFrame]:
    by_layout = rows.with_columns(layout=bits("rare", 25, 3)).partition_by("layout", maintain_order=True, as_dict=True)
    return [lines.select("key", line=fill_template(LAYOUTS[int(layout)])) for (layout,), lines in by_layout.items()]


def _table(values: Sequence[Any]) -> pl.Expr:
    return pl.lit(pl.Series(values))


def _stamp(form: int) -> pl.Expr:
    shift = OFFSET_US if form == OFFSET else 0
    return (pl.col("at") + shift).cast(pl.Datetime("us")).dt.to_string(STAMP_FORMATS[form])


def _chosen(choice: pl.Expr, templates: Sequence[str]) -> pl.Expr:
    return pl.coalesce(pl.when(choice == number).then(fill_template(text)) for number, text in enumerate(templates))


def _is_missing(bit: int) -> pl.Expr:
    return (pl.col("lacking") & (1 << bit)) > 0


def _field(bit: int, key: str, written: pl.Expr) -> pl.Expr:
    """A field with a comma and its key before it; or, for a missing field, one of the texts of `gaps`."""
    gap = (bits("rare", 17, 3) + 3 * bit) % 8
    return (
        pl.when(_is_missing(bit))
        .then(_table(gaps(key)).gather(gap))
        .otherwise(pl.concat_str(pl.lit(f',"{key}":'), written))
    )
