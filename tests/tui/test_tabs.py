"""The tabs keep their blanks at every width: rare counts and rare tabs go first, and keys without a tab are named."""

import re
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.pilot import Pilot

from logcorr.model.report import Report
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.tabs import Tabs, key_range
from tests.support import access_reports, pair_reports
from tests.tui.headless import Shared

WIDTHS = (40, 60, 72, 80, 100, 120, 140, 200)


class Demo(App[None]):
    """An app with nothing but the tabs."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()

    def compose(self) -> Iterator[Tabs]:
        yield Tabs("overview", id="tabs")


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared[Demo]]:
    app = Shared(Demo, (120, 5))
    yield app
    app.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["pair", "access"])
@pytest.mark.parametrize("active", ["overview", "errors", "skewed"])
def test_at_every_width_keys_stand_apart_and_all_are_named(
    shared: Shared[Demo], width: int, kind: str, active: str
) -> None:
    async def use(pilot: Pilot[None], app: Demo) -> None:
        await pilot.pause()
        app.session.report = pair_reports.busy() if kind == "pair" else access_reports.busy()
        tabs = app.query_one(Tabs)
        tabs.active = active
        tabs.reload()
        assert tabs.size.width == width
        line = tabs.canvas.text()[0]
        # A key is a digit after two blanks at least, or at the start of the line.
        tabs_alone, _, rest = re.sub(r"  ((?:[0-9](?:–[0-9])? )+)… *$", r"|\1", line).partition("|")
        named = re.findall(r"(?:^ |  )([0-9]) [A-Z]", tabs_alone)
        for first, last in re.findall(r"([0-9])(?:–([0-9]))? ", rest):
            named += map(str, range(int(first), int(last or first) + 1))
        assert sorted(named) == list("123456789"), line
        assert "1 Overview" in line
        if active == "errors" and width >= 60:
            assert "3 Errors" in line
        if active == "skewed":
            assert "Skewed" in line
        if width >= 140:
            assert "…" not in line
        assert len(line.rstrip()) < width

    shared.play(use, (width, 5))


def test_counts_that_are_nothing_have_no_mark() -> None:
    from logcorr_tui.state.overview_figures import figures
    from logcorr_tui.widgets.tabs import row_counts

    report = access_reports.busy()
    found = figures(Session(report=report))
    assert found is not None
    assert row_counts(report, found)["ips"].endswith("!")
    assert isinstance(pair_reports.busy(), Report)
    assert "ips" not in row_counts(pair_reports.busy(), found)


@pytest.mark.parametrize(
    ("keys", "text"), [("789", "7–9"), ("7", "7"), ("79", "7 9"), ("7890", "7–9 0"), ("67EI", "6–7 E I"), ("", "")]
)
def test_keys_that_follow_each_other_are_one_range(keys: str, text: str) -> None:
    assert key_range(list(keys)) == text
