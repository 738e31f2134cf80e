"""What only access logs need: counts by endpoint, address, method and agent, and what happened in each window.

Exact for any number of endpoints and addresses: a view too large to be grouped at once is first spread over files by
the hash of the key, so that every key is in one of them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from logcorr.compute.parquet_slices import scan
from logcorr.compute.spill import parts_of, spread
from logcorr.model.status import is_client_error, is_failure, is_server_error

_STATUS = pl.col("status_code")
QUANTILES = {"p50_us": 500, "p95_us": 950, "p99_us": 990}

_INSTANT = pl.Datetime("us", "UTC")
_COUNT = pl.len().cast(pl.Int64)
_DURATION = pl.col("duration_us")

Rows = Callable[[], pl.LazyFrame]


def by_key(rows: Rows, key: str, parts: int, folder: Path) -> Iterator[pl.LazyFrame]:
    """The rows in about so many parts, every value of the key in one of them; spread below `folder` if in several."""
    if parts <= 1:
        yield rows()
        return
    number = (pl.col(key).fill_null("").hash(seed=11) % parts).cast(pl.UInt16)
    spread(rows(), number, folder, parts=parts)
    for part in range(parts):
        files = parts_of(folder, part)
        if files:
            yield scan(files)
            for file in files:
                file.unlink()


def endpoints(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """A row an endpoint: requests, errors of all kinds, and its durations (µs, nearest rank)."""
    counted = exchanges.group_by("endpoint").agg(
        _COUNT.alias("requests"),
        is_failure(_STATUS).sum().cast(pl.Int64).alias("errors"),
        is_client_error(_STATUS).sum().cast(pl.Int64).alias("errors_4xx"),
        is_server_error(_STATUS).sum().cast(pl.Int64).alias("errors_5xx"),
        _DURATION.filter(_DURATION >= 0).sort().alias("took"),
    )
    took = pl.col("took").list
    count = took.len().cast(pl.Int64)
    ranks = {name: took.get(-(-count * permille // 1000) - 1, null_on_oob=True) for name, permille in QUANTILES.items()}
    # The name comes last: where a view is sorted, equals go by the last column.
    return counted.select(
        *("requests", "errors", "errors_4xx", "errors_5xx"),
        took.first().alias("min_us"),
        *(pl.when(count > 0).then(rank).alias(name) for name, rank in ranks.items()),
        took.last().alias("max_us"),
        "endpoint",
    )


def statuses_of(exchanges: pl.LazyFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """(endpoint, status_code, n) of the endpoints chosen."""
    # A join would hold more than these few names.
    of = exchanges.filter(pl.col("endpoint").is_in(chosen["endpoint"].unique().implode(), nulls_equal=True))
    counts = of.group_by("endpoint", "status_code").agg(_COUNT.alias("n")).sort("endpoint", "status_code")
    return counts.collect(engine="streaming")


def ip_windows(exchanges: pl.LazyFrame, window_us: int) -> pl.LazyFrame:
    """(ip, at, requests, errors, errors_4xx, errors_5xx): what each address did in each window."""
    return (
        exchanges.filter(pl.col("ip").is_not_null())
        .group_by("ip", (pl.col("request_time").cast(pl.Int64) // window_us).alias("at"))
        .agg(
            _COUNT.alias("requests"),
            is_failure(_STATUS).sum().cast(pl.Int64).alias("errors"),
            is_client_error(_STATUS).sum().cast(pl.Int64).alias("errors_4xx"),
            is_server_error(_STATUS).sum().cast(pl.Int64).alias("errors_5xx"),
        )
    )


def ips(windows: pl.LazyFrame, window_us: int, suspicious: int) -> pl.LazyFrame:
    """A row an address, with the window in which it asked most (the earliest on a tie)."""
    requests, at = pl.col("requests"), pl.col("at")
    most = requests.max()
    counts = windows.group_by("ip").agg(
        pl.col("requests", "errors", "errors_4xx", "errors_5xx").sum(),
        most.alias("busiest_requests"),
        (at.filter(requests == most).min() * window_us).cast(_INSTANT).alias("busiest_start"),
        (most > suspicious).alias("suspicious"),
    )
    return counts.select(pl.exclude("ip"), "ip")


def windows(counts: pl.DataFrame, suspicious: pl.DataFrame, window_us: int) -> pl.DataFrame:
    """A row a window: start, requests, errors, and how many addresses were suspicious in it.

    `counts` are (at, status_code, n), `suspicious` (at, ip) pairs.
    """
    n = pl.col("n")
    found = counts.group_by("at").agg(
        n.sum().alias("requests"),
        n.filter(is_failure(_STATUS)).sum().alias("errors"),
        n.filter(is_client_error(_STATUS)).sum().alias("errors_4xx"),
        n.filter(is_server_error(_STATUS)).sum().alias("errors_5xx"),
    )
    many = suspicious.group_by("at").agg(_COUNT.alias("suspicious_ips"))
    together = found.join(many, on="at", how="left").with_columns(pl.col("suspicious_ips").fill_null(0)).sort("at")
    start = (pl.col("at") * window_us).cast(_INSTANT).alias("window_start")
    return together.select(start, pl.exclude("at"), "at")


def worst_first(windows: pl.DataFrame) -> pl.DataFrame:
    """Windows as they are stored: most failures (4xx and 5xx) first, the earliest of equals; the start comes last."""
    failures = pl.col("errors_4xx") + pl.col("errors_5xx")
    ordered = windows.sort(failures, pl.col("at"), descending=[True, False])
    return ordered.select(pl.exclude("window_start", "at"), "window_start")


def tally(exchanges: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """(name, requests, errors) by the values of a column."""
    return exchanges.group_by(name).agg(
        _COUNT.alias("requests"), is_failure(_STATUS).sum().cast(pl.Int64).alias("errors")
    )
