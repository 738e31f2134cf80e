"""Runs a part of the tests with the lowest and the newest versions of all dependencies, on each Python that is there.

python -m tests.matrix [--uv UV] [--dir FOLDER] [--python PYTHON ...] [--only lowest|newest] [TESTS ...]

Each environment is made anew by uv. Ends with 1 where tests fail, or where an environment cannot be made.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MINORS = range(11, 15)
# Charts need it: below it there are none, which is tested by a test of its own.
_CHARTS = "plotext>=6.1"
# How uv names the versions that it takes: those of pyproject.toml itself, not those that other packages want.
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
# The tools are not what is tested: they are the newest in every environment.
_TOOLS = ("hypothesis", "prometheus-client", "pytest", "pytest-xdist")
# What reaches into every dependency: polars, numpy, nanoarrow and msgspec in the engine, click in the commands, rich and
# plotext in the summary, textual and aiohttp in the app.
TESTS = (
    *("tests/unit", "tests/oracle/test_executors_equal.py", "tests/oracle/test_correlate_equals_oracle.py"),
    *("tests/command/test_start.py", "tests/command/test_golden.py", "tests/command/test_runs.py"),
    *("tests/command/test_metrics_and_junit.py", "tests/harm/test_private_files.py"),
    *("tests/tui/test_app.py", "tests/tui/test_table.py", "tests/tui/test_web.py"),
)


class Python(NamedTuple):
    """An interpreter: its path, and its version such as 3.13."""

    path: str
    version: str


def pythons(wanted: Sequence[str]) -> Iterator[Python]:
    """The interpreters to test on: those that are named, else every `python3.N` that is on the path and runs."""
    for name in wanted or [f"python3.{minor}" for minor in MINORS]:
        path = shutil.which(name)
        said = _said(path) if path else None
        if path and said:
            yield Python(path, said)
        elif wanted:
            sys.exit(f"error: {name} is no Python that runs here")


def _said(path: str) -> str | None:
    """The version that an interpreter tells; None where it does not run: a launcher may be there without its Python."""
    asked = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return told.stdout.strip() if told.returncode == 0 else None


def environment(uv: str, python: Python, resolution: str, folder: Path) -> Path | None:
    """Makes an environment with logcorr's dependencies in these versions; returns its Python, None if that fails."""
    own = folder / f"{python.version}-{resolution}"
    made = own / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [uv, "pip", "install", "--quiet", "--python", str(made)]
    needed = ["-r", "pyproject.toml", "--extra", "web", _CHARTS]
    for words in (
        [uv, "venv", "--quiet", "--clear", "--python", python.path, str(own)],
        [*install, "--resolution", RESOLUTIONS[resolution], *needed],
        [*install, *_TOOLS],
        [*install, "--no-deps", "."],
    ):
        if subprocess.run(words, cwd=ROOT, check=False).returncode:
            return None
    return made


def main() -> int:
    """Runs the tests in every environment, and says how each ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix")
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--dir", type=Path, default=ROOT / ".matrix")
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--only", choices=list(RESOLUTIONS))
    parser.add_argument("tests", nargs="*", default=list(TESTS))
    options = parser.parse_args()
    outcomes = {}
    for python in pythons(options.python):
        for resolution in [options.only] if options.only else RESOLUTIONS:
            name = f"Python {python.version}, {resolution}"
            print(f"matrix: {name}", flush=True)
            made = environment(options.uv, python, resolution, options.dir)
            if made is None:
                outcomes[name] = "no environment"
                continue
            words = [str(made), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", *options.tests]
            outcomes[name] = "failed" if subprocess.run(words, cwd=ROOT, check=False).returncode else "passed"
    for name, outcome in outcomes.items():
        print(f"matrix: {name}: {outcome}")
    if not outcomes:
        print("error: there is no Python 3.11 or newer on the path", file=sys.stderr)
    return 0 if outcomes and set(outcomes.values()) == {"passed"} else 1


if __name__ == "__main__":
    sys.exit(main())
