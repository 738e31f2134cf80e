"""What is appended to files becomes whole lines, whatever becomes of the files meanwhile."""

import gzip
import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcorr.inputs.follow import followed_file, follower
from logcorr.inputs.follow.followed_file import Start
from logcorr.inputs.follow.follower import Follower
from logcorr.model.errors import InputError


class Watched:
    """A follower with a clock of its own, and all that it gave, by the names of files."""

    def __init__(self, *words: str | Path, **more: object) -> None:
        self.now = 0.0
        self.follower = Follower([str(word) for word in words], clock=lambda: self.now, **more)  # type: ignore[arg-type]
        self.lines: list[str] = []
        self.notices: list[str] = []

    def poll(self, most_bytes: int = 1 << 20) -> list[str]:
        """The lines of a poll, a second later."""
        self.now += 1
        pieces = self.follower.poll(most_bytes)
        self.notices += self.follower.take_notices()
        new = [line for piece in pieces for line in piece.text.decode().splitlines()]
        assert all(piece.text.endswith(b"\n") for piece in pieces)
        self.lines += new
        return new

    def finish(self) -> list[str]:
        """The lines that have no end."""
        return [line for piece in self.follower.finish() for line in piece.text.decode().splitlines()]


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _lines(start: int, count: int, width: int = 60) -> str:
    return "".join(f"line {number} ".ljust(width, "x") + "\n" for number in range(start, start + count))


def test_a_line_that_is_half_written_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntw")
    watched = Watched(log)
    assert watched.poll() == ["one"]
    assert watched.poll() == []
    _append(log, "o\nthree\nfo")
    assert watched.poll() == ["two", "three"]
    assert watched.finish() == ["fo"]


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    watched = Watched(log)
    assert watched.poll() == []
    assert watched.notices == [f"{str(log)!r} is not there yet; it is read as soon as it is."]
    log.write_text("one\n")
    assert watched.poll() == ["one"]
    assert watched.notices[1:] == [f"{str(log)!r} appeared."]


def test_rotation_by_rename(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(_lines(0, 30))
    watched = Watched(log)
    watched.poll()
    _append(log, _lines(30, 2))
    log.rename(tmp_path / "a.log.1")
    log.write_text("new\n")
    # The writer goes on in the renamed file until it is told.
    _append(tmp_path / "a.log.1", "late\n")
    watched.poll()
    watched.poll()
    _append(tmp_path / "a.log.1", "very late\n")
    watched.poll()
    assert watched.lines == [*_lines(0, 32).splitlines(), "late", "new", "very late"]
    assert watched.notices == [f"{str(log)!r} was rotated: the new file is read too."]


def test_a_glob_knows_a_renamed_file_again(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(_lines(0, 30))
    watched = Watched(tmp_path / "a.log*")
    watched.poll()
    log.rename(tmp_path / "a.log.1")
    log.write_text("new\n")
    watched.poll()
    watched.poll()
    assert watched.lines == [*_lines(0, 30).splitlines(), "new"]


@pytest.mark.parametrize("word", ["a.log", "a.log*", "."])
@pytest.mark.parametrize("seen", [True, False], ids=["copy seen first", "copy and cut at once"])
@pytest.mark.parametrize("lines", [3, 50], ids=["short", "long"])
def test_copy_and_truncate(tmp_path: Path, word: str, lines: int, *, seen: bool) -> None:
    log, copy = tmp_path / "a.log", tmp_path / "a.log.1"
    log.write_text(_lines(0, lines))
    watched = Watched(tmp_path / word if word != "." else tmp_path)
    watched.poll()
    _append(log, _lines(lines, 4))
    shutil.copy(log, copy)
    if seen:
        watched.poll()
    _append(log, "lost by the copy\n") if seen else None
    if seen:
        watched.poll()
    os.truncate(log, 0)
    _append(log, _lines(1000, 1))
    watched.poll()
    _append(log, _lines(1001, 2 * lines))
    watched.poll()
    expected = _lines(0, lines + 4).splitlines()
    expected += ["lost by the copy"] if seen else []
    assert watched.lines == [*expected, *_lines(1000, 2 * lines + 1).splitlines()]
    watched.now += 60
    watched.poll()
    assert len(watched.lines) == len(set(watched.lines))


def test_a_file_that_is_cut_and_written_beyond_the_old_end_is_noticed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("head\n" + _lines(0, 5))
    watched = Watched(log)
    watched.poll()
    log.write_text("head\n" + _lines(100, 50))
    watched.poll()
    assert watched.lines == ["head", *_lines(0, 5).splitlines(), "head", *_lines(100, 50).splitlines()]
    assert "was cut" in watched.notices[0]
    assert "may be lost" in watched.notices[0]


def test_two_files_with_the_same_header_are_both_read(tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("time,id,status\n")
    watched = Watched(tmp_path)
    watched.poll()
    two.write_text("time,id,status\n1,a,200\n")
    watched.poll()
    _append(one, "2,b,200\n")
    watched.poll()
    watched.poll()
    assert sorted(watched.lines) == ["1,a,200", "2,b,200", "time,id,status", "time,id,status"]


def test_a_copy_is_left_out_and_told_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(_lines(0, 100))
    watched = Watched(tmp_path)
    watched.poll()
    shutil.copy(log, tmp_path / "b.log")
    for _ in range(10):
        watched.poll()
    assert watched.lines == _lines(0, 100).splitlines()
    assert [notice for notice in watched.notices if "is a copy" in notice] == [
        f"{str(tmp_path / 'b.log')!r} is a copy of a log that is followed; it is left out."
    ]


def test_a_log_that_is_compressed_after_it_was_read_is_not_read_again(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(_lines(0, 100))
    with gzip.open(tmp_path / "old.log.gz", "wt") as file:
        file.write("old\n")
    watched = Watched(tmp_path / "*log*")
    watched.poll()
    with gzip.open(tmp_path / "a.log.1.gz", "wt") as file:
        file.write(_lines(0, 100))
    log.unlink()
    log.write_text("new\n")
    for _ in range(3):
        watched.poll()
    assert sorted(watched.lines) == sorted(["old", "new", *_lines(0, 100).splitlines()])


def test_a_line_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_file, "LONGEST_LINE", 100)
    log = tmp_path / "a.log"
    log.write_text("x" * 250)
    watched = Watched(log)
    for _ in range(5):
        watched.poll(30)
    _append(log, "y\nshort\n")
    for _ in range(5):
        watched.poll(30)
    assert watched.lines == ["x" * 100, "short"]


def test_reading_begins_where_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(_lines(0, 50))
    start = len(_lines(0, 40))
    watched = Watched(log, start_of=lambda _: Start(start))
    _append(log, "new\n")
    assert watched.poll() == [*_lines(40, 10).splitlines(), "new"]
    log.write_text("cut\n")
    assert watched.poll() == ["cut"]


def test_what_is_no_log_is_an_error_at_the_start_and_a_notice_later(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("one\n")
    watched = Watched(tmp_path)
    watched.poll()
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04....")
    watched.poll()
    assert "is left out" in watched.notices[0]
    with pytest.raises(InputError, match="zip is not read"):
        Watched(tmp_path).poll()


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["name", "glob"]), st.sampled_from(["rename", "copy"]))
def test_no_line_is_lost_or_read_twice(
    tmp_path_factory: pytest.TempPathFactory, seed: int, how: str, mode: str
) -> None:
    """Any order of writing half lines, polling and rotating gives all lines once, in the order of each file."""
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("follow")
    log = folder / "a.log"
    text = "".join(f"{number} {'z' * chance.choice([0, 1, 50, 400])}\n" for number in range(chance.randrange(1, 80)))
    cuts = sorted(chance.sample(range(len(text) + 1), min(len(text), chance.randrange(1, 25))))
    watched = Watched(log if how == "name" else folder / "a.log*")
    rotations = 0
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        _append(log, text[start:end])
        if chance.random() < 0.5:
            watched.poll(chance.choice([64, 1 << 20]))
        # A writer that holds whole lines rotates between them; a rotated log ends with a line end.
        if chance.random() < 0.3 and text[:end].endswith("\n"):
            rotations += 1
            if how == "name":
                watched.poll(64)  # a file that came and went between two looks has no name to be found by
            if mode == "rename":
                log.rename(folder / f"a.log.{rotations}")
                log.touch()
                watched.poll()
            else:
                shutil.copy(log, folder / f"a.log.{rotations}")
                if chance.random() < 0.5:
                    watched.poll()
                os.truncate(log, 0)
                watched.poll()
    while watched.poll():
        pass
    watched.lines += watched.finish()
    watched.follower.close()
    assert sorted(watched.lines) == sorted(text.splitlines())


def test_a_cut_to_the_same_size_is_noticed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    watched = Watched(log)
    assert watched.poll() == ["one"]
    os.truncate(log, 0)
    _append(log, "two\n")
    os.utime(log, ns=(1, 1))
    assert watched.poll() == ["two"]


def test_a_new_file_is_read_once_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n")
    watched = Watched(log)
    watched.poll()
    log.rename(tmp_path / "a.log.1")
    log.write_text("2\n")

    def refused(*_: object) -> None:
        raise InputError("Permission denied.")

    with monkeypatch.context() as denied:
        denied.setattr(follower, "resolve", refused)
        denied.setattr(os, "access", lambda *_: False)
        for _ in range(3):
            watched.poll()
    assert [notice for notice in watched.notices if "left out" in notice] == [
        f"'{log}' is left out: Permission denied."
    ]
    watched.poll()
    assert watched.lines == ["1", "2"]
