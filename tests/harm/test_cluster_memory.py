"""The memory of workers: what the user gives is kept, as their own peaks tell."""

from pathlib import Path
from typing import Any

import pytest

from logcorr import analyze, correlate
from tests.support.helpers import generated, succeed

MB = 10**6


@pytest.mark.long
@pytest.mark.parametrize(("memory", "rows"), [(280, 400_000), (300, 400_000), (600, 400_000), (300, 20_000)])
def test_workers_keep_within_their_memory(memory: int, rows: int, tmp_path: Path) -> None:
    generated(tmp_path, rows)
    succeed("generate", "access", str(tmp_path / "access.log"), "--rows", str(rows), "--force", cwd=tmp_path)
    how: dict[str, Any] = {"engine": "processes:2", "worker_memory": memory * MB, "store": tmp_path / "runs"}
    pair = correlate(tmp_path / "requests.log", tmp_path / "responses.log", **how)
    access = analyze(tmp_path / "access.log", **how)
    peaks = {kind: run.report.run.peak_rss_bytes // MB for kind, run in (("pair", pair), ("access", access))}
    assert max(peaks.values()) <= memory, peaks
