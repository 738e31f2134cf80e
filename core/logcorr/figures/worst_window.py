"""The worst window of a report: the aligned window with most failures, the earliest of equals."""

import polars as pl

from logcorr.figures.pair_sums import PairSums, orphans_by_side
from logcorr.figures.timeline import requests_and_errors
from logcorr.model.access_report import AccessWindow
from logcorr.model.report import Window
from logcorr.text import instants


def worst_pair_window(sums: PairSums, orphans: pl.DataFrame) -> Window | None:
    """The window with most errors and orphans, the earliest on a tie; `orphans` are counts (at, side, n)."""
    statuses, orphans_at = requests_and_errors(sums.windows), orphans_by_side(orphans)
    windows = []
    for at in {*statuses, *orphans_at}:
        requests, client, server = statuses.get(at, (0, 0, 0))
        request_orphans, response_orphans = orphans_at.get(at, (0, 0))
        lost = request_orphans + response_orphans
        windows.append((-(client + server + lost), at, requests + request_orphans, client, server, lost))
    if not windows:
        return None
    _, at, requests, client, server, lost = min(windows)
    width = sums.grid.window_us
    return Window(
        start=instants.text(at * width),
        end=instants.text((at + 1) * width),
        total_requests=requests,
        errors_4xx=client,
        errors_5xx=server,
        orphans=lost,
    )


def worst_access_window(windows: pl.DataFrame, suspicious: pl.DataFrame, width: int) -> AccessWindow | None:
    """The window with most errors, the earliest on a tie; `suspicious` are (at, ip), windows are `width` µs wide."""
    if not windows.height:
        return None
    failures = pl.col("errors_4xx") + pl.col("errors_5xx")
    counts = windows.select("at", "requests", "errors_4xx", "errors_5xx")
    worst = counts.filter(failures == failures.max()).sort("at").row(0, named=True)
    at = worst["at"]
    return AccessWindow(
        start=instants.text(at * width),
        end=instants.text((at + 1) * width),
        total_requests=worst["requests"],
        errors_4xx=worst["errors_4xx"],
        errors_5xx=worst["errors_5xx"],
        suspicious_ips=suspicious.filter(pl.col("at") == at)["ip"].sort().to_list(),
    )
