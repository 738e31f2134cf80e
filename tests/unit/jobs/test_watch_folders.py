"""Folders that are watched, and logs that are not what they were given for: each is said, as a run says it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from logcorr.jobs.watch import Watch
from logcorr.model.errors import InputError
from logcorr.model.live import Snapshot
from logcorr.model.options import WatchOptions
from logcorr.text.safe import safe

_LINE = '{"timestamp":"2025-10-10T13:55:30Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}\n'
_HEAD = '{{"level":30,"time":17000000000{:02d},"reqId":"r-{}",'
_ASKED = _HEAD + '"req":{{"method":"GET","url":"/a","remoteAddress":"1.2.3.4"}},"msg":"incoming request"}}\n'
_DONE = _HEAD + '"res":{{"statusCode":200}},"responseTime":5.1,"msg":"request completed"}}\n'


class _Clock:
    """A clock that goes on by a second whenever it is looked at."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def _watched(
    *logs: Path, writes: Callable[[], object] | None = None, form: str | None = None
) -> tuple[Snapshot, list[str]]:
    """What is seen of logs before and after something is written, and all that was said meanwhile."""
    options = WatchOptions(logs=tuple((str(log),) for log in logs), form=form, memory_bytes=10**9)
    watched = Watch(options, clock=_Clock())
    said: list[str] = []
    for write in (lambda: None, writes or (lambda: None)):
        write()
        for _ in range(4):
            while watched.step():
                pass
            said += watched.snapshot().notices
    watched.finish()
    snapshot = watched.snapshot()
    watched.logs.close()
    return snapshot, said


def _requests(start: int, count: int) -> str:
    return "".join(f"2025-01-01T00:00:{n:02d}Z,r{n},user-{n}\n" for n in range(start, start + count))


def _responses(start: int, count: int) -> str:
    return "".join(f"2025-01-01T00:00:{n:02d}Z,r{n},200\n" for n in range(start, start + count))


def _strangers(folder: Path) -> None:
    (folder / "core.bin").write_bytes(os.urandom(4000))
    (folder / "README.txt").write_text("notes on this folder\n")
    for name in ("core.bin", "README.txt"):
        os.utime(folder / name, (1, 1))


def test_a_folder_of_a_pair_goes_on_in_files_that_appear_later(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(_requests(0, 20))
    (tmp_path / "b.log").write_text(_responses(0, 10))
    _strangers(tmp_path)

    def more() -> None:
        (tmp_path / "c.log").write_text(_responses(10, 5))
        (tmp_path / "d.log").write_text(_requests(20, 4))
        (tmp_path / "README.txt").write_text("notes on this folder\nand more\n")

    snapshot, said = _watched(tmp_path, writes=more)
    counts = snapshot.counts
    assert (counts["requests"], counts["responses"], counts["matched"], counts["malformed"]) == (24, 15, 15, 0)
    assert counts["lines"] == 39
    assert f"left out {tmp_path / 'core.bin'}: no line of it is an entry." in said
    assert f"{str(tmp_path / 'README.txt')!r}: no line of it is an entry yet." in said
    assert {f"{str(tmp_path / name)!r} appeared." for name in ("c.log", "d.log")} < {*said}


@pytest.mark.parametrize("lines", [_LINE * 30, _ASKED.format(1, 1) + _DONE.format(2, 1)])
def test_a_folder_of_logs_of_a_profile_leaves_strangers_out(tmp_path: Path, lines: str) -> None:
    (tmp_path / "z.log").write_text(lines)
    _strangers(tmp_path)
    snapshot, said = _watched(
        tmp_path,
        writes=lambda: (tmp_path / "y.log").write_text(
            lines.replace("GET", "PUT").replace("r-1", "r-2").replace("/b", "/c")
        ),
    )
    assert snapshot.counts["lines"] == 2 * lines.count("\n")
    assert snapshot.counts["malformed"] == 0
    assert snapshot.counts["matched"] == (60 if lines.startswith(_LINE) else 2)
    assert f"left out {tmp_path / 'core.bin'}: no line of it is an entry." in said


def test_a_long_text_in_a_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(_LINE)
    snapshot, said = _watched(tmp_path, writes=lambda: (tmp_path / "notes").write_text("some words\n" * 2000))
    assert snapshot.counts["lines"] == 1
    assert f"left out {tmp_path / 'notes'}: no line of it is an entry." in said


def test_a_pattern_that_gains_a_file_reads_it(tmp_path: Path) -> None:
    (tmp_path / "api-1.log").write_text(_LINE)
    snapshot, said = _watched(tmp_path / "api-*.log", writes=lambda: (tmp_path / "api-2.log").write_text(_LINE * 2))
    assert snapshot.counts["matched"] == 3
    assert f"{str(tmp_path / 'api-2.log')!r} appeared." in said


def test_swapped_logs_are_told(tmp_path: Path) -> None:
    (tmp_path / "requests.log").write_text(_requests(0, 30))
    (tmp_path / "responses.log").write_text(_responses(0, 30))
    snapshot, _ = _watched(tmp_path / "responses.log", tmp_path / "requests.log")
    (doubt,) = snapshot.doubts
    assert "100 % of the lines of the response log are malformed, most for their status code." in doubt
    assert doubt.endswith("Were the request log and the response log swapped?")
    snapshot, _ = _watched(tmp_path / "requests.log", tmp_path / "responses.log")
    assert not snapshot.doubts


def test_swapped_logs_of_a_profile_are_told(tmp_path: Path) -> None:
    (tmp_path / "asked").write_text("".join(_ASKED.format(n, n) for n in range(30)))
    (tmp_path / "done").write_text("".join(_DONE.format(n + 5, n) for n in range(30)))
    snapshot, _ = _watched(tmp_path / "done", tmp_path / "asked", form="fastify")
    swapped = "Were the request log and the response log swapped?"
    assert snapshot.doubts == [f"No line of the {side} log is a {side}. {swapped}" for side in ("request", "response")]


def test_one_log_given_twice(tmp_path: Path) -> None:
    (tmp_path / "requests.log").write_text(_requests(0, 30))
    snapshot, _ = _watched(tmp_path / "requests.log", tmp_path / "requests.log")
    assert f"{safe(str(tmp_path / 'requests.log'), 80)} is read as a request log and as a response log." in [
        *snapshot.doubts
    ]
    # Where the log holds both events, it is one log.
    (tmp_path / "app.log").write_text("".join(_ASKED.format(n, n) + _DONE.format(n + 1, n) for n in range(30)))
    snapshot, _ = _watched(tmp_path / "app.log", tmp_path / "app.log")
    assert (snapshot.counts["matched"], snapshot.counts["lines"], list(snapshot.doubts)) == (30, 60, [])


def test_logs_of_two_services_are_told(tmp_path: Path) -> None:
    (tmp_path / "requests.log").write_text(_requests(0, 30))
    (tmp_path / "responses.log").write_text(_responses(0, 30).replace(",r", ",x"))
    snapshot, _ = _watched(tmp_path / "requests.log", tmp_path / "responses.log")
    assert "None of 30 requests have a response, although there are 30 responses." in snapshot.doubts[0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("requests.log", "holds lines TIMESTAMP,REQUEST_ID,VALUE of one side. Name the log of the other side too"),
        ("core.bin", "this is no text"),
        ("README.txt", "The first line: 'notes on this folder'"),
    ],
)
def test_what_is_no_log_is_an_error(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "requests.log").write_text(_requests(0, 5))
    _strangers(tmp_path)
    with pytest.raises(InputError, match=told):
        _watched(tmp_path / name)
    if name == "core.bin":
        with pytest.raises(InputError, match=told):
            _watched(tmp_path / "requests.log", tmp_path / name)
