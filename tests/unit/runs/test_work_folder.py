"""A run and its outputs are delivered together: where one of them has no place, or the work was given up, none is."""

import tempfile
from pathlib import Path

import pytest

from logcorr.model.errors import Cancelled, OutputError
from logcorr.runs.work_folder import WorkFolder, make_folder


@pytest.fixture
def output(tmp_path: Path) -> tuple[Path, Path]:
    """An unfinished output, and its target, which is there from before."""
    part, target = tmp_path / ".out.json.1.part", tmp_path / "out.json"
    part.write_text("new")
    target.write_text("old")
    return part, target


def test_an_output_has_its_name_once_the_run_is_there(tmp_path: Path, output: tuple[Path, Path]) -> None:
    store = tmp_path / "store"
    with WorkFolder(store) as work:
        run = work.deliver([output], "key")
    assert run is not None
    assert [path.name for path in store.iterdir()] == ["key"]
    assert output[1].read_text() == "new"
    assert not output[0].exists()


def test_a_run_without_a_place_leaves_the_output_as_it_was(tmp_path: Path, output: tuple[Path, Path]) -> None:
    store = tmp_path / "store"
    with WorkFolder(store) as work:
        work.add_unfinished(output[0])
        (store / "key").touch()
        with pytest.raises(OutputError):
            work.deliver([output], "key")
    assert output[1].read_text() == "old"
    assert not output[0].exists()


def test_nothing_is_delivered_of_what_was_given_up(tmp_path: Path, output: tuple[Path, Path]) -> None:
    store = tmp_path / "store"
    with WorkFolder(store) as work:
        work.abandon()
        with pytest.raises(Cancelled):
            work.deliver([output])
    assert output[1].read_text() == "old"
    assert list(store.iterdir()) == []


def test_a_relative_store_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from Python 3.12 on, `mkdtemp` gives absolute paths, in which the working folder may be no UTF-8."""
    monkeypatch.chdir(tmp_path)
    made = tempfile.mkdtemp

    def absolute(*, prefix: str, dir: Path) -> str:  # noqa: A002 - its name
        return str(Path(made(prefix=prefix, dir=dir)).absolute())

    monkeypatch.setattr(tempfile, "mkdtemp", absolute)
    with WorkFolder(Path("store")) as work:
        assert not work.spill.is_absolute()
        inner = make_folder(work.spill, "view-")
        assert inner.is_dir()
        assert inner.parent == work.spill
    assert list(Path("store").iterdir()) == []
