"""The steps of pairing, as queries: joins, and entries as exchanges, orphans or repeats.

Requests have the columns (request_id, time, user_id, row), responses (request_id, time, status_code, row). Both have
KEY: the hash of the id, or the id itself where two ids of a bucket share a hash. `time` is in µs, `row` numbers the
lines of a side. Entries of different ids never pair: a join on the hash keeps both ids, and `collisions` counts the
pairs whose ids differ.
"""

from collections.abc import Sequence

import polars as pl

from logcorr.model.ledger import Side

KEY = "key"
# The column that only one side has.
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
    """KEY as the hash (UInt64) of the column request_id."""
    return pl.col("request_id").hash().alias(KEY)


def keyed(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries with KEY, the hash of the id. They are in one Arrow chunk, as polars picks rows out of several slowly."""
    contiguous = entries.rechunk()
    return contiguous.with_columns(contiguous["request_id"].hash().alias(KEY))


def repeated_keys(requests: pl.LazyFrame, responses: pl.LazyFrame) -> pl.LazyFrame:
    """The distinct keys (column KEY) of which either side has more than one entry: only their entries need ranks."""
    repeated = [side.group_by(KEY).len().filter(pl.col("len") > 1).select(KEY) for side in (requests, responses)]
    return pl.concat(repeated).unique()


def join(requests: pl.LazyFrame, responses: pl.LazyFrame, on: Sequence[str] = (KEY,)) -> pl.LazyFrame:
    """Pairs of requests and responses that agree in the columns `on`.

    Columns are named as in EXCHANGE_SCHEMA. `response_id` is kept to check that both ids agree.
    """
    return requests.rename(_REQUEST).join(responses.rename(_RESPONSE), on=on, how="inner")


def joined_by_row(requests: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Pairs of the requests and responses in the same rows, whose keys agree, with the columns that `join` gives."""
    columns = [column.alias(_REQUEST.get(column.name, column.name)) for column in requests.get_columns()]
    response_columns = [column for column in responses.get_columns() if column.name != KEY]
    columns += [column.alias(_RESPONSE.get(column.name, column.name)) for column in response_columns]
    return pl.DataFrame(columns)


def collisions(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """How many pairs of `join` have two different ids: one row, column `collisions`."""
    return pairs.select((pl.col("request_id") != pl.col("response_id")).sum().alias("collisions"))


def exchanges(pairs: pl.LazyFrame, *extra: str) -> pl.LazyFrame:
    """The pairs of `join` as exchanges: EXCHANGE_SCHEMA, with instants and duration in µs, and extra columns."""
    return pairs.select(
        "request_id",
        "user_id",
        "status_code",
        "request_time",
        "response_time",
        (pl.col("response_time") - pl.col("request_time")).alias("duration_us"),
        "request_row",
        "response_row",
        *extra,
    )


def entries_of(exchanges: pl.LazyFrame, side: Side, *extra: str) -> pl.LazyFrame:
    """Exchanges back to the entries of one side: request_id, time, user_id or status_code, row; and extra columns."""
    time, row = pl.col(f"{side}_time").alias("time"), pl.col(f"{side}_row").alias("row")
    return exchanges.select("request_id", time, VALUE[side], row, *extra)


def orphans(entries: pl.LazyFrame, side: Side, reason: pl.Expr) -> pl.LazyFrame:
    """Entries of one side as orphans: side, request_id, time, user_id, status_code, reason, row."""
    return entries.select(*_entry_columns(side), reason.cast(pl.String).alias("reason"), "row")


def repeats(entries: pl.LazyFrame, side: Side, kind: pl.Expr) -> pl.LazyFrame:
    """Redelivered or superseded entries: side, request_id, time, user_id, status_code, kind, row."""
    return entries.select(*_entry_columns(side), kind.cast(pl.String).alias("kind"), "row")


def _entry_columns(side: Side) -> list[pl.Expr]:
    """The columns that entries of both sides have in one table; the value of the other side is null."""
    own = VALUE[side]
    values = [
        pl.col(name) if name == own else pl.lit(None, dtype).alias(name)
        for name, dtype in (("user_id", pl.String), ("status_code", pl.Int16))
    ]
    return [pl.lit(side).alias("side"), pl.col("request_id"), pl.col("time"), *values]
