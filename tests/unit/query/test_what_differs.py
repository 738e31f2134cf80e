"""What differs equals a plain count of rows, also where memory is short; small counts do not win; it can be cancelled."""

import math
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import parquet_slices
from logcorr.jobs.correlate import correlate
from logcorr.model.errors import Cancelled, UsageError
from logcorr.model.options import CorrelateOptions, View
from logcorr.query import filter_language, over_represented, significance, what_differs
from logcorr.query.over_represented import contrasts
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.views import Records
from tests.support.helpers import generated
from tests.support.kernels_or_numpy import search

Row = dict[str, Any]
TOP = 5


def g2(a: int, b: int, n: int, m: int) -> float:
    """Dunning's statistic, cell by cell: a of n inside and b of m outside have the value."""
    cells = [(a, n, a + b), (n - a, n, n + m - a - b), (b, m, a + b), (m - b, m, n + m - a - b)]
    total = 2 * sum(seen * math.log(seen * (n + m) / (row * column)) for seen, row, column in cells if seen)
    return total if a * m >= b * n else -total


def tail(k: int, with_value: int, n: int, rows: int) -> float:
    """The chance of k or more rows with the value among n random ones, no larger than the bound that decides."""
    first = log_comb(with_value, k) + log_comb(rows - with_value, n - k) - log_comb(rows, n)
    ratio = (with_value - k) * (n - k) / ((k + 1) * (rows - with_value - n + k + 1))
    return math.exp(first) / (1 - ratio) if k * rows > n * with_value else 1.0


def log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def expected(inside: list[Any], whole: list[Any], top: int = TOP, columns: int = 2) -> list[tuple[Any, int, int]]:
    """(value, inside, outside) of what stands out, by counting every row; `columns` are looked at in all."""
    n, m = len(inside), len(whole) - len(inside)
    if not n or not m:
        return []
    chosen, every = Counter(inside), Counter(whole)
    looks = len(every) * columns
    scored = [
        (g2(k, every[value] - k, n, m), value, k, every[value] - k)
        for value, k in chosen.items()
        if k >= 5 and tail(k, every[value], n, n + m) <= 0.0026998 / looks
    ]
    # No value comes before the others, as in a sort by polars.
    ranked = sorted(scored, key=lambda s: (-round(s[0], 6), s[1] is not None, s[1] or ""))
    return [(value, k, others) for _, value, k, others in ranked[:top]]


def found(of: over_represented.Contrast) -> list[tuple[Any, int, int]]:
    return [(row.value, row.inside, row.outside) for row in of.rows]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contrast")


def nothing() -> None:
    """Nobody cancels."""


users = st.sampled_from(
    [None, "a", "b", "b ", 'q"\\', "宽", "a much longer name than fits into twelve bytes", *"cdefgh"]
)
rows_of = st.lists(st.tuples(users, st.integers(100, 104), st.booleans(), st.integers(1, 40)), min_size=1, max_size=14)


@pytest.mark.parametrize(("most", "slots"), [(300_000, 1 << 20), (3, 1 << 20), (1, 4), (2, 2)])
@search(5)
@given(groups=rows_of, files=st.integers(1, 3), shuffle=st.randoms(use_true_random=False))
def test_equals_a_plain_count(
    place: Path, most: int, slots: int, *, groups: list[Any], files: int, shuffle: random.Random
) -> None:
    rows = [(user, status, chosen) for user, status, chosen, times in groups for _ in range(times)]
    shuffle.shuffle(rows)
    frame = pl.DataFrame(rows, schema={"n": pl.String, "code": pl.Int16, "chosen": pl.Boolean}, orient="row")
    parts = []
    for number in range(files):
        parts.append(place / f"{number}.parquet")
        frame.gather_every(files, number).write_parquet(parts[-1])
    whole = Records(parts=parts, chosen=None, columns={}, time=None)
    chosen = Records(parts=parts, chosen=pl.col("chosen"), columns={}, time=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(over_represented, "_MOST_VALUES", most)
        patch.setattr(over_represented, "_SLOTS", slots)
        patch.setattr(parquet_slices, "SLICE_ROWS", 23)
        told = contrasts(chosen, [whole], ["n", "code"], TOP, nothing)
    for at, of in enumerate(told):
        inside = [row[at] for row in rows if row[2]]
        assert (of.inside, of.outside) == (len(inside), len(rows) - len(inside))
        assert found(of) == expected(inside, [row[at] for row in rows])
        for row in of.rows:
            assert row.score == pytest.approx(g2(row.inside, row.outside, of.inside, of.outside), rel=1e-9)


@pytest.mark.parametrize("most", [300_000, 500])
def test_many_values_and_a_loud_one(place: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Every row has a user of its own but for the loud one, who is in one row of thirty inside, and rarely outside."""
    monkeypatch.setattr(over_represented, "_MOST_VALUES", most)
    monkeypatch.setattr(over_represented, "_SLOTS", 1 << 12)
    index = pl.int_range(40_000, eager=True)
    loud = ((index < 10_000) & (index % 30 == 0)) | (index % 1000 == 1)
    frame = pl.DataFrame({"at": index}).with_columns(
        user=pl.when(loud).then(pl.lit("loud")).otherwise(pl.format("user-{}", index))
    )
    frame.write_parquet(place / "loud.parquet", row_group_size=5000)
    whole = Records(parts=[place / "loud.parquet"], chosen=None, columns={}, time=None)
    chosen = Records(parts=whole.parts, chosen=pl.col("at") < 10_000, columns={}, time=None)
    (told,) = contrasts(chosen, [whole], ["user"], TOP, nothing)
    assert found(told) == [("loud", 344, 30)]
    assert told.lift(told.rows[0]) == pytest.approx(344 / 30 * 3)


def test_few_rows_do_not_win_by_lift() -> None:
    """A value of two rows, both inside, is nothing; one three times as frequent inside in thousands of rows is."""
    frame = pl.DataFrame({"a": [2, 900], "b": [0, 300]})
    scores = frame.select(over_represented.score(pl.col("a"), pl.col("b"), 10_000, 10_000)).to_series().to_list()
    assert scores == [pytest.approx(g2(2, 0, 10_000, 10_000)), pytest.approx(g2(900, 300, 10_000, 10_000))]
    assert frame.select(over_represented.score(pl.col("b"), pl.col("a"), 10_000, 10_000)).to_series().to_list()[1] < 0
    stands = significance.stands_out(pl.col("a"), pl.col("a") + pl.col("b"), 10_000, 20_000, 100)
    assert frame.select(stands).to_series().to_list() == [False, True]


# A run as a whole


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("differs")
    generated(folder, 20_000, incident=True)
    options = CorrelateOptions(
        requests=(str(folder / "requests.log"),),
        responses=(str(folder / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(folder / "store"),
    )
    folder_made = correlate(options).folder
    assert folder_made is not None
    return RunFolder(folder_made)


def terms_of(run: RunFolder, text: str, view: View = "exchanges") -> list[filter_language.Term]:
    schema = views.scan(run, view).collect_schema()
    return filter_language.parse(text, schema, filter_language.day_of(run.report), run.manifest.files)


def middle(run: RunFolder) -> str:
    """The worst minutes."""
    points = run.report.timeline.points
    worst = max(range(len(points)), key=lambda k: points[k].errors_5xx + points[k].orphans)
    return f"time>={points[worst].start} time<{points[min(worst + 3, len(points) - 1)].start}"


@pytest.mark.parametrize(
    ("view", "more"), [("exchanges", ""), ("exchanges", " duration>=20ms"), ("errors", ""), ("slow", " user!=user-1")]
)
def test_a_selection_of_a_run(run: RunFolder, view: View, more: str) -> None:
    terms = terms_of(run, middle(run) + more)
    told = what_differs.differs(run, view, terms)
    whole = views.scan(run, "exchanges").collect()
    inside = views.scan(run, view).filter(filter_language.expression(terms)).collect()
    assert 0 < inside.height == told.inside
    assert told.inside + told.outside == whole.height
    assert [of.column for of in told.exchanges] == [*run.manifest.attributes, "status_code"]
    for of in told.exchanges:
        assert found(of) == expected(
            inside[of.column].to_list(), whole[of.column].to_list(), what_differs.TOP, columns=3
        )
        for row in of.rows:
            term = filter_language.equal(of.column, row.value, inside.schema)
            drilled = filter_language.expression(terms_of(run, f"{middle(run)}{more} {term}"))
            assert views.scan(run, view).filter(drilled).collect().height == row.inside
    # Of the slow exchanges, too few are in these minutes to tell anything.
    assert any(of.rows for of in told.exchanges) == (told.inside > 5), "5xx stand out in an incident"
    assert told.nothing == (told.inside <= 5)


def test_lost_requests_of_the_selected_time(run: RunFolder) -> None:
    told = what_differs.differs(run, "exchanges", terms_of(run, middle(run) + " duration>=20ms"))
    assert told.lost_filter == f"side=request {middle(run)}"
    orphans = views.scan(run, "orphans")
    lost = orphans.filter(filter_language.expression(terms_of(run, told.lost_filter, "orphans"))).collect()
    asked = [*views.scan(run, "exchanges").collect()["user_id"]]
    asked += [*orphans.filter(pl.col("side") == "request").collect()["user_id"]]
    (of,) = told.lost
    assert 0 < of.inside == lost.height
    assert found(of) == expected(lost["user_id"].to_list(), asked, what_differs.TOP, columns=3)
    for text in ("status>=500", "", "user=user-1"):
        assert what_differs.differs(run, "exchanges", terms_of(run, text)).lost == []


def test_everything_or_nothing_leaves_nothing_to_compare(run: RunFolder) -> None:
    for text in ("", "id=nope"):
        told = what_differs.differs(run, "exchanges", terms_of(run, text))
        assert told.nothing
        assert 0 in (told.inside, told.outside)


def test_only_of_exchanges_and_not_when_cancelled(run: RunFolder) -> None:
    with pytest.raises(UsageError, match="'orphans'"):
        what_differs.differs(run, "orphans", [])
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        what_differs.differs(run, "exchanges", terms_of(run, middle(run)), cancel)


def test_a_cancel_ends_it_at_the_next_chunk(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_slices, "SLICE_ROWS", 500)
    cancel, chunks = threading.Event(), []
    real: Callable[..., Iterator[pl.DataFrame]] = Records.chunks

    def tapped(self: Records, **more: pl.Expr) -> Iterator[pl.DataFrame]:
        for chunk in real(self, **more):
            chunks.append(chunk)
            if len(chunks) == 3:
                cancel.set()
            yield chunk

    monkeypatch.setattr(Records, "chunks", tapped)
    with pytest.raises(Cancelled):
        what_differs.differs(run, "exchanges", terms_of(run, middle(run)), cancel)
    assert len(chunks) == 3


@given(value=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_value_is_quoted_so_that_the_filter_finds_it(value: str | None) -> None:
    frame = pl.DataFrame({"user_id": [value, "other", None]}, schema={"user_id": pl.String})
    terms = filter_language.parse(filter_language.equal("user_id", value, frame.schema), frame.schema)
    assert frame.filter(filter_language.expression(terms)).height == [value, "other", None].count(value)
