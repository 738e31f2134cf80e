"""The heat map of the summary has every exchange once, in its column and its row."""

from typing import Any

import pytest

from logcorr.model.report import Heatmap, Timeline, TimelinePoint
from logcorr.render import charts, heat_map
from logcorr.text import instants

needs_plotext = pytest.mark.skipif(not charts.CAN_DRAW, reason="plotext 6 is not installed")


def timeline(points: int, bucket_s: float = 60.0) -> Timeline:
    empty: dict[str, Any] = {
        "responses": 0,
        "errors_4xx": 0,
        "errors_5xx": 0,
        "orphans": 0,
        "p50_ms": None,
        "p99_ms": None,
    }
    starts = [instants.text(round(k * bucket_s * 1e6)) for k in range(points)]
    return Timeline(bucket_s=bucket_s, points=[TimelinePoint(start=start, requests=1, **empty) for start in starts])


@needs_plotext
def test_shades_follow_the_counts() -> None:
    cells = [(k, 0, 1000) for k in range(50)] + [(k, 2, 1) for k in range(20, 30)]
    lines = heat_map.draw(
        Heatmap(edges_ms=[1.0, 3.16, 10.0], cells=cells), timeline(50), charts.GUTTER + 50, color=False
    )
    top, middle, low, *axis = lines
    assert top == f"{'10ms':>8} " + " " * 20 + "░" * 10 + " " * 20
    assert middle.strip() == ""
    assert low == f"{'1ms':>8} " + "█" * 50
    assert len(axis) == 2


@needs_plotext
@pytest.mark.parametrize(("points", "columns"), [(240, 100), (100, 100), (7, 100), (1, 100)])
def test_every_column_has_what_its_points_have(points: int, columns: int) -> None:
    cells = [(k, 0, 5) for k in range(points)]
    lines = heat_map.draw(
        Heatmap(edges_ms=[1.0, 3.16], cells=cells), timeline(points), charts.GUTTER + columns, color=False
    )
    assert " " not in lines[1][charts.GUTTER :]
    assert lines[0].strip() == ""


def test_nothing_to_draw() -> None:
    assert heat_map.draw(Heatmap(edges_ms=[], cells=[]), timeline(3), 100, color=False) == []
    nothing = Timeline(bucket_s=1.0, points=[])
    assert heat_map.draw(Heatmap(edges_ms=[1.0], cells=[(0, 0, 1)]), nothing, 100, color=False) == []
