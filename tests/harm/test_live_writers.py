"""Logs that real processes write while they are watched: nothing is lost, nothing is counted twice, nothing is left."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from tests.support import live_writers
from tests.support.helpers import PATIENCE_S, ROOT, command, start
from tests.support.kernels_or_numpy import long


class Watched:
    """A `logcorr watch` that is under way, and the records that it has told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._records: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._records.put(json.loads(line))

    def until(self, name: str, count: int) -> dict[str, Any]:
        """The first record with a count that is high enough."""
        record: dict[str, Any] = {}
        try:
            while record.get("counts", {}).get(name, -1) < count:
                record = self._records.get(timeout=PATIENCE_S)
        except Empty:
            raise AssertionError(f"{name} did not come to {count}: {record}") from None
        return record

    def ended(self) -> dict[str, Any]:
        """The last record of what was counted, once it was asked to end; then the run is told that was kept."""
        self._process.terminate()
        assert self._process.wait(PATIENCE_S) == 0
        self._reader.join(PATIENCE_S)
        records = []
        while not self._records.empty():
            records.append(self._records.get())
        last, run = records[-2:]
        assert last["kind"] == "end"
        assert run["kind"] == "run"
        assert run["run"] is not None
        return last


@contextmanager
def _watch(folder: Path, *words: str) -> Iterator[Watched]:
    process = start(command("watch", *words, "--json", "--every", "100ms"), folder)
    try:
        yield Watched(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


@contextmanager
def _writer(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _write(folder: Path, kind: str, count: int) -> None:
    with _writer("tests.support.live_writers", kind, str(folder), str(count)) as writer:
        writer.communicate(timeout=PATIENCE_S)
        assert writer.returncode == 0


def test_one_log_whose_lines_are_written_in_halves(tmp_path: Path) -> None:
    with _watch(tmp_path, "app.log") as watched:
        _write(tmp_path, "fastify", 200)
        watched.until("matched", 200)
        end = watched.ended()
    # The half line at the end waits for its end.
    counts = end["counts"]
    assert (counts["lines"], counts["malformed"], end["behind_bytes"]) == (400, 0, len(live_writers.HALF))
    told = {name: counts[name] for name in ("requests", "responses", "matched", "failures", "open")}
    assert told == {"requests": 200, "responses": 200, "matched": 200, "failures": 20, "open": 0}


def test_a_pair_with_broken_lines(tmp_path: Path) -> None:
    with _watch(tmp_path, "requests.log", "responses.log") as watched:
        _write(tmp_path, "pair", 2000)
        watched.until("matched", 2000)
        end = watched.ended()
    counts = end["counts"]
    assert (counts["lines"], counts["malformed"]) == (4020, 20)
    assert (counts["matched"], counts["failures"], counts["open"], counts["unasked"]) == (2000, 200, 0, 0)
    assert (end["window"]["p50_ms"], end["window"]["exchanges"]) == (pytest.approx(20, rel=0.01), 2000)


@pytest.mark.parametrize(("skew", "p50_ms"), [("0", None), ("200", pytest.approx(20, rel=0.01))])
def test_clocks_that_differ(tmp_path: Path, skew: str, p50_ms: object) -> None:
    with _watch(tmp_path, "requests.log", "responses.log", "--skew", skew) as watched:
        _write(tmp_path, "skewed", 500)
        watched.until("matched", 500)
        end = watched.ended()
    # Negative durations are counted and shown, and are in no percentile.
    assert (end["counts"]["matched"], end["window"]["p50_ms"]) == (500, p50_ms)
    assert end["counts"]["open"] == 0


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=long)])
def test_no_line_is_lost_at_20000_lines_a_second(tmp_path: Path, seconds: int) -> None:
    for name in ("requests.log", "responses.log"):
        (tmp_path / name).touch()
    with (
        _watch(tmp_path, "requests.log", "responses.log") as watched,
        _writer("benchmarks.live_writer", str(tmp_path), "20000", str(seconds)) as writer,
    ):
        told = writer.communicate(timeout=seconds + PATIENCE_S)[0]
        written = int(told.split()[-1])
        assert written > 15_000 * seconds
        watched.until("lines", written)
        counts = watched.ended()["counts"]
    requests, responses = ((tmp_path / name).read_bytes() for name in ("requests.log", "responses.log"))
    answered = responses.count(b"\n")
    assert counts["lines"] == written == requests.count(b"\n") + answered
    assert (counts["requests"], counts["responses"], counts["matched"]) == (written - answered, answered, answered)
    assert (counts["malformed"], counts["redelivered"], counts["open"]) == (0, 0, written - 2 * answered)
