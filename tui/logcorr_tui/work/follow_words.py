"""The options of following logs, and the words of `logcorr watch` that they become."""

import argparse
from dataclasses import dataclass

from logcorr.inputs import standard_input
from logcorr.model.errors import UsageError
from logcorr.query.live_conditions import live_condition
from logcorr.runs.find_journals import root_of_journals
from logcorr.text import quantities
from logcorr_tui.work import piped_input, reading_words

_SECOND_US = 1_000_000
_WINDOW = "5m"
_PASSED_ON = ("timeout", "lateness", "last")


@dataclass(frozen=True)
class Follow:
    """Logs to follow: their names, the words for the engine, the first window, and whether alerts ring the bell.

    `pipe` is the descriptor of the log that comes through standard input, if one does. `where` is the filter on what is
    reported, as it was typed.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    window_s: int
    bell: bool
    pipe: int | None = None
    where: str = ""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    parser.add_argument("--follow", action="store_true", help="follow logs while they are written; they may be missing")
    parser.add_argument("--window", metavar="TIME", help=f"with --follow: how far back figures go (default: {_WINDOW})")
    parser.add_argument("--timeout", metavar="TIME", help="with --follow: when a request is overdue (default: 30s)")
    parser.add_argument("--lateness", metavar="TIME", help="with --follow: how late an entry may come (default: 1m)")
    parser.add_argument("--last", metavar="TIME", help="with --follow: read only so much of what is there at the start")
    parser.add_argument(
        "--alert", action="append", default=[], metavar="CONDITION",
        help="with --follow: mark when this holds in the window, such as 'p99>500ms'; repeatable",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="with --follow: go on where following these logs ended")
    parser.add_argument("--no-store", action="store_true", help="with --follow: keep no run of what is followed")
    parser.add_argument("--bell", action="store_true", help="with --follow: alerts ring the bell of the terminal")


def check_none(given: argparse.Namespace) -> None:
    """Raises UsageError where options of following are given without --follow."""
    names = ("bell", "alert", "resume", "no_store", "window", *_PASSED_ON)
    if any(getattr(given, name) for name in names):
        words = "--window, --timeout, --lateness, --last, --alert, --resume, --no-store and --bell"
        raise UsageError(f"{words} go with --follow.")


def _kept(given: argparse.Namespace) -> list[str]:
    """The words that tell what is kept, and where."""
    if given.no_store and (given.resume or given.store):
        raise UsageError("--no-store keeps nothing: leave out --store and --resume.")
    if given.store:
        root_of_journals(given.store)  # it may be no place for them
    options = {"--no-store": given.no_store, "--resume": given.resume}
    return [
        *(name for name, is_given in options.items() if is_given),
        *([f"--store={given.store}"] if given.store else []),
    ]


def _names(given: argparse.Namespace) -> tuple[str, ...]:
    return (*given.what, *given.access, *given.log, *given.requests, *given.responses)


def is_following(given: argparse.Namespace) -> bool:
    """Whether logs are to be followed. A log that comes through a pipe always is: nobody knows when it ends."""
    return given.follow or piped_input.NAME in _names(given)


def follow_of(given: argparse.Namespace) -> Follow:
    """The logs to follow. Raises UsageError."""
    names = _names(given)
    if not names or bool(given.requests) != bool(given.responses):
        raise UsageError("--follow needs logs: one of both events, REQUESTS and RESPONSES, or access logs.")
    if given.web:
        raise UsageError("--follow, or a log that comes through a pipe, and --web do not go together.")
    standard_input.check_once(names)
    if given.since or given.until:
        raise UsageError("--since and --until are for runs. --last 15m begins that long before the end of logs.")
    window_us = quantities.duration_us(given.window or _WINDOW)
    if window_us < _SECOND_US:
        raise UsageError("--window must be a second or more.")
    words = [*reading_words.words_of(given)]
    for name in _PASSED_ON:
        if (value := getattr(given, name)) is not None:
            quantities.duration_us(value)
            words.append(f"--{name}={value}")
    for text in given.alert:
        live_condition(text, "--alert")
        words.append(f"--alert={text}")
    words += [*_kept(given)]
    words += [f"--where={given.where}"] if given.where else []
    words += [f"--format={given.format}"] if given.format else []
    words += ["--collapse-ids"] if given.collapse_ids else []
    words += [f"--collapse={one}" for one in given.collapse]
    words += [f"--memory={given.memory}"] if given.memory else []
    words += [f"--requests={name}" for name in given.requests] + [f"--responses={name}" for name in given.responses]
    words += ["--", *given.what, *given.access, *given.log]
    return Follow(names, tuple(words), window_us // _SECOND_US, given.bell, where=given.where or "")
