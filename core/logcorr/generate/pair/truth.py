"""The figures that a correct run must report of a generated pair of logs, counted while the logs are made."""

from collections import Counter
from typing import Any

import msgspec
import polars as pl

from logcorr.generate.load_curves import MAX_LATENCY_MS
from logcorr.generate.pair.lines import PairLog
from logcorr.generate.pair.scenario import (
    EXTRA_REQUEST,
    EXTRA_RESPONSE,
    MAX_SKEW_MS,
    NO_REQUEST,
    NO_RESPONSE,
    RETRIED,
    PairOptions,
)
from logcorr.model.ledger import Side
from logcorr.model.quantiles import QUANTILES, rank_of

# No duration is longer than the slowest latency and 1 ms of finer digits. So the edge, the p99.9 or 1 s, is not longer.
MAX_EDGE_US = (MAX_LATENCY_MS + 1) * 1000


class PairTruth:
    """Counts what a correct run with default options must report. The memory does not grow with the logs."""

    def __init__(self, options: PairOptions) -> None:
        self._options = options
        self._fates: Counter[int] = Counter()
        self._status: Counter[int] = Counter()
        self._durations = pl.DataFrame(schema={"us": pl.Int64, "count": pl.Int64})
        self._first_request: int | None = None
        self._last_response: int | None = None
        # The instants of orphans whose reason is not decided yet. Decided orphans are counted.
        self._open: dict[Side, pl.Series] = {
            "request": pl.Series(dtype=pl.Int64),
            "response": pl.Series(dtype=pl.Int64),
        }
        self._lost: Counter[str] = Counter()
        self._before_start = 0

    def note_span(self, side: Side, entries: pl.DataFrame) -> None:
        """Notes the first request, or the last response, of a chunk of entries (column `us`)."""
        if not entries.height:
            return
        low, high = int(entries["us"].min()), int(entries["us"].max())  # type: ignore[arg-type]
        if side == "request":
            self._first_request = low if self._first_request is None else min(low, self._first_request)
        else:
            self._last_response = high if self._last_response is None else max(high, self._last_response)

    def count_exchanges(self, exchanges: pl.DataFrame, watermark: int) -> None:
        """Counts exchanges, after `note_span` for their entries. No later request is before `watermark`, in µs."""
        for fate, count in exchanges["fate"].value_counts().iter_rows():
            self._fates[fate] += count
        fate = pl.col("fate")
        pairs = exchanges.filter(~fate.is_in([NO_REQUEST, NO_RESPONSE]))
        retried = pairs.filter(fate == RETRIED)
        durations = (
            pairs["response_us"] - pairs["request_us"],
            retried["again_response_us"] - retried["again_request_us"],
        )
        counted = pl.concat([series.alias("us").value_counts().cast(pl.Int64) for series in durations])
        self._durations = pl.concat([self._durations, counted]).group_by("us").agg(pl.col("count").sum())
        for status in (pairs["status"], retried["again_status"]):
            for code, count in status.value_counts().iter_rows():
                self._status[code] += count
        orphans: tuple[tuple[Side, int], ...] = (("request", NO_RESPONSE), ("response", NO_REQUEST))
        for side, kind in orphans:
            instants = exchanges.filter(fate == kind)[f"{side}_us"].cast(pl.Int64)
            self._open[side] = pl.concat([self._open[side], instants])
        self._count_decided(watermark)

    def _count_decided(self, watermark: int) -> None:
        """Counts the orphans whose reason does not depend on later chunks any more.

        They are lost; or before the start, in case that a request comes at all.
        """
        # If no response came yet, the first response comes after the watermark, but for skew; or none ever comes, and
        # then the edge does not apply.
        last = watermark - MAX_SKEW_MS * 1000 if self._last_response is None else self._last_response
        self._lost["request"] += self._filter_open("request", self._open["request"] > last - MAX_EDGE_US)
        if self._first_request is None:
            self._before_start += self._filter_open("response", self._open["response"] >= watermark)
        else:
            self._lost["response"] += self._filter_open(
                "response", self._open["response"] < self._first_request + MAX_EDGE_US
            )

    def _filter_open(self, side: Side, kept: pl.Series) -> int:
        before = len(self._open[side])
        self._open[side] = self._open[side].filter(kept)
        return before - len(self._open[side])

    def figures(self, requests: PairLog, responses: PairLog) -> dict[str, Any]:
        """The truth, as truth.json has it. To be called after all chunks."""
        durations = self._durations.filter(pl.col("us") >= 0).sort("us")
        count, negative = int(durations["count"].sum()), self._durations.filter(pl.col("us") < 0)["count"].sum()
        lowest, highest = (durations["us"].item(index) / 1000 if count else None for index in (0, -1))
        edge = self._edge(durations, count)
        pairs = sum(self._status.values())
        orphans = {"request": self._request_reasons(edge), "response": self._response_reasons(edge)}
        options = msgspec.to_builtins(self._options)
        return {
            "schema": 1,
            "kind": "pair",
            "seed": self._options.seed,
            "options": {name: value for name, value in options.items() if name not in {"directory", "force"}},
            "inputs": {
                f"{log.side}s": {
                    "lines": log.lines,
                    "blank": log.counts["blank"],
                    "header": log.counts["header"],
                    "malformed": _occurring(log.malformed),
                    "redelivered": log.counts["redelivered"],
                    "superseded": 0,
                    "matched": pairs,
                    "orphans": sum(orphans[log.side].values()),
                }
                for log in (requests, responses)
            },
            "orphans": orphans,
            "pairs": pairs,
            "status": {str(code): count for code, count in sorted(self._status.items())},
            "negative": int(negative),
            "latency": {"count": count, "min_ms": lowest, "max_ms": highest},
            "edge_ms": edge / 1000,
        }

    def _edge(self, durations: pl.DataFrame, count: int) -> int:
        """The default edge in µs: the larger of 1 s and the p99.9, nearest rank."""
        if not count:
            return 1_000_000
        rank = rank_of(QUANTILES["p999"], count)
        return max(1_000_000, int(durations.filter(pl.col("count").cum_sum() >= rank)["us"].item(0)))

    def _request_reasons(self, edge: int) -> dict[str, int]:
        instants = self._open["request"]
        in_flight = 0 if self._last_response is None else int((instants > self._last_response - edge).sum())
        lost = self._lost["request"] + len(instants) - in_flight
        return _occurring({"repeated_id": self._fates[EXTRA_REQUEST], "in_flight": in_flight, "lost": lost})

    def _response_reasons(self, edge: int) -> dict[str, int]:
        instants = self._open["response"]
        if self._first_request is None:
            before_start, lost = 0, self._before_start + len(instants)
        else:
            before_start = self._before_start + int((instants < self._first_request + edge).sum())
            lost = self._lost["response"] + int((instants >= self._first_request + edge).sum())
        return _occurring({"repeated_id": self._fates[EXTRA_RESPONSE], "before_start": before_start, "lost": lost})


def _occurring(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
