"""What a correct `analyze` must report of a generated access log, counted as the log is made.

Counts are by endpoint and duration, and by address within the minutes that are still open: bounded whatever the number
of lines. All figures are those of the analyzer's default options; `collapsed` is for --collapse-ids.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from logcorr.compute.integer_counts import IntegerCounts
from logcorr.generate.access.minutes import Minutes
from logcorr.generate.access.texts import Words
from logcorr.model.quantiles import OF_ENDPOINTS, QUANTILES, rank_of
from logcorr.model.status import is_failure
from logcorr.text import instants
from logcorr.text.quantities import ms

MOST_ENDPOINTS = 1000
_MOST_AGENTS = 100
_DURATIONS = 1 << 27
_QUANTILES = {f"{name}_ms": quantile for name, quantile in QUANTILES.items()}
_OF_ENDPOINTS = ("min_ms", *(f"{name}_ms" for name in OF_ENDPOINTS), "max_ms")
_FAILED = is_failure(pl.col("status"))
_N = pl.col("n")


class AccessTruth:
    """Takes exchanges as `AccessLog.add` returns them."""

    def __init__(self, words: Words, start_us: int) -> None:
        self._words = words
        self._minutes = Minutes(words, start_us)
        self._missing = dict.fromkeys(("method", "endpoint", "ip", "us", "agent"), 0)
        self._tallies = {
            "durations": IntegerCounts(many=True),
            **{name: IntegerCounts(many=False) for name in ("endpoints", "method", "agent")},
        }
        self._fastest: tuple[Any, ...] | None = None
        self._slowest: tuple[Any, ...] | None = None

    def see(self, exchanges: pl.DataFrame, watermark: int | None) -> None:
        """Count exchanges; none before `watermark`, in µs, is to come (None: none at all)."""
        for name in self._missing:
            self._missing[name] += exchanges[name].null_count()
        endpoint, failed = pl.col("endpoint").fill_null(-1) + 1, _FAILED.cast(pl.Int64)
        keys = exchanges.select(
            durations=(endpoint * 2 + failed) * _DURATIONS + pl.col("us"),
            endpoints=endpoint * 1000 + pl.col("status"),
            method=(pl.col("method").fill_null(-1) + 1) * 2 + failed,
            agent=(pl.col("agent").fill_null(-1) + 1) * 2 + failed,
        )
        for name, tally in self._tallies.items():
            tally.add(keys[name])
        self._fastest = self._extreme(exchanges, self._fastest, 1)
        self._slowest = self._extreme(exchanges, self._slowest, -1)
        self._minutes.see(exchanges, watermark)

    def _extreme(self, rows: pl.DataFrame, best: tuple[Any, ...] | None, sign: int) -> tuple[Any, ...] | None:
        """The first by (duration, or minus it; time, endpoint, method, ip, status), null before any text."""
        us = rows["us"].min() if sign > 0 else rows["us"].max()
        if not isinstance(us, int) or (best and sign * us > best[0]):
            return best
        found = rows.filter(pl.col("us") == us)
        found = found.filter(pl.col("at") == pl.col("at").min()).with_columns(**self._texts())
        keys = found.select("at", "endpoint", "method", "ip", "status").iter_rows()
        candidates = [(sign * us, at, *map(_null_first, texts), status) for at, *texts, status in keys]
        return min([*candidates, best] if best else candidates)

    def _texts(self) -> dict[str, pl.Expr]:
        tables = {"endpoint": self._words.endpoints, "method": self._words.methods, "ip": self._words.ips}
        return {name: pl.lit(table).gather(pl.col(name)) for name, table in tables.items()}

    def told(self) -> dict[str, Any]:
        """The figures of the report that follow from the exchanges."""
        statuses = self._statuses()
        codes = statuses.group_by("status").agg(_N.sum()).sort("status")
        total, failed, client, server = codes.select(
            _N.sum(), _N.filter(_FAILED).sum().alias("failed"), _errors(400).alias("4xx"), _errors(500).alias("5xx")
        ).row(0)
        names = {"us": "response_time", "agent": "user_agent"}
        raw, collapsed = (self._endpoints(texts, statuses) for texts in (self._words.endpoints, self._words.collapsed))
        return {
            "missing": {names.get(name, name): count for name, count in self._missing.items() if count},
            "total_requests": total,
            "successful_requests": total - failed,
            "failed_requests": failed,
            "failed_4xx": client,
            "failed_5xx": server,
            "status": {str(code): count for code, count in codes.iter_rows()},
            "fastest_request": _request(self._fastest),
            "slowest_request": _request(self._slowest),
            **raw,
            **self._minutes.told(),
            "methods": self._by_text("method", self._words.methods, len(self._words.methods) + 1),
            "user_agents": self._by_text("agent", self._words.agents, _MOST_AGENTS),
            **self._latencies(),
            "collapsed": collapsed,
        }

    def _statuses(self) -> pl.DataFrame:
        """Exchanges by number of endpoint (null: none) and status: endpoint, status, n."""
        key = pl.col("key")
        return self._tallies["endpoints"].counts().select(endpoint=_number(key // 1000), status=key % 1000, n="n")

    def _durations(self) -> pl.DataFrame:
        """Exchanges with a duration by endpoint, failure and duration: endpoint, failed, us, n."""
        place = pl.col("key") // _DURATIONS
        return (
            self._tallies["durations"]
            .counts()
            .select(endpoint=_number(place // 2), failed=place % 2 == 1, us=pl.col("key") % _DURATIONS, n="n")
        )

    def _endpoints(self, texts: pl.Series, statuses: pl.DataFrame) -> dict[str, Any]:
        """Every figure by endpoint, where each has the text that stands at its number."""
        name = pl.lit(texts).gather(pl.col("endpoint"))
        counts = statuses.group_by("status", name=name).agg(_N.sum())
        codes: dict[str | None, dict[str, int]] = defaultdict(dict)
        for text, code, count in counts.sort("status").select("name", "status", "n").iter_rows():
            codes[text][str(code)] = count
        distinct = texts.unique(maintain_order=True)
        # By number, as texts take long to sort.
        number = pl.lit(texts.replace_strict(distinct, pl.int_range(len(distinct), eager=True))).gather("endpoint")
        found = _spreads(self._durations().with_columns(group=number.fill_null(-1)))
        spreads = {None if place < 0 else distinct[place]: spread for place, spread in found.items()}
        rows = (
            counts.group_by("name")
            .agg(requests=_N.sum(), errors=_N.filter(_FAILED).sum(), errors_4xx=_errors(400), errors_5xx=_errors(500))
            .sort("requests", "name", descending=[True, False], nulls_last=False)
            .rows(named=True)
        )
        medians = {text: spread["p50_ms"] for text, spread in spreads.items() if text is not None}
        return {
            "fastest_endpoint": min(medians, key=lambda text: (medians[text], text), default=None),
            "slowest_endpoint": min(medians, key=lambda text: (-medians[text], text), default=None),
            "busiest_endpoint": next((row["name"] for row in rows if row["name"] is not None), None),
            "endpoints": [
                {
                    "endpoint": row.pop("name"),
                    **row,
                    "error_rate": row["errors"] / row["requests"],
                    **{figure: spreads.get(text, {}).get(figure) for figure in _OF_ENDPOINTS},
                    "status": codes[text],
                }
                for row in rows[:MOST_ENDPOINTS]
                for text in (row["name"],)
            ],
        }

    def _by_text(self, name: str, texts: pl.Series, most: int) -> list[dict[str, Any]]:
        """Requests and errors of each text (null: none), by requests, then text."""
        key, field = pl.col("key"), {"agent": "user_agent"}.get(name, name)
        counts = (
            self._tallies[name]
            .counts()
            .group_by(text=pl.lit(texts).gather(_number(key // 2)))
            .agg(requests=_N.sum(), errors=_N.filter(key % 2 == 1).sum())
            .sort("requests", "text", descending=[True, False], nulls_last=False)
        )
        return [{field: text, "requests": n, "errors": errors} for text, n, errors in counts.head(most).iter_rows()]

    def _latencies(self) -> dict[str, Any]:
        durations = self._durations().group_by("failed", "us").agg(_N.sum())
        parts = {
            "latency": durations,
            "latency_success": durations.filter(~pl.col("failed")),
            "latency_failure": durations.filter("failed"),
        }
        none = {
            "count": 0,
            "negative": 0,
            **dict.fromkeys(("min_ms", "mean_ms", *_QUANTILES, "max_ms")),
            "accuracy": "exact",
        }
        return {name: _spreads(part.with_columns(group=pl.lit(0))).get(0, none) for name, part in parts.items()}


def _spreads(durations: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """For each group of durations (group, us, n) its figures, with percentiles by nearest rank."""
    us, count = pl.col("us"), _N.sum()
    rows = (
        durations.sort(pl.col("group") * _DURATIONS + pl.col("us"))
        .group_by("group")
        .agg(
            count=count,
            total=(us * _N).sum(),
            min_ms=us.min(),
            max_ms=us.max(),
            **{
                name: us.filter(_N.cum_sum() >= rank_of(quantile, count)).first()
                for name, quantile in _QUANTILES.items()
            },
        )
    )
    return {
        row["group"]: {
            "count": row["count"],
            "negative": 0,
            "min_ms": ms(row["min_ms"]),
            "mean_ms": ms(row["total"] / row["count"]),
            **{name: ms(row[name]) for name in (*_QUANTILES, "max_ms")},
            "accuracy": "exact",
        }
        for row in rows.iter_rows(named=True)
    }


def _number(place: pl.Expr) -> pl.Expr:
    """A number of Words; counts have 0 for null."""
    return pl.when(place > 0).then(place - 1)


def _errors(first: int) -> pl.Expr:
    return _N.filter(pl.col("status").is_between(first, first + 99)).sum()


def _null_first(text: str | None) -> tuple[bool, str]:
    return text is not None, text or ""


def _request(found: tuple[Any, ...] | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    us, at, endpoint, method, ip, status = found
    texts = {name: text for name, (there, text) in (("endpoint", endpoint), ("method", method), ("ip", ip)) if there}
    return {
        "endpoint": texts.get("endpoint"),
        "method": texts.get("method"),
        "ms": abs(us) / 1000,
        "status_code": status,
        "ip": texts.get("ip"),
        "time": instants.text(at),
    }
