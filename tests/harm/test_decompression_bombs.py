"""Compressed logs that grow a thousandfold: memory stays where it is, or the run ends with a clear error.

LOGCORR_BOMBS=1 takes bombs of 300 MB; by default they are small ones.
"""

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import assert_short_error, command, kept, logcorr, start
from tests.support.kernels_or_numpy import some

BIG = bool(os.environ.get("LOGCORR_BOMBS"))
TIMES = 30 if BIG else 3
BUDGET = 512 * 10**6
BLOCK = 10_000_000
REQUEST, RESPONSE = b"2025-03-01T12:00:00Z,a,u\n", b"2025-03-01T12:00:01Z,a,200\n"
# What is packed, and how its lines are counted.
BOMBS: dict[str, tuple[bytes, str]] = {
    "line ends": (b"\n" * (BLOCK // 4), "blank"),
    "one line of nothing": (b"\0" * BLOCK, "malformed"),
    "one line of commas": (b"," * BLOCK, "malformed"),
    "broken lines": (b"x\n" * (BLOCK // 20), "malformed"),
    "the same line": (REQUEST * (BLOCK // 100), "redelivered"),
}


def pack(path: Path, block: bytes, times: int) -> None:
    with gzip.open(path, "wb", 6) as file:
        for _ in range(times):
            file.write(block)


@pytest.mark.parametrize("name", some(BOMBS, "one line of commas", "the same line"))
def test_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    block, kind = BOMBS[name]
    pack(tmp_path / "bomb.gz", block, TIMES)
    (tmp_path / "responses.log").write_bytes(RESPONSE)
    words = ("correlate", "bomb.gz", "responses.log", "--memory", "512MB", "--no-store", "--report", "report.json")
    process = start(command(*words, "--progress", "none"), tmp_path)
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_bytes())
    ledger = report["inputs"]["requests"]
    found = ledger[kind] if kind != "malformed" else sum(ledger[kind].values())
    lines = (block * TIMES).count(b"\n") or 1
    assert lines - 1 <= found <= lines
    assert report["run"]["peak_rss_bytes"] < BUDGET


def test_a_disk_without_room_for_what_a_bomb_says_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "bomb.gz", REQUEST * (BLOCK // 100), 20)
    packed, text = (tmp_path / "bomb.gz").stat().st_size, 20 * len(REQUEST) * (BLOCK // 100)
    assert packed * 200 < text
    (tmp_path / "responses.log").write_bytes(RESPONSE)
    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: real._replace(free=text // 2))
    outcome = logcorr("correlate", "bomb.gz", "responses.log", "-o", "out.csv", cwd=tmp_path)
    assert outcome.code == 3
    assert_short_error(outcome, "needs about", "free")
    assert kept(tmp_path) == []
    assert not (tmp_path / "out.csv").exists()
