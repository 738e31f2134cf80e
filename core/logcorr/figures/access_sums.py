"""The sums that the report of an access log needs of exchanges."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.text_codes import Codes, TextCodes
from logcorr.figures.grid import Grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.sums import PartialSums, Sums

_COLUMNS: tuple[tuple[str, str, pl.DataType], ...] = (
    ("time", "request_time", pl.Int64()),
    ("given_us", "duration_us", pl.Int64()),
    ("status_code", "status_code", pl.Int16()),
    ("row", "row", pl.UInt32()),
)
_EXTREME = ("duration_us", "request_time", "endpoint", "method", "ip", "status_code")
_EXTREME_TEXTS = ("endpoint", "method", "ip")


class AccessCounter:
    """Counts the exchanges of an access log by their attributes while it is read, and finds the extreme ones.

    `attributes` are the text columns of an exchange. `window_us`, `room` and `folder` are as for `GroupCounts`. Several
    threads may count at once, each within `counting`.
    """

    def __init__(
        self, attributes: Sequence[str], window_us: int, room: int, folder: Path, *, with_texts: bool = True
    ) -> None:
        """With `with_texts`, exchanges that were counted are given back with the texts of their attributes."""
        self.groups = GroupCounts(attributes, window_us, room, folder)
        self._attributes, self._with_texts = attributes, with_texts
        # By whether the slowest exchange is meant, or the fastest.
        self.extremes: dict[bool, pl.DataFrame | None] = {False: None, True: None}
        self._noting = Lock()

    @property
    def codes(self) -> Mapping[str, TextCodes]:
        """The codes of attributes; columns of entries may have them."""
        return self.groups.codes

    def counting(self) -> AbstractContextManager[None]:
        """Within this context entries are coded and counted. Codes mean nothing after it."""
        return self.groups.counting()

    def __call__(self, event: str, entries: pl.DataFrame) -> pl.DataFrame:
        """Counts entries of any event.

        Returns them as exchanges: request_time (Int64 µs), duration_us, status_code, row; texts.
        """
        del event
        exchanges = entries.select(
            pl.col(own).alias(name) if own in entries.columns else pl.lit(None, dtype).alias(name)
            for own, name, dtype in _COLUMNS
        )
        codes = {name: self._codes_of(entries, name) for name in self._attributes}
        self._note_extremes(exchanges, codes)
        if self._with_texts:
            texts = [self.codes[name].texts().gather(own).alias(name) for name, own in codes.items()]
            given = exchanges.hstack(texts)
        else:
            given = exchanges
        self.groups.add(exchanges, codes)
        return given

    def merge(self, other: "AccessCounter") -> None:
        """Adds what another counter has counted, which is of no use after that."""
        self.groups.merge(other.groups)
        for slow, exchange in other.extremes.items():
            self._note_extreme(exchange, slow=slow)

    def note_extreme(self, exchanges: pl.DataFrame, *, slow: bool) -> None:
        """Looks at what another counter found to be extreme: one row, or none."""
        if exchanges.height:
            self._note_extreme(exchanges, slow=slow)

    def extreme(self, *, slow: bool) -> pl.DataFrame:
        """The slowest or fastest exchange: one row, or none. On a tie the earliest, then the first by all columns."""
        found = self.extremes[slow]
        return pl.DataFrame() if found is None else found

    def _codes_of(self, entries: pl.DataFrame, name: str) -> Codes:
        if name not in entries.columns:
            return self.codes[name].of_texts(pl.repeat(None, entries.height, dtype=pl.String, eager=True))
        column = entries[name]
        return column.to_numpy() if column.dtype == pl.UInt32 else self.codes[name].of_texts(column)

    def _note_extremes(self, exchanges: pl.DataFrame, codes: Mapping[str, Codes]) -> None:
        durations = exchanges["duration_us"]
        valid = durations.filter(durations >= 0)
        for slow in self.extremes:
            bound, best = valid.max() if slow else valid.min(), self.extremes[slow]
            if bound is None:
                continue
            if best is not None and (bound < best["duration_us"][0] if slow else bound > best["duration_us"][0]):
                continue
            chosen = exchanges.filter(durations == bound)
            rows = np.flatnonzero((durations == bound).fill_null(value=False).to_numpy())
            times = chosen["request_time"]
            first = times.is_null() if times.null_count() else times == times.min()
            if best is not None and bound == best["duration_us"][0] and not times.null_count():
                earliest = best["request_time"][0]
                if earliest is None or earliest < times.min():
                    continue
            rows = rows[first.to_numpy()]
            chosen = chosen.filter(first).with_columns(
                self.codes[name].texts().gather(codes[name][rows]).alias(name)
                if name in codes
                else pl.lit(None, pl.String).alias(name)
                for name in _EXTREME_TEXTS
            )
            self._note_extreme(chosen.select(_EXTREME), slow=slow)

    def _note_extreme(self, exchanges: pl.DataFrame | None, *, slow: bool) -> None:
        with self._noting:
            frames = [frame for frame in (self.extremes[slow], exchanges) if frame is not None]
            if frames:
                rows = pl.concat(frames)
                bound = rows["duration_us"].max() if slow else rows["duration_us"].min()
                chosen = rows.filter(pl.col("duration_us") == bound).sort(_EXTREME, nulls_last=False)
                self.extremes[slow] = chosen.head(1)


class PartialAccessSums(PartialSums, frozen=True, kw_only=True):
    """The sums over some of the exchanges of an access log, as data; without the counts by attribute.

    `fastest` and `slowest` have one row or none. `missing` tells how many exchanges lack each attribute.
    """

    without_duration: int
    fastest: pl.DataFrame
    slowest: pl.DataFrame
    missing: dict[str, int]


class AccessSums(Sums):
    """Durations and statuses over time, and what was counted while the log was read.

    `counter` counts all exchanges. `widens` is as for `Sums`.
    """

    def __init__(self, grid: Grid, counter: AccessCounter, *, widens: bool = False) -> None:
        super().__init__(grid, widens=widens)
        self.counter = counter
        self._without_duration = 0

    def add(self, exchanges: pl.DataFrame) -> None:
        """Adds exchanges (request_time in µs, duration_us, status_code)."""
        self._without_duration += exchanges["duration_us"].null_count()
        if self._widens:
            self._widen_to(*exchanges.select(pl.min("request_time").alias("first"), pl.max("request_time")).row(0))
        self.count(exchanges)

    def partial(self) -> PartialAccessSums:
        """All sums so far as data, but for the counts by attribute."""
        return PartialAccessSums(
            **msgspec.structs.asdict(super().partial()),
            without_duration=self._without_duration,
            fastest=self.extreme(slow=False),
            slowest=self.extreme(slow=True),
            missing=self.counter.groups.missing,
        )

    def merge(self, other: PartialSums) -> None:
        super().merge(other)
        if not isinstance(other, PartialAccessSums):
            raise TypeError("sums of an access log are merged with sums of an access log")
        self._without_duration += other.without_duration
        self.counter.groups.add_missing(other.missing)
        for slow, exchange in ((False, other.fastest), (True, other.slowest)):
            self.counter.note_extreme(exchange, slow=slow)

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the value; without values that no exchange lacks.

        In the order of a report: method, endpoint, address, then the response time, then all other texts.
        """
        counts = self.counter.groups.missing
        texts = list(counts)
        names = (*texts[:3], "response_time", *texts[3:])
        counts["response_time"] = self._without_duration
        return {name: counts[name] for name in names if counts[name]}

    def extreme(self, *, slow: bool) -> pl.DataFrame:
        """The slowest or fastest exchange: one row, or none."""
        return self.counter.extreme(slow=slow)
