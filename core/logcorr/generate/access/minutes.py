"""The minutes of a generated access log: the worst of them, and the addresses that come too often within one.

A minute is settled and forgotten once no later line can fall into it.
"""

from typing import Any

import polars as pl

from logcorr.compute.integer_counts import IntegerCounts
from logcorr.generate.access.texts import Words
from logcorr.text import instants

WINDOW_US = 60_000_000
SUSPICIOUS = 25

_ADDRESSES = 1 << 21
_CLASSES = 4
_N, _KEY = pl.col("n"), pl.col("key")


class Minutes:
    """Takes exchanges in any order that the watermark allows."""

    def __init__(self, words: Words, start_us: int) -> None:
        self._ips = words.ips
        # Counted from the first, so that a minute and an address fit one integer.
        self._first = start_us // WINDOW_US
        self._settled = 0
        self._addresses, self._classes = IntegerCounts(many=True), IntegerCounts(many=False)
        self._suspicious = pl.Series(dtype=pl.Int64)
        # (minus the failures, minute, exchanges, 4xx, 5xx), and the suspicious addresses of the minute.
        self._worst: tuple[tuple[int, ...], list[int]] | None = None

    def see(self, exchanges: pl.DataFrame, watermark: int | None) -> None:
        """Count exchanges (at, status, ip); none before `watermark`, in µs, is to come (None: none at all)."""
        minute, status = pl.col("at") // WINDOW_US - self._first, pl.col("status")
        kind = pl.when(status.is_between(400, 499)).then(1).when(status.is_between(500, 599)).then(2).otherwise(0)
        keys = exchanges.select(addresses=minute * _ADDRESSES + pl.col("ip"), classes=minute * _CLASSES + kind)
        self._addresses.add(keys["addresses"])
        self._classes.add(keys["classes"])
        passed = None if watermark is None else watermark // WINDOW_US - self._first
        if passed is None or passed > self._settled:
            self._settle(passed)

    def _settle(self, minute: int | None) -> None:
        """Judge all minutes before `minute`, or all."""
        busy = self._addresses.take_below(None if minute is None else minute * _ADDRESSES).filter(_N > SUSPICIOUS)
        busy = busy.select(minute=_KEY // _ADDRESSES, ip=_KEY % _ADDRESSES)
        self._suspicious = pl.concat([self._suspicious, busy["ip"]]).unique()
        kind, failed = _KEY % _CLASSES, _KEY % _CLASSES > 0
        minutes = (
            self._classes.take_below(None if minute is None else minute * _CLASSES)
            .group_by(minute=_KEY // _CLASSES)
            .agg(
                rank=-_N.filter(failed).sum(),
                total=_N.sum(),
                client=_N.filter(kind == 1).sum(),
                server=_N.filter(kind == 2).sum(),
            )
            .select("rank", "minute", "total", "client", "server")
        )
        if minutes.height:
            worst = min(minutes.iter_rows())
            if self._worst is None or worst < self._worst[0]:
                self._worst = worst, busy.filter(pl.col("minute") == worst[1])["ip"].to_list()
        if minute is not None:
            self._settled = minute

    def told(self) -> dict[str, Any]:
        """The keys of the report that are about windows, once all minutes are settled."""
        suspicious = sorted(self._ips.gather(self._suspicious).to_list())
        worst = None
        if self._worst:
            (_, minute, total, client, server), busy = self._worst
            begin = (self._first + minute) * WINDOW_US
            worst = {
                "start": instants.text(begin),
                "end": instants.text(begin + WINDOW_US),
                "total_requests": total,
                "errors_4xx": client,
                "errors_5xx": server,
                "suspicious_ips": sorted(self._ips.gather(busy).to_list()),
            }
        return {"worst_window": worst, "suspicious_ips": suspicious, "suspicious_ip_count": len(suspicious)}
