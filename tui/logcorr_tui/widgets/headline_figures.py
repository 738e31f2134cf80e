"""The headline figures of an access log: requests, what failed, how long it took, who asks too much, the worst time."""

from logcorr import timeline
from logcorr.access_model import AccessReport
from logcorr.text import percent, short
from logcorr_tui.messages import Drill
from logcorr_tui.palette import Palette
from logcorr_tui.time_text import clocks, spaced, stamp
from logcorr_tui.widgets.figures import Figures
from logcorr_tui.widgets.tile import Tile

NAMES = ("Requests", "Errors 4xx", "Errors 5xx", "p99", "Suspicious", "Worst time")
_DAY_S = 86_400


def tiles(found: Figures, report: AccessReport, colours: Palette) -> list[Tile]:
    """The six tiles."""
    points, total = found.points, report.total_requests
    failed = percent(report.failed_requests, total, 1).replace(" ", "")
    fours = [p.errors_4xx / p.requests if p.requests else 0.0 for p in points]
    fives = [p.errors_5xx / p.requests if p.requests else 0.0 for p in points]
    high = Drill("slow", "", "above p99") if found.p99 is not None else None
    return [
        Tile(
            NAMES[0], short(total), f"{failed} failed" if total else "none",
            colours.accent, [p.requests for p in points], Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            NAMES[1], percent(report.failed_4xx, total), f"{report.failed_4xx:,} rows", colours.warn, fours,
            Drill("exchanges", "status>=400 status<500", "status 4xx"),
        ),
        Tile(
            NAMES[2], percent(report.failed_5xx, total), f"{report.failed_5xx:,} rows", colours.bad, fives,
            Drill("exchanges", "status>=500 status<600", "status 5xx"),
        ),
        Tile(
            NAMES[3], spaced(found.p99), f"p50 {spaced(found.p50)}" if high else "no durations", colours.info,
            [p.p99_ms for p in points], high,
        ),
        _suspicious(report, colours),
        _worst(report, colours),
    ]  # fmt: skip


def _suspicious(report: AccessReport, colours: Palette) -> Tile:
    count, limit = report.suspicious_ip_count, report.run.options["suspicious"]
    every = spaced(report.windows.window_s * 1000).removesuffix(" 00s").removesuffix(" 00m")
    value = f"{short(count)} IP{'' if count == 1 else 's'}"
    return Tile(
        NAMES[4], value, f">{limit:,} in {every}", colours.lost, [], Drill("ips", "suspicious=true", "suspicious")
    )


def _worst(report: AccessReport, colours: Palette) -> Tile:
    worst = report.worst_window
    if worst is None:
        return Tile(NAMES[5], "–", "no request", colours.dim, [], None)
    start, end = timeline.seconds(worst.start), timeline.seconds(worst.end)
    failed = worst.errors_4xx + worst.errors_5xx
    form = "%H:%M" if not start % 60 else "%H:%M:%S"
    covered = timeline.span(report.timeline)
    if covered is not None and covered[1] - covered[0] > _DAY_S:
        form = f"%d %b {form}"
    target = Drill("exchanges", f"time>={stamp(start)} time<{stamp(end)}", f"window {clocks(start, end)}")
    return Tile(
        NAMES[5],
        timeline.clock(start, form),
        f"{short(failed)} failed",
        colours.bad if failed else colours.good,
        [],
        target,
    )
