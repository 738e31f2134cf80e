"""Figures of exchanges that have attributes: by endpoint, by address, by method, by user agent, and by window.

They are exact for any number of endpoints and addresses. Rows that are too many to be grouped at once come in
partitions, and all rows of an endpoint or address are in one partition. `at` is the number of a window.
"""

import polars as pl

from logcorr.figures.group_counts import GroupPart
from logcorr.model.quantiles import OF_ENDPOINTS, QUANTILES, rank_of
from logcorr.model.status import is_client_error, is_failure, is_server_error

_STATUS = pl.col("status_code")

_INSTANT = pl.Datetime("us", "UTC")
_COUNT = pl.len().cast(pl.Int64)
_DURATION = pl.col("duration_us")
_COUNTS = (
    _COUNT.alias("requests"),
    is_failure(_STATUS).sum().cast(pl.Int64).alias("errors"),
    is_client_error(_STATUS).sum().cast(pl.Int64).alias("errors_4xx"),
    is_server_error(_STATUS).sum().cast(pl.Int64).alias("errors_5xx"),
)


def endpoints(part: GroupPart) -> pl.LazyFrame:
    """A row for each endpoint of a part: requests, errors, errors_4xx, errors_5xx, nearest-rank percentiles (µs)."""
    n, reached = pl.col("n"), pl.col("reached")
    which = {"errors": is_failure, "errors_4xx": is_client_error, "errors_5xx": is_server_error}
    counts = part.statuses.group_by("code").agg(
        n.sum().alias("requests"), *(n.filter(chosen(_STATUS)).sum().alias(name) for name, chosen in which.items())
    )
    running = part.durations.sort("code", "duration_us").with_columns(
        n.cum_sum().over("code").alias("reached"), n.sum().over("code").alias("total")
    )
    ranks = {f"{name}_us": rank_of(QUANTILES[name], pl.col("total")) for name in OF_ENDPOINTS}
    percentiles = running.group_by("code").agg(
        _DURATION.min().alias("min_us"),
        *(_DURATION.filter(reached >= rank).min().alias(name) for name, rank in ranks.items()),
        _DURATION.max().alias("max_us"),
    )
    rows = counts.join(percentiles, on="code", how="left")
    # The name comes last, as equal rows of a sorted view go by the last column.
    return part.named("endpoint", rows.select("code", "requests", *which, "min_us", *ranks, "max_us"))


def statuses_of(exchanges: pl.LazyFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """(endpoint, status_code, n): exchanges by status, of the endpoints in the column `endpoint` of `chosen`.

    In order of the status; no status comes last.
    """
    # `is_in` takes less memory than a join.
    rows = exchanges.filter(pl.col("endpoint").is_in(chosen["endpoint"].unique().implode(), nulls_equal=True))
    counts = rows.group_by("endpoint", "status_code").agg(_COUNT.alias("n"))
    counts = counts.sort("endpoint", "status_code", nulls_last=[False, True])
    return counts.collect(engine="streaming")


def ip_windows(exchanges: pl.LazyFrame, window_us: int) -> pl.LazyFrame:
    """(ip, at, requests, errors, errors_4xx, errors_5xx): a row for each address and window (µs) with a request."""
    return (
        exchanges.filter(pl.col("ip").is_not_null())
        .group_by("ip", (pl.col("request_time").cast(pl.Int64) // window_us).alias("at"))
        .agg(_COUNTS)
    )


def ips(part: GroupPart, window_us: int, suspicious: int) -> pl.LazyFrame:
    """A row for each address of a part: its counts, and its busiest window, the earliest on a tie.

    An address is suspicious if it has more than so many requests in a window. Requests without a time are in no window.
    """
    timed = part.windows.drop_nulls("at")
    most = timed.group_by("code").agg(busiest_requests=pl.col("requests").max())
    busiest = timed.join(most, left_on=["code", "requests"], right_on=["code", "busiest_requests"])
    earliest = busiest.group_by("code").agg((pl.col("at").min() * window_us).cast(_INSTANT).alias("busiest_start"))
    requests = pl.col("busiest_requests").fill_null(0)
    rows = part.failures.join(most, on="code", how="left").join(earliest, on="code", how="left")
    return part.named("ip", rows.with_columns(requests, "busiest_start", (requests > suspicious).alias("suspicious")))


def suspicious_in(part: GroupPart, limit: int) -> pl.LazyFrame:
    """(at, ip): the windows in which an address of a part has more than `limit` requests."""
    rows = part.windows.filter((pl.col("requests") > limit) & pl.col("at").is_not_null())
    return part.named("ip", rows.select("code", "at"))


def windows(
    counts: pl.DataFrame, suspicious: pl.DataFrame, window_us: int, orphans: pl.DataFrame | None = None
) -> pl.DataFrame:
    """A row for each window in order of time: start, requests, errors, how many addresses were suspicious in it, `at`.

    `counts` has (at, status_code, n). `suspicious` has (at, ip), a row for each suspicious address of a window. With
    `orphans` (at, side, n) there is a column `orphans`, and a request without a response is a request too. Exchanges
    without a time are in no window.
    """
    n = pl.col("n")
    requests = (
        counts.drop_nulls("at")
        .group_by("at")
        .agg(
            n.sum().alias("requests"),
            n.filter(is_failure(_STATUS)).sum().alias("errors"),
            n.filter(is_client_error(_STATUS)).sum().alias("errors_4xx"),
            n.filter(is_server_error(_STATUS)).sum().alias("errors_5xx"),
        )
    )
    if orphans is not None:
        requests = _with_orphans(requests, orphans)
    addresses = suspicious.group_by("at").agg(_COUNT.alias("suspicious_ips"))
    rows = requests.join(addresses, on="at", how="left").with_columns(pl.col("suspicious_ips").fill_null(0)).sort("at")
    start = (pl.col("at") * window_us).cast(_INSTANT).alias("window_start")
    return rows.select(start, pl.exclude("at"), "at")


def worst_first(windows: pl.DataFrame) -> pl.DataFrame:
    """The rows of `windows` as they are stored: most failures first, the earlier window on a tie.

    Failures are 4xx, 5xx and orphans.
    """
    failures = pl.sum_horizontal(name for name in ("errors_4xx", "errors_5xx", "orphans") if name in windows.columns)
    ordered = windows.sort(failures, pl.col("at"), descending=[True, False])
    # The start comes last, as equal rows of a sorted view go by the last column.
    return ordered.select(pl.exclude("window_start", "at"), "window_start")


def requests_and_errors_by(column: str, exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """(column, requests, errors): how many exchanges and errors there are for each value of a column."""
    return exchanges.group_by(column).agg(_COUNTS[:2])


def _with_orphans(requests: pl.DataFrame, orphans: pl.DataFrame) -> pl.DataFrame:
    """Counts by window (at, requests, errors…) with the orphans (at, side, n) of each window."""
    n, is_request = pl.col("n"), pl.col("side") == "request"
    lost = (
        orphans.drop_nulls("at").group_by("at").agg(n.sum().alias("orphans"), n.filter(is_request).sum().alias("asked"))
    )
    joined = requests.join(lost, on="at", how="full", coalesce=True).with_columns(pl.exclude("at").fill_null(0))
    return joined.with_columns(pl.col("requests") + pl.col("asked")).drop("asked")
