"""`-` as a log: what comes through a pipe counts as if it came from a file, and nothing of it stays behind."""

import gzip
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logcorr.inputs import standard_input
from logcorr.model.errors import OutputError
from tests.support.helpers import REQUESTS, RESPONSES, ROOT, command, kept, runs_root, wait_until, write_pair, zstandard

PACKERS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gz": gzip.compress, "zst": zstandard}


def environment(cwd: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "core"), "XDG_CACHE_HOME": str(cwd / "cache")}


def piped(raw: bytes, *words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs the command with these bytes on its standard input."""
    return subprocess.run(command(*words), input=raw, cwd=cwd, env=environment(cwd), capture_output=True, check=False)


def report_of(process: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert process.returncode == 0, process.stderr
    report: dict[str, Any] = json.loads(process.stdout)
    return {name: value for name, value in report.items() if name != "run"}


@pytest.mark.parametrize("form", PACKERS)
def test_a_pipe_counts_like_a_file(form: str, tmp_path: Path) -> None:
    write_pair(tmp_path)
    raw = PACKERS[form](REQUESTS)
    (tmp_path / "packed").write_bytes(raw)
    of_file = report_of(piped(b"", "correlate", "packed", "responses.log", "--report", "-", cwd=tmp_path))
    of_pipe = report_of(piped(raw, "correlate", "-", "responses.log", "--report", "-", cwd=tmp_path))
    assert of_file["inputs"]["requests"].pop("files") == ["packed"]
    assert of_pipe["inputs"]["requests"].pop("files") == ["-"]
    assert of_pipe == of_file
    assert [path.name for path in kept(tmp_path) if path.name.startswith(".")] == []


def test_an_empty_pipe_is_an_empty_file(tmp_path: Path) -> None:
    write_pair(tmp_path)
    report = report_of(piped(b"", "correlate", "requests.log", "-", "--report", "-", "--no-store", cwd=tmp_path))
    assert report["inputs"]["responses"]["lines"] == 0
    assert report["inputs"]["requests"]["orphans"] == 3
    assert kept(tmp_path) == []


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "twice": (("correlate", "-", "-"), "'-' is given twice"),
    "twice on a side": (("analyze", "-", "-"), "'-' is given twice"),
    "beside a file that is missing": (("correlate", "-", "missing.log"), "missing.log"),
    "broken": (("analyze", "-"), "broken or cut off"),
    "of another form": (("analyze", "-", "--format", "combined"), "xz is not read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_leaves_nothing(name: str, tmp_path: Path) -> None:
    words, part = WRONG[name]
    raw = {"broken": gzip.compress(REQUESTS)[:-9], "of another form": b"\xfd7zXZ\x00rest"}.get(name, REQUESTS)
    process = piped(raw, *words, cwd=tmp_path)
    assert process.returncode == 2
    assert part in process.stderr.decode()
    assert len(process.stderr.splitlines()) <= 2
    assert kept(tmp_path) == []


def test_a_closed_standard_input_is_named(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"]
    process = subprocess.run(
        [*words, *command("analyze", "-")], cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False
    )
    assert process.returncode == 2
    assert b"standard input is closed" in process.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_terminal_is_named(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        process = subprocess.run(
            command("analyze", "-"),
            stdin=theirs,
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 2
    assert b"standard input is a terminal. Pipe a log into it" in process.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_the_pipe_is_open_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        command("analyze", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(tmp_path),
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write('{"timestamp":"2026-03-01T10:00:00Z"}\n' * 100_000)
        process.stdin.flush()

        def spooled() -> list[Path]:
            return list(runs_root(tmp_path).glob(".work-*/spill/stdin"))

        wait_until(lambda: any(path.stat().st_size for path in spooled()), process)
        assert stat.S_IMODE(spooled()[0].stat().st_mode) == 0o600
        process.send_signal(number)
        assert process.wait(60) == 130
        assert "interrupted; nothing was kept." in process.stderr.read() if process.stderr else False
    assert kept(tmp_path) == []


def test_the_disk_must_have_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_input, "_ROOM_BYTES", 10**18)
    monkeypatch.setattr(standard_input, "_stream", lambda: io.BytesIO(RESPONSES))
    with pytest.raises(OutputError, match="standard input needs about"):
        standard_input.spool(tmp_path, lambda: None)


def test_a_file_that_is_named_twice_is_read_once_with_a_note(tmp_path: Path) -> None:
    write_pair(tmp_path)
    words = ("correlate", "--requests", "requests.log", "--requests", "req*.log", "--responses", "responses.log")
    process = piped(b"", *words, "--report", "-", cwd=tmp_path)
    assert report_of(process)["inputs"]["requests"]["lines"] == 3
    assert process.stderr.decode().splitlines() == [
        "logcorr: note: 'requests.log' is a file that was named before: it is read once."
    ]
    both = report_of(piped(b"", "correlate", "requests.log", "requests.log", "--report", "-", cwd=tmp_path))
    assert both["inputs"]["responses"]["lines"] == 3
