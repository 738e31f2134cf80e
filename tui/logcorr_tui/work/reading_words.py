"""The options on how lines are read, and on what is reported: of the command line, and as typed on the Open screen."""

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing

_VALUES = (
    ("--format", "NAME", "the format of the logs (default: told by their lines)"),
    ("--fields", "WORDS", "names of fields instead of a format"),
    ("--where-request", "WORDS", "with --fields: which lines are requests"),
    ("--where-response", "WORDS", "with --fields: which lines are responses"),
    ("--zone", "ZONE", "the zone of times that name none"),
    ("--date", "DATE", "the date of the first line, for clocks without a date"),
    ("--unwrap", "NAMES", "heads to take off each line; none for no head"),
    ("--client", "WHICH", "which of several addresses is the client"),
)
_BEFORE_THE_END = re.compile(r"-[0-9]")
# What of the logs is reported. Only jobs take these options.
_REPORTED = (
    ("--since", "TIME", "report what lies at or after this time; -15m is before the end"),
    ("--ordered", "TIME", "do not read what lies before --since; no line is further out of order"),
    ("--until", "TIME", "report what lies before this time"),
    ("--where", "FILTER", "report what this holds for, such as 'status>=500'"),
    ("--tz", "ZONE", "the zone of --since, --until and all times shown; local is that of this machine"),
)
# A format has a field of its own in the logs, and the others are passed on as words.
_PASSED_ON = ("--formats", *(option for option, *_ in _VALUES if option != "--format"))
_JOBS = (*(option for option, *_ in _REPORTED), "--collapse")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    for option, value, meaning in (*_VALUES, *_REPORTED):
        parser.add_argument(option, metavar=value, help=meaning)
    parser.add_argument("--formats", action="append", default=[], metavar="FILE", help="a file of formats; repeatable")
    parser.add_argument("--collapse-ids", action="store_true", help="ids in the paths of endpoints become *")
    parser.add_argument(
        "--collapse",
        action="append",
        default=[],
        metavar="REGEX=NAME",
        help="count endpoints in which REGEX is found as NAME; repeatable",
    )


def words_of(given: argparse.Namespace) -> tuple[str, ...]:
    """The words for the engine on how lines are read, without --format and --collapse-ids."""
    return _words(given, _PASSED_ON)


def reported_of(given: argparse.Namespace) -> tuple[str, ...]:
    """The words for the engine on what is reported."""
    return _words(given, _JOBS)


def narrowing_of(given: argparse.Namespace) -> Narrowing | None:
    """What is to be left out of a finished run; None where nothing is. Raises UsageError for what cannot be read."""
    if given.since is None and given.until is None and not given.where:
        return None
    from logcorr.query import narrowing

    found = Narrowing(since=given.since, until=given.until, where=given.where, zone=given.tz)
    narrowing.check(found)
    return found


def _words(given: argparse.Namespace, options: Sequence[str]) -> tuple[str, ...]:
    words: list[str] = []
    for option in options:
        value = getattr(given, option.removeprefix("--").replace("-", "_"))
        words += [f"{option}={one}" for one in (value if isinstance(value, list) else [value]) if one is not None]
    return tuple(words)


def parse(text: str) -> argparse.Namespace:
    """The options in a text as a shell would have them. Raises UsageError."""
    parser = _TextParser(add_help=False, allow_abbrev=False, prog="options")
    add_to(parser)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"options: {str(error).lower().rstrip('.')}.") from None
    return parser.parse_args(words)


class WordsParser(argparse.ArgumentParser):
    """A parser that takes `--since -15m`, whose value begins as an option does."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse."""
        words: list[str] = []
        for word in sys.argv[1:] if args is None else args:
            if words and words[-1] in ("--since", "--until") and _BEFORE_THE_END.match(word):
                words[-1] += f"={word}"
            else:
                words.append(word)
        return super().parse_known_args(words, namespace)


class _TextParser(WordsParser):
    """A parser that raises UsageError."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            f"options: {message}; there are {', '.join((*_PASSED_ON, '--format', '--collapse-ids', *_JOBS))}."
        )
