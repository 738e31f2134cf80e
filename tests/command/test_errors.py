"""Whatever goes wrong: the right exit code, one or two lines that say what and where, and nothing left behind."""

import bz2
import gzip
import itertools
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from tests.support.helpers import (
    REQUESTS,
    RESPONSES,
    ROOT,
    Outcome,
    assert_short_error,
    command,
    files_of,
    kept,
    logcorr,
    start,
    succeed,
    write_pair,
    zstandard,
)
from tests.support.kernels_or_numpy import some

PAIR = ("correlate", "requests.log", "responses.log")
TO_FILE = ("-o", "out.csv")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder that holds a small pair of logs."""
    write_pair(tmp_path)
    return tmp_path


def fails(cwd: Path, code: int, *words: str | Path, parts: tuple[str, ...] = (), **env: str) -> Outcome:
    """Runs a command that must fail with this code, say all the parts, and leave everything as it was."""
    before = files_of(cwd)
    outcome = logcorr(*words, cwd=cwd, **env)
    assert outcome.code == code, outcome.err
    assert_short_error(outcome, *parts)
    assert files_of(cwd) == before
    assert kept(cwd) == []
    return outcome


def many_lines() -> bytes:
    """Two megabytes of request lines that do not compress well: more than any reader takes in one go."""
    chance = random.Random(1)
    lines = (f"2025-03-01T12:{n // 60 % 60:02}:{n % 60:02}Z,{chance.getrandbits(64):016x},u\n" for n in range(50_000))
    return "".join(lines).encode()


BIG = many_lines()
SIZES = {"small": REQUESTS, "big": BIG}


def flipped(raw: bytes, at: int) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 0xFF
    return bytes(changed)


# Inputs.


@pytest.mark.parametrize("place", [("nowhere.log", "responses.log"), ("requests.log", "nowhere.log")])
def test_a_missing_input(here: Path, place: tuple[str, str]) -> None:
    fails(here, 2, "correlate", *place, *TO_FILE, parts=("nowhere.log", "no such file"))


def test_every_given_input_must_be_there(here: Path) -> None:
    sides = ("--requests", "requests.log", "--requests", "nowhere.log", "--responses", "responses.log")
    fails(here, 2, "correlate", *sides, *TO_FILE, parts=("nowhere.log",))


def test_an_empty_name_is_no_input(here: Path) -> None:
    fails(here, 2, "correlate", "", "responses.log", *TO_FILE)


@pytest.mark.parametrize("inside", [None, ".hidden.log", "deeper/requests.log"])
def test_a_folder_of_nothing(here: Path, inside: str | None) -> None:
    (here / "logs" / "deeper").mkdir(parents=True)
    if inside:
        (here / "logs" / inside).write_bytes(REQUESTS)
    fails(here, 2, "correlate", "logs", "responses.log", *TO_FILE, parts=("'logs'", "no files"))


def test_a_glob_that_matches_nothing(here: Path) -> None:
    (here / "matching-but-a-folder").mkdir()
    fails(here, 2, "correlate", "matching-*", "responses.log", *TO_FILE, parts=("'matching-*'", "no file matches"))


def test_an_unreadable_input(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def refused(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "responses.log":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refused)
    outcome = logcorr(*PAIR, *TO_FILE, cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, "responses.log", "Permission denied")
    assert not (here / "out.csv").exists()
    assert kept(here) == []


def zipped(raw: bytes) -> bytes:
    path = Path("packed.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("requests.log", raw)
    packed = path.read_bytes()
    path.unlink()
    return packed


@pytest.mark.parametrize("name", ["logs{}", "logs.log"], ids=["by name", "by its first bytes"])
@pytest.mark.parametrize(
    ("ending", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress), (".zip", zipped)], ids=["bz2", "xz", "zip"]
)
def test_a_form_that_is_not_read(
    here: Path, name: str, ending: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    path = here / name.format(ending)
    path.write_bytes(pack(REQUESTS))
    fails(here, 2, "correlate", path.name, "responses.log", *TO_FILE, parts=(path.name, ".gz", ".zst"))


@pytest.mark.parametrize("ending", [".bz2", ".xz", ".zip", ".XZ"])
def test_a_form_that_is_not_read_is_told_by_its_name_alone(here: Path, ending: str) -> None:
    (here / f"requests{ending}").write_bytes(REQUESTS)
    fails(here, 2, "correlate", f"requests{ending}", "responses.log", *TO_FILE, parts=(f"requests{ending}", ".gz"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_named_pipe_is_refused_at_once(here: Path) -> None:
    os.mkfifo(here / "pipe.log")
    with start(command("correlate", "pipe.log", "responses.log", *TO_FILE), here) as process:
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 2, err
    assert "pipe.log" in err
    assert "not a regular file" in err
    assert not (here / "out.csv").exists()
    assert kept(here) == []


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null")
@pytest.mark.parametrize("option", ["-o", "--report", "--html", "--openmetrics"])
def test_only_a_file_is_replaced(option: str, here: Path) -> None:
    pipe = here / "pipe.json"
    os.mkfifo(pipe)
    words = ("correlate", "requests.log", "responses.log", option, "pipe.json", "--no-store")
    fails(here, 3, *words, "--force", parts=("pipe.json", "is a device, a pipe or a socket"))
    fails(here, 3, *words, parts=("pipe.json", "is a device, a pipe or a socket"))
    assert pipe.is_fifo()


def test_a_device_is_refused(here: Path) -> None:
    fails(here, 2, "correlate", "/dev/null", "responses.log", *TO_FILE, parts=("/dev/null", "not a regular file"))


BROKEN = {
    "gz cut off.gz": lambda raw: gzip.compress(raw, mtime=0)[: len(gzip.compress(raw, mtime=0)) // 2],
    "gz without its end.gz": lambda raw: gzip.compress(raw, mtime=0)[:-8],
    "gz with its head only.gz": lambda raw: gzip.compress(raw, mtime=0)[:5],
    "gz of another sum.gz": lambda raw: flipped(gzip.compress(raw, mtime=0), -6),
    "gz of another length.gz": lambda raw: flipped(gzip.compress(raw, mtime=0), -2),
    "gz whose second part is cut.gz": lambda raw: gzip.compress(raw, mtime=0) + gzip.compress(raw, mtime=0)[:-20],
    "zst cut off.zst": lambda raw: zstandard(raw)[: len(zstandard(raw)) // 2],
    "zst without its end.zst": lambda raw: zstandard(raw)[:-1],
    "zst of noise.zst": lambda raw: zstandard(raw)[:12] + bytes(range(200)),
}


@pytest.mark.parametrize(
    ("name", "size"),
    some(
        itertools.product(BROKEN, SIZES),
        *((name, "small") for name in BROKEN),
        *((name, "big") for name in ("gz whose second part is cut.gz", "gz of another sum.gz", "zst cut off.zst")),
    ),
)
def test_a_broken_compressed_input(here: Path, name: str, size: str) -> None:
    raw = SIZES[size]
    (here / name).write_bytes(BROKEN[name](raw))
    fails(here, 2, "correlate", name, "responses.log", *TO_FILE, parts=(name, "broken or cut off"), LOGCORR_BUCKETS="3")


def test_a_broken_input_among_sound_ones_is_the_one_named(here: Path) -> None:
    (here / "a.gz").write_bytes(gzip.compress(REQUESTS))
    (here / "b.gz").write_bytes(gzip.compress(BIG)[:-9])
    sides = ("--requests", "a.gz", "--requests", "b.gz", "--requests", "requests.log", "--responses", "responses.log")
    outcome = fails(here, 2, "correlate", *sides, *TO_FILE, parts=("b.gz",))
    assert "a.gz" not in outcome.err


def test_a_run_that_failed_midway_leaves_no_work_folder(here: Path) -> None:
    """The engine's writers may outlive the query that failed: try a few times, and look again a little later."""
    (here / "cut.gz").write_bytes(gzip.compress(BIG)[:-9])
    for _ in range(4):
        fails(here, 2, "correlate", "cut.gz", "responses.log", *TO_FILE, LOGCORR_BUCKETS="16")


# Outputs.


@pytest.mark.parametrize("option", ["-o", "--orphans", "--malformed", "--report"])
def test_an_output_that_exists_is_kept(here: Path, option: str) -> None:
    (here / "there.json").write_bytes(b"precious")
    fails(here, 3, *PAIR, option, "there.json", parts=("there.json", "--force"))


def test_force_replaces_an_output(here: Path) -> None:
    (here / "out.csv").write_bytes(b"old")
    assert logcorr(*PAIR, *TO_FILE, "--force", cwd=here).code == 0
    assert (here / "out.csv").read_bytes().startswith(b"request_id,")


@pytest.mark.parametrize("target", ["nowhere/out.csv", "requests.log/out.csv"])
def test_an_output_folder_that_is_missing(here: Path, target: str) -> None:
    fails(here, 3, *PAIR, "-o", target, parts=(target, "folder"))


def test_an_output_that_is_a_folder(here: Path) -> None:
    (here / "out.csv").mkdir()
    fails(here, 3, *PAIR, *TO_FILE, "--force", parts=("out.csv", "folder"))


@pytest.mark.parametrize("name", ["out.txt", "out", "out.csv.gz", ".csv", "out.xlsx"])
def test_an_unknown_ending(here: Path, name: str) -> None:
    fails(here, 2, *PAIR, "-o", name, parts=(name, ".parquet"))


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("option", ["-o", "--orphans", "--malformed", "--report"])
@pytest.mark.parametrize("name", ["responses.csv", "./responses.csv", "link.csv", "hard.csv"])
def test_an_output_that_is_an_input(here: Path, name: str, option: str, force: tuple[str, ...]) -> None:
    (here / "responses.csv").write_bytes(RESPONSES)
    (here / "link.csv").symlink_to("responses.csv")
    os.link(here / "responses.csv", here / "hard.csv")
    fails(
        here, 3, "correlate", "requests.log", "responses.csv", option, name, *force, parts=(name, "one of the inputs")
    )


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "same.json", "--orphans", "same.json"),
        ("--orphans", "same.json", "--malformed", "same.json"),
        ("-o", "same.json", "--report", "same.json"),
        ("-o", "same.json", "--orphans", "./same.json"),
        ("-o", "same.json", "--report", "deep/../same.json"),
        ("-o", "-", "--orphans", "-"),
    ],
)
def test_two_outputs_in_one_file(here: Path, words: tuple[str, ...]) -> None:
    (here / "deep").mkdir()
    fails(here, 3, *PAIR, *words, parts=("twice",))


def test_the_same_output_by_an_absolute_name(here: Path) -> None:
    fails(here, 3, *PAIR, "-o", "same.json", "--orphans", here / "same.json", parts=("twice",))


def test_records_on_stdout_stand_alone(here: Path) -> None:
    outcome = logcorr(*PAIR, "--orphans", "-", cwd=here)
    assert outcome.code == 0
    assert [line[:1] for line in outcome.out.splitlines()] == [b"{"], "one orphan, and no summary among the records"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("-o", "-"), ()], ids=["records", "summary"])
def test_a_full_disk_behind_stdout(here: Path, words: tuple[str, ...]) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(here / "cache"), "PYTHONPATH": str(ROOT / "core")}
    with Path("/dev/full").open("w", encoding="utf8") as full:
        process = subprocess.run(
            command(*PAIR, *words),
            cwd=here,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert process.returncode == 3, process.stderr
    assert_short_error(Outcome(process.returncode, b"", process.stderr), "No space left")


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from logcorr.cli import main
sys.argv[:] = ["logcorr", *sys.argv[2:]]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("buckets", ["", "4"], ids=["output", "spill"])
def test_a_disk_that_fills_up_midway(here: Path, buckets: str) -> None:
    """A limit on the size of a file stands in for a full disk."""
    (here / "requests.log").write_bytes(BIG)
    before = files_of(here)
    limit = "200000"
    words = [sys.executable, "-c", _LIMITED, limit, *PAIR, "--orphans", "orphans.csv", "-o", "out.csv"]
    with start(words, here, LOGCORR_BUCKETS=buckets) as process:
        _, err = process.communicate(timeout=60)
    assert_short_error(Outcome(process.returncode, b"", err))
    assert process.returncode == 3, err
    assert files_of(here) == before
    assert kept(here) == []


@pytest.mark.parametrize("words", [TO_FILE, ()])
def test_too_little_room_is_told_before_any_work(
    here: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(total=100, used=99, free=1))
    monkeypatch.setattr("logcorr.inputs.reader.SideReader.entries", lambda *_args: pytest.fail("work began"))
    fails(here, 3, *PAIR, *words, parts=("needs about", "free"))


# Words.


@pytest.mark.parametrize(
    "words",
    [
        (*PAIR, *TO_FILE, "--columns", "nonsense"),
        (*PAIR, *TO_FILE, "--columns", "duration_us,request_id"),
        (*PAIR, "--columns", "duration_us"),
        (*PAIR, "--columns", "duration_us", "--orphans", "orphans.csv"),
        ("correlate",),
        ("correlate", "requests.log"),
        (*PAIR, "more.log"),
        ("correlate", "--requests", "requests.log"),
        ("correlate", "--responses", "responses.log"),
        (*PAIR, "--requests", "requests.log"),
        ("correlate", "requests.log", "--responses", "responses.log"),
        (*PAIR, *TO_FILE, "--memory", "0B"),
        (*PAIR, *TO_FILE, "--window", "0s"),
        (*PAIR, *TO_FILE, "--fail-if", "p98>5ms"),
        (*PAIR, *TO_FILE, "--fail-if", "p99=5ms"),
        (*PAIR, *TO_FILE, "--fail-if", "p99>5"),
        (*PAIR, *TO_FILE, "--fail-if", "p99>1%"),
        (*PAIR, *TO_FILE, "--fail-if", "orphan_rate>many"),
        (*PAIR, *TO_FILE, "--fail-if", "orphan_rate>nan"),
        (*PAIR, *TO_FILE, "--fail-if", "orphan_rate>5ms"),
        (*PAIR, *TO_FILE, "--fail-if", ""),
        (*PAIR, *TO_FILE, "--skew", "nan"),
        (*PAIR, *TO_FILE, "--skew", "inf"),
        (*PAIR, *TO_FILE, "--skew", "1e300"),
    ],
    ids=" ".join,
)
def test_wrong_words(here: Path, words: tuple[str, ...]) -> None:
    fails(here, 2, *words)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--max-duration", value) for value in ("5", "ms", "-5ms", "5 parsecs", "1e3ms", "", "5ms5", "٥ms")),
        *(("--edge", value) for value in ("soon", "1.s")),
        ("--window", "1"),
        *(("--memory", value) for value in ("much", "4", "4 GBs", "-1GB")),
        ("--skew", "5ms"),
        ("--pairing", "middle"),
        ("--sort", "id"),
        ("--progress", "loud"),
        ("--no-such-option", "1"),
    ],
)
def test_wrong_values_are_told_with_their_option(here: Path, option: str, value: str) -> None:
    fails(here, 2, *PAIR, *TO_FILE, option, value, parts=(option,))


def test_a_command_there_is_not(here: Path) -> None:
    fails(here, 2, "corelate", "requests.log", "responses.log", parts=("corelate",))


# The store.


def test_a_store_that_is_a_file(here: Path) -> None:
    (here / "store").write_bytes(b"")
    fails(here, 3, *PAIR, *TO_FILE, "--store", "store", parts=("store",))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_store_that_cannot_be_made(here: Path) -> None:
    fails(here, 3, *PAIR, *TO_FILE, "--store", "/proc/logcorr", parts=("/proc/logcorr", "--store"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_without_permission(here: Path) -> None:
    (here / "store").mkdir(mode=0o500)
    fails(here, 3, *PAIR, *TO_FILE, "--store", "store", parts=("store",))


# Names.


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names are text there")
@pytest.mark.parametrize("keep", [(), ("--no-store",)])
def test_a_name_that_is_not_utf8_is_a_name(here: Path, keep: tuple[str, ...]) -> None:
    name = os.fsdecode(b"r\xe9quests.log")
    (here / name).write_bytes(REQUESTS)
    outcome = logcorr("correlate", name, "responses.log", *TO_FILE, *keep, cwd=here)
    assert outcome.code == 0, outcome.err
    assert len((here / "out.csv").read_bytes().splitlines()) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such names")
@pytest.mark.parametrize(
    "words", [("--no-store", "-o"), ("--no-store", "--orphans"), ("--no-store", "--report"), ("--store",)]
)
def test_a_place_that_is_not_utf8_is_refused_before_any_work(here: Path, words: tuple[str, ...]) -> None:
    odd = here / os.fsdecode(b"odd\x9b\xff")
    odd.mkdir()
    target = odd if words == ("--store",) else odd / ("out.json")
    fails(here, 3, *PAIR, *words, target, parts=("is not UTF-8", "odd"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such names")
def test_a_working_folder_that_is_not_utf8_is_no_matter(here: Path) -> None:
    odd = here / os.fsdecode(b"odd\x9b\xff")
    odd.mkdir()
    write_pair(odd)
    outputs = ("-o", "out.parquet", "--orphans", "orphans.csv", "--report", "report.json", "--sort", "time")
    succeed(*PAIR, "--store", "runs", *outputs, cwd=odd)
    access = {"method": "GET", "endpoint": "/", "status_code": 200, "timestamp": "2025-03-01T12:00:00Z", "ip": "::1"}
    (odd / "access.log").write_text(json.dumps(access) + "\n")
    succeed("analyze", "access.log", "--store", "other", "-o", "access.parquet", cwd=odd)
    (run,) = (path for path in (odd / "runs").iterdir() if path.name[0] != ".")
    succeed("export", run.name, "--store", "runs", "--view", "exchanges", "-o", "exported.parquet", cwd=odd)
    succeed("diff", run.name, f"runs/{run.name}", "--store", "runs", cwd=odd)
    heights = [pl.read_parquet((odd / f"{name}.parquet").read_bytes()).height for name in ("out", "exported", "access")]
    assert heights == [2, 2, 1]
    assert not [path for path in odd.rglob(".*") if path.name.endswith(".part") or path.name.startswith(".work")]


@pytest.mark.parametrize(
    "name",
    some(
        ("web[1].log", "a*b.log", "what?.log", "100%.log", " spaced .log", "ü.log", "{x}.log"),
        *("web[1].log", "what?.log", "ü.log", "{x}.log"),
    ),
)
def test_names_of_every_kind(here: Path, name: str) -> None:
    (here / name).write_bytes(REQUESTS)
    (here / "decoy1.log").write_bytes(REQUESTS)
    words = ("-o", f"{name}.csv", "--sort", "time", "--columns", "request_file")
    outcome = logcorr("correlate", name, "responses.log", *words, cwd=here)
    assert outcome.code == 0, outcome.err
    assert (here / f"{name}.csv").read_text(encoding="utf8").splitlines()[1] == f"a,u1,200,222,{name}"


@pytest.mark.parametrize("buckets", ["1", "8"])
def test_a_store_of_any_name(here: Path, buckets: str) -> None:
    access = {"method": "GET", "endpoint": "/", "status_code": 200, "timestamp": "2025-03-01T12:00:00Z"}
    (here / "access.log").write_text("".join(json.dumps({**access, "ip": f"10.0.0.{n}"}) + "\n" for n in range(9)))
    for words in (PAIR, ("analyze", "access.log")):
        outcome = logcorr(*words, "--store", "runs [1-2]*?{x}", cwd=here, LOGCORR_BUCKETS=buckets)
        assert outcome.code == 0, outcome.err
