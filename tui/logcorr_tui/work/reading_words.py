"""The options on how lines are read: on the command line of the app, and as typed on the Open screen."""

import argparse
import shlex
from typing import NoReturn

from logcorr.model.errors import UsageError

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
# A format has a field of its own in the logs, and the others are passed on as words.
_PASSED_ON = ("--formats", *(option for option, *_ in _VALUES if option != "--format"))


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    for option, value, meaning in _VALUES:
        parser.add_argument(option, metavar=value, help=meaning)
    parser.add_argument("--formats", action="append", default=[], metavar="FILE", help="a file of formats; repeatable")
    parser.add_argument("--collapse-ids", action="store_true", help="ids in the paths of endpoints become *")


def words_of(given: argparse.Namespace) -> tuple[str, ...]:
    """The words for the engine, without --format and --collapse-ids."""
    words: list[str] = []
    for option in _PASSED_ON:
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


class _TextParser(argparse.ArgumentParser):
    """A parser that raises UsageError."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"options: {message}; there are {', '.join((*_PASSED_ON, '--format', '--collapse-ids'))}.")
