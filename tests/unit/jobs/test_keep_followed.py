"""What is followed becomes a run: whatever pieces it came in, and however often following ended and went on."""

import gzip
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.jobs.correlate import correlate
from logcorr.jobs.keep_followed import Keeping
from logcorr.jobs.settle_journal import settle
from logcorr.jobs.watch import Watch
from logcorr.model.errors import InputError, UsageError
from logcorr.model.options import CorrelateOptions, WatchOptions
from logcorr.runs.find_journals import all_journals
from logcorr.runs.find_runs import all_runs, find_run
from tests.support.helpers import succeed
from tests.support.kernels_or_numpy import search

MEMORY = 10**9


def _options(*logs: Path | str, **changed: Any) -> WatchOptions:
    return WatchOptions(logs=tuple((str(log),) for log in logs), memory_bytes=MEMORY, **changed)


class Followed:
    """Logs that are followed and kept below `folder/runs`, and what was said."""

    def __init__(self, folder: Path, *logs: Path | str, resume: bool = False, **changed: Any) -> None:
        self.root, self.now = folder / "runs", 0.0
        options = _options(*logs, **changed)
        self.keeping = Keeping(options, self.root, resume=resume)
        self.watch = Watch(options, clock=self._clock, keeping=self.keeping)
        self.notices: list[str] = []

    def _clock(self) -> float:
        self.now += 1
        return self.now

    def poll(self) -> None:
        """Reads what came, until nothing comes any more."""
        for _ in range(3):
            while self.watch.step():
                pass
        self.keeping.tend(self.watch.logs.kind)
        self.notices += self.watch.logs.take_notices()

    def crash(self) -> None:
        """Ends as a process that is killed: nothing more is saved."""
        self.keeping.journal.abandon()
        self.watch.logs.close()

    def stop(self) -> None:
        """Ends in order."""
        self.watch.finish()
        self.keeping.tend(self.watch.logs.kind)
        self.watch.logs.close()
        self.keeping.close()

    def settled(self) -> Any:
        """Ends in order, and makes the run. Gives its folder."""
        self.stop()
        return find_run(self.root, settle(self.keeping.journal.place, memory_bytes=MEMORY, threads=1))


def _append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def _figures(run: Any) -> tuple[dict[str, Any], list[Any]]:
    """The report of a run without what tells of the run and of files, and its exchanges."""
    report = msgspec.to_builtins(run.report)
    del report["run"]
    for ledger in report["inputs"].values():
        ledger.pop("files", None)
    columns = ["request_id", "request_time", "response_time", "status_code", "duration_us"]
    rows = pl.read_parquet(run.view("exchanges")).select(columns).rows()
    return report, sorted(rows, key=repr)


def _one_reading(folder: Path, *logs: Path) -> tuple[dict[str, Any], list[Any]]:
    options = CorrelateOptions(
        requests=(str(logs[0]),), responses=(str(logs[1]),), memory_bytes=MEMORY, threads=1, store=str(folder / "once")
    )
    folder_of_run = correlate(options, estimates=False).folder
    assert folder_of_run is not None
    return _figures(find_run(folder / "once", folder_of_run.name))


class Whole:
    """Two logs in a folder, and what one reading of them gives."""

    def __init__(self, logs: Path, once: tuple[dict[str, Any], list[Any]]) -> None:
        self.logs, self.once = logs, once


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    succeed("generate", "pair", "logs", "--rows", "300", "--seed", "7", cwd=folder)
    logs = folder / "logs"
    return Whole(logs, _one_reading(folder, logs / "requests.log", logs / "responses.log"))


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 1), st.integers(1, 9000)),
        st.tuples(st.sampled_from(["rotate", "cut"]), st.integers(0, 1), st.just(0)),
        st.tuples(st.sampled_from(["stop", "crash", "crash unsaved", "poll"]), st.just(0), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)


@search(5)
@given(steps=_STEPS)
def test_any_cut_with_stops_between_gives_the_run_of_one_reading(
    whole: Whole,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, int]],
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    paths = [folder / "requests.log", folder / "responses.log"]
    texts = [(whole.logs / path.name).read_bytes() for path in paths]
    done = [0, 0]
    turned = 0

    def write(side: int, count: int) -> None:
        _append(paths[side], texts[side][done[side] : done[side] + count])
        done[side] = min(len(texts[side]), done[side] + count)

    def write_line(side: int) -> None:
        if done[side] < len(texts[side]):
            write(side, texts[side].find(b"\n", done[side]) + 1 - done[side])

    followed = Followed(folder, *paths)
    write(0, 3000)
    write(1, 3000)
    for what, side, count in steps:
        if what == "write":
            write(side, count)
        elif what in {"rotate", "cut"} and paths[side].exists():
            write_line(side)
            followed.poll()
            turned += 1
            beside = paths[side].with_name(f"{paths[side].name}.{turned}")
            if what == "rotate":
                paths[side].rename(beside)
                _append(beside, b"")
            else:
                shutil.copyfile(paths[side], beside)
                os.truncate(paths[side], 0)
        elif what == "poll":
            followed.poll()
        else:
            if what != "crash unsaved":
                followed.poll()
                followed.keeping.journal.save()
            if what == "stop":
                followed.stop()
            else:
                followed.crash()
            followed = Followed(folder, *paths, resume=True)
    for side in (0, 1):
        write(side, len(texts[side]))
    followed.poll()
    assert _figures(followed.settled()) == whole.once
    assert len(all_runs(folder / "runs")) == 1
    shutil.rmtree(folder)


def _one_log(path: Path, lines: Sequence[str]) -> Callable[[], int]:
    """Appends lines to a log, and gives how many it has then."""
    written = 0

    def write() -> int:
        nonlocal written
        _append(path, "".join(f"{line}\n" for line in lines[written : written + 2]).encode())
        written += 2
        return written

    return write


IIS = "2026-02-03 10:00:{:02d} 192.0.2.3 GET /c 502 1974\n"
ACCESS = '{{"timestamp":"2025-10-10T13:55:{:02d}Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}}'


def test_access_logs_are_analysed_by_the_names_they_had(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.log").write_text("".join(ACCESS.format(n) + "\n" for n in range(5)))
    with gzip.open(folder / "b.log.gz", "wt") as file:
        file.write("".join(ACCESS.format(n) + "\n" for n in range(10, 13)))
    followed = Followed(tmp_path, folder)
    followed.poll()
    _append(folder / "a.log", (ACCESS.format(20) + "\n").encode())
    followed.poll()
    followed.stop()
    _append(folder / "c.log", (ACCESS.format(30) + "\n").encode())
    again = Followed(tmp_path, folder, resume=True)
    again.poll()
    run = again.settled()
    assert run.report.inputs.access.exchanges == 10
    assert sorted(run.manifest.files["access"]) == [str(folder / name) for name in ("a.log", "b.log.gz", "c.log")]
    assert all(Path(one.path).parent == again.keeping.journal.place for one in run.manifest.inputs["access"])
    # What was in flight and in the window is known again.
    assert again.watch.snapshot().counts["lines"] == 10


def test_a_compressed_log_that_was_read_in_part_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logcorr.inputs.follow.follower._PIECE_BYTES", 4000)
    with gzip.open(tmp_path / "b.log.gz", "wt") as file:
        file.write("".join(ACCESS.format(n % 60) + "\n" for n in range(500)))
    followed = Followed(tmp_path, tmp_path / "b.log.gz")
    for _ in range(3):
        followed.watch.step()
    followed.keeping.tend(followed.watch.logs.kind)
    followed.stop()
    assert 0 < followed.keeping.journal.size < 50_000
    again = Followed(tmp_path, tmp_path / "b.log.gz", resume=True)
    again.poll()
    assert again.settled().report.inputs.access.exchanges == 500
    third = Followed(tmp_path, tmp_path / "b.log.gz", resume=True)
    third.poll()
    assert third.settled().report.inputs.access.exchanges == 500


def test_a_file_that_is_gone_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(ACCESS.format(n) + "\n" for n in range(5)))
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.keeping.journal.save()
    _append(log, (ACCESS.format(6) + "\n").encode())
    followed.poll()
    followed.crash()  # the last line is in the journal, and its state does not know it
    log.unlink()
    again = Followed(tmp_path, log, resume=True)
    again.poll()
    assert [notice for notice in again.notices if "are lost" in notice]
    assert [notice for notice in again.notices if "ended without warning" in notice]
    assert again.settled().report.inputs.access.exchanges == 6
    third = Followed(tmp_path, log, resume=True)
    third.poll()
    assert not [notice for notice in third.notices if "are lost" in notice]
    third.stop()


def test_a_file_of_long_lines_goes_on_after_the_line_that_was_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logcorr.inputs.follow.followed_file.LONGEST_LINE", 1000)
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n" + "x" * 1500)
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.stop()
    _append(log, b"x" * 10 + b"\n" + ACCESS.format(2).encode() + b"\n")
    again = Followed(tmp_path, log, resume=True)
    again.poll()
    access = again.settled().report.inputs.access
    assert (access.lines, access.exchanges) == (3, 2)


def test_columns_of_a_header_are_known_after_going_on(tmp_path: Path) -> None:
    log = tmp_path / "u_ex.log"
    log.write_text("#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken\n" + IIS.format(1))
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.stop()
    _append(log, IIS.format(2).encode())
    again = Followed(tmp_path, log, resume=True)
    again.poll()
    assert again.watch.snapshot().counts["matched"] == 2
    access = again.settled().report.inputs.access
    assert (access.lines, access.exchanges) == (3, 2)


def test_logs_that_say_nothing_leave_no_trace(tmp_path: Path) -> None:
    followed = Followed(tmp_path, tmp_path / "missing.log")
    followed.poll()
    followed.stop()
    assert list((tmp_path / "runs").iterdir()) == []


def test_logs_that_were_not_followed_are_read_anew(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n")
    followed = Followed(tmp_path, log, resume=True)
    followed.poll()
    assert [notice for notice in followed.notices if "they are read anew" in notice]
    followed.stop()
    with pytest.raises(UsageError, match="a pipe cannot be gone on with"):
        Keeping(_options("-"), tmp_path / "runs", resume=True)


def test_following_that_ended_without_warning_is_told_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n")
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.crash()
    again = Followed(tmp_path, log)
    again.poll()
    assert [notice for notice in again.notices if "--resume goes on from there" in notice]
    again.stop()
    assert len(all_journals(tmp_path / "runs")) == 2


def test_lines_of_a_process_that_was_killed_early_stay_where_going_on_ends_at_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n")
    killed = Followed(tmp_path, log)
    killed.watch.step()
    killed.keeping.journal.save()
    killed.crash()
    with pytest.raises(InputError, match="Follow the same logs with --resume"):
        settle(killed.keeping.journal.place, memory_bytes=MEMORY)
    log.unlink()
    Followed(tmp_path, log, resume=True).stop()
    again = Followed(tmp_path, log, resume=True)
    again.poll()
    assert again.settled().report.inputs.access.lines == 1


def test_logs_keep_the_names_that_the_user_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "a.log"
    _append(log, f"{ACCESS.format(1)}\n".encode())
    followed = Followed(tmp_path, "a.log")
    followed.poll()
    followed.stop()
    log.rename("a.log.1")
    _append(tmp_path / "a.log.1", f"{ACCESS.format(2)}\n".encode())
    for number in (3, 4):
        _append(log, f"{ACCESS.format(number)}\n".encode())
        log.rename(f"a.log.{number}")
    again = Followed(tmp_path, "a.log", resume=True)
    again.poll()
    inputs = again.settled().report.inputs.access
    assert (sorted(inputs.files), inputs.lines) == (["a.log", "a.log.3", "a.log.4"], 4)


@pytest.mark.parametrize("copies", [False, True])
def test_a_log_that_came_and_was_rotated_meanwhile_is_read_too(tmp_path: Path, copies: bool) -> None:
    log = tmp_path / "a.log"

    def rotate() -> None:
        for number in (2, 1):
            if (tmp_path / f"a.log.{number}").exists():
                (tmp_path / f"a.log.{number}").rename(tmp_path / f"a.log.{number + 1}")
        if copies:
            (tmp_path / "a.log.1").write_bytes(log.read_bytes())
            log.write_bytes(b"")
        else:
            log.rename(tmp_path / "a.log.1")

    def write(*numbers: int) -> None:
        _append(log, "".join(ACCESS.format(n) + "\n" for n in numbers).encode())

    write(1)
    rotate()  # before following: it is not read
    write(2, 3)
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.stop()
    write(4)
    rotate()
    write(5, 6, 7)
    rotate()
    write(8)
    (tmp_path / "a.log.err").write_text("no log of ours\n")
    for path in tmp_path.glob("a.log.[12]"):
        os.utime(path, (followed.keeping.journal.state.saved + 1,) * 2)
    os.utime(tmp_path / "a.log.3", (1, 1))
    again = Followed(tmp_path, log, resume=True)
    again.poll()
    assert [notice for notice in again.notices if "a.log.1' came and was rotated since" in notice]
    assert again.settled().report.inputs.access.exchanges == 7
    # Whatever was read is known from now on.
    once_more = Followed(tmp_path, log, resume=True)
    once_more.poll()
    assert once_more.settled().report.inputs.access.exchanges == 7


@pytest.mark.parametrize("how", ["renamed", "cut", "cut and longer than before"])
def test_a_log_that_is_rotated_while_going_on_begins_loses_no_line(tmp_path: Path, how: str) -> None:
    log, older = tmp_path / "a.log", tmp_path / "a.log.1"
    log.write_text("".join(ACCESS.format(n) + "\n" for n in range(10)))
    followed = Followed(tmp_path, log)
    followed.poll()
    followed.stop()
    _append(log, f"{ACCESS.format(10)}\n".encode())
    again = Followed(tmp_path, log, resume=True)
    # The end of the journal is read first.
    again.watch.step()
    if how == "renamed":
        log.rename(older)
    else:
        older.write_bytes(log.read_bytes())
        log.write_bytes(b"")
    count = 30 if "longer" in how else 3
    _append(log, "".join(ACCESS.format(20 + n) + "\n" for n in range(count)).encode())
    again.poll()
    assert again.settled().report.inputs.access.exchanges == 11 + count


def test_a_journal_without_a_kind_or_of_another_version_makes_no_run(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n")
    followed = Followed(tmp_path, log)
    with pytest.raises(InputError, match="no line yet"):
        settle(followed.keeping.journal.place, memory_bytes=MEMORY)
    followed.poll()
    followed.keeping.journal.state.options["pairing"] = "unheard of"
    followed.stop()
    with pytest.raises(InputError, match="another version"):
        settle(followed.keeping.journal.place, memory_bytes=MEMORY)


def test_runs_are_made_meanwhile(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    write = _one_log(log, [ACCESS.format(n) for n in range(40)])
    write()
    followed = Followed(tmp_path, log)
    followed.keeping._settle_s = followed.keeping._next_settle = 0.0
    runs = set()
    chance = random.Random(1)
    for _ in range(200):
        if chance.random() < 0.2:
            write()
        followed.poll()
        if followed.keeping._settling is not None:
            followed.keeping._settling.outcome()
        runs |= {run.name for run in all_runs(followed.root)}
        followed.keeping._next_settle = 0.0
        if len(runs) >= 2:
            break
    assert len(runs) >= 2
    assert len(all_runs(followed.root)) == 1  # each took the place of the one before
    followed.stop()


def test_logs_that_are_followed_by_another_process_are_not_gone_on_with(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(ACCESS.format(1) + "\n")
    followed = Followed(tmp_path, log)
    followed.poll()
    with pytest.raises(InputError, match="another process, which follows these logs"):
        Followed(tmp_path, log, resume=True)
    beside = Followed(tmp_path, log)
    beside.poll()
    assert not [notice for notice in beside.notices if "without warning" in notice]
    beside.stop()
    followed.stop()


@pytest.mark.parametrize("word", ["a.log", "a.log*"])
def test_a_log_that_was_rotated_and_compressed_meanwhile_is_read_to_its_end(tmp_path: Path, word: str) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(ACCESS.format(n) + "\n" for n in range(20)))
    followed = Followed(tmp_path, tmp_path / word)
    followed.poll()
    followed.stop()
    _append(log, "".join(ACCESS.format(n) + "\n" for n in range(20, 25)).encode())
    with gzip.open(tmp_path / "a.log.1.gz", "wb") as file:
        file.write(log.read_bytes())
    with gzip.open(tmp_path / "a.log.2.gz", "wb") as file:
        file.write(log.read_bytes()[200:])
    log.unlink()
    _append(log, (ACCESS.format(40) + "\n").encode())
    again = Followed(tmp_path, tmp_path / word, resume=True)
    again.poll()
    run = again.settled()
    # A glob names the older log too.
    older = 25 - 200 // len(ACCESS.format(10) + "\n") if word == "a.log*" else 0
    access = run.report.inputs.access
    assert (access.exchanges, access.lines) == (26 + older - (older > 0), 26 + older)
    assert not [notice for notice in again.notices if "are lost" in notice]
    third = Followed(tmp_path, tmp_path / word, resume=True)
    third.poll()
    assert third.settled().report.inputs.access.lines == access.lines
