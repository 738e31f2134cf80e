"""Looks at the exchanges of a bucket again: for percentiles that stand in a bin, and for the users of the report."""

from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.steps import Step
from logcorr.compute.struct_bytes import to_bytes
from logcorr.figures import given_durations, latency, users
from logcorr.figures.nearest_rank import Asked, near
from logcorr.figures.percentiles import counts_by_at

# What percentiles are asked of.
POPULATIONS, OVER_TIME, GIVEN, USERS = "populations", "over_time", "given", "users"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the exchanges, by what percentiles are of.

    `exchanges` are the files of each bucket. `top` is the table of users, whose durations are counted first: `exact`,
    or by bin.
    """

    exchanges: list[list[str]]
    bucket_us: int
    asked: dict[str, Asked] = {}
    top: pl.DataFrame
    exact: bool = True


def look(step: Step) -> dict[str, Any]:
    """Counts the durations of a bucket in the bins that are asked for."""
    told = step.run.told(step.phase, Look)
    counts = {
        name: near(_durations(name, rows, told), asked).collect(engine="streaming")
        for rows in _exchanges(step, told)
        for name, asked in told.asked.items()
    }
    step.put("counts", to_bytes(counts))
    return {}


def top_users(step: Step) -> dict[str, Any]:
    """Counts the durations of the users in the table of users."""
    told = step.run.told(step.phase, Look)
    for rows in _exchanges(step, told):
        counts = counts_by_at(_durations(USERS, rows, told), exact=told.exact).collect(engine="streaming")
        step.put("counts", to_bytes({USERS: counts}))
    return {}


def _exchanges(step: Step, told: Look) -> list[pl.LazyFrame]:
    """The exchanges of the bucket, as one query; none where there are none."""
    tables = [step.store.table(name) for name in told.exchanges[step.index]]
    return [pl.concat(tables)] if tables else []


def _durations(name: str, exchanges: pl.LazyFrame, told: Look) -> pl.LazyFrame:
    """(at, duration_us, failure) of exchanges, as percentiles of this name need them."""
    if name == GIVEN:
        return given_durations.differences(exchanges)
    if name == USERS:
        return users.durations_of(exchanges, told.top)
    return latency.durations(exchanges, told.bucket_us)
