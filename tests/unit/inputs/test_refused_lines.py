"""Malformed lines by the hundred thousand, which the engine's threads refuse at the same time."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions, Output
from tests.support.kernels_or_numpy import some

LINES = 200_000


@pytest.mark.parametrize("round_", some(range(3), 0))
def test_every_one_of_many_malformed_lines_counts_once(round_: int, tmp_path: Path) -> None:
    del round_  # threads meet differently each time
    stamp = "2025-11-21T14:00:00.000Z"
    rows = [f"{stamp},request-{n},u" if n % 5 < 2 else f"bad line {n}" if n % 5 < 4 else " " for n in range(LINES)]
    (tmp_path / "q.log").write_text("\n".join(rows) + "\n")
    (tmp_path / "r.log").write_text("".join(f"{stamp},request-{n},200\n" for n in range(0, LINES, 5)))
    malformed = tmp_path / "malformed.parquet"
    result = correlate(
        CorrelateOptions(
            requests=(str(tmp_path / "q.log"),),
            responses=(str(tmp_path / "r.log"),),
            memory_bytes=10**9,
            store=str(tmp_path / "store"),
            keep=False,
            outputs=(Output(view="malformed", path=str(malformed)),),
        )
    )
    side = result.report.inputs.requests
    assert (side.lines, side.blank, side.malformed) == (LINES, LINES // 5, {"fields": LINES // 5 * 2})
    written = pl.read_parquet(malformed)
    assert written["line"].n_unique() == written.height == LINES // 5 * 2
    assert Counter(written["text"]) == Counter(row for row in rows if row.startswith("bad"))
