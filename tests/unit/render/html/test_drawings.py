"""Still pictures: bars stand where their values are, nothing lies outside of the plot, and edge cases draw something."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.render.html import drawings
from logcorr.render.html.drawings import WIDTH, Frame, round_top, spark
from logcorr.text.quantities import short

BOX = re.compile(r"M(-?[\d.]+) (-?[\d.]+)h([\d.]+)v(-?[\d.]+)h-[\d.]+z")


def boxes(path: str) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of each box of a path."""
    assert "".join(match[0] for match in BOX.finditer(path)) == path
    return [tuple(map(float, match.groups())) for match in BOX.finditer(path)]  # type: ignore[misc]


def test_bars_stand_on_each_other() -> None:
    frame = Frame(0, 4, 200)
    bars = [[(k, k + 1, value) for k, value in enumerate(values)] for values in ((10, 0, 5, 1), (10, 20, 0, 1))]
    drawings.stacked(frame, [("good", bars[0]), ("bad", bars[1])], short)
    good, bad = (boxes(path) for _, path in frame.areas)
    assert [tone for tone, _ in frame.areas] == ["good", "bad"]
    assert (len(good), len(bad)) == (3, 3)
    # The first bar has both parts, as high as each other, one above the other.
    assert good[0][3] == pytest.approx(bad[0][3], abs=0.2)
    assert bad[0][1] + bad[0][3] == pytest.approx(good[0][1], abs=0.2)
    # The highest sum, 20, reaches the top of the axis, which is 20.
    assert bad[1][1] == pytest.approx(frame.y(1), abs=0.2)
    assert [label.text for label in frame.labels] == ["0", "10", "20"]


@given(
    st.lists(st.tuples(st.floats(0, 1e12), st.floats(0, 1e12)), min_size=1, max_size=50),
    st.floats(-1e9, 1e9),
    st.integers(1, 10**6),
)
def test_nothing_lies_outside(values: list[tuple[float, float]], start: float, width: int) -> None:
    frame = Frame(start, start + width * len(values), 200)
    series = [
        (tone, [(start + k * width, start + (k + 1) * width, pair[n]) for k, pair in enumerate(values)])
        for n, tone in enumerate(("good", "bad"))
    ]
    drawings.stacked(frame, series, short)
    for _, path in frame.areas:
        for left, top, wide, high in boxes(path):
            assert frame.x(frame.start) - 0.1 <= left <= left + wide <= WIDTH + 1
            assert frame.y(1) - 0.1 <= top
            assert top + high <= frame.y(0) + 0.2


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.1, 2), (2.4, 2.5), (3, 5), (51, 100), (0.0021, 0.0025)])
def test_a_round_top(value: float, top: float) -> None:
    assert round_top(value) == pytest.approx(top)


def test_a_line_is_interrupted_where_there_is_no_value() -> None:
    frame = Frame(0, 5, 200)
    drawings.lines(frame, [("info", [(0, 1.0), (1, 10.0), (2, None), (3, 100.0), (4, 0.0)])])
    (path,) = [path for tone, path in frame.lines if tone == "info"]
    assert path.count("M") == 2
    ys = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
    assert ys[0] > ys[1] > ys[2]  # the slower, the higher
    assert {label.text for label in frame.labels} >= {"1ms", "10ms", "100ms"}


def test_a_single_point_is_drawn() -> None:
    frame = Frame(0, 1, 200)
    drawings.lines(frame, [("info", [(0.5, 5.0)])])
    (path,) = [path for tone, path in frame.lines if tone == "info"]
    assert "L" in path


def test_heat_is_told_by_steps() -> None:
    frame = Frame(0, 3, 200)
    drawings.heat(frame, [(0, 1, 0, 1), (1, 2, 1, 100), (2, 3, 2, 10_000)], 3)
    assert [tone for tone, _ in frame.areas] == ["heat0", "heat4", "heat8"]
    lefts = [boxes(path)[0][0] for _, path in frame.areas]
    tops = [boxes(path)[0][1] for _, path in frame.areas]
    assert lefts == sorted(lefts)
    assert tops == sorted(tops, reverse=True)


@pytest.mark.parametrize("span", [0.5, 1, 60, 7200, 86_400 * 3, 86_400 * 4000])
def test_times_have_labels_that_do_not_touch(span: float) -> None:
    frame = Frame(1_763_726_400, 1_763_726_400 + span, 200)
    frame.times()
    places = [(label.x - 3.6 * len(label.text), label.x + 3.6 * len(label.text)) for label in frame.labels]
    assert places
    assert all(end <= start for (_, end), (start, _) in pairwise(places))


def test_sparks() -> None:
    assert spark([1, 2]) == ""
    assert spark([0, 0, 0, 0]) == ""
    assert spark([None, 1.0, 2.0]) == "M0 24V24.0h33.33V12.5h33.33V1.0h33.33V24z"
    assert len(spark(list(range(10_000)))) < 1500
