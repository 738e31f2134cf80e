"""Runs that are killed at any moment: what they leave is whole or not there, and the next run makes it good.

As many kills as LOGCORR_KILLS says, each at a moment and by a signal that its number picks.
"""

import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from logcorr.model.errors import Cancelled
from logcorr.runs.work_folder import WorkFolder, abandon_all
from tests.support.helpers import command, generated, kept, start, succeed, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

KILLS = int(os.environ.get("LOGCORR_KILLS", "4"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
OLD = b"what was there before"
PATIENCE_S = 60.0
# An interrupt that comes earlier ends Python itself while it starts, which says so in its own way: this runs the command,
# and makes a file once it has taken interrupts into its own hands.
_AWAKE = """
import signal, sys
from pathlib import Path
from logcorr.__main__ import main
mark, real = Path(sys.argv[1]), signal.signal
def told(*given):
    found = real(*given)
    mark.touch()
    return found
signal.signal = told
sys.argv[:] = ["logcorr", *sys.argv[2:]]
main()
"""
# Outputs in the order in which they appear.
OUTPUTS = {
    "correlate": {"-o": "out.ndjson", "--orphans": "orphans.csv", "--malformed": "bad.json", "--report": "report.json"},
    "analyze": {"-o": "out.parquet", "--malformed": "bad.csv", "--report": "report.json"},
    "export": {"-o": "out.csv"},
}
NAMES = [*OUTPUTS, "correlate"]


class Case(NamedTuple):
    """A command: its words, what its outputs are in the end, how long it takes, and the store that it begins with."""

    words: list[str]
    outputs: dict[str, bytes]
    seconds: float
    store: Path | None


def content(path: Path) -> bytes:
    """What is in an output; of a report, all but what it tells of the run itself."""
    raw = path.read_bytes()
    if path.name == "report.json" and raw != OLD:
        report = json.loads(raw)
        del report["run"]
        return json.dumps(report).encode()
    return raw


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Each command, done in peace in a process of its own."""
    logs = tmp_path_factory.mktemp("logs")
    generated(logs, 20_000)
    succeed("generate", "access", logs / "deep" / "access.log", "--rows", "20000", cwd=logs)
    pair = [str(logs / name) for name in ("requests.log", "responses.log")]
    given = {"correlate": ["correlate", *pair], "analyze": ["analyze", str(logs / "deep" / "access.log")]}
    found, done = dict[str, Case](), logs
    for name, files in OUTPUTS.items():
        here = tmp_path_factory.mktemp(name)
        store = None
        if name == "export":
            (run,) = kept(done)
            store = shutil.copytree(done / "cache", here / "cache").rename(logs / "store")
            shutil.copytree(store, here / "cache")
            given[name] = ["export", run.name, "--view", "exchanges"]
        words = [*given[name], *(word for pair in files.items() for word in pair), "--sort", "time"]
        began = time.monotonic()
        with start(command(*words), here, LOGCORR_BUCKETS="3") as process:
            _, err = process.communicate(timeout=PATIENCE_S)
        seconds = time.monotonic() - began
        assert process.returncode == 0, err
        done = here if name == "correlate" else done
        found[name] = Case(words, {file: content(here / file) for file in files.values()}, seconds, store)
    return found


@pytest.mark.parametrize("number", range(KILLS))
def test_what_a_killed_run_leaves_is_whole_or_not_there(number: int, cases: dict[str, Case], tmp_path: Path) -> None:
    chance = random.Random(number)
    name, sent, forced = NAMES[number % len(NAMES)], SIGNALS[number % 3], chance.random() < 0.5
    case = cases[name]
    if case.store is not None:
        shutil.copytree(case.store, tmp_path / "cache")
    for file in case.outputs if forced else ():
        (tmp_path / file).write_bytes(OLD)
    runs = kept(tmp_path)
    awake = tmp_path / "cache" / "awake"
    awake.parent.mkdir(exist_ok=True)
    words = [*case.words, *(["--force"] if forced else [])]
    running = command(*words) if sent != signal.SIGINT else [sys.executable, "-c", _AWAKE, str(awake), *words]
    with start(running, tmp_path, LOGCORR_BUCKETS="3") as process:
        if sent == signal.SIGINT:
            wait_until(awake.exists, process)
        time.sleep(chance.uniform(0, case.seconds))
        process.send_signal(sent)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err
    assert "internal error" not in err

    told = f"{name} by {sent.name}, exit code {process.returncode}: {err}"
    new = [look(tmp_path / file, case.outputs[file], forced=forced) for file in case.outputs]
    assert new == sorted(new, reverse=True), f"outputs appear in their order, the report last: {told}"
    stray = {path.name for path in tmp_path.iterdir()} - {*case.outputs, "cache"}
    if sent == signal.SIGKILL:
        assert all(name.startswith(".") and name.endswith(".part") for name in stray), told
    else:
        assert len(set(new)) == 1, f"all of it or nothing: {told}"
        assert stray == set(), told
        assert not any(path.name.startswith(".") for path in kept(tmp_path)), told
        assert process.returncode in {0, 130, -sent}, told
        if process.returncode == 0:
            assert all(new), told
        if "nothing was kept" in err:
            assert not any(new), told
            assert kept(tmp_path) == runs, told

    again = case.words if not any((tmp_path / file).exists() for file in case.outputs) else [*case.words, "--force"]
    succeed(*again, cwd=tmp_path, LOGCORR_BUCKETS="3")
    assert {file: content(tmp_path / file) for file in case.outputs} == case.outputs, told
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*case.outputs, "cache"]), told
    assert [path.name.startswith(".") for path in kept(tmp_path)] == [False], told


def look(path: Path, whole: bytes, *, forced: bool) -> bool:
    """Whether an output is the new one, whole; else it must be the old one, or not there."""
    if not path.exists():
        assert not forced, f"{path.name}: the old one is gone, and no new one there"
        return False
    found = content(path)
    assert found == whole or (forced and found == OLD), f"{path.name} is neither the old one nor the new one"
    return found == whole


def test_kills_are_at_all_stages(cases: dict[str, Case], tmp_path: Path) -> None:
    """The logs are large enough for each stage to take its time: the kills do not all fall into the start."""
    with start(command(*cases["correlate"].words, "--progress", "json"), tmp_path, LOGCORR_BUCKETS="3") as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    seconds = json.loads((tmp_path / "report.json").read_bytes())["run"]["seconds"]
    assert set(seconds) >= {"read", "pair", "report"}
    assert sum(seconds.values()) > 0.05


@pytest.mark.parametrize("abandoned", [False, True])
def test_a_run_that_is_ended_while_it_is_delivered_is_whole_or_not_there(
    abandoned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt that loses patience either comes before the first output appears, or waits for the last."""
    replace, moving = Path.replace, threading.Event()

    def slowly(self: Path, target: Path) -> Path:
        moving.set()
        time.sleep(0.3)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", slowly)
    parts = [(tmp_path / f".{name}.part", tmp_path / name) for name in ("out.csv", "report.json")]
    with WorkFolder(tmp_path / "store") as work:
        for part, _ in parts:
            work.add_unfinished(part)
            part.write_bytes(b"new")
        if abandoned:
            abandon_all()
            with pytest.raises(Cancelled):
                work.deliver(parts, "key")
        else:
            delivery = threading.Thread(target=work.deliver, args=(parts, "key"), daemon=True)
            delivery.start()
            assert moving.wait(5)
            abandon_all()
            delivery.join()
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == (["store"] if abandoned else ["out.csv", "report.json", "store", "store/key"])
