"""Uses the app, with real runs in child processes, round after round, and ends with 1 where something of it grows.

python -m tests.soak [--minutes N | --rounds N] [--warm-up ROUNDS] [--rows N]
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from textual.widgets import Input

from logcorr.generate.access.write_access import AccessOptions, generate_access
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.runs.find_runs import all_runs
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.export import ExportScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.session import Logs
from tests.soak.figures import BOUNDS, Figures, grown, now
from tests.tui.headless import Stage, play

SIZE = (120, 36)
_REST_S = 5.0
_LONGEST_S = 120.0


async def settled(stage: Stage) -> None:
    """Returns once no thread of the app is at work, twice in a row; looking at the screen would cost more than that."""
    end, idle = time.monotonic() + _LONGEST_S, 0
    while idle < 2:
        assert time.monotonic() < end, "the app does not come to rest"
        await asyncio.sleep(0.05)
        busy = any(not worker.is_finished and worker.node is not stage.app for worker in stage.app.workers)
        idle = 0 if busy else idle + 1
    await stage.pilot.pause()


class Soak:
    """One app, and what it is put through."""

    def __init__(self, here: Path, rows: int, tour: str) -> None:
        self.tour = tour
        self.store, self.out = here / "store", here / "out"
        self.out.mkdir()
        self.temporary = here / "tmp"
        self.temporary.mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(self.temporary)
        generate_pair(PairOptions(directory=str(here / "pair"), rows=rows))
        generate_access(AccessOptions(path=str(here / "access" / "access.log"), rows=rows))
        pair = [str(here / "pair" / name) for name in ("requests.log", "responses.log")]
        self.jobs = [Logs.pair([pair[0]], [pair[1]]), Logs.access([str(here / "access" / "access.log")])]
        self.app = LogcorrApp(store=str(self.store))
        self.series: list[Figures] = []

    async def round(self, stage: Stage, number: int) -> None:
        """A run made anew, looked at from all sides, exported, and opened again; every other one cancelled first."""
        app, logs = self.app, self.jobs[number % 2]
        for made in all_runs(self.store):
            made.remove()
        if number % 4 == 3:
            app.start_run(logs)
            await stage.until(lambda: app.session.progress is not None, "progress")
            await app.stop_child()
            await stage.until(lambda: app.child is not None and not app.child.running, "the end of the child")
        app.start_run(logs)
        await stage.until(lambda: app.session.run is not None and app.current_mode == "overview", "the run")
        for key in self.tour:
            await stage.press(key)
            await stage.pilot.pause()
        await self._table(stage)
        await self._export(stage, number)
        run = app.session.run
        assert run is not None
        app.session.run = None
        app.open_folder(run.path)
        await stage.until(lambda: app.session.run is not None, "the run opened again")

    async def rest(self, stage: Stage) -> Figures:
        """The figures once nothing is under way: the least of several looks, as threads take a moment to end."""
        looks: list[Figures] = []
        end = time.monotonic() + _REST_S
        while len(looks) < 3 and time.monotonic() < end:
            await stage.pilot.pause(0.1)
            looks.append(now([self.out, self.temporary, *self.store.glob(".*")]))
        return Figures(*(min(getattr(look, name) for look in looks) for name in Figures.__struct_fields__))

    async def _table(self, stage: Stage) -> None:
        """Filtered, sorted, turned round, looked into, unfiltered."""
        await stage.press("2")
        await stage.until(lambda: isinstance(self.app.screen, TableScreen), "the table")
        await settled(stage)
        await stage.press("slash")
        await stage.type("duration>1ms")
        await stage.press("enter")
        await settled(stage)
        await stage.press("s", "j", "enter")
        await settled(stage)
        await stage.press("S", "G")
        await settled(stage)
        await stage.press("enter")
        await settled(stage)
        await stage.press("escape")
        await settled(stage)

    async def _export(self, stage: Stage, number: int) -> None:
        form = ("json", "ndjson", "csv", "parquet")[number % 4]
        target = self.out / f"rows.{form}"
        await stage.press("e")
        await stage.until(lambda: isinstance(self.app.screen, ExportScreen), "the export")
        self.app.screen.query_one("#path", Input).value = str(target)
        await stage.pilot.pause()
        await stage.press("enter")
        await stage.until(target.exists, "the export's file")
        await settled(stage)
        await stage.press("escape")
        await stage.press("x")
        await settled(stage)
        target.unlink()


def main() -> int:
    """The exit code."""
    given = _words()
    here = Path(tempfile.mkdtemp(prefix="logcorr-soak-"))
    for name in ("CACHE", "CONFIG", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(here / name.lower())
    try:
        soak = Soak(here, given.rows, given.tour)
        began = time.monotonic()

        async def act(stage: Stage) -> None:
            number = 0
            while number < given.rounds if given.rounds else time.monotonic() - began < given.minutes * 60:
                await soak.round(stage, number)
                soak.series.append(await soak.rest(stage))
                number += 1
                if number <= 5 or number % 10 == 0:
                    _say(number, time.monotonic() - began, soak.series[-1])

        play(soak.app, act, SIZE)
    finally:
        shutil.rmtree(here, ignore_errors=True)
    return _verdict(soak.series, given.warm_up)


def _verdict(series: list[Figures], warm_up: int) -> int:
    found = grown(series[warm_up:])
    for name in BOUNDS:
        values = [getattr(figures, name) for figures in series[warm_up:]]
        sign = "GREW" if name in found else "ok"
        sys.stdout.write(f"{name:<12} {values[0]:>8} first  {values[-1]:>8} last  {max(values):>8} most  {sign}\n")
    sys.stdout.write(f"{len(series)} rounds\n")
    return 1 if found else 0


def _say(number: int, seconds: float, figures: Figures) -> None:
    told = "  ".join(f"{name} {getattr(figures, name):g}" for name in Figures.__struct_fields__)
    sys.stdout.write(f"round {number:>5}  {seconds:>7.0f} s  {told}\n")
    sys.stdout.flush()


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES", "60")))
    parser.add_argument("--rounds", type=int, default=0, help="so many instead of some time")
    parser.add_argument("--warm-up", type=int, default=10, help="rounds that do not count yet")
    parser.add_argument("--rows", type=int, default=5_000, help="lines of each log")
    parser.add_argument("--tour", default="234567891", help="the keys of the screens to look at in each round")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
