"""Tables of counted exchanges: endpoints with their ids joined, what was not found, bytes, referrers."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.formats.endpoint_path import collapsed
from logcorr.jobs.analyze import analyze
from logcorr.model.options import AnalyzeOptions, Reading
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.counted_tables import counted_tables
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.widgets.table.window_table import WindowTable
from tests.tui.headless import Stage, play

pytestmark = [
    pytest.mark.usefixtures("filtered_here", "own_settings"),
    pytest.mark.skipif(sys.platform == "win32", reason="as all of the app's tests with a store"),
]
_PROFILE = """
[sized]
about = "with bytes and referrers"
syntax = "text"
time = { field = "t", form = "%Y-%m-%dT%H:%M:%SZ" }
endpoint = "endpoint"
ip = "ip"
attributes = { bytes = "size", referrer = "from" }
[[sized.rule]]
event = "exchange"
match = '''(?P<t>\\S+) (?P<ip>\\S+) (?P<endpoint>\\S+) (?P<status>\\d+) (?P<size>\\S+) (?P<from>\\S+)'''
status = { field = "status" }
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    (tmp_path / "formats.toml").write_text(_PROFILE, encoding="utf8")
    lines = []
    for n in range(300):
        endpoint = f"/users/{n % 90}" if n % 3 else "/health"
        status = 404 if n % 7 == 0 else 200
        size = "-" if n % 11 == 0 else n
        lines.append(
            f"2025-11-21T14:{n // 60:02d}:{n % 60:02d}Z 10.0.0.{n % 4} {endpoint} {status} {size} from-{n % 5}"
        )
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n", encoding="utf8")
    options = AnalyzeOptions(
        files=(str(tmp_path / "a.log"),),
        form="sized",
        reading=Reading(files=(str(tmp_path / "formats.toml"),)),
        memory_bytes=1 << 30,
        store=str(tmp_path / "store"),
    )
    found = analyze(options).folder
    assert found is not None
    return RunFolder(found)


def _table(stage: Stage) -> WindowTable:
    assert isinstance(stage.app.screen, TableScreen)
    return stage.app.screen.query_one(WindowTable)


def _settled(stage: Stage) -> bool:
    screen = stage.app.screen
    return isinstance(screen, TableScreen) and screen._pages is not None and not screen._working


def _rows(stage: Stage) -> list[dict[str, Any]]:
    screen = stage.app.screen
    assert isinstance(screen, TableScreen)
    assert screen._pages is not None
    names = [column.name for column in screen._pages.columns]
    return [dict(zip(names, row, strict=True)) for row in screen._pages.page(0, 1000)]


def test_ids_of_endpoints_are_joined_and_lead_to_their_exchanges(run: RunFolder) -> None:
    exchanges = views.scan(run, "exchanges").with_columns(name=collapsed(pl.col("endpoint"))).collect()

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("4")
        await stage.until(lambda: _settled(stage))
        assert "c joins ids: 60 of 61 paths hold one" in stage.app.screen.query_one(FilterChips).hint
        await stage.press("c")
        await stage.until(lambda: _settled(stage) and _table(stage).total == 2)
        counts = {row["endpoint"]: row["requests"] for row in _rows(stage)}
        assert counts == Counter(exchanges["name"].to_list())
        assert next(iter(counts)) == "/users/*"
        await stage.press("enter")
        await stage.until(lambda: _settled(stage) and _table(stage).total == counts["/users/*"])
        assert stage.app.screen.query_one(FilterChips).labels == ["endpoint /users/*"]

    play(LogcorrApp(run=run.path, store=str(run.path.parent)), act, (120, 36))


def test_bytes_referrers_and_what_was_not_found_are_tables(run: RunFolder) -> None:
    exchanges = views.scan(run, "exchanges").collect()
    tables = counted_tables(run.manifest.attributes)
    assert {*tables} >= {"Not found (404), by endpoint", "Bytes by endpoint", "Bytes by address", "Referrers"}
    sizes = exchanges.with_columns(pl.col("bytes").cast(pl.Int64, strict=False))

    async def act(stage: Stage) -> None:
        app = stage.app
        assert isinstance(app, LogcorrApp)
        await stage.see("✓ complete")
        for name, counting in tables.items():
            app.show_counted(counting)
            await stage.until(lambda: _settled(stage))
            rows = _rows(stage)
            by = counting.column
            if name.startswith("Bytes"):
                expected = {row[by]: row["bytes"] for row in sizes.group_by(by).agg(pl.col("bytes").sum()).to_dicts()}
                assert {row[by]: row["bytes"] for row in rows} == expected
                assert [row["bytes"] for row in rows] == sorted(expected.values(), reverse=True)
            else:
                chosen = exchanges.filter(pl.col("status_code") == 404) if "404" in name else exchanges
                assert {row[by]: row["requests"] for row in rows} == Counter(chosen[by].to_list())
            await stage.press("escape")

    play(LogcorrApp(run=run.path, store=str(run.path.parent)), act, (120, 36))
