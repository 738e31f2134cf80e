"""A few rounds of the soak (`make soak` runs an hour of them), and that it finds what grows."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.soak.figures import BOUNDS, Figures, grown, now
from tests.support.helpers import ROOT
from tests.support.kernels_or_numpy import long

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")

STILL = Figures(rss_mb=150.0, widgets=90, open_files=13, threads=4, all_threads=16, children=0, left_files=2)


@long
def test_the_app_used_for_a_while_does_not_grow(tmp_path: Path) -> None:
    path = os.pathsep.join(str(ROOT / part) for part in ("", "core", "tui"))
    words = [
        sys.executable,
        "-m",
        "tests.soak",
        "--rounds",
        "4",
        "--warm-up",
        "0",
        "--rows",
        "100",
        "--tour",
        "1",
    ]
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 rounds" in done.stdout
    assert "GREW" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", BOUNDS)
def test_what_grows_round_by_round_is_found(name: str) -> None:
    def at(value: float) -> Figures:
        return msgspec.structs.replace(STILL, **{name: value})

    start = getattr(STILL, name)
    step = {"rss_mb": 5, "widgets": 32}.get(name, 1)
    assert set(grown([at(start + number * step) for number in range(30)])) == {name}
    assert grown([at(start + number % 2) for number in range(30)]) == {}
    peak = [at(start + (1000 if number == 15 else 0)) for number in range(30)]
    assert grown(peak) == {}, "one high value is no growth"


def test_what_a_process_holds_is_counted(tmp_path: Path) -> None:
    before = now([tmp_path])
    with (tmp_path / "open").open("wb"), subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as child:
        amid = now([tmp_path])
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
    (tmp_path / "open").unlink()
    after = now([tmp_path])
    assert amid.open_files == before.open_files + 2
    assert (amid.children, amid.left_files) == (before.children + 1, before.left_files + 1)
    assert (after.open_files, after.children, after.left_files) == (
        before.open_files,
        before.children,
        before.left_files,
    )
