"""The journal of followed logs: what it keeps, and what is left of it after a process died."""

import errno
import os
from pathlib import Path

import pytest

from logcorr.model.errors import InputError, OutputError, UsageError
from logcorr.runs import find_journals, journal
from logcorr.runs.journal import Journal
from logcorr.runs.journal_state import JournalFile, read_state

PLACES = [["/logs/requests.log"], ["/logs/responses.log"]]


def _journal(root: Path) -> tuple[Journal, JournalFile]:
    made = Journal.create(root, PLACES, {"form": None})
    return made, made.add_file(0, "requests.log", "/logs/requests.log", "plain")


def test_lines_are_kept_with_what_was_read_of_the_log(tmp_path: Path) -> None:
    made, file = _journal(tmp_path / "runs")
    assert made.append(file, b"one\ntwo\n")
    made.note(file, offset=8, head=b"one\ntwo\n", inode=7)
    made.close(ended=True)
    state = read_state(made.place)
    assert (made.place / state.files[0].file).read_bytes() == b"one\ntwo\n"
    assert state.files == [file]
    assert (state.ended, state.places, file.size, file.offset) == (True, PLACES, 8, 8)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [made.place, *made.place.iterdir()])


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    made, _ = _journal(tmp_path)
    names = [made.add_file(log, "requests.log", "/x", "plain").name for log in (0, 0, 1)]
    made.close(ended=True)
    assert names == ["requests.log (2)", "requests.log (3)", "requests.log"]


@pytest.mark.parametrize(("keeps", "left"), [(False, b"one\n"), (True, b"one\ntwo\n")])
def test_what_the_state_does_not_know_is_cut_or_kept(tmp_path: Path, keeps: bool, left: bytes) -> None:
    made, file = _journal(tmp_path)
    made.append(file, b"one\n")
    made.note(file, offset=4)
    made.append(file, b"two\n")
    made.save()
    made.append(file, b"half a li")  # a line that was torn
    made.abandon()
    again = Journal.open_again(made.place, {"form": "morgan"})
    cut = again.settle_ends(lambda _: keeps)
    again.append(again.state.files[0], b"three\n")
    again.note(again.state.files[0], offset=99)
    again.close(ended=True)
    assert cut == len(b"two\nhalf a li") + 4 - len(left)
    assert (made.place / file.file).read_bytes() == left + b"three\n"
    assert again.size == len(left) + 6


def test_a_journal_that_lost_bytes_is_not_gone_on_with(tmp_path: Path) -> None:
    made, file = _journal(tmp_path)
    made.append(file, b"one\n")
    made.note(file, offset=4)
    made.close(ended=True)
    os.truncate(made.place / file.file, 2)
    again = Journal.open_again(made.place, {})
    with pytest.raises(InputError, match="shorter than it was"):
        again.settle_ends(lambda _: True)
    again.abandon()


def test_the_state_is_saved_in_the_background_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_SAVE_S", 0.0)
    made, file = _journal(tmp_path)
    made.append(file, b"one\n")
    made.note(file, offset=4)
    assert made.is_due()
    made.save_soon()
    made._saver.wait()
    assert not made.is_due()
    assert read_state(made.place).files[0].offset == 4
    made.close(ended=False)
    assert not read_state(made.place).ended


def test_a_full_disk_ends_keeping_and_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, file = _journal(tmp_path)
    assert made.append(file, b"one\n")
    made.note(file, offset=4)
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 3:
            return real(descriptor, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert not made.append(file, b"two and\nmore\n")
    monkeypatch.undo()
    assert made.failure
    assert not made.append(file, b"three\n")
    made.note(file, offset=99)
    made.close(ended=True)
    state = read_state(made.place)
    assert (made.place / file.file).read_bytes() == b"one\n"
    assert (state.lines_not_kept, state.files[0].size, state.files[0].offset) == (3, 4, 4)


def test_an_error_of_a_save_ends_keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_SAVE_S", 0.0)
    made, file = _journal(tmp_path)
    made.append(file, b"one\n")

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journal, "write_whole", fails)
    made.save_soon()
    made._saver.close()
    assert not made.is_due()
    assert made.failure
    assert not made.append(file, b"two\n")
    monkeypatch.undo()
    made.close(ended=True)


def test_only_one_process_writes_a_journal_and_nobody_removes_it(tmp_path: Path) -> None:
    made, _ = _journal(tmp_path)
    (found,) = find_journals.all_journals(tmp_path)
    with pytest.raises(InputError, match="being written by another process"):
        Journal.open_again(made.place, {})
    with pytest.raises(InputError, match="It stays"):
        found.remove()
    assert find_journals.journal_of_logs(tmp_path, PLACES) == found
    assert find_journals.rows(tmp_path)[0]["state"] == "followed now"
    made.abandon()
    assert find_journals.journal_of_logs(tmp_path, PLACES) == found
    assert find_journals.journal_of_logs(tmp_path, PLACES[:1]) is None
    assert find_journals.rows(tmp_path)[0]["state"] == "ended without warning"
    assert find_journals.is_empty(found)
    assert find_journals.find_journal(tmp_path, found.name[:12]) == found
    # What may be the start of the name of a run never names a journal.
    assert find_journals.find_journal(tmp_path, found.name[8:14]) is None
    found.remove()
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Name another with --store"):
        Journal.create(tmp_path / "file", PLACES, {})


def test_a_bucket_is_no_place_for_journals() -> None:
    with pytest.raises(UsageError, match="in a folder of this machine"):
        find_journals.root_of_journals("s3://bucket/runs")
    assert find_journals.root_of_journals("runs") == Path("runs")


def test_damaged_journals_and_those_of_a_bucket(tmp_path: Path) -> None:
    made, _ = _journal(tmp_path)
    made.close(ended=True)
    (made.place / "state.json").write_bytes(b'{"schema": 1')
    assert find_journals.rows(tmp_path)[0]["state"] == "damaged"
    with pytest.raises(InputError, match="damaged"):
        Journal.open_again(made.place, {})
    assert find_journals.all_journals(tmp_path / "missing") == []
