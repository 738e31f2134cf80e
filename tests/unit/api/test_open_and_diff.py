"""`logcorr.open` and `logcorr.diff`: finished runs by name or folder, and what changed between two."""

import threading
from pathlib import Path

import msgspec
import pytest

import logcorr
from logcorr import errors
from tests.support.helpers import runs_root, succeed

LINE = '192.0.2.1 - - [04/Mar/2026:05:06:{n:02} +0000] "GET /{n} HTTP/1.1" {status} 5\n'


@pytest.fixture
def two(access: Path, tmp_path: Path) -> tuple[logcorr.Run[logcorr.AccessReport], ...]:
    """Two runs: half of the requests of the second fail."""
    worse = tmp_path / "worse.log"
    worse.write_text("".join(LINE.format(n=n, status=(200, 500)[n % 2]) for n in range(1, 51)))
    store = runs_root(tmp_path)
    return logcorr.analyze(access, store=store), logcorr.analyze(worse, store=store)


def test_a_run_by_name_start_of_a_name_and_folder(two: tuple[logcorr.Run[logcorr.AccessReport], ...]) -> None:
    run, other = two
    key, store = run.folder.name, run.folder.parent
    same = next(n for n, chars in enumerate(zip(key, other.folder.name, strict=True)) if len({*chars}) > 1)
    names = (key, key[: same + 1])
    found = [logcorr.open(name, store) for name in names] + [logcorr.open(run.folder), logcorr.open(str(run.folder))]
    assert {one.folder for one in found} == {run.folder}
    assert all(one.reused and one.kept and one.notes == () for one in found)
    assert found[0].report == run.report
    assert found[0].kind == "access"


def test_a_run_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    for name in ("3f2a", "", Path("here"), tmp_path / "gone"):
        with pytest.raises(errors.InputError, match="no run has this name"):
            logcorr.open(name, tmp_path)


def test_a_comparison_is_that_of_the_command(
    two: tuple[logcorr.Run[logcorr.AccessReport], ...], tmp_path: Path
) -> None:
    a, b = two
    found = logcorr.diff(a, b)
    assert isinstance(found, logcorr.Diff)
    assert "error_rate" in found.worse
    said = succeed("diff", a.folder.name, b.folder.name, "--json", cwd=tmp_path)
    assert msgspec.json.decode(said.out, type=logcorr.Diff) == found
    assert logcorr.diff(a.folder.name, b.folder, store=a.folder.parent) == found
    assert len(logcorr.diff(a, b, top=1).groups.rows) == 1 < len(found.groups.rows)


def test_what_cannot_be_compared(
    two: tuple[logcorr.Run[logcorr.AccessReport], ...], pair: Path, tmp_path: Path
) -> None:
    other = logcorr.correlate(pair / "requests.log", pair / "responses.log", store=tmp_path / "runs")
    with pytest.raises(errors.UsageError, match="only runs of one kind can be compared"):
        logcorr.diff(two[0], other)
    with pytest.raises(errors.UsageError, match="top must be more than 0"):
        logcorr.diff(*two, top=0)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(errors.Cancelled):
        logcorr.diff(*two, cancel=cancel)
