"""The figures that a correct `analyze` must report of a generated access log, counted while the log is made.

Counts are by endpoint and duration, and by address within the minutes that later lines may fall into. So the memory
does not grow with the number of lines. Figures are for the default options, those in `collapsed` for --collapse-ids.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from logcorr.compute.integer_counts import IntegerCounts
from logcorr.generate.access.minutes import Minutes
from logcorr.generate.access.texts import Vocabulary
from logcorr.model.group_rows import MOST_ENDPOINTS
from logcorr.model.quantiles import OF_ENDPOINTS, QUANTILES, rank_of
from logcorr.model.status import is_failure
from logcorr.text import instants
from logcorr.text.quantities import ms

_MOST_AGENTS = 100
_DURATIONS = 1 << 27
_QUANTILES = {f"{name}_ms": quantile for name, quantile in QUANTILES.items()}
_OF_ENDPOINTS = ("min_ms", *(f"{name}_ms" for name in OF_ENDPOINTS), "max_ms")
_FAILED = is_failure(pl.col("status"))
_N = pl.col("n")


class AccessTruth:
    """Counts exchanges as `AccessLog.add` returns them."""

    def __init__(self, vocabulary: Vocabulary, start_us: int) -> None:
        self._vocabulary = vocabulary
        self._minutes = Minutes(vocabulary, start_us)
        self._missing = dict.fromkeys(("method", "endpoint", "ip", "us", "agent"), 0)
        self._counts = {
            "durations": IntegerCounts(many=True),
            **{name: IntegerCounts(many=False) for name in ("endpoints", "method", "agent")},
        }
        self._fastest: tuple[Any, ...] | None = None
        self._slowest: tuple[Any, ...] | None = None

    def count(self, exchanges: pl.DataFrame, watermark: int | None) -> None:
        """Counts exchanges. No later one is before `watermark`, in µs; None if none follows."""
        for name in self._missing:
            self._missing[name] += exchanges[name].null_count()
        endpoint, failed = pl.col("endpoint").fill_null(-1) + 1, _FAILED.cast(pl.Int64)
        keys = exchanges.select(
            durations=(endpoint * 2 + failed) * _DURATIONS + pl.col("us"),
            endpoints=endpoint * 1000 + pl.col("status"),
            method=(pl.col("method").fill_null(-1) + 1) * 2 + failed,
            agent=(pl.col("agent").fill_null(-1) + 1) * 2 + failed,
        )
        for name, counts in self._counts.items():
            counts.add(keys[name])
        self._fastest = self._extreme(exchanges, self._fastest, 1)
        self._slowest = self._extreme(exchanges, self._slowest, -1)
        self._minutes.count(exchanges, watermark)

    def _extreme(self, rows: pl.DataFrame, best: tuple[Any, ...] | None, sign: int) -> tuple[Any, ...] | None:
        """The fastest exchange for `sign` 1, the slowest for -1: of `rows` and the `best` so far.

        It is (sign * duration, time, endpoint, method, ip, status). Ties go by these values, null before any text.
        """
        us = rows["us"].min() if sign > 0 else rows["us"].max()
        if not isinstance(us, int) or (best and sign * us > best[0]):
            return best
        extremes = rows.filter(pl.col("us") == us)
        extremes = extremes.filter(pl.col("at") == pl.col("at").min()).with_columns(**self._texts())
        keys = extremes.select("at", "endpoint", "method", "ip", "status").iter_rows()
        candidates = [(sign * us, at, *map(_null_first, texts), status) for at, *texts, status in keys]
        return min([*candidates, best] if best else candidates)

    def _texts(self) -> dict[str, pl.Expr]:
        tables = {
            "endpoint": self._vocabulary.endpoints,
            "method": self._vocabulary.methods,
            "ip": self._vocabulary.ips,
        }
        return {name: pl.lit(table).gather(pl.col(name)) for name, table in tables.items()}

    def figures(self) -> dict[str, Any]:
        """The figures of the report. To be called after all exchanges."""
        statuses = self._statuses()
        codes = statuses.group_by("status").agg(_N.sum()).sort("status")
        total, failed, client, server = codes.select(
            _N.sum(), _N.filter(_FAILED).sum().alias("failed"), _errors(400).alias("4xx"), _errors(500).alias("5xx")
        ).row(0)
        names = {"us": "response_time", "agent": "user_agent"}
        raw, collapsed = (
            self._endpoints(texts, statuses) for texts in (self._vocabulary.endpoints, self._vocabulary.collapsed)
        )
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
            **self._minutes.figures(),
            "methods": self._by_text("method", self._vocabulary.methods, len(self._vocabulary.methods) + 1),
            "user_agents": self._by_text("agent", self._vocabulary.agents, _MOST_AGENTS),
            **self._latencies(),
            "collapsed": collapsed,
        }

    def _statuses(self) -> pl.DataFrame:
        """The counts of exchanges by endpoint and status: endpoint (its number, or null), status, n."""
        key = pl.col("key")
        return self._counts["endpoints"].counts().select(endpoint=_text_number(key // 1000), status=key % 1000, n="n")

    def _durations(self) -> pl.DataFrame:
        """The counts of exchanges with a duration: endpoint (its number, or null), failed, us, n."""
        group = pl.col("key") // _DURATIONS
        return (
            self._counts["durations"]
            .counts()
            .select(endpoint=_text_number(group // 2), failed=group % 2 == 1, us=pl.col("key") % _DURATIONS, n="n")
        )

    def _endpoints(self, texts: pl.Series, statuses: pl.DataFrame) -> dict[str, Any]:
        """Every figure by endpoint. `texts` has the text of each number; several numbers may have the same text."""
        name = pl.lit(texts).gather(pl.col("endpoint"))
        counts = statuses.group_by("status", name=name).agg(_N.sum())
        codes: dict[str | None, dict[str, int]] = defaultdict(dict)
        for text, code, count in counts.sort("status").select("name", "status", "n").iter_rows():
            codes[text][str(code)] = count
        distinct = texts.unique(maintain_order=True)
        # Grouped by number, as sorting texts takes long.
        number = pl.lit(texts.replace_strict(distinct, pl.int_range(len(distinct), eager=True))).gather("endpoint")
        by_number = _spreads(self._durations().with_columns(group=number.fill_null(-1)))
        spreads = {None if index < 0 else distinct[index]: spread for index, spread in by_number.items()}
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
        """The `most` texts (or null) with the most requests: requests and errors of each. Ties go by text."""
        key, field = pl.col("key"), {"agent": "user_agent"}.get(name, name)
        counts = (
            self._counts[name]
            .counts()
            .group_by(text=pl.lit(texts).gather(_text_number(key // 2)))
            .agg(requests=_N.sum(), errors=_N.filter(key % 2 == 1).sum())
            .sort("requests", "text", descending=[True, False], nulls_last=False)
        )
        return [{field: text, "requests": n, "errors": errors} for text, n, errors in counts.head(most).iter_rows()]

    def _latencies(self) -> dict[str, Any]:
        durations = self._durations().group_by("failed", "us").agg(_N.sum())
        groups = {
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
        return {name: _spreads(group.with_columns(group=pl.lit(0))).get(0, none) for name, group in groups.items()}


def _spreads(durations: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """The figures in ms of each group of durations (group, us, n), with percentiles by nearest rank."""
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


def _text_number(code: pl.Expr) -> pl.Expr:
    """The number of a text from its code in the counts: 0 stands for null, n + 1 for number n."""
    return pl.when(code > 0).then(code - 1)


def _errors(first: int) -> pl.Expr:
    return _N.filter(pl.col("status").is_between(first, first + 99)).sum()


def _null_first(text: str | None) -> tuple[bool, str]:
    return text is not None, text or ""


def _request(extreme: tuple[Any, ...] | None) -> Mapping[str, Any] | None:
    if extreme is None:
        return None
    us, at, endpoint, method, ip, status = extreme
    texts = {
        name: text for name, (present, text) in (("endpoint", endpoint), ("method", method), ("ip", ip)) if present
    }
    return {
        "endpoint": texts.get("endpoint"),
        "method": texts.get("method"),
        "ms": abs(us) / 1000,
        "status_code": status,
        "ip": texts.get("ip"),
        "time": instants.text(at),
    }
