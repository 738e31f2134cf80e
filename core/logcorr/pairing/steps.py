"""One bucket → exchanges, orphans, repeats. Pure: lazy frames in, lazy frames out.

Requests are (request_id, time, user_id, row), responses (request_id, time, status_code, row), both with `key`: the hash
of the id, or the id itself where two ids of a bucket share a hash. Rows of different ids never pair: a join on the hash
brings both ids along, and `collisions` counts where they differ.
"""

from collections.abc import Sequence

import polars as pl

from logcorr.model.ledger import Side

KEY = "key"
VALUE: dict[Side, str] = {"request": "user_id", "response": "status_code"}
EXCHANGE_SCHEMA = pl.Schema(
    {
        "request_id": pl.String,
        "user_id": pl.String,
        "status_code": pl.Int16,
        "request_time": pl.Int64,
        "response_time": pl.Int64,
        "duration_us": pl.Int64,
        "request_row": pl.UInt32,
        "response_row": pl.UInt32,
    }
)
_REQUEST = {"time": "request_time", "row": "request_row"}
_RESPONSE = {"request_id": "response_id", "time": "response_time", "row": "response_row"}


def hashed() -> pl.Expr:
    """KEY of the column request_id."""
    return pl.col("request_id").hash().alias(KEY)


def keyed(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries with KEY: the hash of the id. In one piece, as the engine is slow to look for rows in several."""
    whole = entries.rechunk()
    return whole.with_columns(whole["request_id"].hash().alias(KEY))


def repeated_keys(requests: pl.LazyFrame, responses: pl.LazyFrame) -> pl.LazyFrame:
    """The keys (one column, distinct) that stand more than once on one side: the only ones that need ranking."""
    counts = [side.group_by(KEY).len().filter(pl.col("len") > 1).select(KEY) for side in (requests, responses)]
    return pl.concat(counts).unique()


def join(requests: pl.LazyFrame, responses: pl.LazyFrame, on: Sequence[str] = (KEY,)) -> pl.LazyFrame:
    """Requests and responses side by side where `on` agrees; `response_id` is there to check that the ids agree too."""
    return requests.rename(_REQUEST).join(responses.rename(_RESPONSE), on=on, how="inner")


def beside(requests: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Requests and responses of the same keys, row by row: as `join` gives them."""
    columns = [column.alias(_REQUEST.get(column.name, column.name)) for column in requests.get_columns()]
    others = [column for column in responses.get_columns() if column.name != KEY]
    return pl.DataFrame([*columns, *(column.alias(_RESPONSE.get(column.name, column.name)) for column in others)])


def collisions(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """How many pairs of `join` are of two different ids (one row, column `collisions`)."""
    return pairs.select((pl.col("request_id") != pl.col("response_id")).sum().alias("collisions"))


def exchanges(pairs: pl.LazyFrame, *more: str) -> pl.LazyFrame:
    """The pairs of `join` as exchanges (EXCHANGE_SCHEMA): times and duration in µs, both rows; and columns by name."""
    return pairs.select(
        "request_id",
        "user_id",
        "status_code",
        "request_time",
        "response_time",
        (pl.col("response_time") - pl.col("request_time")).alias("duration_us"),
        "request_row",
        "response_row",
        *more,
    )


def taken_back(exchanges: pl.LazyFrame, side: Side, *more: str) -> pl.LazyFrame:
    """The entries of one side that were paired in some exchanges: request_id, time, its value, row; and columns."""
    time, row = pl.col(f"{side}_time").alias("time"), pl.col(f"{side}_row").alias("row")
    return exchanges.select("request_id", time, VALUE[side], row, *more)


def orphans(entries: pl.LazyFrame, side: Side, reason: pl.Expr) -> pl.LazyFrame:
    """Entries of one side as orphans: side, request_id, time, user_id, status_code, reason, row."""
    return entries.select(*_both_values(side), reason.cast(pl.String).alias("reason"), "row")


def repeats(entries: pl.LazyFrame, side: Side, kind: pl.Expr) -> pl.LazyFrame:
    """Redelivered or superseded entries: side, request_id, time, user_id, status_code, kind, row."""
    return entries.select(*_both_values(side), kind.cast(pl.String).alias("kind"), "row")


def _both_values(side: Side) -> list[pl.Expr]:
    present = VALUE[side]
    values = [
        pl.col(name) if name == present else pl.lit(None, kind).alias(name)
        for name, kind in (("user_id", pl.String), ("status_code", pl.Int16))
    ]
    return [pl.lit(side).alias("side"), pl.col("request_id"), pl.col("time"), *values]
