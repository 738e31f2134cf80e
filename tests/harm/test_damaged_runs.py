"""Finished runs that were damaged, or are of another version: told with the place and what to do, and made anew."""

import json
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.model.errors import InputError
from logcorr.query.view_pages import TemporaryFolder, ViewPages
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.work.export_job import ExportJob
from tests.support.helpers import SAMPLE, assert_short_error, kept, logcorr, runs_root, succeed
from tests.support.kernels_or_numpy import some

PAIR = ("correlate", "requests.log", "responses.log")
ACCESS = ("analyze", "access.log")
Damage = Callable[[bytes], bytes]


def edited(change: Callable[[dict[str, Any]], object]) -> Damage:
    """JSON with something changed in it."""

    def damage(raw: bytes) -> bytes:
        found = json.loads(raw)
        change(found)
        return json.dumps(found).encode()

    return damage


def middle(raw: bytes) -> bytes:
    third = len(raw) // 3
    return raw[:third] + bytes(byte ^ 0x55 for byte in raw[third : 2 * third]) + raw[2 * third :]


PART: dict[str, Damage | None] = {
    "gone": None,
    "empty": lambda _raw: b"",
    "cut": lambda raw: raw[: len(raw) // 2],
    "longer": lambda raw: raw + b"more",
    "zeros": lambda raw: bytes(len(raw)),
    "zeros at its end": lambda raw: raw[:-100] + bytes(100),
    "noise in its middle": middle,
}
JSON: dict[str, Damage | None] = {
    "gone": None,
    "zeros": lambda raw: bytes(len(raw)),
    "cut": lambda raw: raw[: len(raw) // 2],
    "very deep": lambda _raw: b"[" * 100_000,
    "older": edited(lambda found: found.update(schema=0)),
    "newer": edited(lambda found: found.update(schema=99)),
    "without its counts": edited(lambda found: [found.pop(name, None) for name in ("rows", "inputs")]),
}
MANIFEST = {**JSON, "of a kind to come": edited(lambda found: found.update(kind="traces"))}
CASES = [
    *(("part", name) for name in PART),
    *(("manifest.json", name) for name in MANIFEST),
    *(("report.json", name) for name in JSON),
]


SHORT = [
    *(("part", how) for how in ("gone", "cut", "zeros at its end", "noise in its middle")),
    *(("manifest.json", how) for how in ("gone", "newer", "without its counts", "of a kind to come")),
    *(("report.json", how) for how in ("gone", "very deep", "older")),
]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and the finished run of them."""
    here = tmp_path_factory.mktemp("whole")
    for name in ("requests.log", "responses.log"):
        shutil.copyfile(SAMPLE / name, here / name)
    succeed("generate", "access", here / "deep" / "access.log", "--rows", "2000", cwd=here)
    (here / "deep" / "access.log").rename(here / "access.log")
    succeed(*PAIR, "-o", "first.ndjson", "--sort", "time", cwd=here, LOGCORR_BUCKETS="4")
    (here / "cache").rename(here / "kept")
    return here


@pytest.fixture
def here(whole: Path) -> Path:
    """The same folder with the run as it was; inputs are known by their paths, so there is one folder only."""
    shutil.rmtree(whole / "cache", ignore_errors=True)
    shutil.copytree(whole / "kept", whole / "cache")
    for name in ("out.csv", "second.ndjson"):
        (whole / name).unlink(missing_ok=True)
    return whole


def only_run(here: Path) -> Path:
    (run,) = kept(here)
    return run


def damage(run: Path, what: str, how: str) -> Path:
    """Damages a part of a run; the file."""
    kinds: dict[str, dict[str, Damage | None]] = {"part": PART, "manifest.json": MANIFEST, "report.json": JSON}
    path, change = run / what, kinds[what][how]
    if what == "part":
        path = next(part for part in sorted((run / "exchanges").iterdir()) if pl.read_parquet(part).height)
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(("what", "how"), some(CASES, *SHORT))
def test_a_damaged_run_is_told_and_made_anew(what: str, how: str, here: Path) -> None:
    run = only_run(here)
    path = damage(run, what, how)
    asked: dict[str, list[tuple[str, ...]]] = {
        "part": [("export", run.name, "--view", "exchanges", "-o", "out.csv")],
        "manifest.json": [("export", run.name, "--view", "orphans", "-o", "out.csv"), ("runs", "show", run.name)],
        "report.json": [("runs", "show", run.name), ("diff", run.name, run.name)],
    }
    for each in asked[what]:
        outcome = logcorr(*each, cwd=here)
        assert outcome.code == 2, outcome.err
        gone = what == "manifest.json" and how == "gone"  # what has no manifest is no run
        assert_short_error(outcome, run.name, *(["runs list"] if gone else ["and run again"]))
        if "schema" not in outcome.err and not gone and "of kind" not in outcome.err:
            assert path.name in outcome.err or str(run) in outcome.err
        assert not (here / "out.csv").exists()
        assert [entry.name for entry in kept(here)] == [run.name]
    succeed("runs", "list", cwd=here)
    outcome = succeed(*PAIR, "-o", "second.ndjson", "--sort", "time", cwd=here, LOGCORR_BUCKETS="4")
    assert (here / "second.ndjson").read_bytes() == (here / "first.ndjson").read_bytes()
    assert only_run(here) == run
    succeed("export", run.name, "--view", "exchanges", "-o", "out.csv", cwd=here)


@pytest.mark.parametrize("how", some(("gone", "cut", "zeros", "noise in its middle"), "gone", "noise in its middle"))
def test_the_app_is_told_of_a_damaged_view(how: str, here: Path) -> None:
    run = RunFolder(only_run(here))
    spill = TemporaryFolder(here / "spill")
    try:
        sound = ViewPages(run, "exchanges", spill)
        rows = sound.total
        damage(run.path, "part", how)
        with pytest.raises(InputError, match="and run again"):
            ViewPages(run, "exchanges", spill).page(0, rows)
        with pytest.raises(InputError, match="and run again"):
            sound.narrowed((), "duration_us", True, threading.Event())
        with pytest.raises(InputError, match="and run again"):
            ExportJob(run, "exchanges", "duration>1ms", str(here / "out.csv"), here / "spill").write(force=False)
        assert not (here / "out.csv").exists()
        if how != "gone":
            with pytest.raises(InputError, match="and run again"):
                sound.page(0, rows)
    finally:
        spill.close()
    assert list((here / "spill").iterdir()) == []


def test_a_damaged_run_of_an_access_log_is_made_anew(here: Path) -> None:
    succeed(*ACCESS, "-o", "out.csv", "--store", "store", cwd=here)
    first = (here / "out.csv").read_bytes()
    (run,) = (here / "store").iterdir()
    damage(run, "part", "noise in its middle")
    succeed(*ACCESS, "-o", "out.csv", "--force", "--store", "store", cwd=here)
    assert (here / "out.csv").read_bytes() == first
    assert [path.name for path in (here / "store").iterdir()] == [run.name]
    shutil.rmtree(here / "store")


def test_what_went_to_standard_output_is_not_sent_again(here: Path) -> None:
    run = only_run(here)
    damage(run, "part", "noise in its middle")
    outcome = logcorr(*PAIR, "-o", "-", cwd=here, LOGCORR_BUCKETS="4")
    assert outcome.code == 2, outcome.err
    assert_short_error(outcome, run.name, "and run again")


def test_any_noise_in_a_view_ends_in_an_error_at_worst(here: Path) -> None:
    """Nothing but an exit code of 0 or 2, whatever bytes are other ones."""
    run = only_run(here)
    part = max((run / "exchanges").iterdir(), key=lambda path: path.stat().st_size)
    raw, chance = part.read_bytes(), random.Random(5)
    for _ in range(40):
        noisy = bytearray(raw)
        for _ in range(chance.choice([1, 3, 20])):
            place = chance.choice(
                [chance.randrange(len(raw)), len(raw) - 9 - chance.randrange(min(2500, len(raw) - 9))]
            )
            noisy[place] = chance.randrange(256)
        part.write_bytes(noisy)
        outcome = logcorr("export", run.name, "--view", "exchanges", "-o", "out.csv", "--force", cwd=here)
        assert outcome.code in {0, 2}, outcome.err
        if outcome.code:
            assert_short_error(outcome, run.name)
    assert [path.name for path in runs_root(here).iterdir()] == [run.name]
