"""`logcorr watch` as users run it: real writers, real signals, real pipes."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import ROOT, command, logcorr, looks, start

REQUEST = "2025-01-01T00:00:{:02d}Z,r{},u{}\n"
RESPONSE = "2025-01-01T00:00:{:02d}Z,r{},{}\n"


def _write(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(lines)


def _pair(folder: Path, count: int = 20, status: int = 200) -> None:
    _write(folder / "requests.log", *(REQUEST.format(n, n, n) for n in range(count)))
    _write(folder / "responses.log", *(RESPONSE.format(n, n, status) for n in range(count)))


def _until(process: subprocess.Popen[str], condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first record for which something holds. Records come every 100 ms or less."""
    assert process.stdout is not None
    for _ in looks(0.05):
        record: dict[str, Any] = json.loads(process.stdout.readline())
        if condition(record):
            return record
    raise AssertionError("nothing happened")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_follows_until_it_is_interrupted(tmp_path: Path, number: int, code: int) -> None:
    _pair(tmp_path)
    words = command("watch", "--no-store", "requests.log", "responses.log", "--json", "--every", "100ms")
    with start(words, tmp_path) as process:
        _until(process, lambda record: "window" in record)
        # The log is rotated by its name, and goes on in a new file.
        (tmp_path / "requests.log").rename(tmp_path / "requests.log.1")
        _write(tmp_path / "requests.log.1", REQUEST.format(30, 30, 30))
        _write(tmp_path / "requests.log", REQUEST.format(31, 31, 31)[:-5])
        _until(process, lambda record: record["counts"]["open"] > 0)
        _write(tmp_path / "requests.log", REQUEST.format(31, 31, 31)[-5:])
        record = _until(process, lambda record: record["counts"]["open"] > 1)
        assert [one["request_id"] for one in record["in_flight"]] == ["r30", "r31"]
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == code, err
    last = json.loads(out.splitlines()[-1])
    assert last["kind"] == "end"
    assert last["counts"]["matched"] == 20
    assert "was rotated" in err


def test_lines_for_people(tmp_path: Path) -> None:
    _pair(tmp_path, status=503)
    _write(tmp_path / "requests.log", REQUEST.format(25, "\x1b[31m", "x"), "2025-01-01T00:01:30Z,z,u\n")
    outcome = logcorr(
        "watch", "--no-store", "requests.log", "responses.log", "--every", "100ms", "--for", "300ms", cwd=tmp_path
    )
    assert outcome.code == 0
    first, *closing = outcome.out.decode().splitlines()
    assert first == (
        "00:01:30  0.24/s requests  errors 100 %  p50 0us  p95 0us  p99 0us  in flight 2  overdue 1 (oldest 1m 05s)"
    )
    assert closing[0] == "in all: 42 lines, 22 requests, 20 responses, 20 exchanges, 20 failed, 2 in flight, 1 overdue"
    assert closing[1] == "without an answer for longest:"
    assert "\x1b" not in outcome.out.decode()


def test_times_are_shown_in_a_zone(tmp_path: Path) -> None:
    _pair(tmp_path)
    words = ("--every", "100ms", "--for", "200ms", "--tz", "+05:30")
    outcome = logcorr("watch", "--no-store", "requests.log", "responses.log", *words, cwd=tmp_path)
    assert outcome.out.decode().startswith("05:30:19  ")


def test_it_ends_with_one_once_a_condition_holds(tmp_path: Path) -> None:
    _pair(tmp_path, status=500)
    words = ("--every", "100ms", "--until-fail", "error_rate>5%", "--until-fail", "p99>1h")
    outcome = logcorr("watch", "--no-store", "requests.log", "responses.log", *words, cwd=tmp_path)
    assert outcome.code == 1
    assert "error_rate is 100 %, over 5 %." in outcome.err


def test_an_alert_is_told_when_it_begins_and_ends(tmp_path: Path) -> None:
    _pair(tmp_path, status=500)
    words = ("requests.log", "responses.log", "--every", "50ms", "--window", "10s", "--alert", "error_rate>5%")
    with start(command("watch", "--no-store", "--json", *words), tmp_path) as process:
        record = _until(process, lambda record: bool(record["alerts"]))
        since = record["alerts"][0]["since"]
        told = {"condition": "error_rate>5%", "told": "error_rate is 100 %, over 5 %.", "since": since}
        assert record["alerts"] == [told]
        assert since.startswith("2025-01-01T00:00:")
        _write(tmp_path / "requests.log", REQUEST.format(50, 50, 50))
        _write(tmp_path / "responses.log", RESPONSE.format(50, 50, 200))
        _until(process, lambda record: not record["alerts"])
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert "alert: error_rate is 100 %, over 5 %." in err
    assert "alert: error_rate>5% does not hold any more." in err


def test_the_window_can_be_changed_meanwhile(tmp_path: Path) -> None:
    _pair(tmp_path, count=60)
    words = (
        "requests.log",
        "responses.log",
        "--every",
        "50ms",
        "--window",
        "5s",
        "--longest-window",
        "1h",
        "--controls=0",
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "core")}
    with subprocess.Popen(
        command("watch", "--no-store", "--json", *words), cwd=tmp_path, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        few = _until(process, lambda record: "window" in record)
        process.stdin.write("window 30s\nwindow nonsense\nnonsense\n")
        process.stdin.flush()
        _until(process, lambda record: record["window"]["requests"] > few["window"]["requests"])
        process.stdin.close()
        process.stdin = None
        _, err = process.communicate()
    assert process.returncode == 0
    assert "'nonsense' is not a duration" in err
    assert "'nonsense' is neither 'window TIME' nor 'lines PLACE...'" in err


@pytest.mark.parametrize("condition", ["orphan_rate>1%", "malformed_rate>1%", "p50>=0us", "negative_rate>1%"])
def test_the_figures_of_conditions(tmp_path: Path, condition: str) -> None:
    _pair(tmp_path)
    _write(tmp_path / "requests.log", REQUEST.format(40, "a", "a"), "2025-01-01T00:02:00Z,b,u\n", "bad\n")
    _write(tmp_path / "responses.log", RESPONSE.format(39, "a2", 200))
    _write(tmp_path / "requests.log", REQUEST.format(40, "a2", "a"))
    words = ("--every", "100ms", "--for", "10s", "--until-fail", condition)
    assert logcorr("watch", "--no-store", "requests.log", "responses.log", *words, cwd=tmp_path).code == 1


def test_standard_input_is_followed_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "requests.log").write_text("".join(REQUEST.format(n, n, n) for n in range(5)))
    words = command("watch", "--no-store", "requests.log", "-", "--json", "--every", "50ms")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "core")}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(RESPONSE.format(1, 0, 200) + RESPONSE.format(2, 1, 200)[:9])
        process.stdin.flush()
        _until(process, lambda record: record["counts"].get("matched") == 1)
        process.stdin.write(RESPONSE.format(2, 1, 200)[9:-1])
        process.stdin.close()
        process.stdin = None
        _until(process, lambda record: record["counts"].get("matched") == 2)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0


def test_a_pipe_alone_ends_it(tmp_path: Path) -> None:
    line = '{"timestamp":"2025-10-10T13:55:30Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}\n'
    done = subprocess.run(
        command("watch", "--no-store", "-"),
        cwd=tmp_path,
        input=(line * 3).rstrip(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "3 exchanges" in done.stdout
    packed = subprocess.run(
        command("watch", "--no-store", "-"), cwd=tmp_path, input=b"\x1f\x8b\x08", capture_output=True, check=False
    )
    assert packed.returncode == 2
    assert b"zcat LOG | logcorr" in packed.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give one LOG"),
        (("a", "--requests", "b", "--responses", "c"), "give one LOG"),
        (("a", "--until-fail", "nonsense"), "write METRIC>LIMIT"),
        (("a", "--window", "0s"), "--window must be more than 0"),
        (("a", "--tz", "Mars"), "name a zone"),
        (("a", "--every", "0s"), "--every must be more than 0"),
        (("-", "-"), "'-' is given twice"),
        (("--requests", "-", "--responses", "-"), "'-' is given twice"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    outcome = logcorr("watch", "--no-store", *words, cwd=tmp_path)
    assert outcome.code == 2
    assert told in outcome.err


def test_lines_can_be_asked_for(tmp_path: Path) -> None:
    """Beside a log that comes through standard input, through a descriptor of its own."""
    (tmp_path / "requests.log").write_text("".join(REQUEST.format(n, n, n) for n in range(5)))
    theirs, ours = os.pipe()
    words = command("watch", "requests.log", "-", "--json", "--every", "50ms", f"--controls={theirs}")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "core")}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, text=True, pass_fds=(theirs,),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write("".join(RESPONSE.format(n + 1, n, 500) for n in range(3)))
        process.stdin.flush()
        record = _until(process, lambda record: record["counts"].get("matched") == 3)
        row = next(row for row in record["failed"] if row["request_id"] == "r1")
        os.write(ours, f"lines {row['places'][0]} {row['places'][1]}\nlines 123456789\n".encode())
        answer = _until(process, lambda record: record["kind"] == "lines")
        os.close(ours)
        process.stdin.close()
        process.stdin = None
        _, err = process.communicate()
    assert process.returncode == 0
    request, response = answer["lines"]
    assert (request["file"], request["line"]) == ("requests.log", 2)
    assert dict(request["lines"])[0] == REQUEST.format(1, 1, 1).strip()
    assert (response["file"], response["line"]) == ("stdin", 2)
    assert dict(response["lines"])[0] == RESPONSE.format(2, 1, 500).strip()
    assert "no line was read with the places [123456789]" in err


def test_whoever_asks_gets_answers_after_the_end_of_a_pipe(tmp_path: Path) -> None:
    theirs, ours = os.pipe()
    line = (
        '{{"timestamp":"2025-01-01T00:{:02d}:00Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}}'
    )
    words = command("watch", "--no-store", "-", "--json", "--every=50ms", "--longest-window=1h", f"--controls={theirs}")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "core")}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, text=True, pass_fds=(theirs,),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(theirs)
        assert process.stdin is not None
        # The last line has no end.
        process.stdin.write("\n".join(line.format(n) for n in range(12)))
        process.stdin.close()
        process.stdin = None
        record = _until(process, lambda record: record["ended"] and record["counts"]["lines"] == 12)
        assert record["window"]["requests"] < 12
        os.write(ours, f"window 1h\nlines {record['slowest'][0]['places'][0]}\n".encode())
        (answer,) = _until(process, lambda record: record["kind"] == "lines")["lines"]
        assert dict(answer["lines"])[0] in [line.format(n) for n in range(12)]
        _until(process, lambda record: record["window"]["requests"] == 12)
        os.close(ours)
        _, err = process.communicate()
    assert process.returncode == 0, err
