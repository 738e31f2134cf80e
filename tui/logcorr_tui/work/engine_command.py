"""The command lines of the engine, and the environment that a child process of the app runs in."""

import os
import sys
from collections.abc import Mapping, Sequence

import logcorr
import logcorr_tui
from logcorr.compute import child_process
from logcorr_tui.state.session import Logs


def logcorr_command(*words: str) -> list[str]:
    """The command line of the engine. -P keeps modules of the working folder out."""
    return [sys.executable, "-P", "-m", "logcorr", *words]


def correlate_command(
    requests: Sequence[str], responses: Sequence[str], *, store: str | None = None, memory: str | None = None
) -> list[str]:
    """The command that correlates these logs, and writes its progress as JSON lines."""
    words = [f"--requests={path}" for path in requests] + [f"--responses={path}" for path in responses]
    words += [f"--store={store}"] if store else []
    words += [f"--memory={memory}"] if memory else []
    return logcorr_command("correlate", *words, "--progress", "json", "--end-with-stdin")


def analyze_command(
    files: Sequence[str],
    form: str | None = None,
    *,
    collapse_ids: bool = False,
    store: str | None = None,
    memory: str | None = None,
) -> list[str]:
    """The command that analyses access logs, and writes its progress as JSON lines."""
    words = [f"--format={form}"] if form else []
    words += ["--collapse-ids"] if collapse_ids else []
    words += [f"--store={store}"] if store else []
    words += [f"--memory={memory}"] if memory else []
    return logcorr_command("analyze", *words, "--progress", "json", "--end-with-stdin", "--", *files)


def command_for(logs: Logs, *, store: str | None = None, memory: str | None = None) -> list[str]:
    """The command for these logs, by their kind."""
    if logs.kind == "access":
        files = logs.files["access"]
        return analyze_command(files, logs.form, collapse_ids=logs.collapse_ids, store=store, memory=memory)
    return correlate_command(logs.files["request"], logs.files["response"], store=store, memory=memory)


def environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child that runs the code of this process, also where the code is not installed."""
    return child_process.environment(logcorr, logcorr_tui, base=base)
