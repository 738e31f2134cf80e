"""Standard input that is followed."""

import os
import sys
import time
from collections.abc import Iterator

import pytest

from logcorr.inputs.follow.piped import PipedLog
from tests.support.helpers import looks


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end of a pipe to write to; the other one is standard input."""
    ours, theirs = os.pipe()
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield theirs


def _until_behind(log: PipedLog, count: int) -> None:
    for _ in looks(0.01):
        if log.behind == {0: count}:
            return
        time.sleep(0.01)
    raise AssertionError(log.behind)


def test_what_waits_is_known_by_its_bytes(pipe: int) -> None:
    log = PipedLog()
    os.write(pipe, b"one\ntw")
    _until_behind(log, 6)
    assert [piece.text for piece in log.poll()] == [b"one\n"]
    assert log.behind == {0: 0}
    for _ in range(3):
        os.write(pipe, b"o\nthr")
    _until_behind(log, 15)
    assert log.poll(is_ahead=lambda _: True) == []
    assert [piece.text for piece in log.poll()] == [b"two\nthro\nthro\n"]
    os.close(pipe)
    for _ in looks(0.01):
        if pieces := log.poll():
            assert [piece.text for piece in pieces] == [b"thr\n"]
        if log.ended:
            return
        time.sleep(0.01)
    raise AssertionError("it does not end")
