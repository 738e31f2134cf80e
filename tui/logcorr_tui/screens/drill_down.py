"""What Enter shows on a row that stands for many exchanges: those of an endpoint, an address or a window."""

from typing import cast

from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.view_pages import Row, ViewPages
from logcorr.runs import views
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.time_text import clocks, stamp
from logcorr_tui.state.messages import Drill
from logcorr_tui.work.group_breakdown import window_span
from logcorr_tui.work.view_rows import values_by_column

GROUPED_VIEWS: tuple[View, ...] = ("endpoints", "ips", "windows")


def drill(pages: ViewPages, values: Row) -> Drill | None:
    """Exactly the exchanges that a row stands for. None for a view whose rows stand for one exchange."""
    run, view, row = pages.run, pages.view, values_by_column(pages, values)
    schema = views.scan(run, "exchanges").collect_schema()
    if view == "windows":
        start, end = window_span(run.manifest, row)
        expression = f"time>={stamp(start)} time<{stamp(end)}"
        return Drill("exchanges", expression, f"window {clocks(start, end)}")
    column = {"endpoints": "endpoint", "ips": "ip"}.get(view)
    if column is None:
        return None
    value = cast("str | None", row[column])
    label = f"no {column}" if value is None else f"{column} {safe(value, 200)}"
    return Drill("exchanges", filter_language.equal(column, value, schema), label)
