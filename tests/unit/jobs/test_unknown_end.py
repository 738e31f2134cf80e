"""The end of a compressed log is not known before it is read: all figures are those of the plain log, counted once."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from logcorr.jobs.write_views import PairViews
from tests.support.helpers import succeed


def made(folder: Path, seconds: int) -> None:
    """Logs of so many seconds, plain and compressed."""
    step = max(1, seconds // 500)
    times = [
        f"2025-03-0{1 + at // 86_400}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}Z"
        for at in range(0, seconds, step)
    ]
    logs = {
        "requests": "".join(f"{time},r{number},u{number % 7}\n" for number, time in enumerate(times)).encode(),
        "responses": "".join(f"{time},r{number},200\n" for number, time in enumerate(times)).encode(),
    }
    for name, text in logs.items():
        (folder / f"{name}.log").write_bytes(text)
        (folder / f"{name}.log.gz").write_bytes(gzip.compress(text))


def figures(folder: Path, ending: str) -> dict[str, Any]:
    words = (f"requests{ending}", f"responses{ending}", "--report", f"{ending}.json", "--no-store")
    succeed("correlate", *words, cwd=folder)
    report: dict[str, Any] = json.loads((folder / f"{ending}.json").read_bytes())
    return {name: value for name, value in report.items() if name not in ("run", "inputs")}


@pytest.mark.parametrize("seconds", [100, 700, 9000, 500_000])
def test_the_figures_are_those_of_the_plain_log_and_counted_once(
    seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, seconds)
    expected = figures(tmp_path, ".log")
    monkeypatch.setattr(PairViews, "exchange_parts", lambda _: pytest.fail("the exchanges are counted again"))
    found = figures(tmp_path, ".log.gz")
    assert found == expected
    assert found["timeline"]["points"]
