"""What `logcorr watch --json` tells of a moment, and which tables it has."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from logcorr.text.instants import clock_and_day, seconds
from logcorr.text.quantities import round_duration

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
_FIXED = (
    *("request_id", "time", "age_ms", "overdue", "response_time", "status_code", "duration_ms", "late", "places"),
)  # fmt: skip


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


def shown_name(name: str) -> str:
    """A field by the name that all tables and filters of the app have for it."""
    return {"request_id": "id", "user_id": "user"}.get(name, name)


def attributes_of(row: Record) -> list[tuple[str, str]]:
    """The user and the attributes of a row that it has."""
    return [(name, str(value)) for name, value in row.items() if name not in _FIXED and value is not None]


def key_of(row: Record) -> tuple[object, ...]:
    """What a row is known again by, as long as it is in a table: where its request stands."""
    return (row["request_id"], row["time"], *row.get("places", ())[:1])


def index_of(rows: Sequence[Record], row: Record) -> int | None:
    """Where a row stands among others now. None where it does not."""
    key = key_of(row)
    return next((number for number, one in enumerate(rows) if key_of(one) == key), None)


def clock_of(stamp: str) -> str:
    """The time of the day of an instant, in the zone in which times are shown."""
    return clock_and_day(stamp).partition(" ")[2].partition(".")[0]


def window_length_s(record: Record) -> float | None:
    """How much time the window covers, which is less than was asked for where the logs do not go back so far."""
    window = record.get("window")
    return seconds(window["to"]) - seconds(window["from"]) if window else None


def came_since(before: Record, now: Record) -> str:
    """How many lines, requests and exchanges came between two records."""
    told = []
    for name, noun in (("lines", "line"), ("requests", "request"), ("matched", "exchange")):
        count = now["counts"].get(name, 0) - before["counts"].get(name, 0)
        if count or name == "lines":
            told.append(f"{count:,} {noun}{'' if count == 1 else 's'}")
    return ", ".join(told)


def held_for(record: Record, since: str | None) -> str:
    """How long something has held, by the time of the logs. Empty where that is not known."""
    if since is None or record["time"] is None:
        return ""
    held_s = round(seconds(record["time"]) - seconds(since))
    return round_duration(held_s * 1000) if held_s > 0 else "less than 1s"
