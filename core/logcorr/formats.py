"""Line text → columns, or the reason why not. Every line format lives here and only here.

Pure: frames in and out. A log's common form is parsed by streaming expressions; the few lines that fail them take the
careful path, those of some chunks together.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any, Protocol

import msgspec
import polars as pl

from logcorr import timestamps
from logcorr.model import Log, Side
from logcorr.timestamps import CommonForm

SPACE = " \t"
NO_IDS = ("", "-", "null", "none", "nil", "undefined")
HEADER_IDS = ("request_id", "request-id", "requestid", "id")
BOM = "\ufeff"
TEXT_LIMIT_BYTES = 4096

# A line as a reader gives it: its text, its number from 0 over all files of the side, and the reason a reader
# already knows for refusing it.
LINE_SCHEMA = pl.Schema({"line": pl.String, "row": pl.UInt32, "refused": pl.String})

REJECT_SCHEMA = pl.Schema({"row": pl.UInt32, "reason": pl.String, "text": pl.String, "truncated": pl.Boolean})

_STATUS = r"^[0-9]{1,3}$"
_USUAL_ID_BYTES = max(len(word) for word in NO_IDS) + 1
_NO_ID_SPELLINGS = pl.Series(
    ["".join(letters) for word in NO_IDS for letters in product(*({char, char.upper()} for char in word))]
)
# One in so many lines is few.
_FEW = 16
_FEW_ROWS = 500


Look = Callable[[pl.DataFrame], None]


class LineFormat(Protocol):
    """What the lines of a log are: how the usual ones are read, and how all are."""

    @property
    def side(self) -> Log:
        """What the lines are of."""

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry, `row` among them."""

    def common(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Lines with the columns of an entry: `common` says the line surely is one, `short` that its id may be none."""

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Every line (LINE_SCHEMA) with `valid`, `blank`, the columns of an entry, and the `reason` if it is none."""

    def first_line(self, text: str) -> str | None:
        """What a file's first line is where that differs from the same line elsewhere; None where it is a header."""


class PairFormat(msgspec.Struct, frozen=True, kw_only=True):
    """`TIMESTAMP,REQUEST_ID,VALUE`: VALUE is a user id in request logs, a status code in response logs."""

    side: Side
    form: CommonForm
    shift_us: int = 0

    @property
    def value(self) -> str:
        """The name of the third column."""
        return "user_id" if self.side == "request" else "status_code"

    @property
    def schema(self) -> pl.Schema:
        """What an entry is: request_id, time (Int64, µs), user_id or status_code, row."""
        kind = pl.String() if self.side == "request" else pl.Int16()
        return pl.Schema({"request_id": pl.String, "time": pl.Int64, self.value: kind, "row": pl.UInt32})

    def common(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Streaming expressions for the log's common form."""
        return _common(lines, self)

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The careful path: exact for every line, at several times the cost."""
        return classify(lines, self)

    def first_line(self, text: str) -> str | None:
        """Without its BOM, or None if it is a header."""
        return first_line(text)


def parted(lines: pl.DataFrame, columns: list[str]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Lines with what `LineFormat.common` made of them → the entries (`columns`), and the lines to look at closer.

    The latter are LINE_SCHEMA; None where there are none.
    """
    common = lines.get_column("common")
    if common.all():
        return lines.select(columns), None
    if not few(common.len() - int(common.sum()), common.len()) and lines["short"].any():
        common |= lines["short"] & ~lines["request_id"].is_in(_NO_ID_SPELLINGS.implode())
    return lines.filter(common).select(columns), lines.filter(~common).select(LINE_SCHEMA.names())


def few(uncommon: int, lines: int) -> bool:
    """Whether so few lines are uncommon that a call of the careful path for them would not pay."""
    return uncommon * _FEW <= lines


def settled(lines: pl.DataFrame, form: LineFormat, reject: Look) -> pl.DataFrame:
    """The entries among some lines; the others go to `reject`."""
    settled = form.classify(lines)
    rejected = settled.filter(~pl.col("valid"))
    if rejected.height:
        reject(excerpts(rejected))
    return settled.filter("valid").select(form.schema.names())


def classify(lines: pl.DataFrame, form: PairFormat) -> pl.DataFrame:
    """Every line (LINE_SCHEMA) with `valid`, the columns of an entry, and the `reason` where it is none.

    The careful path: exact for every line, at several times the cost of the common one.
    """
    parts = pl.col("line").str.splitn(",", 4).struct
    column = pl.col
    split = lines.with_columns(
        blank=column("line").str.strip_chars(SPACE) == "",
        stamp=parts.field("field_0").str.strip_chars(SPACE),
        request_id=parts.field("field_1").str.strip_chars(SPACE),
        field=parts.field("field_2").str.strip_chars(SPACE),
        three=parts.field("field_2").is_not_null() & parts.field("field_3").is_null(),
    )
    stamps = split["stamp"].zip_with(split["three"], pl.Series([None], dtype=pl.String))
    split = split.with_columns(timestamps.careful(stamps).alias("time") + form.shift_us)
    checks: list[tuple[pl.Expr, pl.Expr]] = [
        (column("blank"), pl.lit(None, pl.String)),
        (column("refused").is_not_null(), column("refused")),
        (~column("three"), pl.lit("fields")),
        (column("time").is_null(), pl.lit("timestamp")),
        (column("request_id").str.to_lowercase().is_in(NO_IDS), pl.lit("request_id")),
    ]
    if form.side == "response":
        checks.append((~column("field").str.contains(_STATUS), pl.lit("status_code")))
    reason: Any = pl
    for check, name in checks:
        reason = reason.when(check).then(name)
    value = column("field").str.to_integer(strict=False, dtype=pl.Int64).cast(pl.Int16, strict=False)
    return split.with_columns(
        reason.alias("reason"),
        (null_if_empty("field") if form.side == "request" else value).alias(form.value),
    ).with_columns(valid=column("reason").is_null() & ~column("blank"))


def excerpts(rejected: pl.DataFrame) -> pl.DataFrame:
    """What is kept of refused lines (REJECT_SCHEMA): their text, cut to TEXT_LIMIT_BYTES."""
    long = rejected["line"].str.len_bytes() > TEXT_LIMIT_BYTES
    text = rejected["line"]
    if long.any():
        text = pl.Series([_cut(line) if over else line for line, over in zip(text, long, strict=True)])
    return rejected.select("row", "reason", text.alias("text"), long.alias("truncated"))


def first_line(text: str) -> str | None:
    """What a file's first line is where that differs from the same line elsewhere: without BOM, or None if header."""
    bare = text.removeprefix(BOM)
    fields = [field.strip(SPACE) for field in bare.split(",")]
    if len(fields) > 1 and fields[1].lower() in HEADER_IDS and bare.strip(SPACE):
        stamp = timestamps.careful(pl.Series([fields[0]]))
        if stamp.null_count():
            return None
    return bare


def copied(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows in memory of their own: a part of a frame keeps all text of the whole alive."""
    if rows.height < _FEW_ROWS:
        return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")
    return rows.with_columns(pl.concat_str(text, pl.lit("")) for text in rows.select(pl.col(pl.String)).columns)


def text_bytes(rows: pl.DataFrame) -> int:
    """The bytes of all texts of a frame."""
    texts = rows.select(pl.col(pl.String))
    return sum(int(size or 0) for size in texts.select(pl.all().str.len_bytes().sum()).row(0)) if texts.width else 0


def null_if_empty(name: str) -> pl.Expr:
    """The named text column with null for the empty text."""
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _common(lines: pl.LazyFrame, form: PairFormat) -> pl.LazyFrame:
    """Lines with the columns of an entry: `common` says the line surely is one, `short` that its id may be none."""
    for step in _common_steps(form):
        lines = lines.with_columns(step)
    return lines


@lru_cache(maxsize=8)
def _common_steps(form: PairFormat) -> list[list[pl.Expr]]:
    """The columns to add in turn; put together once, since a side is read in many chunks."""
    column = pl.col
    parts = column("line").str.splitn(",", 4).struct
    # Split once: in one step with what is made of the fields, each of them would split the line again.
    split = [
        parts.field("field_0").alias("stamp"),
        parts.field("field_1").alias("request_id"),
        parts.field("field_2").alias("field"),
        parts.field("field_3").is_null().alias("three"),
    ]
    time = timestamps.fast(column("stamp"), form.form).alias("time") + form.shift_us
    sound = column("time").is_not_null() & column("three") & column("refused").is_null() & _bare("request_id")
    if form.side == "request":
        sound = sound & ((column("field") == pl.lit("")) | _bare("field"))
        value = null_if_empty("field")
    else:
        # A sign is the one thing that to_integer takes and a status code does not; it sorts before the digits.
        value = column("field").str.to_integer(strict=False, dtype=pl.Int16)
        sound = sound & (column("field").str.len_bytes() <= 3) & (column("field") >= pl.lit("0")) & value.is_not_null()
    usual = column("request_id").str.len_bytes() >= _USUAL_ID_BYTES
    sound, usual = sound.fill_null(value=False), usual.fill_null(value=False)
    return [split, [time], [value.alias(form.value), (sound & usual).alias("common"), (sound & ~usual).alias("short")]]


def _bare(name: str) -> pl.Expr:
    """Whether a text surely has no blank at either end; cheaper than taking blanks off, which copies every text."""
    text = pl.col(name)
    return (text >= pl.lit("!")) & ~text.str.ends_with(" ") & ~text.str.ends_with("\t")


def _cut(text: str) -> str:
    """The text cut to at most TEXT_LIMIT_BYTES of UTF-8, at a character's edge."""
    return text.encode()[:TEXT_LIMIT_BYTES].decode(errors="ignore")
