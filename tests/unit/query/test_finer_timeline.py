"""A part of a run counted anew equals a plain count of its rows, second by second, and adds up to the report."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from logcorr.compute import parquet_slices
from logcorr.figures import latency_counts
from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.model.errors import Cancelled, InputError
from logcorr.model.options import AnalyzeOptions, CorrelateOptions
from logcorr.query.finer_timeline import finer_timeline
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from tests.support.helpers import generated

_NINE_MINUTES_S = 540


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("finer")
    generated(folder, 20_000, incident=True)
    sides = [str(folder / f"{side}.log") for side in ("requests", "responses")]
    options = CorrelateOptions(
        requests=(sides[0],), responses=(sides[1],), memory_bytes=1 << 30, store=str(folder / "store")
    )
    made = correlate(options).folder
    assert made is not None
    return RunFolder(made)


def nothing() -> None:
    """Nobody cancels."""


def span_us(run: RunFolder, first: int, seconds: int) -> tuple[int, int]:
    """So many seconds of the run, from a point of its timeline on."""
    start = round(instants.seconds(run.report.timeline.points[first].start) * 1e6)
    return start, start + seconds * instants.SECOND_US


@pytest.mark.parametrize("seconds", [60, _NINE_MINUTES_S])
@pytest.mark.parametrize("most_counts", [300_000, 50])
def test_equals_a_plain_count(run: RunFolder, seconds: int, most_counts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_counts, "MOST_COUNTS", most_counts)
    monkeypatch.setattr(parquet_slices, "SLICE_ROWS", 700)
    start, end = span_us(run, 62, seconds)
    found = finer_timeline(run, start, end, nothing).timeline
    width = round(found.bucket_s * 1e6)
    assert found.bucket_s == {60: 1.0, _NINE_MINUTES_S: 5.0}[seconds]
    at = pl.col("request_time").cast(pl.Int64)
    inside = views.scan(run, "exchanges").with_columns(at=at).filter(at.is_between(start, end, closed="left")).collect()
    orphans = views.scan(run, "orphans").with_columns(at=pl.col("time").cast(pl.Int64)).collect()
    orphans = orphans.filter(pl.col("at").is_between(start, end, closed="left"))
    requests = Counter(row["at"] // width for row in inside.iter_rows(named=True))
    failed = Counter(row["at"] // width for row in inside.iter_rows(named=True) if 500 <= row["status_code"] <= 599)
    lost = Counter(row["at"] // width for row in orphans.iter_rows(named=True))
    asked = Counter(row["at"] // width for row in orphans.iter_rows(named=True) if row["side"] == "request")
    durations: dict[int, list[int]] = {}
    for row in inside.iter_rows(named=True):
        if row["duration_us"] >= 0:
            durations.setdefault(row["at"] // width, []).append(row["duration_us"])
    for point in found.points:
        bucket = round(instants.seconds(point.start) * 1e6) // width
        assert point.requests == requests[bucket] + asked[bucket]
        assert (point.errors_5xx, point.orphans) == (failed[bucket], lost[bucket])
        ordered = sorted(durations.get(bucket, []))
        for value, share in ((point.p50_ms, 0.5), (point.p99_ms, 0.99)):
            rank = -(-round(share * 1000) * len(ordered) // 1000)
            assert value == (ordered[rank - 1] / 1000 if ordered else None)
    assert sum(point.requests for point in found.points) == inside.height + sum(asked.values())


def test_adds_up_to_the_point_of_the_report_that_it_is_of(run: RunFolder) -> None:
    for first in (0, 70, 72):
        whole = run.report.timeline.points[first]
        start, end = span_us(run, first, round(run.report.timeline.bucket_s))
        found = finer_timeline(run, start, end, nothing)
        points = found.timeline.points
        for name in ("requests", "errors_4xx", "errors_5xx", "orphans"):
            assert sum(getattr(point, name) for point in points) == getattr(whole, name)
        assert all(0 <= at < len(points) for at, _, _ in found.heatmap.cells)
        counted = sum(n for _, _, n in found.heatmap.cells)
        assert counted == sum(n for at, _, n in run.report.heatmap.cells if at == first)


def test_of_an_access_log(tmp_path: Path) -> None:
    line = '10.0.0.1 - - [21/Nov/2025:14:00:{:02d} +0000] "GET /a HTTP/1.1" {} 12 "-" "curl/8"\n'
    (tmp_path / "a.log").write_text("".join(line.format(n % 60, 503 if n == 7 else 200) for n in range(90)))
    made = analyze(AnalyzeOptions(files=(str(tmp_path / "a.log"),), memory_bytes=1 << 30, store=str(tmp_path))).folder
    assert made is not None
    start, end = span_us(RunFolder(made), 0, 30)
    found = finer_timeline(RunFolder(made), start, end, nothing).timeline
    assert [point.requests for point in found.points] == [2] * 30
    assert [point.errors_5xx for point in found.points] == [int(n == 7) for n in range(30)]


def test_a_time_without_rows_has_no_points(run: RunFolder) -> None:
    assert finer_timeline(run, 0, 60 * instants.SECOND_US, nothing).timeline.points == []


def test_it_can_be_cancelled_and_tells_of_damage(run: RunFolder, tmp_path: Path) -> None:
    def cancelled() -> None:
        raise Cancelled("no more")

    start, end = span_us(run, 60, 60)
    with pytest.raises(Cancelled):
        finer_timeline(run, start, end, cancelled)
    broken = RunFolder(tmp_path / "broken")
    broken.path.mkdir()
    for part in ("manifest.json", "report.json"):
        (broken.path / part).write_bytes((run.path / part).read_bytes())
    with pytest.raises(InputError):
        finer_timeline(broken, start, end, nothing)
