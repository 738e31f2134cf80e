"""Counts what a contender wrote, in a process of its own, and prints it as one JSON object.

usage: python -m benchmarks.count SHAPE PATH
The shapes: `run` (a folder of logcorr runs), `parquet` and `csv` (a full join), `ndjson` (matched exchanges),
`lines` (numbers of lines), `report` (of logcorr), `endpoints` (a JSON list) and `goaccess`, the last three of access
logs.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

_STATUS_SHAPES = ("report", "endpoints", "goaccess")
_HOST = re.compile("^https?://[^/]*")


def count(shape: str, path: Path) -> dict[str, Any]:
    """The counts that contenders must agree on; raises where the output is not there or not of this shape."""
    if shape in _STATUS_SHAPES:
        return {"endpoints": _endpoints(shape, json.loads(path.read_text(encoding="utf-8")))}
    if shape == "lines":
        return {"lines": sum(map(int, path.read_text(encoding="ascii").split()))}
    if shape == "ndjson":
        records = pl.scan_ndjson(path, schema={"status_code": pl.Int64, "duration_ms": pl.Int64})
        return records.select(
            matched=pl.len(), sum_duration_ms=pl.sum("duration_ms"), sum_squares=pl.col("duration_ms").pow(2).sum(),
            sum_status=pl.sum("status_code"),
        ).collect(engine="streaming").row(0, named=True)  # fmt: skip
    took = pl.col("duration_us")
    return _joined(shape, path).select(
        matched=took.count(), request_orphans=(took.is_null() & pl.col("asked")).sum(),
        response_orphans=(took.is_null() & ~pl.col("asked")).sum(), sum_duration_us=took.sum(),
        # Only the right partner gives the right square; a sum of durations comes out right with any.
        sum_squares=(took // 1000).pow(2).sum(), sum_status=pl.col("status_code").cast(pl.Int64).sum(),
    ).collect(engine="streaming").row(0, named=True)  # fmt: skip


def _joined(shape: str, path: Path) -> pl.LazyFrame:
    """Rows of a full join: duration_us (null: an orphan), asked (there is a request), status_code."""
    if shape == "run":
        exchanges = pl.scan_parquet(path / "*" / "exchanges" / "*.parquet")
        orphans = pl.scan_parquet(path / "*" / "orphans" / "*.parquet")
        asked = pl.col("side") == "request"
        return pl.concat([
            exchanges.select("duration_us", "status_code", asked=pl.lit(value=True)),
            orphans.select(pl.lit(None, pl.Int64).alias("duration_us"), "status_code", asked=asked),
        ])  # fmt: skip
    if shape == "parquet":
        rows = pl.scan_parquet(path)
    else:
        rows = pl.scan_csv(path, schema_overrides={"duration_us": pl.Int64, "request_time": pl.String})
    return rows.select(pl.col("duration_us").cast(pl.Int64), "status_code", asked=pl.col("request_time").is_not_null())


def _endpoints(shape: str, told: Any) -> dict[str, list[int]]:
    """Endpoint → requests, and errors where the tool tells them."""
    if shape == "goaccess":
        requests: Counter[str] = Counter()
        for panel in ("requests", "static_requests", "not_found"):
            for row in told.get(panel, {}).get("data", []):
                # Neither scheme nor host are part of an endpoint.
                requests[_HOST.sub("", row["data"])] += row["hits"]["count"]
        return {name: [requests[name]] for name in sorted(requests)}
    rows = told["endpoints"] if shape == "report" else told
    return {row["endpoint"]: [row["requests"], row["errors"]] for row in sorted(rows, key=lambda row: row["endpoint"])}


if __name__ == "__main__":
    json.dump(count(sys.argv[1], Path(sys.argv[2])), sys.stdout)
