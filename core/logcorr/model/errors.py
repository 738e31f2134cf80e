"""The error tree. Each error knows its exit code; its message says what, where and what to do."""

import errno
import os
import re

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class LogcorrError(Exception):
    """Base of every error that reaches a user as one or two lines, never as a traceback."""

    exit_code = 70


class UsageError(LogcorrError):
    """Wrong options, or an input that cannot be read."""

    exit_code = 2


class InputError(UsageError):
    """An input that is missing, unreadable, of an unknown form, or broken midway."""


class OutputError(LogcorrError):
    """An output or spill file that cannot be written, or a disk without the room for it."""

    exit_code = 3


def system_error(error: BaseException) -> OSError | None:
    """What the system refused, where that is behind an error; the engine often tells it only in its text."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    found = _OS_ERROR.search(str(error))
    if found is not None:
        return OSError(int(found[1]), os.strerror(int(found[1])))
    return error if isinstance(error, OSError) else None


def cannot_write(path: str, error: OSError, needed: str = "") -> OutputError:
    """The error for an output that could not be written; `needed` tells about how many bytes it takes."""
    room = f" It takes up to about {needed}." if needed and error.errno in FULL else ""
    reason = error.strerror or str(error)
    return OutputError(f"output {path!r} could not be written: {reason}.{room} Nothing was left there.")


class LedgerError(LogcorrError):
    """The lines of a run do not add up: a fault of logcorr, never of the logs."""

    exit_code = 70


class Cancelled(LogcorrError):  # noqa: N818 - no error: the user wanted it
    """The run was interrupted; everything it wrote has been removed."""

    exit_code = 130
