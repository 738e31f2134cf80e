"""The frozen struct of a finding: one sentence about a run that chance does not explain, and the rows it speaks of.

Both kinds of reports carry findings. They are made once, at the end of a job, so that every output shows the same.
"""

from typing import Literal

import msgspec

# At most so many findings are told of a run.
MOST_FINDINGS = 5

FindingView = Literal["exchanges", "slow", "errors", "orphans", "endpoints", "users", "ips"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is remarkable in a run, in one plain sentence with numbers.

    `view` and `filter` (in the filter language, "" for none) find the rows that the sentence speaks of. The filter
    holds the times too. `start` and `end` are the times it speaks of (RFC 3339 in UTC, without the end itself); null
    where it speaks of the whole run. `ratio` says how many times as much as elsewhere it is; null where elsewhere there
    is none of it.
    """

    text: str
    view: FindingView
    filter: str = ""
    start: str | None = None
    end: str | None = None
    ratio: float | None = None

    @property
    def whole_run(self) -> bool:
        """Whether the sentence speaks of all of the time that the run covers."""
        return self.start is None and self.end is None
