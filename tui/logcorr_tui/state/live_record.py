"""What `logcorr watch --json` tells of a moment, and which tables it has."""

from typing import Any, NamedTuple

Record = dict[str, Any]


class LiveTab(NamedTuple):
    """A table of the live screen: its key, the list of the record it shows, its name, and what it holds."""

    key: str
    name: str
    title: str
    tip: str


PAIR_TABS = (
    LiveTab("1", "in_flight", "In flight", "Requests without an answer, the oldest first"),
    LiveTab("2", "overdue", "Overdue", "Requests that wait for longer than the timeout, the oldest first"),
    LiveTab("3", "slowest", "Slowest", "The slowest exchanges of the window"),
    LiveTab("4", "failed", "Failed", "The latest failures of the window"),
    LiveTab("5", "late", "Late", "Answers that came after their request was overdue"),
)
ACCESS_TABS = (
    LiveTab("1", "slowest", "Slowest", "The slowest exchanges of the window"),
    LiveTab("2", "failed", "Failed", "The latest failures of the window"),
)
# The fields that are no attributes.
_FIXED = ("request_id", "time", "age_ms", "overdue", "status_code", "duration_ms", "late")


def tabs_of(record: Record | None) -> tuple[LiveTab, ...]:
    """The tables of a record: logs of exchanges have none of requests."""
    return PAIR_TABS if record is None or "open" in record["counts"] or not record.get("window") else ACCESS_TABS


def rows_of(record: Record | None, name: str) -> list[Record]:
    """The rows of a table."""
    if record is None:
        return []
    if name == "overdue":
        return [row for row in record["in_flight"] if row["overdue"]]
    rows: list[Record] = record[name]
    return rows


def count_of(record: Record | None, name: str) -> int:
    """How many rows a table would have if it showed all."""
    if record is None:
        return 0
    counts, window = record["counts"], record.get("window") or {}
    totals = {
        "in_flight": counts.get("open", 0),
        "overdue": counts.get("overdue", 0),
        "failed": window.get("failures", 0),
        "late": counts.get("late", 0),
    }
    return int(totals.get(name, len(rows_of(record, name))))


def attributes_of(row: Record) -> list[tuple[str, str]]:
    """The user and the attributes of a row that it has."""
    return [(name, str(value)) for name, value in row.items() if name not in _FIXED and value is not None]
