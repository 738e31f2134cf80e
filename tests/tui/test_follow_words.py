"""The options of following logs, and a log that comes through a pipe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logcorr.model.errors import UsageError
from logcorr_tui.main import _parser
from logcorr_tui.work import follow_words
from tests.support.helpers import PATIENCE_S, ROOT


def test_a_log_that_comes_through_a_pipe_is_followed() -> None:
    given = _parser().parse_args(["requests.log", "-", "--alert", "p99>1s", "--bell", "--where", "status>=500"])
    assert follow_words.is_following(given)
    follow = follow_words.follow_of(given)
    assert follow.names == ("requests.log", "-")
    assert follow.words[-3:] == ("--", "requests.log", "-")
    assert follow.bell
    assert "--where=status>=500" in follow.words
    assert follow.where == "status>=500"
    assert not follow_words.is_following(_parser().parse_args(["requests.log", "responses.log"]))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-", "-"], "given twice"),
        (["-", "--web"], "do not go together"),
        (["a.log", "--follow", "--since", "-5m"], "--last 15m begins"),
        (["a.log", "--follow", "--until", "15:00"], "are for runs"),
        (["--follow"], "--follow needs logs"),
        (["a.log", "--follow", "--window", "10ms"], "a second or more"),
    ],
)
def test_what_does_not_go_together(words: list[str], told: str) -> None:
    given = _parser().parse_args(words)
    assert follow_words.is_following(given)
    with pytest.raises(UsageError, match=told):
        follow_words.follow_of(given)


def test_without_a_terminal_keys_cannot_be_read(tmp_path: Path) -> None:
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
    environment = {**os.environ, "PYTHONPATH": paths, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "logcorr_tui", "-"], cwd=tmp_path, env=environment, input="x\n",
        capture_output=True, text=True, check=False, timeout=PATIENCE_S, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no terminal can be opened to read keys from" in done.stderr
    assert "logcorr watch -" in done.stderr
