"""What Enter shows on a row that stands for many: those of a user, an address, a window, a counted value."""

from collections.abc import Mapping, Sequence
from typing import cast

import polars as pl

from logcorr.formats.endpoint_path import pattern_of
from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.filter_names import kind_of, short_name
from logcorr.query.view_pages import Row, ViewPages
from logcorr.runs import views
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.time_text import clocks, stamp
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.row_query import COUNTED_VIEWS, Counting
from logcorr_tui.work.group_breakdown import window_span
from logcorr_tui.work.view_rows import values_by_column

GROUPED_VIEWS: tuple[View, ...] = ("users", "endpoints", "ips", "windows")


def drill(pages: ViewPages, values: Row, counting: Counting | None = None) -> Drill | None:
    """Exactly the rows that a row stands for, exchanges unless others were counted. None for a row of no others."""
    if counting is not None:
        return _drill_counted(pages, values, counting)
    run, view, row = pages.run, pages.view, values_by_column(pages, values)
    schema = views.scan(run, "exchanges").collect_schema()
    if view == "windows":
        start, end = window_span(run.manifest, row)
        expression = f"time>={stamp(start)} time<{stamp(end)}"
        return Drill("exchanges", expression, f"window {clocks(start, end)}")
    column = pages.counted_by or COUNTED_VIEWS.get(view)
    if column is None:
        return None
    value = cast("str | None", row[column])
    label = equal_label(short_name(column, schema), value)
    return Drill("exchanges", filter_language.equal(column, value, schema), label)


def equal_label(name: str, value: object) -> str:
    """The text of the chip for the rows with a value: `user user-7`, `no user`."""
    return f"no {name}" if value is None else f"{name} {safe(str(value), 200)}"


def _drill_counted(pages: ViewPages, values: Row, counting: Counting) -> Drill:
    schema = views.scan(pages.run, counting.view).collect_schema()
    value = cast("str | int | None", values_by_column(pages, values)[counting.column])
    term = filter_language.equal(counting.column, value, schema)
    if counting.collapse_ids and isinstance(value, str) and "*" in value:
        term = f"{counting.column}=~{filter_language.quoted(pattern_of(value))}"
    label = equal_label(short_name(counting.column, schema), value)
    both = [part for part in (counting.label or counting.expression, label) if part]
    return Drill(counting.view, f"{counting.expression} {term}".strip(), " · ".join(both))


def cell_term(
    name: str, value: object, schema: Mapping[str, pl.DataType], files: Mapping[str, Sequence[str]], *, only: bool
) -> str:
    """The term for the rows that have a value in a column, or for all others."""
    short = short_name(name, schema)
    sign = "=" if only else "!="
    kind = kind_of(short, (name,), schema)
    if kind == "file":
        sides = [files[side] for side in files if len(files) == 1 or name == "file" or name.startswith(side)]
        names = [file for side in sides for file in side]
        value = names[value] if isinstance(value, int) and value < len(names) else value
        return f"{name}{sign}{filter_language.quoted(str(value))}"
    if kind == "instant" and isinstance(value, int):
        written = stamp(value / 1e6)
    elif kind == "duration" and isinstance(value, int):
        written = f"{value}us"
    elif isinstance(value, bool):
        written = str(value).lower()
    elif isinstance(value, float):
        raise UsageError("A share is compared by < and >, as in failed>5%.")
    else:
        return filter_language.equal(name, cast("str | int | None", value), schema).replace("=", sign, 1)
    return f"{short}{sign}{written}"
