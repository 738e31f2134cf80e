"""Whatever logs, file names and arguments hold: the command says and prints plain lines, and programs get it unchanged."""

import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import hostile
from tests.support.helpers import ROOT, Outcome, kept, logcorr, succeed
from tests.support.hostile import MARK, PAYLOADS, faults
from tests.support.kernels_or_numpy import some

WORDS = [*hostile.words(list(PAYLOADS.values())), hostile.LONG, os.fsdecode(b"\xff\x9b31m" + MARK.encode())]
COLOURS = r"\x1b\[[0-9;]*m"
# Beside colours, the bar hides the cursor, goes up or to the start of its line, and erases it.
BAR = COLOURS + r"|\x1b\[\?25[lh]|\x1b\[1A|\x1b\[2K|\r(?!\n)"
PAIR = ("correlate", "--requests", "req*", "--responses", "resp*", "--max-duration", "30s")
_ALIAS = f"{MARK}\x1b[31m\u202e"
# So many of the commands of the terminal write text, the others JSON.
_TEXTS = 12
# Several commands in one process, as importing the engine takes longer than each of them.
_COMMANDS = """
import json, sys
from logcorr.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words, prog_name="logcorr")
    except SystemExit as ended:
        if ended.code not in (0, 1, 2):
            raise
    print("-- next --", flush=True)
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile logs, with a finished run of each kind, and one more of a part of the pair."""
    folder = tmp_path_factory.mktemp("hostile")
    _, responses = hostile.pair(folder)
    hostile.access(folder / "access.ndjson")
    hostile.combined(folder / "combined.log")
    succeed(*PAIR, cwd=folder)
    succeed("correlate", "req*", responses, "--skew", "100", cwd=folder)
    for name in ("access.ndjson", "combined.log"):
        succeed("analyze", name, cwd=folder)
    return folder


def runs_of(folder: Path, kind: str) -> list[str]:
    found = [json.loads(line) for line in succeed("runs", "list", "--json", cwd=folder).out.splitlines()]
    return [row["run"] for row in found if row["kind"] == kind]


def assert_harmless(outcome: Outcome) -> None:
    assert faults(outcome.out) == []
    assert faults(outcome.err.encode("utf8", "surrogatepass")) == []


@pytest.mark.parametrize("width", some(("72", "80", "120", "160"), "72"))
def test_summaries_listings_and_comparisons(logs: Path, width: str) -> None:
    pairs, analyses = runs_of(logs, "correlation"), runs_of(logs, "access")
    assert (len(pairs), len(analyses)) == (2, 2)
    for words in (
        PAIR,
        ("analyze", "access.ndjson"),
        ("analyze", "combined.log"),
        ("runs", "list"),
        *(("runs", "show", run) for run in (*pairs, *analyses)),
        ("diff", *pairs),
        ("diff", *analyses),
    ):
        outcome = succeed(*words, cwd=logs, COLUMNS=width)
        assert_harmless(outcome)
        assert MARK in outcome.out.decode() or words == ("runs", "list")


def test_a_run_that_cannot_be_read(logs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    for name in ("\x1b]0;t\x07run", "\u202enur", "[bold]"):
        (store / name).mkdir(parents=True)
        (store / name / "manifest.json").write_text('{"schema": "\\u001b[31m\\u009b"}', encoding="utf8")
    outcome = logcorr("runs", "list", "--store", str(store), cwd=logs)
    assert outcome.out.count(b"\n") == 3
    assert_harmless(outcome)


def _name(text: str) -> str:
    """The start of it as the name of a file."""
    return text.replace("/", " ")[:60]


ERRORS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "command": lambda text: (text,),
    "option": lambda text: ("correlate", f"--{text}"),
    "subcommand": lambda text: ("runs", text),
    "log": lambda text: ("correlate", text, text),
    "glob": lambda text: ("correlate", f"*{text}*", text),
    "access log": lambda text: ("analyze", text),
    "too many": lambda text: ("correlate", text, text, text),
    "choice": lambda text: ("correlate", "a", "b", "--sort", text),
    "format": lambda text: ("analyze", "access.ndjson", "--format", text),
    "number": lambda text: ("correlate", "a", "b", "--skew", text),
    "size": lambda text: ("correlate", "a", "b", "--memory", text),
    "duration": lambda text: ("analyze", "a", "--window", text),
    "condition": lambda text: (*PAIR, "--fail-if", text),
    "metric": lambda text: (*PAIR, "--fail-if", f"{text}>1"),
    "limit": lambda text: (*PAIR, "--fail-if", f"p99>{text}"),
    "columns": lambda text: (*PAIR, "-o", "new.csv", "--columns", text),
    "ending": lambda text: (*PAIR, "-o", f"new.{text}"),
    "folder": lambda text: (*PAIR, "-o", f"{text}/{text}/new.csv"),
    "twice": lambda text: (*PAIR, "--orphans", f"{_name(text)}.csv", "-o", f"{_name(text)}.csv"),
    "store": lambda text: (*PAIR, "--store", f"combined.log/{text}"),
    "show": lambda text: ("runs", "show", text),
    "remove": lambda text: ("runs", "remove", text),
    "export": lambda text: ("export", text, "--view", "slow", "-o", "-"),
    "view": lambda text: ("export", text, "--view", text, "-o", "-"),
    "diff": lambda text: ("diff", text, text),
    "change": lambda text: ("diff", "a", "b", "--fail-if", f"p99>{text}"),
    "start": lambda text: ("generate", "pair", "new", "--start", text),
    "generated": lambda text: ("generate", "access", f"{text}/{text}.gz"),
    "no runs": lambda text: ("runs", "list", "--store", _name(text)),
}  # fmt: skip


@pytest.mark.parametrize("what", ERRORS)
def test_errors_that_quote(logs: Path, what: str) -> None:
    before = kept(logs)
    for text in WORDS:
        outcome = logcorr(*ERRORS[what](text), cwd=logs)
        assert outcome.code == (0 if what == "no runs" else 3 if what in ("folder", "store", "twice") else 2), (
            outcome.err
        )
        assert_harmless(outcome)
        assert 1 <= outcome.err.count("\n") <= 2
        assert len(outcome.err) < 2200
    assert kept(logs) == before


def test_queries_that_are_hostile(logs: Path) -> None:
    run = runs_of(logs, "correlation")[0]
    for text in WORDS:
        for query in (text, f"select {text}", f'select "{text}" from orphans', f"select cast('{text}' as int)"):
            outcome = logcorr("sql", run, "--", query, cwd=logs)
            assert outcome.code == 2, query
            assert_harmless(outcome)
            assert outcome.err.count("\n") == 1


def test_hostile_names_of_outputs(logs: Path, tmp_path: Path) -> None:
    names = [_name(text) for text in (*hostile.words(list(PAYLOADS.values())), "plain\n\x1b[2J")]
    for name in names:
        target = tmp_path / f"{name}.csv"
        made = [logcorr(*PAIR, "-o", target, cwd=logs) for _ in range(2)]
        assert [outcome.code for outcome in made] == [0, 3]
        for outcome in (*made, logcorr(*PAIR, "-o", target, "--force", cwd=logs)):
            assert_harmless(outcome)
    # Making a log takes longer than telling where: each has some of the names in its path.
    for number, some_names in enumerate(names[at : at + 4] for at in range(0, len(names), 4)):
        here = tmp_path.joinpath(str(number), *some_names)
        made = [logcorr("generate", "pair", here, "--rows", "10", cwd=logs) for _ in range(2)]
        made += [
            logcorr(
                "generate",
                "access",
                here / f"{some_names[0]}.csv",
                *("--rows", "10", "--ips", "10"),
                "--force",
                cwd=logs,
            )
        ]
        for outcome in made:
            assert_harmless(outcome)


def test_inputs_that_cannot_be_read(logs: Path, tmp_path: Path) -> None:
    for text in [*hostile.words(list(PAYLOADS.values())), "plain\n\x1b[2J"]:
        name = _name(text)
        (tmp_path / f"{name}.gz").write_bytes(b"\x1f\x8b\x08\x00broken and long enough to be looked at")
        (tmp_path / f"{name}.bz2").write_bytes(b"BZh9")
        (tmp_path / f"{name}-folder").mkdir()
        for ending in (".gz", ".bz2", "-folder"):
            outcome = logcorr("analyze", tmp_path / f"{name}{ending}", cwd=logs)
            assert outcome.code == 2, outcome.err
            assert_harmless(outcome)


def on_a_terminal(folder: Path, *commands: tuple[str, ...]) -> list[bytes]:
    """What each command writes when all three of its streams are a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "core"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TERM": "xterm-256color",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMANDS, json.dumps(commands)],
        cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not block:
                break
            written += block
        assert process.wait(20) == 0, written
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    *parts, rest = written.split(b"-- next --\r\n")
    assert rest == b""
    return parts


def values(raw: bytes) -> list[object]:
    """The JSON values that follow each other in it."""
    text, found = raw.decode().strip(), []
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


# On a terminal, what is doubtful of a run stands before its records.
_WARNING = re.compile(rb"logcorr: warning: [^\n]*\n")


def test_what_a_terminal_gets(logs: Path, tmp_path: Path) -> None:
    pairs, analyses = runs_of(logs, "correlation"), runs_of(logs, "access")
    store = ("--store", str(tmp_path / "runs"))
    words = [
        (*PAIR, *store, "--progress", "bar"),
        ("analyze", "access.ndjson", *store, "--progress", "bar"),
        (*PAIR, "--no-store", "--progress", "json"),
        ("runs", "list"),
        ("diff", *pairs),
        ("correlate", WORDS[-1], WORDS[0]),
        ("sql", pairs[0], "select * from orphans"),
        ("sql", pairs[0], "select * from malformed", "--as", "csv"),
        ("sql", pairs[0], f'select user_id as "{_ALIAS}" from exchanges', "--as", "csv"),
        ("sql", pairs[0], f'select user_id as "{_ALIAS}" from exchanges'),
        ("sql", pairs[0], "select cast(user_id as int) from exchanges"),
        ("runs", "path", pairs[0], "--store", f"{_ALIAS}/../cache/logcorr/runs"),
        # From here on all of it is JSON.
        ("runs", "list", "--json"),
        ("runs", "show", pairs[0], "--json"),
        ("runs", "show", analyses[0], "--json"),
        ("diff", *pairs, "--json"),
        ("export", pairs[0], "--view", "orphans", "-o", "-", "--sort", "time"),
        ("export", pairs[0], "--view", "malformed", "-o", "-", "--sort", "time"),
        ("sql", pairs[0], "select * from malformed order by side, file, line", "--as", "ndjson"),
        (*PAIR, "--no-store", "--progress", "none", "-o", "-", "--sort", "time"),
    ]
    shown = on_a_terminal(logs, *words)
    assert len(shown) == len(words)
    for command, written in zip(words, shown, strict=True):
        assert written, command
        assert faults(written, BAR) == [], command
    for command, written in zip(words[_TEXTS:], shown[_TEXTS:], strict=True):
        plain = succeed(*command, cwd=logs).out
        # What is not a terminal gets the characters themselves.
        assert "\u202e" in plain.decode()
        assert values(_WARNING.sub(b"", written)) == values(plain)


def test_records_are_kept_as_they_are(logs: Path) -> None:
    found = [json.loads(line) for line in succeed(*PAIR, "-o", "-", cwd=logs).out.splitlines()]
    assert {row["user_id"] for row in found} == {*PAYLOADS.values(), hostile.LONG}
