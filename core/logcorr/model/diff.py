"""The frozen structs of a comparison of two runs. A is the run before, B the one after; `*_a` and `*_b` are theirs.

Rates are shares from 0 to 1, durations milliseconds. A `sigma` tells by how many standard deviations B lies above A:
how sure it is that more than chance made the difference. Null stands where a run has no such figure.
"""

from typing import Any, Literal

import msgspec

# Below either of these a difference is none: nobody acts on one percent, and chance goes up to three sigmas often.
LEAST_RATIO = 1.01
LEAST_SIGMA = 3.0

Verdict = Literal["worse", "better", "more", "less", "same", "new", "gone"]
Unit = Literal["count", "ms", "share"]


class DiffRun(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs: its key, its logs, and the first and last instant that they cover."""

    run: str
    created: str
    version: str
    files: dict[str, list[str]]
    start: str | None
    end: str | None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both runs: `change` is b - a, `ratio` is b / a where that is a number."""

    name: str
    unit: Unit
    a: float | None
    b: float | None
    change: float | None
    ratio: float | None
    sigma: float | None
    verdict: Verdict


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """One status code: exchanges and their share of all; `change_points` is in percentage points."""

    code: str
    a: int
    b: int
    share_a: float | None
    share_b: float | None
    change_points: float | None
    sigma: float | None
    verdict: Verdict


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """One user or endpoint. A request fails by its status, or (users only) by having no response.

    `extra_failures` are those beyond what B's requests would have at A's rate, and at the rate of all A's requests
    where A has none of the group. `extra_ms` is the time that B's requests took beyond what they would at A's pace.
    """

    name: str | None
    requests_a: int
    requests_b: int
    errors_a: int
    errors_b: int
    orphans_a: int | None = None
    orphans_b: int | None = None
    error_rate_a: float | None = None
    error_rate_b: float | None = None
    failure_rate_a: float | None = None
    failure_rate_b: float | None = None
    extra_failures: float | None = None
    sigma: float | None = None
    verdict: Verdict
    p50_a_ms: float | None = None
    p50_b_ms: float | None = None
    p95_a_ms: float | None = None
    p95_b_ms: float | None = None
    p99_a_ms: float | None = None
    p99_b_ms: float | None = None
    extra_ms: float | None = None
    latency_sigma: float | None = None
    latency_verdict: Verdict | None = None


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """Users or endpoints: how many there are and what became of them, and those to look at first.

    `rows` is ordered by failures and `by_latency` by time (empty for users): what got worse first, most of it first;
    then what got better; then the busiest. `least_sigma` is what a change must reach to count, which grows with the
    number of groups: among a million, chance alone makes some look bad.
    """

    key: str
    a: int
    b: int
    new: int
    gone: int
    worse: int
    better: int
    slower: int
    faster: int
    least_sigma: float
    rows: list[GroupChange]
    by_latency: list[GroupChange]


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs side by side. `worse` names figures that got worse, by ratio; `options` those that differ: [a, b]."""

    schema: int
    kind: str
    a: DiffRun
    b: DiffRun
    options: dict[str, tuple[Any, Any]]
    worse: list[str]
    figures: list[Figure]
    statuses: list[StatusChange]
    groups: Groups
