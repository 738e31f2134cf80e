"""The error classes. Each class has an exit code. A message says what happened, where, and what to do."""

import errno
import os
import re

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class LogcorrError(Exception):
    """Base of every error that the user sees as one or two lines, never as a traceback."""

    exit_code = 70


class UsageError(LogcorrError):
    """Wrong options or an input that cannot be read."""

    exit_code = 2


class UnknownOption(UsageError, TypeError):  # noqa: N818 - it names what is wrong
    """A name that is no option of a function of the Python API."""


class NoSuchView(UsageError, AttributeError):  # noqa: N818 - likewise
    """A view that a run does not have."""


class InputError(UsageError):
    """An input that is missing, unreadable, of an unknown form or broken in the middle."""


class OutputError(LogcorrError):
    """An output or spill file that cannot be written, or a disk without room for it."""

    exit_code = 3


class StoreError(OutputError):
    """A store of runs that cannot be read or written. The same may work when it is tried again."""


def system_error(error: BaseException) -> OSError | None:
    """The error of the operating system that caused an error; None if there is none.

    polars often reports the number of the system's error only in the text of its own error.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error
    match = _OS_ERROR.search(str(error))
    if match is not None:
        return OSError(int(match[1]), os.strerror(int(match[1])))
    return error if isinstance(error, OSError) else None


def cannot_write(path: str, error: OSError, needed: str = "") -> OutputError:
    """The error for an output that could not be written. `needed` is its estimated size, as text for people."""
    room = f" It takes up to about {needed}." if needed and error.errno in DISK_FULL else ""
    reason = error.strerror or str(error)
    return OutputError(f"output {path!r} could not be written: {reason}.{room} Nothing was left there.")


class EngineError(OutputError):
    """An engine that did not end the steps of a run, or cannot be reached."""


class LedgerError(LogcorrError):
    """The lines of a run do not add up. This is a fault of logcorr, never of the logs."""

    exit_code = 70


class Cancelled(LogcorrError):  # noqa: N818 - the user asked for it, so it is no error
    """The run was interrupted, and everything it wrote was removed."""

    exit_code = 130
