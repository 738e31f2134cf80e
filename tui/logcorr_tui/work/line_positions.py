"""Where the entries of a row stand in the logs: which log, which file of it, which line."""

from collections.abc import Mapping, Sequence
from typing import cast

from logcorr.model.ledger import ONE_LOG, SIDES, Log

Value = Mapping[str, object]


def line_positions(row: Value, files: Mapping[str, Sequence[str]]) -> dict[Log, tuple[Log, int, int]]:
    """The position of each entry of a row, by its side: the log, the number of its file in the log, and its line.

    `files` are the manifest's. Where one log holds both sides, the entries of both are in this log.
    """
    only = only_log(files)
    found: dict[Log, tuple[Log, int, int]] = {}
    for name in SIDES if only == ONE_LOG else files:
        side = cast("Log", name)
        _add_position(found, side, cast("Log", only or side), row.get(f"{side}_file"), row.get(f"{side}_line"))
    side = cast("Log", row.get("side", only))
    log = cast("Log", only or side)
    if log in files:
        _add_position(found, side, log, row.get("file"), row.get("line"))
    return found


def _add_position(found: dict[Log, tuple[Log, int, int]], side: Log, log: Log, file: object, line: object) -> None:
    """Adds the position of an entry of a side, if it is known."""
    if isinstance(file, int) and isinstance(line, int):
        found[side] = (log, file, line)


def only_log(files: Mapping[str, object]) -> str | None:
    """The side of all entries, where there is only one side."""
    return next(iter(files)) if len(files) == 1 else None
