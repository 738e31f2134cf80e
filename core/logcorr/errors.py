"""The error tree. Each error knows its exit code; its message says what, where and what to do."""


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


def cannot_write(path: str, error: OSError) -> OutputError:
    """The error for an output that could not be written."""
    reason = error.strerror or str(error)
    return OutputError(f"output {path!r} could not be written: {reason}. Nothing was left there.")


class LedgerError(LogcorrError):
    """The lines of a run do not add up: a fault of logcorr, never of the logs."""

    exit_code = 70


class Cancelled(LogcorrError):  # noqa: N818 - no error: the user wanted it
    """The run was interrupted; everything it wrote has been removed."""

    exit_code = 130
