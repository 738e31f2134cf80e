"""A disk that is full in any stage: exit code 3, the folder and the size it takes, and nothing left.

On a disk of its own where the system lets us have one; else a library between us and the system plays a full disk.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import ROOT, Outcome, assert_short_error, generated, kept, succeed
from tests.support.kernels_or_numpy import some

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are no such disks")

# By name: the stage in which the disk is full, the words, and what the error names. LOGS, OTHER and RUN are filled in.
PAIR = "correlate LOGS/requests.log LOGS/responses.log"
ACCESS = "analyze LOGS/deep/access.log"
CASES: dict[str, tuple[str, str, str]] = {
    "begin": ("begin", f"{PAIR} -o out.csv", "logcorr/runs"),
    "read": ("read", f"{PAIR} -o out.csv --report report.json", "logcorr/runs"),
    "pair": ("pair", f"{PAIR} -o out.csv --report report.json", "logcorr/runs"),
    "views": ("views", f"{PAIR} -o out.csv --report report.json", "logcorr/runs"),
    "report": ("report", f"{PAIR} -o out.csv --report report.json", "logcorr/runs"),
    "manifest": ("manifest", f"{PAIR} -o out.csv --report report.json", "logcorr/runs"),
    "export": ("export", f"{PAIR} -o out.csv --orphans orphans.csv", "'out.csv'"),
    "export along": ("along", f"{PAIR} -o out.ndjson --columns request_time", "'out.ndjson'"),
    "export parquet": ("export", f"{PAIR} -o out.parquet", "'out.parquet'"),
    "export in order": ("export", f"{PAIR} -o out.json --sort time --no-store", "'out.json'"),
    "over another file": ("export", f"{PAIR} -o precious.csv --force", "'precious.csv'"),
    "the output's disk": ("export", f"{PAIR} -o out.csv --store OTHER/store", "'out.csv'"),
    "the report's disk": ("last", f"{PAIR} --report report.json --store OTHER/store", "'report.json'"),
    "the store's disk": ("pair", f"{PAIR} -o OTHER/out.csv", "logcorr/runs"),
    "access read": ("read", f"{ACCESS} -o out.csv", "logcorr/runs"),
    "access count": ("count", f"{ACCESS} -o out.csv", "logcorr/runs"),
    "access export": ("export", f"{ACCESS} -o out.ndjson --malformed bad.csv", "'out.ndjson'"),
    "a finished run": ("export", "export RUN --view exchanges -o out.csv", "'out.csv'"),
    "a finished run in order": ("export", "export RUN --view exchanges -o out.parquet --sort time", "'out.parquet'"),
    "a query": ("query", "sql RUN from/**/exchanges -o out.csv", "'out.csv'"),
    "a query as parquet": ("query", "sql RUN from/**/exchanges -o out.parquet", "'out.parquet'"),
}
# A library between us and the system need not be tried everywhere.
PLAYED = ("read", "pair", "views", "export along", "export parquet", "the report's disk", "a finished run", "a query")
ASKED = [*(("tmpfs", name) for name in CASES), *(("shim", name) for name in PLAYED)]
SHORT = [
    *(("tmpfs", name) for name in ("begin", "read", "pair", "views", "manifest", "export along", "over another file")),
    *(("tmpfs", name) for name in ("the report's disk", "access export", "a finished run in order")),
    ("tmpfs", "a query as parquet"),
    *(("shim", name) for name in ("read", "the report's disk", "a finished run", "a query")),
]


@cache
def shim(folder: Path) -> Path | None:
    """The library that plays a full disk; None where it cannot be made."""
    compiler, library = shutil.which("cc"), folder / "full_disk.so"
    if compiler is None:
        return None
    source = ROOT / "tests" / "support" / "full_disk.c"
    made = subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=False)
    return library if made.returncode == 0 else None


def may_mount() -> bool:
    """Whether this user may have a disk of his own."""
    words = [shutil.which("unshare") or "unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=1m tmpfs "$TMPDIR"']
    try:
        return subprocess.run(words, check=False, capture_output=True, env=_environment()).returncode == 0
    except OSError:
        return False


def _environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / part) for part in ("", "core", "tui"))
    return {"TMPDIR": "/tmp", **os.environ, "PYTHONPATH": path, **more}  # noqa: S108 - only mounted upon


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], dict[str, dict[str, Any]]]:
    """What came of each case, in one process for all short ones, or for all others."""
    return cache(lambda how, short: _found(how, short, tmp_path_factory.mktemp(how)))


def _found(how: str, short: bool, here: Path) -> dict[str, dict[str, Any]]:
    words, environment = [sys.executable, "-m", "tests.support.full_disk", how, str(here / "disk")], {}
    if how == "tmpfs":
        if not may_mount():
            pytest.skip("this user may not mount a disk of his own")
        words = [shutil.which("unshare") or "unshare", "-rm", *words]
    else:
        library = shim(here)
        if library is None:
            pytest.skip("there is no C compiler")
        environment = {"LD_PRELOAD": str(library), "LOGCORR_FULL_DISK": str(here / "disk")}
    (here / "disk").mkdir()
    generated(here / "logs", 5_000)
    succeed("generate", "access", here / "logs" / "deep" / "access.log", "--rows", "5000", cwd=here)
    pair = [here / "logs" / name for name in ("requests.log", "responses.log")]
    succeed("correlate", *pair, cwd=here)
    places = {"LOGS": str(here / "logs"), "OTHER": str(here), "RUN": str(kept(here)[0])}
    names = [name for by, name in ASKED if by == how and ((by, name) in SHORT) == short]
    cases = [(CASES[name][0], [_filled(word, places) for word in CASES[name][1].split()]) for name in names]
    process = subprocess.run(
        words, input=json.dumps(cases), capture_output=True, check=False, text=True, env=_environment(**environment)
    )
    assert process.returncode == 0, process.stderr
    store = ["store"] if any("OTHER/store" in CASES[name][1] for name in names) else []
    assert sorted(path.name for path in here.iterdir() if path.is_dir()) == ["cache", "disk", "logs", *store]
    assert not [path for of in store for path in (here / of).iterdir() if path.name.startswith(".")]
    return dict(zip(names, json.loads(process.stdout), strict=True))


def _filled(word: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        word = word.replace(name, place)
    return word


@pytest.mark.parametrize(("how", "name"), some(ASKED, *SHORT))
def test_a_full_disk_is_told_and_leaves_nothing(
    how: str, name: str, found: Callable[[str, bool], dict[str, dict[str, Any]]]
) -> None:
    case = found(how, (how, name) in SHORT)[name]
    assert case["filled"], "the stage was reached"
    assert case["code"] == 3, case["err"]
    assert_short_error(Outcome(case["code"], b"", case["err"]), CASES[name][2])
    assert re.search(r"No space left|are free", case["err"]), case["err"]
    assert re.search(r"about [\d.]+ [kKMG]?B", case["err"]), case["err"]
    assert case["left"] == []
    assert case["precious"], "what was to be replaced is as it was"
