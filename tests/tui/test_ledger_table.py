"""The ledger of the Run screen: its rows for two logs, for one log with both events, and for an access log."""

import msgspec
import pytest
from rich.console import Console

from logcorr.model.access_report import RunReport
from logcorr_tui.look.palette import DARK
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.run.ledger_table import ledger
from tests.support import access_reports, pair_reports


def rows(report: RunReport) -> dict[str, list[str]]:
    """The cells of each row of the table, by its name."""
    session = Session(report=report)
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(ledger(session, DARK))
    lines = [line.split("  ") for line in capture.get().splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    return {first: rest for first, *rest in cells}


def test_two_logs() -> None:
    found = rows(pair_reports.busy())
    assert list(found)[:4] == ["requests", "lines", "blank", "header"]
    assert found["lines"] == ["12,499,871", "12,452,001"]
    assert not {"other", "entries", "surplus", "repaired", "left_out"} & found.keys()
    assert "✓ every line is accounted for" in found


def test_one_log_with_both_events() -> None:
    found = rows(pair_reports.one_log())
    assert found["lines"] == ["1,066", "·", "·"]
    assert found["other"] == ["1,040", "·", "·"]
    assert found["entries"] == ["·", "10", "12"]
    assert found["surplus"] == ["·", "0", "2"]
    assert found["malformed"] == ["3", "·", "·"]


@pytest.mark.parametrize("other", [0, 7])
def test_an_access_log(other: int) -> None:
    report = access_reports.busy()
    access = msgspec.structs.replace(report.inputs.access, other=other, lines=report.inputs.access.lines + other)
    found = rows(msgspec.structs.replace(report, inputs=msgspec.structs.replace(report.inputs, access=access)))
    assert ("other" in found) == bool(other)
    assert found["malformed"] == ["693"]
    assert "✓ every line is accounted for" in found
