"""The breakdown of a row that stands for many exchanges: the windows of an address, the addresses of a window, the
status codes of an endpoint.

The queries read the run folder, so call them in a thread.
"""

from collections.abc import Mapping
from typing import cast

import polars as pl
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from logcorr.figures import endpoints_and_addresses
from logcorr.model.manifest import Manifest
from logcorr.model.options import View
from logcorr.model.status import key_of
from logcorr.query import filter_language
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import status_class
from logcorr_tui.look.time_text import clocks, stamp, window_text
from logcorr_tui.state.found_rows import Link
from logcorr_tui.state.messages import Drill

_MOST = 20
Value = Mapping[str, object]
Section = tuple[str, list[Link]]


def window_span(manifest: Manifest, row: Value) -> tuple[float, float]:
    """The start and the end of a window, in seconds."""
    start = cast("int", row["window_start"])
    return start / 1e6, (start + manifest.options["window_us"]) / 1e6


def breakdown(run: RunFolder, view: View, row: Value, colours: Mapping[str, str]) -> Section | None:
    """The breakdown of a row: a title and lines that lead to rows. None for a row of which no more is known."""
    if view == "ips":
        return _windows_of(run, cast("str", row["ip"]), colours)
    if view == "windows" and "ip" in run.manifest.attributes:
        return _addresses_in(run, row, colours)
    if view == "endpoints":
        return _statuses_of(run, cast("str | None", row["endpoint"]), colours)
    return None


def _counts(requests: int, errors: int) -> str:
    """Two counts in columns, with their nouns."""
    nouns = "request " if requests == 1 else "requests", "error" if errors == 1 else "errors"
    return f"  {requests:>9,} {nouns[0]}  {errors:>9,} {nouns[1]}"


def _windows_of(run: RunFolder, ip: str, colours: Mapping[str, str]) -> Section:
    """The windows of an address, with the most requests first."""
    options = run.manifest.options
    limit, width = options["suspicious"], options["window_us"]
    own = views.scan(run, "exchanges").filter(pl.col("ip") == ip)
    found = endpoints_and_addresses.ip_windows(own, width).drop_nulls("at").collect(engine="streaming")
    over = found.filter(pl.col("requests") > limit).height
    top = found.sort("requests", "at", descending=[True, False]).head(_MOST)
    lines = []
    for at, requests, errors in top.select("at", "requests", "errors").iter_rows():
        line = Text(window_text(at * width)).append(_counts(requests, errors))
        if requests > limit:
            line.append(f"  ! over {limit:,}", style=f"bold {colours['client']}")
        start, end = at * width / 1e6, (at + 1) * width / 1e6
        term = filter_language.equal("ip", ip, {"ip": pl.String()})
        span = f"time>={stamp(start)} time<{stamp(end)}"
        lines.append(Link(line, drill=Drill("exchanges", f"{term} {span}", f"ip {safe(ip, 60)} {clocks(start, end)}")))
    if found.height > _MOST:
        lines.append(Link(Text(f"and {found.height - _MOST:,} windows more", style="dim")))
    return f"Windows with requests of {safe(ip, 60)} · {found.height:,}, suspicious in {over:,}", lines


def _addresses_in(run: RunFolder, row: Value, colours: Mapping[str, str]) -> Section:
    """The addresses with the most requests in a window."""
    options = run.manifest.options
    limit, width, start = options["suspicious"], options["window_us"], cast("int", row["window_start"])
    within = pl.col("request_time").cast(pl.Int64).is_between(start, start + width, closed="left")
    found = endpoints_and_addresses.ip_windows(views.scan(run, "exchanges").filter(within), width)
    top = (
        found.top_k(_MOST, by=["requests", "ip"], reverse=[False, True])
        .collect(engine="streaming")
        .sort("requests", "ip", descending=[True, False])
    )
    window = start / 1e6, (start + width) / 1e6
    span = f"time>={stamp(window[0])} time<{stamp(window[1])}"
    lines, wide = [], max((cell_len(safe(ip, 45)) for ip in top["ip"]), default=0)
    for ip, requests, errors in top.select("ip", "requests", "errors").iter_rows():
        line = Text(set_cell_size(safe(ip, 45), wide)).append(_counts(requests, errors))
        if requests > limit:
            line.append(f"  ! over {limit:,}", style=f"bold {colours['client']}")
        term = filter_language.equal("ip", ip, {"ip": pl.String()})
        label = f"ip {safe(ip, 60)} {clocks(*window)}"
        lines.append(Link(line, drill=Drill("exchanges", f"{term} {span}", label)))
    return f"Addresses with the most requests in this window · suspicious over {limit:,}", lines


def _statuses_of(run: RunFolder, endpoint: str | None, colours: Mapping[str, str]) -> Section:
    chosen = pl.DataFrame({"endpoint": [endpoint]}, schema={"endpoint": pl.String})
    found = endpoints_and_addresses.statuses_of(views.scan(run, "exchanges"), chosen)
    lines = []
    for code, count in found.select("status_code", "n").iter_rows():
        line = Text(f"{key_of(code):>3}", style=f"bold {colours[status_class(code)]}")
        both = {"endpoint": pl.String(), "status_code": pl.Int16()}
        terms = [filter_language.equal("endpoint", endpoint, both), filter_language.equal("status_code", code, both)]
        drill = Drill("exchanges", " ".join(terms), " ".join(terms))
        lines.append(Link(line.append(f"  {count:>12,}", style="not bold"), drill=drill))
    return "Its status codes", lines
