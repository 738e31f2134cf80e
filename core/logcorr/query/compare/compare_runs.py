"""Compares two finished runs of one kind: what changed from the first run to the second. What got worse comes first."""

from threading import Event

import polars as pl

from logcorr.model.access_report import RunReport
from logcorr.model.diff import LEAST_RATIO, LEAST_SIGMA, Diff, DiffRun, Figure, Groups, StatusChange, Unit, Verdict
from logcorr.model.errors import UsageError
from logcorr.model.manifest import SCHEMA, Manifest
from logcorr.model.quantiles import QUANTILES
from logcorr.model.report import Latency
from logcorr.model.status import code_of, in_order, is_failure
from logcorr.query.compare import groups as groups_
from logcorr.query.compare.figures import COUNTS, LATENCIES, POPULATIONS, RATES, RunFigures, run_figures
from logcorr.query.compare.groups import ComparedRun
from logcorr.query.compare.quantile_shift import with_slower
from logcorr.query.significance import rate_sigma
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants

TOP = 20
KINDS = {"correlation": "two logs, correlated", "access": "an access log"}
_NEUTRAL = (*COUNTS, *(name for name in LATENCIES if name.endswith("max")))


def diff(a: RunFolder, b: RunFolder, *, top: int = TOP, cancel: Event | None = None) -> Diff:
    """Compares two runs, with at most `top` users, endpoints, and values of each further attribute.

    Raises UsageError for runs of different kinds, InputError where a run is damaged, and Cancelled once `cancel` is
    set.
    """
    manifests = a.manifest, b.manifest
    if manifests[0].kind != manifests[1].kind:
        kinds = (f"run {run.path.name} is of {KINDS[m.kind]}" for run, m in zip((a, b), manifests, strict=True))
        raise UsageError(f"{', '.join(kinds)}: only runs of one kind can be compared. See `logcorr runs list`.")
    reports = a.report, b.report
    runs = [ComparedRun(run=run, manifest=m, report=r) for run, m, r in zip((a, b), manifests, reports, strict=True)]
    first, *more = groups_.all_groups(runs[0], runs[1], top=top, cancel=cancel)
    return compare(manifests, reports, first, more)


def compare(
    manifests: tuple[Manifest, Manifest], reports: tuple[RunReport, RunReport], groups: Groups, more: list[Groups]
) -> Diff:
    """The comparison of two reports of one kind, with the groups as they were compared before."""
    a, b = (run_figures(report) for report in reports)
    compared = figures(a, b)
    worse = [figure for figure in compared if figure.verdict == "worse"]
    return Diff(
        schema=SCHEMA,
        kind=manifests[0].kind,
        a=_run(manifests[0], reports[0]),
        b=_run(manifests[1], reports[1]),
        options=_options(manifests[0].options, manifests[1].options),
        worse=[figure.name for figure in sorted(worse, key=lambda figure: -(figure.ratio or float("inf")))],
        figures=compared,
        statuses=statuses(a.status, b.status),
        groups=groups,
        more=more,
    )


def figures(a: RunFigures, b: RunFigures) -> list[Figure]:
    """All figures that either run has, in a fixed order."""
    rates = _rates(a, b)
    sigmas = {**_rate_sigmas(rates), **_latency_sigmas(a.latency, b.latency)}
    compared = []
    for name in (*COUNTS, *rates, *LATENCIES):
        if name in rates:
            value_a, value_b = (count / total if total else None for count, total in rates[name])
        else:
            value_a, value_b = a.figure(name), b.figure(name)
        if value_a is not None or value_b is not None:
            compared.append(_figure(name, value_a, value_b, sigmas.get(name)))
    return compared


def statuses(a: dict[str, int], b: dict[str, int]) -> list[StatusChange]:
    """Every status code of either run: first failures that became more frequent, then failures that became rarer."""
    codes = in_order([*{*a, *b}])
    totals = sum(a.values()), sum(b.values())
    pairs = {code: ((a.get(code, 0), totals[0]), (b.get(code, 0), totals[1])) for code in codes}
    sigmas = _rate_sigmas(pairs)
    changes = [_status(code, *pairs[code], sigmas[code]) for code in codes]

    def rank(row: StatusChange) -> tuple[int, float, int]:
        significant = is_failure(code_of(row.code)) and abs(row.sigma or 0) >= LEAST_SIGMA and row.verdict != "same"
        change = (row.change_points or 0) if significant else 0
        return (0 if change > 0 else 1 if change < 0 else 2, -abs(change), -max(row.a, row.b))

    return sorted(changes, key=rank)


def _rates(a: RunFigures, b: RunFigures) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """The rates of both runs as (count, total), by name.

    A rate by a reason that a run does not have is a count of 0 there, of the same total as the whole rate.
    """
    names = [*RATES, *sorted({*a.rates, *b.rates}.difference(RATES))]

    def rate(run: RunFigures, name: str) -> tuple[int, int]:
        whole = run.rates.get(name.partition(".")[0], (0, 0))
        return run.rates.get(name, (0, whole[1]))

    return {name: (rate(a, name), rate(b, name)) for name in names if name in a.rates or name in b.rates}


def _rate_sigmas(pairs: dict[str, tuple[tuple[int, int], tuple[int, int]]]) -> dict[str, float | None]:
    columns = ("part_a", "of_a", "part_b", "of_b")
    rows = [(*rate_a, *rate_b) for rate_a, rate_b in pairs.values()]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Int64), orient="row")
    return dict(zip(pairs, frame.select(rate_sigma(*columns)).to_series().to_list(), strict=True))


def _latency_sigmas(a: dict[str, Latency], b: dict[str, Latency]) -> dict[str, float | None]:
    """The sigma of each latency figure, by name.

    A mean has the sigma of the percentile that changed most. A maximum is a single exchange and has no sigma.
    """
    quantiles = {"min": 0.0, **QUANTILES, "max": 1.0}
    rows = [
        {f"{name}_{side}": value for side, latency in (("a", a[p]), ("b", b[p])) for name, value in _points(latency)}
        for p in POPULATIONS
    ]
    schema = {f"{name}_{side}": pl.Float64 for side in "ab" for name in (*quantiles, "of")}
    frame = with_slower(pl.DataFrame(rows, schema=schema).lazy(), quantiles, "of")
    sigmas = frame.select(*(pl.col(f"slower_{name}").alias(name) for name in QUANTILES), mean="slower").collect()
    return {
        name if population == "all" else f"{population}.{name}": value
        for population, row in zip(POPULATIONS, sigmas.iter_rows(named=True), strict=True)
        for name, value in row.items()
    }


def _points(latency: Latency) -> list[tuple[str, float | None]]:
    """The known quantiles in µs, and the number of durations (`of`)."""
    values = [(name, getattr(latency, f"{name}_ms")) for name in ("min", *QUANTILES, "max")]
    return [*((name, None if ms is None else ms * 1000) for name, ms in values), ("of", float(latency.count))]


def _figure(name: str, a: float | None, b: float | None, sigma: float | None) -> Figure:
    unit: Unit = "count" if name in COUNTS else "ms" if name in LATENCIES else "share"
    return Figure(
        name=name,
        unit=unit,
        a=a,
        b=b,
        change=None if a is None or b is None else b - a,
        ratio=b / a if a and b is not None else None,
        sigma=sigma,
        verdict=_verdict(a, b, sigma, bad=name not in _NEUTRAL),
    )


def _status(code: str, a: tuple[int, int], b: tuple[int, int], sigma: float | None) -> StatusChange:
    share_a, share_b = (count / total if total else None for count, total in (a, b))
    verdict = _verdict(share_a, share_b, sigma, bad=is_failure(code_of(code)))
    if verdict in ("more", "less") and abs(sigma or 0) < LEAST_SIGMA:
        verdict = "same"
    return StatusChange(
        code=code,
        a=a[0],
        b=b[0],
        share_a=share_a,
        share_b=share_b,
        change_points=None if share_a is None or share_b is None else (share_b - share_a) * 100,
        sigma=sigma,
        verdict="new" if not a[0] else "gone" if not b[0] else verdict,
    )


def _verdict(a: float | None, b: float | None, sigma: float | None, *, bad: bool) -> Verdict:
    """The verdict on the change of a figure from `a` to `b`.

    A figure whose growth is `bad` gets worse or better only where the change is significant. Other figures become more
    or less.
    """
    if a is None or b is None:
        return "same" if a is b else "new" if a is None else "gone"
    up, down = b > a * LEAST_RATIO, a > b * LEAST_RATIO
    if not bad:
        return "more" if up else "less" if down else "same"
    if up and sigma is not None and sigma >= LEAST_SIGMA:
        return "worse"
    return "better" if down and sigma is not None and sigma <= -LEAST_SIGMA else "same"


def _options(a: dict[str, object], b: dict[str, object]) -> dict[str, tuple[object, object]]:
    return {name: (a.get(name), b.get(name)) for name in sorted({*a, *b}) if a.get(name) != b.get(name)}


def _run(manifest: Manifest, report: RunReport) -> DiffRun:
    covered = instants.span(report.timeline)
    start, end = (instants.text(round(at * instants.SECOND_US)) for at in covered) if covered else (None, None)
    return DiffRun(
        run=manifest.key,
        created=manifest.created,
        version=manifest.version,
        files=manifest.files,
        start=start,
        end=end,
    )
