"""What a run keeps is its user's alone, whatever the umask; and nothing that others plant in the store is followed."""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logcorr.runs import run_folder
from logcorr.runs.leftovers import sweep
from logcorr.runs.ownership import is_mine, privately
from logcorr.runs.work_folder import WorkFolder
from tests.support.helpers import Outcome, assert_short_error, kept, logcorr, runs_root, succeed, write_pair

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes, owners and links are others there")
PAIR = ("correlate", "requests.log", "responses.log")
AS_ROOT = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
SOMEBODY = 12_345


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_pair(tmp_path)
    return tmp_path


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    now = os.umask(before)
    assert now == request.param, "it is as it was before"


def modes(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode) for path in (root, *root.rglob("*"))}


def assert_private(root: Path) -> None:
    found = modes(root)
    assert len(found) > 4
    assert {name: oct(mode) for name, mode in found.items() if mode not in (0o700, 0o600)} == {}


@pytest.mark.parametrize(
    "words", [(*PAIR, "--orphans", "alone.json"), ("analyze", "access.log")], ids=["pair", "access"]
)
def test_a_run_is_private_and_outputs_are_as_the_user_has_it(
    words: tuple[str, ...], umask: int, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "access.log").write_text('{"timestamp":"2025-03-01T12:00:00Z","status_code":200,"ip":"192.0.2.1"}\n' * 30)
    real = WorkFolder.publish

    def watched(self: WorkFolder, key: str) -> run_folder.RunFolder:
        assert_private(self.path)
        return real(self, key)

    monkeypatch.setattr(WorkFolder, "publish", watched)
    outputs = ("out.csv", "report.json", "bad.parquet")
    named = ("-o", outputs[0], "--report", outputs[1], "--malformed", outputs[2])
    succeed(*words, *named, cwd=here, LOGCORR_BUCKETS="3")
    assert_private(here / "cache")
    run = kept(here)[0].name
    succeed("export", run, "--view", "exchanges", "-o", "again.parquet", cwd=here)
    for name in (*outputs, "again.parquet"):
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o666 & ~umask, name


def test_files_are_private_as_long_as_anybody_wants_it(tmp_path: Path, umask: int) -> None:
    def made(name: str) -> int:
        (tmp_path / name).touch()
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    with privately():
        with privately():
            assert made("a") == 0o600
        assert made("b") == 0o600
    assert made("c") == 0o666 & ~umask


def planted(here: Path, make: Callable[[Path, Path], object]) -> tuple[Path, Path]:
    """A finished run's place in which something else stands, and a folder elsewhere that must stay as it is."""
    succeed(*PAIR, cwd=here)
    (run,) = kept(here)
    elsewhere = here / "elsewhere"
    run.rename(elsewhere)
    (elsewhere / "precious").write_text("mine")
    make(run, elsewhere)
    return run, elsewhere


PLANTS: dict[str, Callable[[Path, Path], object]] = {
    "link to a run": lambda run, elsewhere: run.symlink_to(elsewhere),
    "dangling link": lambda run, elsewhere: run.symlink_to(elsewhere / "nowhere"),
    "file": lambda run, _elsewhere: run.write_text("no folder"),
}


@pytest.mark.parametrize("make", PLANTS.values(), ids=PLANTS)
def test_what_stands_in_the_place_of_a_run_is_neither_followed_nor_removed(
    make: Callable[[Path, Path], object], here: Path
) -> None:
    run, elsewhere = planted(here, make)
    before = modes(elsewhere)
    outcome = logcorr(*PAIR, "-o", "out.csv", cwd=here)
    assert outcome.code == 3
    assert_short_error(outcome, run.name, "--store")
    assert not (here / "out.csv").exists()
    assert kept(here) == [run], "no work folder is left"
    for words in (("show", run.name), ("remove", run.name), ("remove", "--all")):
        outcome = logcorr("runs", *words, cwd=here)
        assert outcome.code == (0 if "--all" in words else 2)
    assert os.path.lexists(run)
    assert modes(elsewhere) == before
    if make is PLANTS["link to a run"]:
        assert "is a link" in outcome.err
        row = json.loads(succeed("runs", "list", "--json", cwd=here).out)
        assert (row["run"], set(row)) == (run.name, {"run", "error"})
    succeed(*PAIR, "--no-store", "-o", "out.csv", cwd=here)


@AS_ROOT
def test_a_run_of_somebody_else_is_not_believed(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    (run,) = kept(here)
    report = run / "report.json"
    report.write_text(report.read_text().replace('"matched": 2', '"matched": 9'))
    for path in (run, *run.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    before = modes(run)

    def refused(*words: str, code: int = 2) -> Outcome:
        outcome = logcorr(*words, cwd=here)
        assert outcome.code == code
        assert_short_error(outcome, run.name, "somebody else's")
        return outcome

    refused(*PAIR, code=3)
    refused("runs", "show", run.name)
    refused("runs", "remove", run.name)
    refused("export", run.name, "--view", "orphans", "-o", "-")
    refused("runs", "remove", "--all", code=0)
    assert "somebody else's" in succeed("runs", "list", cwd=here, COLUMNS="160").out.decode()
    assert modes(run) == before


def work_folder(root: Path, *parts: Path) -> Path:
    """What a process leaves that was killed, with the unfinished outputs that it names."""
    folder = root / ".work-dead"
    (folder / "spill").mkdir(parents=True)
    (folder / "lock").touch()
    (folder / "parts.txt").write_bytes(b"".join(os.fsencode(part) + b"\0" for part in parts))
    return folder


def test_only_unfinished_outputs_go_with_a_dead_process(tmp_path: Path) -> None:
    part, precious = tmp_path / ".out.csv.123.part", tmp_path / "precious.part"
    folder = tmp_path / ".folder.1.part"
    for path in (part, precious):
        path.touch()
    folder.mkdir()
    (tmp_path / "root").mkdir()
    work_folder(tmp_path / "root", part, precious, folder)
    sweep(tmp_path / "root")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".folder.1.part", "precious.part", "root"]
    assert list((tmp_path / "root").iterdir()) == []


@pytest.mark.parametrize("name", [".work-planted", ".work-planted-gone"])
def test_a_link_to_a_work_folder_is_not_followed(name: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    part = tmp_path / ".out.csv.123.part"
    part.touch()
    elsewhere = work_folder(tmp_path / "elsewhere", part)
    (root / name).symlink_to(elsewhere)
    before = modes(tmp_path)
    sweep(root)
    assert modes(tmp_path) == before


@AS_ROOT
def test_the_work_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    part = tmp_path / ".out.csv.123.part"
    part.touch()
    root = tmp_path / "root"
    folder = work_folder(root, part)
    os.chown(folder, SOMEBODY, SOMEBODY)
    assert not is_mine(folder)
    before = modes(tmp_path)
    sweep(root)
    assert modes(tmp_path) == before


def test_links_within_a_run_are_removed_not_followed(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    (run,) = kept(here)
    precious = here / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (run / "exchanges" / "link").symlink_to(precious)
    (run / "manifest.json").rename(precious / "manifest.json")
    (run / "manifest.json").symlink_to(precious / "manifest.json")
    succeed("runs", "remove", "--all", cwd=here)
    assert kept(here) == []
    assert sorted(path.name for path in precious.iterdir()) == ["file", "manifest.json"]


def test_remove_all_leaves_nothing_of_ours_and_everything_else(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    root = runs_root(here)
    work_folder(root)
    (root / ".work-half-gone").mkdir()
    app = root / "app"
    app.mkdir()
    (app / "manifest.json").write_text('{"manifest_version": 3}')
    (app / "app.js").write_text("precious")
    (root / "notes.txt").write_text("precious")
    with WorkFolder(root) as live:
        outcome = succeed("runs", "remove", "--all", cwd=here)
        assert live.spill.is_dir()
        assert {path.name for path in root.iterdir()} == {"app", "notes.txt", live.path.name}
    assert "removed 1 run." in outcome.err
    assert "'app.js'" in outcome.err
    assert sorted(path.name for path in root.rglob("*")) == ["app", "app.js", "manifest.json", "notes.txt"]
