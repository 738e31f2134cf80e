"""polars: the lazy join that one writes first, run by the streaming engine.

usage: polars_join.py full|ndjson|json|onelog REQUESTS RESPONSES OUT
`ndjson` writes matched exchanges. `json` reads logs of JSON lines, `onelog` one log that is named twice.
"""

import sys

import polars as pl

work, requests, responses, out = sys.argv[1:]


def log(path: str, third: str, kind: type[pl.DataType]) -> pl.LazyFrame:
    """A log with its times as microseconds."""
    time = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="us")
    schema = {"time": pl.String, "request_id": pl.String, third: kind}
    if work == "json":
        # Its JSON reader knows no small integers.
        schema[third] = pl.Int64 if kind.is_integer() else kind
        return pl.scan_ndjson(path, schema=schema).with_columns(time, pl.col(third).cast(kind))
    return pl.scan_csv(path, has_header=False, schema=schema, quote_char=None).with_columns(time)


def events(msg: str, third: pl.Expr) -> pl.LazyFrame:
    """The requests or the responses of the one log."""
    answer = pl.Struct({"statusCode": pl.Int64})
    schema = {"time": pl.Int64, "reqId": pl.String, "msg": pl.String, "res": answer}
    lines = pl.scan_ndjson(requests, schema=schema).filter(pl.col("msg") == msg)
    return lines.select(pl.from_epoch("time", "ms").cast(pl.Datetime("us")), third, request_id="reqId")


if work == "onelog":
    asked = events("incoming request", pl.lit(None, pl.String).alias("user_id"))
    answered = events("request completed", pl.col("res").struct.field("statusCode").cast(pl.Int16).alias("status_code"))
else:
    asked = log(requests, "user_id", pl.String)
    answered = log(responses, "status_code", pl.Int16)
asked, answered = asked.rename({"time": "request_time"}), answered.rename({"time": "response_time"})
took = pl.col("response_time") - pl.col("request_time")
if work == "ndjson":
    joined = asked.join(answered, on="request_id")
    fields = ("request_id", "user_id", "status_code")
    joined.select(*fields, duration_ms=took.dt.total_milliseconds()).sink_ndjson(out)
else:
    joined = asked.join(answered, on="request_id", how="full", coalesce=True)
    joined.with_columns(duration_us=took.dt.total_microseconds()).sink_parquet(out, compression="lz4")
