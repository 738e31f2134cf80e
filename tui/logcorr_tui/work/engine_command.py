"""The command lines of the engine, and the environment that a child process of the app runs in."""

import os
import sys
from collections.abc import Mapping

import logcorr
import logcorr_tui
from logcorr.compute import child_process
from logcorr_tui.state.session import Logs


def logcorr_command(*words: str) -> list[str]:
    """The command line of the engine. -P keeps modules of the working folder out."""
    return [sys.executable, "-P", "-m", "logcorr", *words]


def correlate_command(logs: Logs, *, store: str | None = None, memory: str | None = None) -> list[str]:
    """The command that correlates these logs, and writes its progress as JSON lines."""
    words = [*_named(logs), *_read_as(logs), *_reported(logs), *_place(store, memory)]
    return logcorr_command("correlate", *words, "--progress", "json", "--end-with-stdin")


def analyze_command(logs: Logs, *, store: str | None = None, memory: str | None = None) -> list[str]:
    """The command that analyses access logs, and writes its progress as JSON lines."""
    words = [*_read_as(logs), *_reported(logs), *_place(store, memory)]
    return logcorr_command("analyze", *words, "--progress", "json", "--end-with-stdin", "--", *logs.files["access"])


def command_for(logs: Logs, *, store: str | None = None, memory: str | None = None) -> list[str]:
    """The command for these logs, by their kind."""
    command = analyze_command if logs.kind == "access" else correlate_command
    return command(logs, store=store, memory=memory)


def tell_command(logs: Logs) -> list[str]:
    """The command that tells what these logs are, as one object of JSON on standard output."""
    if set(logs.files) == {"request", "response"}:
        return logcorr_command("tell", *_named(logs), *_read_as(logs), "--end-with-stdin")
    (names,) = logs.files.values()
    return logcorr_command("tell", *_read_as(logs), "--end-with-stdin", "--", *names)


# The options of `logcorr correlate` by the names of the logs.
_OPTIONS = {"request": "--requests", "response": "--responses", "log": "--log"}


def _named(logs: Logs) -> list[str]:
    return [f"{_OPTIONS[name]}={path}" for name, paths in logs.files.items() for path in paths]


def _read_as(logs: Logs) -> list[str]:
    return [*([f"--format={logs.form}"] if logs.form else []), *logs.reading]


def _reported(logs: Logs) -> list[str]:
    return [*(["--collapse-ids"] if logs.collapse_ids else []), *logs.reported]


def _place(store: str | None, memory: str | None) -> list[str]:
    return [*([f"--store={store}"] if store else []), *([f"--memory={memory}"] if memory else [])]


def environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child that runs the code of this process, also where the code is not installed."""
    return child_process.environment(logcorr, logcorr_tui, base=base)
