"""Writes the pictures in assets/ anew, from the real app on a generated pair with an incident."""

import asyncio
import os
import re
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from logcorr_tui.app import LogcorrApp
from logcorr_tui.look.palette import LIGHT_THEME

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SIZE = (120, 36)
ROWS = 300_000
# Picture → the keys that lead there from the overview; keys with a dash wait so many tenths of a second.
PICTURES = {
    "overview": (),
    "overview-light": (),
    "slow": ("2", "-30"),
    "detail": ("4", "-30", "enter", "-20"),
}


async def picture(run: Path, name: str, keys: tuple[str, ...]) -> str:
    """The screen as SVG, some seconds after the run was opened and the keys were pressed."""
    app = LogcorrApp(run=run, store=str(run.parent))
    async with app.run_test(size=SIZE) as pilot:
        app.theme = LIGHT_THEME.name if name.endswith("light") else "logcorr-dark"
        await pilot.pause(2)
        for key in keys:
            if key.startswith("-"):
                await pilot.pause(int(key[1:]) / 10)
            else:
                await pilot.press(key)
        await pilot.pause(0.5)
        return app.export_screenshot(title="logcorr")


def settled(svg: str) -> str:
    """The same picture with the same bytes in every run, and nothing that is fetched from elsewhere."""
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return re.sub(r'(src: local\("[^"]+"\)),\s*url\("https://[^;]*;', r"\1;", svg)


def main() -> int:
    """Makes a run in a folder of its own, and every picture of it."""
    with tempfile.TemporaryDirectory(prefix="logcorr-") as folder:
        for name in ("CACHE", "CONFIG", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = folder
        with chdir(folder):
            generate_pair(PairOptions(directory=".", rows=ROWS, incident=True, seed=7))
            options = CorrelateOptions(
                requests=("requests.log",), responses=("responses.log",), memory_bytes=1 << 30, store="runs"
            )
            run = correlate(options).folder
            assert run is not None  # noqa: S101 - it was to be kept
            for name, keys in PICTURES.items():
                svg = settled(asyncio.run(picture(run.resolve(), name, keys)))
                (ASSETS / f"{name}.svg").write_text(svg, encoding="utf8")
                print(f"wrote assets/{name}.svg, {len(svg) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
