"""What `logcorr watch` followed is a run, however it ended: real processes, real signals, real rotation."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from logcorr.runs.find_journals import all_journals
from logcorr.runs.find_runs import all_runs
from tests.support.app_logs import fastify
from tests.support.helpers import ROOT, command, logcorr, looks, start, succeed

LOGS = ("requests.log", "responses.log")
ROWS = 400
# Fewer than the logs have in all: some requests have no response.
LEAST = 2 * ROWS - 40


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    succeed("generate", "pair", "logs", "--rows", str(ROWS), "--seed", "3", cwd=folder)
    succeed("correlate", *(f"logs/{name}" for name in LOGS), "--report", "once.json", "--no-store", cwd=folder)
    return folder


def _runs(folder: Path) -> Path:
    return folder / "cache" / "logcorr" / "runs"


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what tells of the run and of files."""
    figures = {name: value for name, value in report.items() if name != "run"}
    for ledger in figures["inputs"].values():
        ledger.pop("files", None)
    return figures


def _report(folder: Path) -> dict[str, Any]:
    """The report of the only run."""
    (run,) = all_runs(_runs(folder))
    report: dict[str, Any] = json.loads((run.path / "report.json").read_bytes())
    return report


def _append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def _until_lines(process: subprocess.Popen[str], count: int) -> dict[str, Any]:
    """The first record that counts so many lines. Records come every 50 ms."""
    assert process.stdout is not None
    for _ in looks(0.05):
        record: dict[str, Any] = json.loads(process.stdout.readline())
        if record["counts"]["lines"] >= count:
            return record
    raise AssertionError("nothing happened")


@contextmanager
def _watching(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    with start(command("watch", "--json", "--every", "50ms", *words), folder) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_killed_and_resumed_it_gives_the_report_of_one_reading(whole: Path, tmp_path: Path) -> None:
    texts = {name: (whole / "logs" / name).read_bytes() for name in LOGS}
    lines = {name: text.splitlines(keepends=True) for name, text in texts.items()}
    for name in LOGS:
        _append(tmp_path / name, b"".join(lines[name][:150]) + lines[name][150][:9])
    with _watching(tmp_path, *LOGS) as process:
        _until_lines(process, 300)
        process.kill()
        process.communicate()
    assert not all_runs(_runs(tmp_path))
    assert "ended without warning" in logcorr("runs", "list", cwd=tmp_path).out.decode()
    # While nobody follows, one log is rotated, and half a line ends.
    _append(tmp_path / "requests.log", lines["requests.log"][150][9:] + b"".join(lines["requests.log"][151:200]))
    (tmp_path / "requests.log").rename(tmp_path / "requests.log.1")
    _append(tmp_path / "requests.log", b"".join(lines["requests.log"][200:300]))
    _append(tmp_path / "responses.log", lines["responses.log"][150][9:] + b"".join(lines["responses.log"][151:]))
    with _watching(tmp_path, *LOGS, "--resume") as process:
        _until_lines(process, 300 + len(lines["responses.log"]))
        (tmp_path / "requests.log").rename(tmp_path / "requests.log.2")
        _append(tmp_path / "requests.log.2", b"".join(lines["requests.log"][300:310]))
        _append(tmp_path / "requests.log", b"".join(lines["requests.log"][310:]))
        _until_lines(process, sum(len(of_log) for of_log in lines.values()))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert "ended without warning" in err
    last = json.loads(out.splitlines()[-1])
    (run,) = all_runs(_runs(tmp_path))
    assert (last["kind"], last["run"], last["problem"]) == ("run", run.name, None)
    assert f"run {run.name}: logcorr-tui {run.name[:8]} opens it." in err
    assert _figures(_report(tmp_path)) == _figures(json.loads((whole / "once.json").read_bytes()))
    names = run.manifest.files["request"]
    assert names == ["requests.log", "requests.log (2)", "requests.log (3)"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 0)])
def test_ends_by_signals_make_the_run(whole: Path, tmp_path: Path, number: int, code: int) -> None:
    with _watching(tmp_path, *(str(whole / "logs" / name) for name in LOGS), "--store", "kept") as process:
        _until_lines(process, LEAST)
        process.send_signal(number)
        _, err = process.communicate()
    assert process.returncode == code, err
    (run,) = all_runs(tmp_path / "kept")
    assert f"logcorr-tui --store=kept {run.name[:8]} opens it." in err
    assert run.manifest.files["request"] == [str(whole / "logs" / "requests.log")]


def test_a_terminal_that_hangs_up_makes_the_run(whole: Path, tmp_path: Path) -> None:
    words = command("watch", *(str(whole / "logs" / name) for name in LOGS), "--every", "50ms")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        words, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - the child makes the terminal its own
    )  # fmt: skip
    os.close(slave)
    try:
        assert b"requests" in os.read(master, 10_000)
        os.close(master)
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert len(all_runs(_runs(tmp_path))) == 1


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_second_interrupt_leaves_the_journal_and_settle_makes_the_run(whole: Path, tmp_path: Path) -> None:
    with _watching(tmp_path, *(str(whole / "logs" / name) for name in LOGS)) as process:
        _until_lines(process, LEAST)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.15)
        _, err = process.communicate()
    assert process.returncode == 130, err
    (journal,) = all_journals(_runs(tmp_path))
    if all_runs(_runs(tmp_path)):
        pytest.skip("the run was made before the second interrupt came")
    assert f"`logcorr runs settle {journal.name}` makes the run" in err
    name = succeed("runs", "settle", journal.name, "--memory", "512MB", cwd=tmp_path).out.decode().strip()
    assert _figures(_report(tmp_path)) == _figures(json.loads((whole / "once.json").read_bytes()))
    assert (_runs(tmp_path) / name).is_dir()


def test_nothing_is_kept_where_nothing_is_to_be_kept(whole: Path, tmp_path: Path) -> None:
    words = [str(whole / "logs" / name) for name in LOGS]
    outcome = logcorr("watch", *words, "--for", "200ms", "--no-store", cwd=tmp_path)
    assert outcome.code == 0
    assert not _runs(tmp_path).exists()
    assert "--no-store keeps nothing" in logcorr("watch", *words, "--no-store", "--resume", cwd=tmp_path).err
    assert logcorr("watch", *words, "--store", "s3://bucket/x", cwd=tmp_path).code == 2


def test_a_condition_that_ends_it_keeps_the_run_too(whole: Path, tmp_path: Path) -> None:
    words = [str(whole / "logs" / name) for name in LOGS]
    outcome = logcorr("watch", *words, "--every", "100ms", "--until-fail", "p50>0ms", cwd=tmp_path)
    assert outcome.code == 1
    assert len(all_runs(_runs(tmp_path))) == 1


def test_a_pipe_with_one_log_of_both_events(tmp_path: Path) -> None:
    lines = fastify(20)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT / "core")}
    done = subprocess.run(
        command("watch", "-"), cwd=tmp_path, env=environment, input="\n".join(lines), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = all_runs(_runs(tmp_path))
    assert run.manifest.files == {"log": ["stdin"]}
    assert _report(tmp_path)["inputs"]["log"]["lines"] == len(lines)


def test_logs_that_no_format_reads_leave_no_trace(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("nothing that\nany format reads\n" * 5)
    outcome = logcorr("watch", "a.log", "--for", "5s", cwd=tmp_path)
    assert outcome.code == 2
    assert list(_runs(tmp_path).iterdir()) == []


def test_a_full_disk_is_told_and_following_goes_on(whole: Path, tmp_path: Path) -> None:
    words = command("watch", *(str(whole / "logs" / name) for name in LOGS), "--for", "300ms", "--every", "100ms")
    script = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); os.execv(sys.argv[1], sys.argv[1:])"
    with start([sys.executable, "-c", script, *words], tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "in all: " in out
    assert "Following goes on; lines from now on are not kept." in err
    assert "lines were followed and not kept: File too large." in err
    (journal,) = all_journals(_runs(tmp_path))
    assert not all_runs(_runs(tmp_path))
    # With room, what was not kept is read again.
    again = succeed("watch", *(whole / "logs" / name for name in LOGS), "--for", "300ms", "--resume", cwd=tmp_path)
    assert "goes on from there" in again.err
    assert journal.name in [one.name for one in all_journals(_runs(tmp_path))]
    assert _figures(_report(tmp_path)) == _figures(json.loads((whole / "once.json").read_bytes()))


def _kept(whole: Path, folder: Path, *words: str) -> tuple[str, str]:
    """The names of a journal and of its run."""
    succeed("watch", *(whole / "logs" / name for name in LOGS), "--for", "200ms", *words, cwd=folder)
    journal = all_journals(_runs(folder))[0]
    assert journal.run is not None
    return journal.name, journal.run.run


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in _runs(folder).iterdir())


def test_runs_and_journals_are_listed_and_removed(whole: Path, tmp_path: Path) -> None:
    journal, run = _kept(whole, tmp_path)
    listed = succeed("runs", "list", cwd=tmp_path).out.decode()
    assert f"{journal}  ended  " in listed
    assert f", run {run}  requests.log, responses.log" in listed
    records = [json.loads(line) for line in succeed("runs", "list", "--json", cwd=tmp_path).out.splitlines()]
    assert [record.get("journal") for record in records] == [None, journal]
    # A journal that can be gone on with is no rubbish.
    succeed("runs", "clean", cwd=tmp_path)
    assert _left(tmp_path) == sorted([journal, run])
    assert "removed 1 run" in succeed("runs", "remove", run[:6], cwd=tmp_path).err
    assert _left(tmp_path) == []
    (first, first_run), (second, second_run) = _kept(whole, tmp_path), _kept(whole, tmp_path)
    assert f"removed {first}" in succeed("runs", "remove", first, cwd=tmp_path).err
    assert _left(tmp_path) == sorted([first_run, second, second_run])
    assert "of 1 journal." in succeed("runs", "clean", "--journals", cwd=tmp_path).err
    assert _left(tmp_path) == sorted([first_run, second_run])


def test_all_runs_are_removed_with_their_journals(whole: Path, tmp_path: Path) -> None:
    _kept(whole, tmp_path)
    assert "removed 1 run." in succeed("runs", "remove", "--all", cwd=tmp_path).err
    assert _left(tmp_path) == []


def test_a_journal_that_is_being_written_stays(whole: Path, tmp_path: Path) -> None:
    words: Sequence[str] = [str(whole / "logs" / name) for name in LOGS]
    with _watching(tmp_path, *words) as process:
        _until_lines(process, LEAST)
        (journal,) = all_journals(_runs(tmp_path))
        assert "followed now" in succeed("runs", "list", cwd=tmp_path).out.decode()
        assert logcorr("runs", "remove", journal.name, cwd=tmp_path).code == 2
        assert "It stays" in succeed("runs", "remove", "--all", cwd=tmp_path).err
        succeed("runs", "clean", "--journals", cwd=tmp_path)
        # The run can be made meanwhile.
        succeed("runs", "settle", journal.name, cwd=tmp_path)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0
    assert len(all_runs(_runs(tmp_path))) == 1


def test_settle_of_nothing(tmp_path: Path) -> None:
    assert "no journal has this name" in logcorr("runs", "settle", "x", cwd=tmp_path).err
