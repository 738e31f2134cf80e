"""polars: the lazy join that one writes first, run by the streaming engine.

usage: polars_join.py full|ndjson REQUESTS RESPONSES OUT
"""

import sys

import polars as pl

work, requests, responses, out = sys.argv[1:]


def log(path: str, third: str, kind: type[pl.DataType]) -> pl.LazyFrame:
    """A log with its times as microseconds."""
    schema = {f"{third}_time": pl.String, "request_id": pl.String, third: kind}
    time = pl.col(f"{third}_time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="us")
    return pl.scan_csv(path, has_header=False, schema=schema, quote_char=None).with_columns(time)


asked = log(requests, "user_id", pl.String).rename({"user_id_time": "request_time"})
answered = log(responses, "status_code", pl.Int16).rename({"status_code_time": "response_time"})
took = pl.col("response_time") - pl.col("request_time")
if work == "full":
    joined = asked.join(answered, on="request_id", how="full", coalesce=True)
    joined.with_columns(duration_us=took.dt.total_microseconds()).sink_parquet(out, compression="lz4")
else:
    joined = asked.join(answered, on="request_id")
    fields = ("request_id", "user_id", "status_code")
    joined.select(*fields, duration_ms=took.dt.total_milliseconds()).sink_ndjson(out)
