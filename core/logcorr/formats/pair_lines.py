"""Lines of request and response logs → entries, or the reason why a line is malformed.

Lines of the common form are parsed by `pair_lines_kernel` or `pair_lines_expressions`, all other lines by `classify`.
"""

import msgspec
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.formats import malformed_reasons, pair_lines_expressions, pair_lines_kernel, timestamps
from logcorr.formats.line_format import BOM, SPACE, null_if_empty
from logcorr.formats.malformed_reasons import NO_IDS
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Side

HEADER_IDS = ("request_id", "request-id", "requestid", "id")
_STATUS = r"^(?:[0-9]{1,3}|-|-1|)$"


class PairFormat(msgspec.Struct, frozen=True, kw_only=True):
    """`TIMESTAMP,REQUEST_ID,VALUE`: VALUE is a user id in request logs, a status code in response logs.

    `form` is the common form of the timestamps. `shift_us` is added to every instant.
    """

    side: Side
    form: CommonForm
    shift_us: int = 0

    @property
    def value(self) -> str:
        """The name of the third column."""
        return "user_id" if self.side == "request" else "status_code"

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry: request_id, time (Int64, µs), user_id or status_code, row."""
        kind = pl.String() if self.side == "request" else pl.Int16()
        return pl.Schema({"request_id": pl.String, "time": pl.Int64, self.value: kind, "row": pl.UInt32})

    def parse_common(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The entries among the lines of the common form, and the other lines: see `LineFormat.parse_common`."""
        parse_common = pair_lines_kernel.parse_common if compiled else pair_lines_expressions.parse_common
        entries, rest = parse_common(text, wrong, self.side, self.form, first_row)
        return entries.with_columns(pl.col("time") + self.shift_us) if self.shift_us else entries, rest

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Classifies every line (LINE_SCHEMA): see the function `classify`."""
        return classify(lines, self)

    def first_line(self, text: str) -> str | None:
        """The first line of a file, without its BOM; None if it is a header."""
        return first_line(text)


def classify(lines: pl.DataFrame, form: PairFormat) -> pl.DataFrame:
    """Every line (LINE_SCHEMA) with `valid`, `blank`, the columns of an entry, and `reason` (null for a valid line).

    This is the careful path: exact for every line, at several times the cost of the common path.
    """
    fields = pl.col("line").str.splitn(",", 4).struct
    column = pl.col
    split = lines.with_columns(
        blank=column("line").str.strip_chars(SPACE) == "",
        stamp=fields.field("field_0").str.strip_chars(SPACE),
        request_id=fields.field("field_1").str.strip_chars(SPACE),
        field=fields.field("field_2").str.strip_chars(SPACE),
        three=fields.field("field_2").is_not_null() & fields.field("field_3").is_null(),
    )
    stamps = split["stamp"].zip_with(split["three"], pl.Series([None], dtype=pl.String))
    split = split.with_columns(timestamps.careful(stamps).alias("time") + form.shift_us)
    checks: list[tuple[pl.Expr, str]] = [
        (~column("three"), malformed_reasons.FIELDS),
        (column("time").is_null(), malformed_reasons.TIMESTAMP),
        (column("request_id").str.to_lowercase().is_in(NO_IDS), malformed_reasons.REQUEST_ID),
    ]
    if form.side == "response":
        checks.append((~column("field").str.contains(_STATUS), malformed_reasons.STATUS_CODE))
    # `-`, `-1` and nothing stand for no status.
    digits = pl.when(~column("field").is_in(["", "-", "-1"])).then(column("field"))
    value = digits.str.to_integer(strict=False, dtype=pl.Int64).cast(pl.Int16, strict=False)
    return split.with_columns(
        malformed_reasons.first_reason(checks).alias("reason"),
        (null_if_empty("field") if form.side == "request" else value).alias(form.value),
    ).with_columns(valid=column("reason").is_null() & ~column("blank"))


def first_line(text: str) -> str | None:
    """The first line of a file, without its BOM; None if it is a header.

    A header has the name of an id in its second field, and no timestamp in its first.
    """
    bare = text.removeprefix(BOM)
    fields = [field.strip(SPACE) for field in bare.split(",")]
    if len(fields) > 1 and fields[1].lower() in HEADER_IDS and bare.strip(SPACE):
        stamp = timestamps.careful(pl.Series([fields[0]]))
        if stamp.null_count():
            return None
    return bare
