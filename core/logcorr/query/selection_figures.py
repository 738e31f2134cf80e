"""How slow a selection of exchanges is compared with all other exchanges, and when its rows happened."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.figures import percentiles
from logcorr.figures.latency_counts import LatencyCounts
from logcorr.model.options import View
from logcorr.model.report import TimelinePoint
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants

_SLICE_ROWS = 500_000
_SHOWN = ("p50", "p95", "p99")
_TIMES = {"orphans": "time"}


class SelectionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """`inside` and `outside` have the percentiles (ms) of the selected and of all other exchanges, by their names.

    They are empty where there are no durations. `over_time` has the number of selected rows by timeline point.
    """

    inside: dict[str, float]
    outside: dict[str, float]
    over_time: list[int]


def selection_figures(
    run: RunFolder, view: View, terms: Sequence[Term], points: Sequence[TimelinePoint], check: Callable[[], None]
) -> SelectionFigures:
    """The figures of the rows of a view (of exchanges, or orphans) for which all terms hold.

    Orphans have no durations. Percentiles are exact, or to within 1 % where there are very many different durations.
    `points` are those of the report's timeline. `check` is called between slices of rows, and may raise to end the
    work. Raises InputError where the run is damaged.
    """
    records = views.records(run, view)
    conditions = [filter_language.expression(terms), *([] if records.chosen is None else [records.chosen])]
    chosen = pl.all_horizontal(conditions).fill_null(value=False)
    columns = [chosen.alias("chosen"), pl.col(_TIMES.get(view, "request_time")).cast(pl.Int64).alias("at")]
    if view != "orphans":
        columns.append(pl.col("duration_us"))
    starts = [round(instants.seconds(point.start) * instants.SECOND_US) for point in points]
    latencies = {True: LatencyCounts(), False: LatencyCounts()}
    over_time: Counter[int] = Counter()
    try:
        for rows in parquet_slices.slices(records.parts, _SLICE_ROWS):
            check()
            counted = rows.select(columns).collect(engine="streaming")
            _count_times(over_time, counted, starts)
            if view != "orphans":
                _count_durations(latencies, counted)
    except views.UNREADABLE as error:
        raise run.damaged(view) from error
    return SelectionFigures(
        inside=_percentiles(latencies[True]),
        outside=_percentiles(latencies[False]),
        over_time=[over_time[number] for number in range(len(points))],
    )


def _count_times(over_time: Counter[int], rows: pl.DataFrame, starts: list[int]) -> None:
    """Counts chosen rows by the timeline point that they lie in. Rows beyond the points count for the nearest one."""
    if not starts:
        return
    width = starts[1] - starts[0] if len(starts) > 1 else 1
    chosen = rows.filter("chosen").select((pl.col("at") - starts[0]) // width).drop_nulls().to_series()
    for number, count in chosen.value_counts(name="n").iter_rows():
        over_time[min(max(number, 0), len(starts) - 1)] += count


def _count_durations(latencies: dict[bool, LatencyCounts], rows: pl.DataFrame) -> None:
    timed = rows.filter(pl.col("duration_us") >= 0)
    for inside, counts in latencies.items():
        own = timed.filter(pl.col("chosen") == inside)
        nothing = pl.Series("at", [None], dtype=pl.Int64).new_from_index(0, own.height)
        counts.add(nothing, own["duration_us"].to_numpy(), pl.repeat(False, own.height, eager=True))


def _percentiles(counts: LatencyCounts) -> dict[str, float]:
    found = percentiles.estimates(counts)
    return {name: value for name in _SHOWN if (value := found[f"{name}_ms"]) is not None}
