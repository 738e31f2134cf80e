"""A budget is kept whatever the logs hold: long ids, long users, ids that stay alone, durations that all differ.

The logs are small, but each of them once took more than its budget.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.support.helpers import PATIENCE_S, Outcome, command, start, write_pair
from tests.support.kernels_or_numpy import some

BUDGET = 256 * 10**6
ROWS = 400_000
SECOND_US = 1_000_000
START_US = 1_763_733_600 * SECOND_US
SPAN_US = 7200 * SECOND_US
DISORDER_US = 2 * SECOND_US
# Digits of an id, characters of a user, how many users there are, and the share of ids that stay alone.
LOGS: dict[str, tuple[int, int, int, float]] = {
    "long ids": (64, 20, 300, 0.3),
    "long users": (16, 60, 300_000, 0.3),
    "ids that stay alone": (32, 60, 300, 0.6),
    "durations that all differ": (16, 36, 300, 0.0),
}


def hexadecimal(random: np.random.Generator, count: int, digits: int) -> pl.Series:
    raw = random.bytes(count * digits // 2).hex()
    return pl.Series([raw[at : at + digits] for at in range(0, len(raw), digits)])


def write_logs(folder: Path, digits: int, characters: int, users: int, alone: float) -> int:
    """Writes requests.log and responses.log of ROWS lines each, out of order by seconds. Returns the number of pairs."""
    random = np.random.default_rng(1)
    pairs = int(ROWS * (1 - alone))
    names = "/" + hexadecimal(random, users, 16).str.pad_end(characters - 1, "x")
    shared = hexadecimal(random, pairs, digits)
    asked = random.integers(0, SPAN_US, ROWS)
    answered = random.integers(0, SPAN_US, ROWS)
    answered[:pairs] = asked[:pairs] + random.exponential(20_000, pairs).astype(np.int64)
    values = {
        "requests": (asked, names[random.integers(0, users, ROWS)]),
        "responses": (answered, pl.Series(random.choice(["200", "404", "500"], ROWS))),
    }
    for name, (times, value) in values.items():
        ids = pl.concat([shared, hexadecimal(random, ROWS - pairs, digits)]) if alone else shared
        stamps = pl.Series(times + START_US).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        order = np.argsort(times + random.normal(0, DISORDER_US, ROWS), kind="stable")
        pl.DataFrame([stamps.alias("time"), ids.alias("id"), value.alias("value")])[order].write_csv(
            folder / f"{name}.log", include_header=False
        )
    return pairs


def correlated(folder: Path, memory: str) -> tuple[Outcome, dict[str, Any]]:
    """Runs the command in a process of its own. Returns how it ended, and its report."""
    words = ("requests.log", "responses.log", "--memory", memory, "--no-store", "--report", "report.json", "--force")
    process = start(command("correlate", *words), folder)
    _, said = process.communicate(timeout=PATIENCE_S)
    outcome = Outcome(process.returncode, b"", said)
    return outcome, json.loads((folder / "report.json").read_bytes()) if outcome.code == 0 else {}


@pytest.mark.parametrize("name", some(LOGS, *LOGS))
def test_a_small_budget_is_kept(name: str, tmp_path: Path) -> None:
    pairs = write_logs(tmp_path, *LOGS[name])
    outcome, report = correlated(tmp_path, "256MB")
    assert outcome.code == 0, outcome.err
    assert "note:" not in outcome.err
    assert report["inputs"]["requests"]["matched"] == pairs
    assert report["inputs"]["requests"]["orphans"] == ROWS - pairs
    assert report["run"]["peak_rss_bytes"] < BUDGET


def test_a_budget_that_the_process_itself_exceeds_is_noted(tmp_path: Path) -> None:
    write_pair(tmp_path)
    outcome, report = correlated(tmp_path, "50MB")
    assert outcome.code == 0
    assert "note: --memory 50 MB cannot be kept" in outcome.err
    assert "MB or more is kept." in outcome.err
    assert report == {**correlated(tmp_path, "1GB")[1], "run": report["run"]}


def test_a_budget_that_may_be_too_small_is_noted_with_the_least_that_is_kept(tmp_path: Path) -> None:
    write_pair(tmp_path)
    noted, _ = correlated(tmp_path, "50MB")
    least = int(noted.err.split("without any data. ")[1].split("MB")[0])
    noted, _ = correlated(tmp_path, f"{least - 40}MB")
    assert noted.code == 0
    assert "may be exceeded" in noted.err
    kept, _ = correlated(tmp_path, f"{least + 20}MB")
    assert "note:" not in kept.err
