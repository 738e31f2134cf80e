"""What is watched for weeks stays within its memory, whatever comes: what is given up for it is counted."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.pairing import live_join
from tests.support.helpers import PATIENCE_S, command, looks, start

BUDGET = 256 * 10**6
ROWS = 250_000
START_US = 1_763_733_600_000_000
# Lines of the request log and of the response log, and how many µs lie between two lines.
CASES = {"requests that nobody answers": (ROWS, 1, 1000), "responses that nobody asked for": (1, ROWS, 200)}


def _write(path: Path, rows: int, step_us: int, value: str) -> None:
    number = pl.int_range(rows, eager=True)
    stamps = (START_US + number * step_us).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    ids = pl.Series(["req-"]) + number.cast(pl.String).str.zfill(32)
    values = pl.Series([value]).extend_constant(value, rows - 1)
    pl.DataFrame([stamps.alias("time"), ids.alias("id"), values.alias("value")]).write_csv(path, include_header=False)


def _until(process: subprocess.Popen[str], lines: int) -> dict[str, Any]:
    """The first record that tells of so many lines."""
    assert process.stdout is not None
    for _ in looks(0.1):
        record: dict[str, Any] = json.loads(process.stdout.readline())
        if record["counts"]["lines"] == lines and not record["behind_bytes"]:
            return record
    raise AssertionError("nothing happened")


@pytest.mark.parametrize("name", CASES)
def test_a_small_budget_is_kept_and_what_is_given_up_is_counted(name: str, tmp_path: Path) -> None:
    requests, responses, step_us = CASES[name]
    _write(tmp_path / "requests.log", requests, step_us, "user-" + "x" * 40)
    _write(tmp_path / "responses.log", responses, step_us, "200")
    words = ("requests.log", "responses.log", "--json", "--every", "200ms", "--memory", "256MB", "--timeout", "10h")
    process = start(command("watch", *words, "--longest-window", "1h"), tmp_path)
    try:
        counts = _until(process, requests + responses)["counts"]
        status = Path(f"/proc/{process.pid}/status")
        peak = int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) * 1024 if status.exists() else 0
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert peak < BUDGET
    assert counts["matched"] == 1
    if requests > 1:
        assert counts["open"] + counts["given_up"] == requests - 1
        assert 0 < counts["open"] <= BUDGET * live_join._OPEN_SHARE / live_join._BYTES_PER_OPEN
    else:
        # What is older than the lateness is no longer waited for; the rest are given up as there is no room.
        waiting = int(BUDGET * live_join._EARLY_SHARE) // (live_join._BYTES_PER_EARLY + 36)
        assert counts["given_up"] + counts["unasked"] + waiting == responses - 1
        assert counts["given_up"] > 0
