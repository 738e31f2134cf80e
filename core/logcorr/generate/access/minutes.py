"""The minutes of a generated access log: the worst minute, and the addresses with too many requests in a minute.

A minute is judged and forgotten once no later line can fall into it.
"""

from typing import Any

import polars as pl

from logcorr.compute.integer_counts import IntegerCounts
from logcorr.generate.access.texts import Vocabulary
from logcorr.text import instants

WINDOW_US = 60_000_000
SUSPICIOUS = 25

_ADDRESSES = 1 << 21
_CLASSES = 4
_N, _KEY = pl.col("n"), pl.col("key")


class Minutes:
    """Counts exchanges by minute. They may come in any order that agrees with the watermarks."""

    def __init__(self, vocabulary: Vocabulary, start_us: int) -> None:
        self._ips = vocabulary.ips
        # Minutes are counted from the first minute, so that a minute and an address fit into one integer.
        self._first = start_us // WINDOW_US
        self._judged = 0
        self._addresses, self._status_classes = IntegerCounts(many=True), IntegerCounts(many=False)
        self._suspicious = pl.Series(dtype=pl.Int64)
        # The worst minute: (minus its failures, minute, exchanges, 4xx, 5xx), and its suspicious addresses.
        self._worst: tuple[tuple[int, ...], list[int]] | None = None

    def count(self, exchanges: pl.DataFrame, watermark: int | None) -> None:
        """Counts exchanges (at, status, ip). No later one is before `watermark`, in µs; None if none follows."""
        minute, status = pl.col("at") // WINDOW_US - self._first, pl.col("status")
        status_class = (
            pl.when(status.is_between(400, 499)).then(1).when(status.is_between(500, 599)).then(2).otherwise(0)
        )
        keys = exchanges.select(addresses=minute * _ADDRESSES + pl.col("ip"), classes=minute * _CLASSES + status_class)
        self._addresses.add(keys["addresses"])
        self._status_classes.add(keys["classes"])
        ended = None if watermark is None else watermark // WINDOW_US - self._first
        if ended is None or ended > self._judged:
            self._judge(ended)

    def _judge(self, minute: int | None) -> None:
        """Judges all minutes before `minute`; all minutes for None."""
        busy = self._addresses.take_below(None if minute is None else minute * _ADDRESSES).filter(_N > SUSPICIOUS)
        busy = busy.select(minute=_KEY // _ADDRESSES, ip=_KEY % _ADDRESSES)
        self._suspicious = pl.concat([self._suspicious, busy["ip"]]).unique()
        status_class, failed = _KEY % _CLASSES, _KEY % _CLASSES > 0
        minutes = (
            self._status_classes.take_below(None if minute is None else minute * _CLASSES)
            .group_by(minute=_KEY // _CLASSES)
            .agg(
                rank=-_N.filter(failed).sum(),
                total=_N.sum(),
                client=_N.filter(status_class == 1).sum(),
                server=_N.filter(status_class == 2).sum(),
            )
            .select("rank", "minute", "total", "client", "server")
        )
        if minutes.height:
            worst = min(minutes.iter_rows())
            if self._worst is None or worst < self._worst[0]:
                self._worst = worst, busy.filter(pl.col("minute") == worst[1])["ip"].to_list()
        if minute is not None:
            self._judged = minute

    def figures(self) -> dict[str, Any]:
        """The keys of the report about windows. To be called after the last exchanges."""
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
