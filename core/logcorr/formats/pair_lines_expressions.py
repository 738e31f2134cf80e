"""Parses lines of the common form of pair logs by polars expressions: for installations without kernels.

Every entry that is found here is sure. All other lines are returned as lines, for `pair_lines.classify`.
"""

import polars as pl

from logcorr.formats import timestamps
from logcorr.formats.line_format import LINE_SCHEMA, scan_lines
from logcorr.formats.malformed_reasons import NO_IDS
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Side

_LONGEST_WORD = max(len(word) for word in NO_IDS)
_BLANKS = (" ", "\t")


def parse_common(
    text: bytes, wrong: list[int], side: Side, form: CommonForm, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """`LineFormat.parse_common` for the lines of one side, with timestamps of a form."""
    lines = scan_lines(text, wrong, first_row)
    fields = pl.col("line").str.splitn(",", 4).struct.rename_fields(["stamp", "request_id", "value", "more"])
    split = lines.with_columns(fields.alias("fields")).unnest("fields")
    column = pl.col
    request_id, value = column("request_id"), column("value")
    short = request_id.str.len_bytes() <= _LONGEST_WORD
    # The words are looked for only where an id is as short as they are.
    is_word = short & request_id.str.to_lowercase().is_in(NO_IDS)
    sure = value.is_not_null() & column("more").is_null() & column("refused").is_null() & ~is_word & _bare(request_id)
    if side == "request":
        own = pl.when(value != "").then(value).alias("user_id")
        sure &= _bare(value)
    else:
        own = pl.when(value.str.contains("^[0-9]{1,3}$")).then(value).cast(pl.Int16, strict=False).alias("status_code")
        sure &= own.is_not_null()
    time = timestamps.fast(column("stamp"), form)
    read = split.select(
        request_id,
        time.alias("time"),
        own,
        "row",
        (sure & time.is_not_null()).fill_null(value=False).alias("sure"),
        "line",
    ).collect(engine="streaming")
    mask = read.get_column("sure")
    names = ["request_id", "time", "user_id" if side == "request" else "status_code", "row"]
    if mask.all():
        return read.select(names), None
    rest = read.filter(~mask).select("line", "row").with_columns(pl.lit(None, pl.String).alias("refused"))
    if wrong:
        refused = lines.filter(column("refused").is_not_null()).select("row", "refused").collect()
        rest = rest.drop("refused").join(refused, on="row", how="left", maintain_order="left")
    return read.filter(mask).select(names), rest.select(LINE_SCHEMA.names())


def _bare(text: pl.Expr) -> pl.Expr:
    """Whether a text has no blanks at its ends."""
    ends = [text.str.starts_with(blank) | text.str.ends_with(blank) for blank in _BLANKS]
    return ~pl.any_horizontal(ends)
