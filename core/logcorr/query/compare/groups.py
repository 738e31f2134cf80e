"""Compares users, endpoints and other attributes of two runs: each group is judged by its own rates.

The views of both runs are joined one partition by hash at a time, so that memory stays bounded with ten million groups.
"""

from threading import Event
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import filtered, partitions_needed
from logcorr.figures import endpoints_and_addresses
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.diff import GroupChange, Groups, Verdict
from logcorr.model.errors import Cancelled, InputError
from logcorr.model.manifest import Manifest
from logcorr.model.options import View
from logcorr.model.quantiles import OF_ENDPOINTS, QUANTILES
from logcorr.model.report import Report
from logcorr.query.compare.figures import run_figures
from logcorr.query.compare.quantile_shift import turn, with_slower
from logcorr.query.significance import least_sigma, rate_sigma
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

_PARTITION_ROWS = 500_000
# The view that has the groups of a run, and its key column, by kind of run.
_VIEWS: dict[str, tuple[View, str]] = {"correlation": ("users", "user_id"), "access": ("endpoints", "endpoint")}
_QUANTILES = {"min_us": 0.0, **{f"{name}_us": QUANTILES[name] for name in OF_ENDPOINTS}, "max_us": 1.0}
_COUNTS = ("requests", "errors", "orphans")
# Weights of quantiles that make a mean duration, if durations are spread evenly between quantiles. The one request in a
# hundred above p99 is left out: a single slow request would outweigh all others.
_PACE = {"min_us": 0.25, "p50_us": 0.475, "p95_us": 0.245, "p99_us": 0.03}
_VERDICTS: dict[int, Verdict] = {1: "worse", -1: "better", 0: "same"}


class ComparedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs, with its manifest and report."""

    run: RunFolder
    manifest: Manifest
    report: RunReport


class _Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute to compare: its column, and the view that has its groups; None where exchanges must be counted."""

    key: str
    view: View | None


def all_groups(a: ComparedRun, b: ComparedRun, *, top: int, cancel: Event | None = None) -> list[Groups]:
    """For each attribute of both runs, the `top` groups that changed most by failures and by latency.

    First come the users of correlations and the endpoints of access logs; then, for correlations, all attributes that
    exchanges of both runs have. Raises InputError where a view is damaged, and Cancelled once `cancel` is set.
    """
    return [_groups(a, b, attribute, top=top, cancel=cancel) for attribute in _attributes(a, b)]


def _attributes(a: ComparedRun, b: ComparedRun) -> list[_Attribute]:
    view, key = _VIEWS[a.manifest.kind]
    first = _Attribute(key=key, view=view)
    if a.manifest.kind == "access":
        return [first]
    shared = [name for name in a.manifest.attributes if name in b.manifest.attributes and name != key]
    more = [_Attribute(key=name, view="endpoints" if name == "endpoint" else None) for name in shared]
    # Logs that tell no users have one row of users, which says nothing.
    nameless = all(compared.manifest.rows.get(view, 0) <= 1 for compared in (a, b))
    known = next((attribute for attribute in more if attribute.view), None)
    if nameless and known is not None:
        return [known, *(attribute for attribute in more if attribute is not known)]
    return [first, *more]


def _groups(a: ComparedRun, b: ComparedRun, attribute: _Attribute, *, top: int, cancel: Event | None) -> Groups:
    key, view = attribute.key, attribute.view or "exchanges"
    counts, best, slowest = [], [], []
    try:
        scans = [_scan(compared, attribute) for compared in (a, b)]
        rows = [_height(compared, attribute) for compared in (a, b)]
        least = least_sigma(max(rows))
        whole = _failures(a.report, lost="orphans" in scans[0].collect_schema())
        for partition in filtered(scans, key, partitions_needed(max(rows), _PARTITION_ROWS)):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The comparison was cancelled.")
            joined = _joined([_counts(part, attribute) for part in partition], key).collect(engine="streaming").lazy()
            judged = _judged(joined, whole, least)
            counted, first, slow = pl.collect_all([_counted(judged), _first(judged, key, top), _slow(judged, key, top)])
            counts.append(counted)
            best.append(first)
            slowest.append(slow)
    except pl.exceptions.PolarsError as error:
        names = f"{a.run.path.name} or {b.run.path.name}"
        raise InputError(f"run {names}: view {view!r} is damaged. Remove the run and run again.") from error
    sums = pl.concat(counts).sum().row(0, named=True)
    rows_first = _first(pl.concat(best).lazy(), key, top).collect()
    rows_slow = _slow(pl.concat(slowest).lazy(), key, top).collect()
    reported_p99 = [_p99(compared.report, key) for compared in (a, b)]
    return Groups(
        key=key,
        least_sigma=least,
        rows=[_change(row, key, reported_p99) for row in rows_first.iter_rows(named=True)],
        by_latency=[_change(row, key, reported_p99) for row in rows_slow.iter_rows(named=True)],
        **sums,
    )


def _scan(compared: ComparedRun, attribute: _Attribute) -> pl.LazyFrame:
    """The groups of a run, or the exchanges that `_counts` makes groups of."""
    if attribute.view is not None:
        return views.scan(compared.run, attribute.view)
    return views.scan(compared.run, "exchanges").select(attribute.key, "status_code")


def _height(compared: ComparedRun, attribute: _Attribute) -> int:
    """How many groups a run has; about how many where exchanges must be counted."""
    if attribute.view is not None:
        return compared.manifest.rows.get(attribute.view, 0)
    values = _scan(compared, attribute).select(pl.col(attribute.key).approx_n_unique())
    return int(values.collect(engine="streaming").item())


def _counts(rows: pl.LazyFrame, attribute: _Attribute) -> pl.LazyFrame:
    """The groups among rows of `_scan`."""
    if attribute.view is not None:
        return rows
    return endpoints_and_addresses.requests_and_errors_by(attribute.key, rows)


def _joined(scans: list[pl.LazyFrame], key: str) -> pl.LazyFrame:
    """The groups of both runs: the key, then counts and quantiles of each run (NAME_a, NAME_b).

    A group that a run does not have has 0 requests there.
    """
    schema = scans[0].collect_schema()
    names = [name for name in (*_COUNTS, *_QUANTILES) if name in schema]
    runs = []
    for scan, side in zip(scans, "ab", strict=True):
        runs.append(scan.select(key, *(pl.col(name).alias(f"{name}_{side}") for name in names)))
    joined = runs[0].join(runs[1], on=key, how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(
        *(pl.col(f"{name}_{side}").fill_null(0) for name in names if name in _COUNTS for side in "ab"),
        *(pl.lit(None, pl.Int64).alias(f"{name}_{side}") for name in _QUANTILES if name not in names for side in "ab"),
        *(pl.lit(None, pl.Int64).alias(f"{name}_{side}") for name in _COUNTS if name not in names for side in "ab"),
    )


def _judged(joined: pl.LazyFrame, whole: tuple[int, int], least: float) -> pl.LazyFrame:
    """Adds to each group its failures (`bad`), its extra failures and time, and whether it got worse.

    `whole` is (failures, requests) of all of run A. `failing` and `slowing` are 1, 0 or -1 as `turn` gives them.
    """
    requests_a, requests_b = pl.col("requests_a"), pl.col("requests_b")
    rows = joined.with_columns(
        (pl.col(f"errors_{side}") + pl.col(f"orphans_{side}").fill_null(0)).alias(f"bad_{side}") for side in "ab"
    )
    all_bad, all_requests = whole
    # A group that A does not have is compared with all groups of A together.
    in_a, bad_b = requests_a > 0, pl.col("bad_b")
    based = rows.with_columns(
        base=pl.when(in_a).then("bad_a").otherwise(pl.lit(all_bad)),
        base_of=pl.when(in_a).then(requests_a).otherwise(pl.lit(all_requests)),
    ).with_columns(
        sigma=rate_sigma("base", "base_of", "bad_b", "requests_b"),
        usual=pl.when(pl.col("base_of") > 0).then(pl.col("base") / pl.col("base_of")),
        rate_b=pl.when(requests_b > 0).then(bad_b / requests_b),
        **{f"pace_{side}": _pace(side) for side in "ab"},
    )
    return with_slower(based, _QUANTILES, "requests").with_columns(
        extra=pl.when(requests_b > 0).then(bad_b - requests_b * pl.col("usual")),
        failing=turn("usual", "rate_b", "sigma", least),
        extra_ms=(pl.col("pace_b") - pl.col("pace_a")) * requests_b / 1000,
        slowing=turn("pace_a", "pace_b", "slower", least),
    )


def _pace(side: str) -> pl.Expr:
    """About the mean duration of a group in µs."""
    weighted = (pl.col(f"{name}_{side}") * share for name, share in _PACE.items())
    return pl.sum_horizontal(*weighted, ignore_nulls=False)


def _counted(judged: pl.LazyFrame) -> pl.LazyFrame:
    """One row: how many groups each run has, and how many groups are new, gone, worse, better, slower and faster."""
    in_a, in_b = pl.col("requests_a") > 0, pl.col("requests_b") > 0
    conditions = {
        "a": in_a,
        "b": in_b,
        "new": ~in_a & in_b,
        "gone": in_a & ~in_b,
        "worse": pl.col("failing") == 1,
        "better": pl.col("failing") == -1,
        "slower": pl.col("slowing") == 1,
        "faster": pl.col("slowing") == -1,
    }
    return judged.select(which.sum().cast(pl.Int64).alias(name) for name, which in conditions.items())


def _first(judged: pl.LazyFrame, key: str, top: int) -> pl.LazyFrame:
    """The groups that got worse, by extra failures; then the groups that got better; then the busiest groups."""
    return _ordered(judged, "failing", "extra", key, top)


def _slow(judged: pl.LazyFrame, key: str, top: int) -> pl.LazyFrame:
    """The same by extra time, for groups whose durations are known in both runs."""
    return _ordered(judged.filter(pl.col("extra_ms").is_not_null()), "slowing", "extra_ms", key, top)


def _ordered(judged: pl.LazyFrame, change: str, extra: str, key: str, top: int) -> pl.LazyFrame:
    rank = pl.col(change).replace_strict({1: 0, -1: 1, 0: 2})
    amount = pl.when(pl.col(change) != 0).then(pl.col(extra).abs()).otherwise(0.0)
    requests = pl.max_horizontal("requests_a", "requests_b")
    ordered = judged.sort(rank, -amount, -requests, key, nulls_last=False)
    return ordered.head(top)


def _failures(report: RunReport, *, lost: bool) -> tuple[int, int]:
    """Requests that failed, and all requests. With `lost`, a request without a response is one that failed."""
    if isinstance(report, AccessReport):
        return report.failed_requests, report.total_requests
    errors, pairs = run_figures(report).rates["error_rate"]
    unanswered = sum(report.orphans.request.values()) if lost else 0
    return errors + unanswered, pairs + unanswered


def _p99(report: RunReport, key: str) -> dict[str | None, float | None]:
    """The p99 (ms) of the busiest users, which only the report of a correlation has; views of users have none."""
    users = report.users if isinstance(report, Report) and key == "user_id" else []
    return {row.user_id: row.p99_ms for row in users}


def _change(row: dict[str, Any], key: str, reported_p99: list[dict[str | None, float | None]]) -> GroupChange:
    fields: dict[str, Any] = {}
    for side, p99 in zip("ab", reported_p99, strict=True):
        requests, errors, orphans = (row[f"{name}_{side}"] for name in _COUNTS)
        answered = requests - (orphans or 0)
        fields[f"requests_{side}"], fields[f"errors_{side}"], fields[f"orphans_{side}"] = requests, errors, orphans
        fields[f"error_rate_{side}"] = errors / answered if answered else None
        fields[f"failure_rate_{side}"] = row[f"bad_{side}"] / requests if requests else None
        for name in OF_ENDPOINTS:
            value = row[f"{name}_us_{side}"]
            fields[f"{name}_{side}_ms"] = None if value is None else value / 1000
        if fields[f"p99_{side}_ms"] is None:
            fields[f"p99_{side}_ms"] = p99.get(row[key])
    new, gone = not row["requests_a"], not row["requests_b"]
    judged = row["extra_ms"] is not None
    return GroupChange(
        name=row[key],
        extra_failures=row["extra"],
        sigma=row["sigma"],
        verdict="new" if new else "gone" if gone else _VERDICTS[row["failing"]],
        extra_ms=row["extra_ms"],
        latency_sigma=row["slower"],
        latency_verdict=_VERDICTS[row["slowing"]] if judged else None,
        **fields,
    )
