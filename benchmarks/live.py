"""Logs that are followed while they are written: how soon a line is shown, and what following takes.

A writer of its own appends to a pair of logs. Then a day of traffic is read as fast as it goes, in little memory.
"""

import shutil
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.live_view import Screen, View, app_command, watch_command
from benchmarks.rounds import environment

RATE = 20_000
BUDGET = 256_000_000
# So long is written before anything is measured.
_WARM_S = 8.0
_KEY_PAUSE_S = 0.15
_PATIENCE_S = 60.0
_DAY = ("--span", "24h", "--retries", "0", "--redelivered", "0", "--malformed", "0", "--blank", "0", "--utf8-only")
VIEWS = {"watch": "logcorr watch --json --every 200ms", "app": "logcorr-tui --follow"}
CASES = (*VIEWS, "day")


def run(
    folder: Path, rows: int, only: Sequence[str], *, seconds: float, timeout_s: float, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Measures each case: {"rate": lines a second, "views": records, "day": a record or None}.

    A record of a view: lines, lost, p50_ms and p99_ms from the writing of a line to its showing, cpu and idle_cpu as
    shares of a core, key_p50_ms and key_p99_ms. Of the day: lines, seconds, cpu_s, peak_rss. Raises ValueError for an
    unknown case, RuntimeError where something does not come in time.
    """
    if unknown := [name for name in only if name not in CASES]:
        raise ValueError(f"{unknown[0]} is no case; there are {', '.join(CASES)}")
    chosen = [name for name in CASES if not only or name in only]
    views = []
    for name in chosen:
        if name in VIEWS:
            views.append({"name": name, "title": VIEWS[name], **_view(folder.resolve(), name, seconds)})
            tell(f"{name}: {views[-1]}")
    day = _day(folder.resolve(), rows, timeout_s) if "day" in chosen else None
    if day is not None:
        tell(f"day: {day}")
    return {"rate": RATE, "budget": BUDGET, "seconds": seconds, "views": views, "day": day}


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("spill", "home"):
        (folder / name).mkdir(parents=True)
    return folder


def _view(folder: Path, name: str, seconds: float) -> dict[str, Any]:
    """One view, with a writer for some seconds and then without one."""
    home = _fresh(folder / "live")
    for log in ("requests.log", "responses.log"):
        (home / log).touch()
    env = environment(home)
    env["PYTHONPATH"] += f":{data.CORE.parent / 'tui'}"
    words = [sys.executable, "-m", "benchmarks.live_writer", str(home), str(RATE), str(_WARM_S + seconds)]
    is_app = name == "app"
    view = Screen(app_command(home), home, env) if is_app else View(watch_command(home, "--every=200ms"), home, env)
    # A pipe that nobody reads meanwhile would stop the writer once it is full.
    with (home / "written.txt").open("wb") as ticks:
        writer = subprocess.Popen(words, cwd=data.CORE.parent, stdout=ticks, stdin=subprocess.DEVNULL)
    try:
        time.sleep(_WARM_S)
        before, begun = view.cpu_s(), time.monotonic()
        keys = _keys(view, begun + seconds - 1) if isinstance(view, Screen) else []
        time.sleep(max(0.0, begun + seconds - 0.5 - time.monotonic()))
        cpu = (view.cpu_s() - before) / (time.monotonic() - begun)
        writer.wait(_PATIENCE_S)
        written = _written((home / "written.txt").read_bytes())
        view.until(written[-1][1], _PATIENCE_S)
        record = {"lines": written[-1][1], "lost": written[-1][1] - view.told[-1][1], "cpu": cpu}
        record |= _spread("", _latencies([one for one in written if one[0] >= begun], view.told))
        record |= _spread("key_", keys) if keys else {}
        return record | {"idle_cpu": _idle(view, seconds)}
    finally:
        with suppress(ProcessLookupError):
            writer.kill()
        writer.wait()
        view.close()
        shutil.rmtree(home, ignore_errors=True)


def _keys(view: Screen, until: float) -> list[float]:
    """How long the app takes to answer keys, in seconds: a longer window and a shorter one, in turn."""
    found = []
    while time.monotonic() < until:
        for key, shows in (("+", "window 10m"), ("-", "window 5m")):
            found.append(view.press(key, shows))
            time.sleep(_KEY_PAUSE_S)
    return found


def _idle(view: View, seconds: float) -> float:
    """The share of a core that following takes while nothing is written."""
    time.sleep(2)
    before, begun = view.cpu_s(), time.monotonic()
    time.sleep(seconds)
    return (view.cpu_s() - before) / (time.monotonic() - begun)


def _written(raw: bytes) -> list[tuple[float, int]]:
    return [(float(at), int(lines)) for at, lines in map(str.split, raw.decode().splitlines())]


def _latencies(written: Sequence[tuple[float, int]], told: Sequence[tuple[float, int]]) -> list[float]:
    """From the writing of the lines of each tick to their showing, in seconds."""
    most, reached = 0, []
    for _, lines in told:
        most = max(most, lines)
        reached.append(most)
    found = []
    for at, lines in written:
        number = bisect_left(reached, lines)
        if number < len(told):
            found.append(told[number][0] - at)
    return found


def _spread(name: str, seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        f"{name}{told}_ms": 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]
        for told, share in (("p50", 0.5), ("p99", 0.99))
    }


def _day(folder: Path, rows: int, timeout_s: float) -> dict[str, Any]:
    """A day of traffic, read as fast as it goes."""
    pair = data.pair(folder, rows, options=_DAY, name="day")
    lines = 2 * pair.truth["matched"] + pair.truth["request_orphans"] + pair.truth["response_orphans"]
    home = _fresh(folder / "live")
    words = ["--no-store", "--every=1s", f"--memory={BUDGET // 1_000_000}MB"]
    begun = time.monotonic()
    view = View(watch_command(pair.requests.parent, *words), home, environment(home))
    try:
        view.until(lines, timeout_s)
        seconds = time.monotonic() - begun
        return {"lines": lines, "seconds": seconds, "cpu_s": view.cpu_s(), "peak_rss": view.peak_rss()}
    finally:
        view.close()
        shutil.rmtree(home, ignore_errors=True)
