"""The figures of a correlation that need more than the sums of its buckets: percentiles, and users of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from logcorr.cluster.driver import Driver
from logcorr.cluster.exchange_counts import USERS as USER_COLUMNS
from logcorr.cluster.look_again import GIVEN, OVER_TIME, POPULATIONS, USERS, Look
from logcorr.cluster.merge_pair_sums import BUCKETS_A_STEP, SumsToMerge, merged
from logcorr.cluster.plan import Note
from logcorr.cluster.store import each
from logcorr.compute.struct_bytes import of_bytes
from logcorr.figures import latency, percentiles, users
from logcorr.figures.grid import Grid
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.nearest_rank import Asked, settled
from logcorr.figures.pair_sums import PairSums
from logcorr.model.report import DurationSource, Given

# The driver merges so many sums by itself.
MOST_SUMS = 64
_Counts = Mapping[str, pl.LazyFrame]


def merged_sums(driver: Driver, notes: Sequence[Note], grid: Grid, name: str = "") -> PairSums:
    """The sums of all buckets; steps merge them first where they are many. `name` is a part of the phase's name."""
    files = [note.files["sums"] for note in notes]
    if len(files) > MOST_SUMS:
        phase = f"sums{name}"
        driver.tell(phase, SumsToMerge(grid=grid, files=files))
        steps = driver.phase(phase, range(-(-len(files) // BUCKETS_A_STEP)))
        files = [note.files["sums"] for note in steps.values()]
    return merged(driver.store, files, grid)


class Figures:
    """Percentiles of the exchanges in some files of each bucket. `name` is a part of the names of the phases."""

    def __init__(self, driver: Driver, sums: PairSums, exchanges: list[list[str]], name: str = "") -> None:
        self._driver, self._sums, self._exchanges, self._name = driver, sums, exchanges, name
        self._given: Asked = sums.given.asked()
        self._counts: _Counts = {}

    def latency(self) -> LatencyFigures:
        """All percentiles of durations."""
        asked = latency.asked(self._sums)
        wanted = {POPULATIONS: asked.populations, OVER_TIME: asked.over_time, GIVEN: self._given}
        self._counts = self._looked("look", {key: of for key, of in wanted.items() if not of.exact})
        return latency.settled(self._sums, asked, self._counts.get(POPULATIONS), self._counts.get(OVER_TIME))

    def given(self, used: DurationSource) -> Given | None:
        """The figures of the durations that responses tell. To be called after `latency`."""
        return self._sums.given.settled(used, self._given, self._counts.get(GIVEN))

    def users_p99(self, top: pl.DataFrame) -> dict[Any, int]:
        """The p99 (µs) of the users in a table of users."""
        if not top.height:
            return {}
        exact = users.counts_exactly(self._sums, top)
        look = self._look({}, top=top, exact=exact)
        counted = self._phase("top", look)
        if USERS not in counted:
            return {}  # there are orphans alone
        counts = counted[USERS].collect(engine="streaming")
        asked = percentiles.asked_p99(counts, exact=exact)
        near = None if exact else self._phase("looktop", self._look({USERS: asked}, top=top))[USERS]
        return percentiles.p99_by_at(settled(asked, near))

    def _looked(self, phase: str, asked: dict[str, Asked]) -> _Counts:
        return self._phase(phase, self._look(asked)) if asked else {}

    def _look(self, asked: dict[str, Asked], *, top: pl.DataFrame | None = None, exact: bool = True) -> Look:
        return Look(
            exchanges=self._exchanges,
            bucket_us=self._sums.grid.bucket_us,
            asked=asked,
            top=USER_COLUMNS.to_frame() if top is None else top,
            exact=exact,
        )

    def _phase(self, phase: str, look: Look) -> _Counts:
        """The counts of all buckets, by what percentiles are of."""
        phase = f"{phase}{self._name}"
        self._driver.tell(phase, look)
        notes = self._driver.phase(phase, [number for number, names in enumerate(look.exchanges) if names])
        parts: dict[str, list[pl.LazyFrame]] = {}
        for data in each(self._driver.store.get, [note.files["counts"] for note in notes.values()]):
            for name, counts in of_bytes(data, dict[str, pl.DataFrame]).items():
                parts.setdefault(name, []).append(counts.lazy())
        return {name: pl.concat(frames) for name, frames in parts.items()}


def top_users(driver: Driver, notes: Mapping[int, Note]) -> pl.DataFrame:
    """The users with the most requests, of the parts of all users."""
    parts = each(driver.store.get, [note.files["top"] for note in notes.values()])
    return users.top(of_bytes(data, pl.DataFrame).lazy() for data in parts)


def arrivals(driver: Driver, notes: Sequence[Note]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(at, side, n): orphans by timeline bucket, and by window."""
    found = each(driver.store.get, [note.files["arrivals"] for note in notes])
    parts = [of_bytes(data, list[pl.DataFrame]) for data in found]
    by_bucket, by_window = (
        pl.concat(frames).group_by("at", "side").agg(pl.col("n").sum()) for frames in zip(*parts, strict=True)
    )
    return by_bucket, by_window
