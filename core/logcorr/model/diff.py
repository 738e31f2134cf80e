"""The frozen structs of a comparison of two runs. A is the run before, B the run after.

Fields that end in `_a` and `_b` hold the figures of A and B. Rates are shares from 0 to 1, durations milliseconds. A
`sigma` is the number of standard deviations by which B lies above A: the larger it is, the less likely the difference
is chance. A figure that a run does not have is null.
"""

from typing import Any, Literal

import msgspec

# A difference counts only if it reaches both limits. Nobody acts on one percent, and chance often makes three sigmas.
LEAST_RATIO = 1.01
LEAST_SIGMA = 3.0

Verdict = Literal["worse", "better", "more", "less", "same", "new", "gone"]
Unit = Literal["count", "ms", "share"]


class DiffRun(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs: its key, its log files, and the first and last instant that the logs cover."""

    run: str
    created: str
    version: str
    files: dict[str, list[str]]
    start: str | None
    end: str | None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both runs. `change` is b - a. `ratio` is b / a, null if that is no number."""

    name: str
    unit: Unit
    a: float | None
    b: float | None
    change: float | None
    ratio: float | None
    sigma: float | None
    verdict: Verdict


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """One status code: its exchanges and their share of all exchanges. `change_points` is in percentage points."""

    code: str
    a: int
    b: int
    share_a: float | None
    share_b: float | None
    change_points: float | None
    sigma: float | None
    verdict: Verdict


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """One user, endpoint or other value of an attribute. A request fails by its status.

    A request of a user also fails if it has no response.

    `extra_failures` compares the failures of B with the number that B's requests would have at A's failure rate. If A
    has no request of the group, the rate of all requests of A is taken. `extra_ms` compares the total time of B's
    requests with the time that as many requests would take at A's mean duration.
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
    """All users, all endpoints or all values of another attribute: counts by verdict, and the groups to look at first.

    `key` names the attribute. `rows` is ordered by failures, `by_latency` by time (empty but for endpoints). In both,
    groups that got worse come first, the largest change first; then groups that got better; then the busiest groups.
    `least_sigma` is the sigma that a change must reach to count. It grows with the number of groups: among a million
    groups, chance alone makes some look bad.
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
    """A comparison of two runs. `worse` names the figures that got worse, by ratio. `options` has [a, b] of each option
    that differs. `groups` are users or endpoints, `more` are those of each further attribute of two correlations.
    """

    schema: int
    kind: str
    a: DiffRun
    b: DiffRun
    options: dict[str, tuple[Any, Any]]
    worse: list[str]
    figures: list[Figure]
    statuses: list[StatusChange]
    groups: Groups
    more: list[Groups] = []
