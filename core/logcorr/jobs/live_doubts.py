"""What makes the figures of logs that are followed doubtful, in the words of a run."""

from collections.abc import Sequence

from logcorr.inputs.follow.followed_log import FollowedLog
from logcorr.model.ledger import ONE_LOG, Log
from logcorr.query import report_warnings

_LEAST_LINES = 20


def doubts(readers: Sequence[tuple[Log, FollowedLog]], matched: int, on_both_sides: Sequence[str]) -> list[str]:
    """Sentences on the logs that were read so far. `on_both_sides` are files that are requests and responses at once.

    `matched` are the exchanges of a pair.
    """
    said = [report_warnings.on_both(name) for name in on_both_sides]
    for log, reader in readers:
        counts = reader.counts
        name = "the log" if log in (ONE_LOG, "access") else f"the {log} log"
        found = report_warnings.malformed(name, counts["lines"] - counts["blank"] - counts["header"], reader.reasons)
        if log in ("request", "response") and not found and _is_of_the_other_side(log, reader):
            found = [f"No line of {name} is a {log}. {report_warnings.SWAPPED}"]
        elif found and log == "response" and not on_both_sides and report_warnings.are_users(reader.reasons):
            found = [f"{found[0]} {report_warnings.SWAPPED}"]
        said += found
    if said or not readers or readers[0][0] == "access":
        return said
    totals = [sum(reader.counts[name] for _, reader in readers) for name in ("requests", "responses")]
    return report_warnings.unmatched(totals[0], totals[1], matched)


def _is_of_the_other_side(log: Log, reader: FollowedLog) -> bool:
    """Whether a log of a profile has many lines, all of other kinds."""
    return reader.counts["other"] >= _LEAST_LINES and not reader.counts[f"{log}s"]
