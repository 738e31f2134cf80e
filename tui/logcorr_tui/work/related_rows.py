"""The rows that go with one row: all entries of its id, and other exchanges of its user or address.

The queries read the run folder, so call them in a thread.
"""

from collections.abc import Mapping
from typing import cast

import polars as pl
from rich.text import Text

from logcorr.model.options import View
from logcorr.model.status import key_of
from logcorr.query.table_columns import columns_of, shown
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import status_class
from logcorr_tui.look.time_text import duration_text, instant_text
from logcorr_tui.state.found_rows import FoundRows, Link

_MOST_ENTRIES = 40
_MOST_OTHERS = 12
_AROUND_US = 60_000_000
# The owner of an exchange is the first of these attributes that it has. `_NAMED` are the attributes in a list.
_WHO = ("user_id", "ip")
_NAMED = ("request_id", "user_id", "method", "endpoint")
Value = Mapping[str, object]


def entries_of_id(run: RunFolder, identity: str, colours: Mapping[str, str]) -> list[Link]:
    """Every exchange, orphan and repeated entry of an id, in the order of time."""
    found: list[tuple[int, Link]] = []
    kinds: tuple[View, ...] = ("exchanges", "orphans", "duplicates")
    for view in (view for view in kinds if view in views.views_of(run.manifest)):
        rows = views.scan(run, view).filter(pl.col("request_id") == identity).head(_MOST_ENTRIES)
        for link, instant in _links(run, view, rows, colours):
            found.append((instant, link))
    found.sort(key=lambda pair: pair[0])
    return [link for _, link in found[:_MOST_ENTRIES]]


def owner(row: Value) -> tuple[str, str] | None:
    """The owner of a row: the attribute (user or address) and its value. None where the row has neither."""
    return next(((name, value) for name in _WHO if isinstance(value := row.get(name), str)), None)


def exchanges_of_owner(run: RunFolder, row: Value, name: str, value: str, colours: Mapping[str, str]) -> list[Link]:
    """Other exchanges of an owner, those nearest in time to the row. Of all time where the row has no instant."""
    instant = row.get("request_time", row.get("time"))
    rows = views.scan(run, "exchanges").filter(pl.col(name) == value)
    own = [pl.col(key) == row[key] for key in ("request_id",) if isinstance(row.get(key), str)]
    own = own or [pl.col(key) == row[key] for key in ("file", "line") if key in row and "side" not in row]
    if own:
        rows = rows.filter(~pl.all_horizontal(own))
    if isinstance(instant, int):
        distance = (pl.col("request_time").cast(pl.Int64) - instant).abs()
        rows = rows.filter(distance <= _AROUND_US).bottom_k(_MOST_OTHERS, by=distance)
    else:
        rows = rows.head(_MOST_OTHERS)
    return [link for link, _ in _links(run, "exchanges", rows.sort("request_time"), colours)]


def _links(run: RunFolder, view: View, rows: pl.LazyFrame, colours: Mapping[str, str]) -> list[tuple[Link, int]]:
    """A line for each row, which leads to the row, and the instant of the row (µs)."""
    columns = columns_of(rows.collect_schema())
    found = FoundRows(run, view, run.manifest.files, columns, shown(rows, columns))
    links = []
    for number, values in enumerate(found.rows):
        row = {column.name: value for column, value in zip(columns, values, strict=True)}
        instant = row.get("request_time", row.get("time"))
        links.append((Link(row_line(view, row, colours), found, number), instant if isinstance(instant, int) else 0))
    return links


def row_line(view: View, row: Value, colours: Mapping[str, str]) -> Text:
    """A row of a view on one line, among rows of one id: when and what."""
    if "duration_us" in row:
        return _exchange(row, colours)
    return _entry(row) if "time" in row else _line(view, row)


def found_line(view: View, row: Value, colours: Mapping[str, str]) -> Text:
    """A row of a view on one line, among rows of all kinds: when, what and which id."""
    if "duration_us" in row:
        return _exchange(row, colours, kind=False)
    text = row_line(view, row, colours)
    return text.append(f"  {safe(str(row['request_id']), 60)}", style="not dim") if "request_id" in row else text


def _exchange(row: Value, colours: Mapping[str, str], *, kind: bool = True) -> Text:
    status = cast("int | None", row["status_code"])
    text = Text(instant_text(cast("int | None", row["request_time"])), style="")
    if kind and "request_id" in row:  # the list also has orphans and repeated entries
        text.append("  exchange  ", style="dim")
    text.append("  ")
    text.append(f"{key_of(status):>3}", style=f"bold {colours[status_class(status)]}")
    text.append(f"  {duration_text(cast('int | None', row['duration_us'])):>8}  ")
    first, *rest = [name for name in _NAMED if name in row]
    text.append(f"{safe(cast('str | None', row[first]), 60)}  ")
    text.append("  ".join(safe(cast("str | None", row[name]), 60) for name in rest), style="dim")
    return text


def _line(view: View, row: Value) -> Text:
    """A line of a log that is no entry."""
    text = Text(f"{safe(str(row.get('side') or view)):<10}  line {row['line']:,}  ", style="dim")
    text.append(safe(str(row.get("reason") or view)), style="bold")
    return text.append(f"  {safe(str(row['text']), 200)}", style="not bold")


def _entry(row: Value) -> Text:
    what = row.get("reason") or row.get("kind")
    text = Text(instant_text(cast("int | None", row["time"])), style="")
    text.append(f"  {safe(str(row['side'])):<10}  ", style="dim")
    text.append(safe(str(what)), style="bold")
    value = row["user_id"] if row["side"] == "request" else row["status_code"]
    text.append(f"  {safe(None if value is None else str(value), 40)}  line {row['line']:,}", style="dim")
    return text
