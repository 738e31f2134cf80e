"""Logs that change while they are read: growing at the end is fine, anything else is told, and never counted wrong."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logcorr.inputs import changes
from logcorr.jobs import progress_meter
from logcorr.pairing import bucket_join
from tests.support.helpers import assert_short_error, command, files_of, kept, logcorr, start, succeed
from tests.support.kernels_or_numpy import some

TO_FILES = ("-o", "out.csv", "--orphans", "orphans.csv", "--report", "report.json", "--sort", "time")
ROWS = 6_000
Act = Callable[[Path], object]
Arrange = Callable[[str, Callable[[], object]], None]


def log(last: str, rows: int = ROWS, first: int = 0) -> bytes:
    """So many lines of a log whose last field is the same everywhere."""
    clock = (f"2025-03-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(first, first + rows))
    return "".join(f"{time},id-{n:08},{last}\n" for n, time in enumerate(clock, first)).encode()


REQUESTS, RESPONSES = log("user"), log("200")
ACCESS = b"".join(
    b'{"timestamp":"2025-03-01T12:00:00Z","method":"GET","endpoint":"/%d","status_code":200,"ip":"10.0.0.1"}\n' % n
    for n in range(ROWS // 2)
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "requests.log").write_bytes(REQUESTS)
    (tmp_path / "responses.log").write_bytes(RESPONSES)
    return tmp_path


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Arrange:
    """Does something once, at a moment of the next run: before any line is read, in the middle, or after the last."""

    def arrange(moment: str, act: Callable[[], object]) -> None:
        where, name = {
            "before": (changes, "as_at_start"),
            "amid": (progress_meter.ProgressMeter, "tap"),
            "after": (changes, "check_whole_lines"),
        }[moment]
        before(monkeypatch, where, name, act)

    return arrange


def before(monkeypatch: pytest.MonkeyPatch, where: object, name: str, act: Callable[[], object]) -> None:
    """Does something once, when a function is called next; from whatever thread."""
    real, lock, done = getattr(where, name), threading.Lock(), list[bool]()

    def wrapped(*given: Any) -> Any:
        with lock:
            if not done:
                done.append(True)
                act()
        return real(*given)

    monkeypatch.setattr(where, name, wrapped)


def vanish(path: Path) -> None:
    path.unlink()


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def copytruncate(path: Path) -> None:
    """As log rotation does it: cut to nothing, and written on until it is longer than before."""
    path.write_bytes(path.read_bytes()[::-1] * 2)


def replace(path: Path) -> None:
    """Another file of the same size, time and ends."""
    status, raw = path.stat(), bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    other = path.with_name("other")
    other.write_bytes(raw)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def rotate(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.1"))
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    status = path.stat()
    with path.open("r+b") as stream:
        stream.seek(status.st_size // 2)
        stream.write(b"#")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


CHANGES: dict[Act, str] = {
    vanish: "removed or renamed",
    shrink: "shrank from",
    empty: "shrank from",
    copytruncate: "written anew",
    replace: "another file took its place",
    rotate: "another file took its place",
    overwrite: "written to",
}


READERS: dict[str, Act] = {
    "fast": lambda _path: None,
    "careful": lambda path: path.write_bytes(b"\xff\n" + path.read_bytes()),
    "gz": lambda path: path.write_bytes(gzip.compress(path.read_bytes(), 1)),
}


@pytest.mark.parametrize(
    ("reader", "moment"),
    [("fast", "before"), ("fast", "amid"), ("fast", "after"), ("careful", "amid"), ("gz", "before"), ("gz", "amid")],
)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_log_that_changes_while_it_is_read_is_told(
    here: Path, reader: str, change: Act, moment: str, at: Arrange
) -> None:
    path = here / "requests.log"
    READERS[reader](path)
    left: dict[str, bytes | None] = {}

    def act() -> None:
        change(path)
        left.update(files_of(here))

    at(moment, act)
    outcome = logcorr("correlate", "requests.log", "responses.log", *TO_FILES, cwd=here, LOGCORR_BUCKETS="3")
    assert outcome.code == 2, outcome.err
    told = CHANGES[change]
    if change is copytruncate and moment == "amid" and "shrank" in outcome.err:
        told = "shrank"  # as another thread may see it in between
    assert_short_error(outcome, "requests.log", told)
    assert left
    assert files_of(here) == left, "nothing is written, and nothing of the logs is touched"
    assert kept(here) == []


@pytest.mark.parametrize("moment", ["before", "amid", "after"])
@pytest.mark.parametrize("change", [vanish, shrink, replace], ids=lambda change: change.__name__)
def test_an_access_log_that_changes_is_told(here: Path, change: Act, moment: str, at: Arrange) -> None:
    path = here / "access.log"
    path.write_bytes(ACCESS)
    at(moment, lambda: change(path))
    outcome = logcorr("analyze", "access.log", "-o", "out.csv", cwd=here)
    assert outcome.code == 2, outcome.err
    assert_short_error(outcome, "access.log", CHANGES[change])
    assert not (here / "out.csv").exists()
    assert kept(here) == []


def test_a_log_that_is_rotated_once_it_is_read_is_no_matter(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before(monkeypatch, bucket_join, "pair", lambda: rotate(here / "requests.log"))
    succeed("correlate", "requests.log", "responses.log", *TO_FILES, cwd=here)
    assert inputs_of(here)["requests"]["matched"] == ROWS


MORE = log("late", 2_000, first=ROWS)
TORN = MORE[:-4]
GROWING = (("fast", "before"), ("fast", "amid"), ("fast", "after"), ("careful", "amid"))


def grow(path: Path, more: bytes = MORE) -> None:
    with path.open("ab") as stream:
        stream.write(more)


def inputs_of(here: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((here / "report.json").read_bytes())["inputs"]
    return found


def results(here: Path) -> dict[str, bytes]:
    return {name: (here / name).read_bytes() for name in ("out.csv", "orphans.csv")}


@pytest.mark.parametrize(
    ("torn", "reader", "moment"),
    some(
        ((torn, *reader) for torn in (False, True) for reader in GROWING),
        *((True, *reader) for reader in GROWING),
        (False, "fast", "amid"),
    ),
)
def test_of_a_log_that_grows_the_lines_of_its_start_are_read(
    here: Path, reader: str, torn: bool, moment: str, at: Arrange
) -> None:
    path = here / "requests.log"
    READERS[reader](path)
    succeed("correlate", "requests.log", "responses.log", *TO_FILES, "--no-store", cwd=here)
    whole, counted = results(here), inputs_of(here)
    if torn:  # the last line is being written: cut in its status it would be another one
        grow(path, TORN[:-9])
    size = path.stat().st_size
    at(moment, lambda: grow(path, TORN[-9:] + MORE if torn else MORE))
    outcome = succeed("correlate", "requests.log", "responses.log", *TO_FILES, "--force", cwd=here)
    assert "'requests.log' has grown since this run began" in outcome.err
    now = inputs_of(here)
    assert now["requests"].pop("bytes") == size
    if torn:
        kept_lines = TORN[:-9].count(b"\n")
        assert now["requests"]["lines"] == counted["requests"]["lines"] + kept_lines
        assert now["requests"]["orphans"] == kept_lines
        assert results(here)["out.csv"] == whole["out.csv"]
    else:
        counted["requests"].pop("bytes")
        assert now == counted
        assert results(here) == whole
    # Neither is the run opened for the log as it is now.
    succeed("correlate", "requests.log", "responses.log", *TO_FILES, "--force", cwd=here)
    assert inputs_of(here)["requests"]["lines"] > now["requests"]["lines"]
    assert inputs_of(here)["requests"]["bytes"] == path.stat().st_size


def test_an_empty_log_that_grows_stays_empty(here: Path, at: Arrange) -> None:
    path = here / "empty.log"
    path.touch()
    at("amid", lambda: grow(path))
    succeed("correlate", "--requests", "empty.log", "--requests", "requests.log", "--responses", "responses.log",
            *TO_FILES, cwd=here)  # fmt: skip
    assert inputs_of(here)["requests"]["lines"] == ROWS


def test_a_compressed_log_that_is_still_written_is_told_or_read_as_it_was(here: Path, at: Arrange) -> None:
    path = here / "requests.log"
    path.write_bytes(gzip.compress(REQUESTS, 1))
    at("before", lambda: grow(path, gzip.compress(MORE, 1)))
    succeed("correlate", "requests.log", "responses.log", *TO_FILES, cwd=here)
    assert inputs_of(here)["requests"]["lines"] == ROWS


def test_a_log_that_is_written_to_all_the_time(here: Path) -> None:
    """A real writer, line by line and block by block: what is read is what stood there at one moment, to a line."""
    writer = """
import os, sys, time
file, out = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), 0
print("ready", flush=True)
while os.getppid() != 1:
    for _ in range(200):
        os.write(file, b"2025-03-02T00:00:00Z,late-%08d,us" % out)
        os.write(file, b"er\\n")
        out += 1
    time.sleep(0.001)
"""
    path = here / "requests.log"
    with subprocess.Popen([sys.executable, "-c", writer, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with start(command("correlate", "requests.log", "responses.log", *TO_FILES), here) as run:
                _, err = run.communicate(timeout=60)
        finally:
            process.kill()
    assert run.returncode == 0, err
    found = inputs_of(here)["requests"]
    begun = path.read_bytes()[: found["bytes"]]
    assert found["lines"] == begun.count(b"\n") == found["matched"] + found["orphans"]
    assert found["lines"] > ROWS
    assert "has grown" in err
