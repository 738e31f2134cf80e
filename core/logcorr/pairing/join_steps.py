"""The steps of pairing, as queries: joins, and entries as exchanges, orphans or repeats.

Entries have the columns of `EntryColumns.schema`, and KEY: the hash of the id, or the id itself where two ids of a
bucket share a hash. `time` is in µs, `row` numbers the lines of a side. Entries of different ids never pair: a join on
the hash keeps both ids, and `collisions` counts the pairs whose ids differ.
"""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from logcorr.model.ledger import Side
from logcorr.pairing.entry_columns import EntryColumns

KEY = ":key"
# What the duration of an exchange is: the distance of its two events, or what the response tells.
Duration = Literal["events", "given"]
_OWN = ("time", "row")


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


def _names_in_pair(side: Side, columns: EntryColumns) -> dict[str, str]:
    """The names that columns of an entry have in a pair, where they are not the same."""
    names = {name: f"{side}_{name}" for name in _OWN} | {name: f"{side}:{name}" for name in columns.shared}
    return names if side == "request" else names | {"request_id": "response_id"}


def join(
    requests: pl.LazyFrame, responses: pl.LazyFrame, columns: EntryColumns, on: Sequence[str] = (KEY,)
) -> pl.LazyFrame:
    """Pairs of requests and responses that agree in the columns `on`.

    Columns are named as in `EntryColumns.exchanges`. A value that both sides have is there twice, in `request:NAME` and
    `response:NAME`. `response_id` is kept to check that both ids agree.
    """
    left = requests.rename(_names_in_pair("request", columns))
    return left.join(responses.rename(_names_in_pair("response", columns)), on=on, how="inner")


def joined_by_row(requests: pl.DataFrame, responses: pl.DataFrame, *, columns: EntryColumns) -> pl.DataFrame:
    """Pairs of the requests and responses in the same rows, whose keys agree, with the columns that `join` gives."""
    names = _names_in_pair("request", columns)
    series = [column.alias(names.get(column.name, column.name)) for column in requests.get_columns()]
    names = _names_in_pair("response", columns)
    response_series = [column for column in responses.get_columns() if column.name != KEY]
    series += [column.alias(names.get(column.name, column.name)) for column in response_series]
    return pl.DataFrame(series)


def collisions(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """How many pairs of `join` have two different ids: one row, column `collisions`."""
    return pairs.select((pl.col("request_id") != pl.col("response_id")).sum().alias("collisions"))


def distance_us() -> pl.Expr:
    """How far the events of a pair or an exchange are apart, in µs: negative where the response is earlier.

    Null where one of them has no instant.
    """
    return pl.col("response_time") - pl.col("request_time")


def exchanges(pairs: pl.LazyFrame, columns: EntryColumns, duration: Duration, *extra: str) -> pl.LazyFrame:
    """The pairs of `join` as exchanges (`EntryColumns.exchanges`), and extra columns.

    `duration_us` is null where the clock, or the response, does not tell it.
    """
    made = {name: pl.coalesce(f"request:{name}", f"response:{name}") for name in columns.shared}
    made["duration_us"] = distance_us() if duration == "events" else pl.col("given_us")
    return pairs.select(*(made.get(name, pl.col(name)).alias(name) for name in columns.exchanges.names()), *extra)


def entries_of(exchanges: pl.LazyFrame, side: Side, columns: EntryColumns, *extra: str) -> pl.LazyFrame:
    """Exchanges with `EntryColumns.hidden`, or pairs, back to the entries of one side; and extra columns."""
    names = _names_in_pair(side, columns) | {"request_id": "request_id"}
    return exchanges.select(
        *(pl.col(names.get(name, name)).alias(name) for name in columns.schema(side).names()), *extra
    )


def orphans(entries: pl.LazyFrame, side: Side, columns: EntryColumns, reason: pl.Expr) -> pl.LazyFrame:
    """Entries of one side as orphans (`EntryColumns.orphans`)."""
    return entries.select(*_entry_columns(side, columns), reason.cast(pl.String).alias("reason"), "row")


def repeats(entries: pl.LazyFrame, side: Side, columns: EntryColumns, kind: pl.Expr) -> pl.LazyFrame:
    """Redelivered, superseded or surplus entries of one side as repeats (`EntryColumns.repeats`)."""
    return entries.select(*_entry_columns(side, columns), kind.cast(pl.String).alias("kind"), "row")


def _entry_columns(side: Side, columns: EntryColumns) -> list[pl.Expr]:
    """The columns that entries of both sides have in one table; what entries of this side do not have is null."""
    types = {"user_id": pl.String(), "status_code": pl.Int16(), **dict.fromkeys(columns.attributes, pl.String())}
    own = columns.values(side)
    values = [pl.col(name) if name in own else pl.lit(None, dtype).alias(name) for name, dtype in types.items()]
    return [pl.lit(side).alias("side"), pl.col("request_id"), pl.col("time"), *values]
