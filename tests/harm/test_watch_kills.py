"""Logs that are written and rotated while they are followed by a process that is killed again and again."""

import json
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from logcorr.runs.find_journals import all_journals
from logcorr.runs.find_runs import all_runs
from tests.support.helpers import command, looks, start, succeed
from tests.support.kernels_or_numpy import some

LOGS = ("requests.log", "responses.log")
_STEP_BYTES = 700


class _Writer(threading.Thread):
    """Appends two logs in pieces that end anywhere. Now and then a log is rotated by its name."""

    def __init__(self, texts: list[bytes], paths: list[Path], seed: int) -> None:
        super().__init__(daemon=True)
        self._texts, self._paths, self._chance = texts, paths, random.Random(seed)
        self._turned = 0
        self.stops = threading.Event()

    def run(self) -> None:
        done = [0, 0]
        while not self.stops.is_set() and done != [len(text) for text in self._texts]:
            side = self._chance.randrange(2)
            end = min(len(self._texts[side]), done[side] + self._chance.randrange(1, 2 * _STEP_BYTES))
            rotates = self._chance.random() < 0.05
            if rotates:
                end = self._texts[side].find(b"\n", max(done[side], end - 1)) + 1 or len(self._texts[side])
            with self._paths[side].open("ab") as file:
                file.write(self._texts[side][done[side] : end])
            done[side] = end
            if rotates:
                self._turned += 1
                self._paths[side].rename(self._paths[side].with_name(f"{self._paths[side].name}.{self._turned}"))
            time.sleep(0.01)


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    figures = {name: value for name, value in report.items() if name != "run"}
    for ledger in figures["inputs"].values():
        ledger.pop("files", None)
    return figures


@pytest.mark.parametrize(("kills", "seed"), some([(2, 1), (12, 2), (25, 3)], (2, 1)))
def test_no_line_is_lost_or_read_twice(tmp_path: Path, kills: int, seed: int) -> None:
    rows = str(150 * kills)
    succeed("generate", "pair", "whole", "--rows", rows, "--seed", str(seed), cwd=tmp_path)
    succeed("correlate", *(f"whole/{name}" for name in LOGS), "--no-store", "--report", "once.json", cwd=tmp_path)
    texts = [(tmp_path / "whole" / name).read_bytes() for name in LOGS]
    lines = sum(text.count(b"\n") for text in texts)
    writer = _Writer(texts, [tmp_path / name for name in LOGS], seed)
    chance = random.Random(seed)
    # Several logs of one name may come and go while nobody follows, so all of them are named.
    words = command("watch", "--requests", f"{LOGS[0]}*", "--responses", f"{LOGS[1]}*", "--every", "10s", "--resume")
    runs = tmp_path / "cache" / "logcorr" / "runs"
    writer.start()
    try:
        for _ in range(kills):
            with start(words, tmp_path) as process:
                time.sleep(1 + 2 * chance.random())
                process.kill()
                process.communicate()
        writer.join(timeout=120)
        with start(words, tmp_path) as process:
            for _ in looks(0.1):
                kept = all_journals(runs)
                if any(one.is_in_use for one in kept) and sum(_lines(one.place) for one in kept) >= lines:
                    break
                assert process.poll() is None
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate()
    finally:
        writer.stops.set()
        writer.join()
    assert process.returncode == 0, err
    (run,) = all_runs(runs)
    once = json.loads((tmp_path / "once.json").read_bytes())
    assert _figures(json.loads((run.path / "report.json").read_bytes())) == _figures(once)
    assert len(all_journals(runs)) == 1
    assert not list(runs.glob(".*"))


def _lines(journal: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in journal.glob("*.log"))
