"""Which six headline figures a run has, by its kind: the name, value, note, trend and rows of each tile."""

from collections.abc import Sequence
from dataclasses import dataclass

from logcorr.model.access_report import AccessReport
from logcorr.text import instants
from logcorr.text.quantities import percent, short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.overview_figures import Figures

_PAIR_NAMES = ("Requests", "Matched", "Errors 5xx", "p50", "p99", "Orphans")
_ACCESS_NAMES = ("Requests", "Errors 4xx", "Errors 5xx", "p99", "Suspicious", "Worst time")
_DAY_S = 86_400


@dataclass(frozen=True)
class Tile:
    name: str
    value: str
    note: str
    ink: str
    trend: Sequence[float | None]
    target: Drill | None


def tile_names(kind: str) -> tuple[str, ...]:
    """The names of the six tiles for a kind of run."""
    return _ACCESS_NAMES if kind == "access" else _PAIR_NAMES


def tiles(found: Figures, colours: Palette) -> list[Tile]:
    """The six tiles of a run of either kind."""
    if isinstance(found.report, AccessReport):
        return _access(found, found.report, colours)
    return _pair(found, colours)


def _pair(found: Figures, colours: Palette) -> list[Tile]:
    """The tiles of a pair of logs. Estimates have a ≈."""
    about = "≈" if found.share is not None else ""
    points, matched, fives = found.points, found.matched, found.server_errors
    peak = max((p.requests for p in points), default=0) / (found.bucket_s or 1)
    pace = f"{about}{short(peak)}/s peak" if points else "at the end" if about else "no clock" if matched else "none"
    requests = "–" if found.requests is None else short(found.requests)
    lost = found.request_orphans
    sides = "both sides" if lost is None else f"{short(lost)}+{short(found.orphans - lost)}"
    high = None if found.p50 is None else Drill("exchanges", f"duration>={bound(found.p50)}", "at or above p50")
    failing = [p.errors_5xx / p.requests if p.requests else 0.0 for p in points]
    pairs = "pair" if matched == 1 else "pairs"
    return [
        Tile(
            "Requests", requests, pace, colours.accent,
            [p.requests for p in points], Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            "Matched", "≈" + short(matched) if about else percent(matched, found.requests or 0),
            pairs if about else f"{short(matched)} {pairs}", colours.good, [],
            Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            "Errors 5xx", about + percent(fives, matched), f"{fives:,} rows" if not about else f"{short(fives)} rows",
            colours.bad, failing, Drill("exchanges", "status>=500 status<600", "status 5xx"),
        ),
        Tile(
            "p50", about + spaced(found.p50), f"p95 {spaced(found.p95)}", colours.info, [p.p50_ms for p in points], high
        ),
        Tile(
            "p99", about + spaced(found.p99), f"max {spaced(found.slowest)}", colours.warn,
            [p.p99_ms for p in points], Drill("slow", "", "above p99"),
        ),
        Tile(
            "Orphans", about + (short(found.orphans) if about else f"{found.orphans:,}"), sides, colours.lost,
            [] if about else [p.orphans for p in points], Drill("orphans", "", "all orphans"),
        ),
    ]  # fmt: skip


def _access(found: Figures, report: AccessReport, colours: Palette) -> list[Tile]:
    """The tiles of access logs."""
    points, total = found.points, report.total_requests
    failed = percent(report.failed_requests, total, 1).replace(" ", "")
    fours = [p.errors_4xx / p.requests if p.requests else 0.0 for p in points]
    fives = [p.errors_5xx / p.requests if p.requests else 0.0 for p in points]
    high = Drill("slow", "", "above p99") if found.p99 is not None else None
    return [
        Tile(
            _ACCESS_NAMES[0], short(total), f"{failed} failed" if total else "none",
            colours.accent, [p.requests for p in points], Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            _ACCESS_NAMES[1], percent(report.failed_4xx, total), f"{report.failed_4xx:,} rows", colours.warn, fours,
            Drill("exchanges", "status>=400 status<500", "status 4xx"),
        ),
        Tile(
            _ACCESS_NAMES[2], percent(report.failed_5xx, total), f"{report.failed_5xx:,} rows", colours.bad, fives,
            Drill("exchanges", "status>=500 status<600", "status 5xx"),
        ),
        Tile(
            _ACCESS_NAMES[3], spaced(found.p99), f"p50 {spaced(found.p50)}" if high else "no durations", colours.info,
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
        _ACCESS_NAMES[4],
        value,
        f">{limit:,} in {every}",
        colours.lost,
        [],
        Drill("ips", "suspicious=true", "suspicious"),
    )


def _worst(report: AccessReport, colours: Palette) -> Tile:
    worst = report.worst_window
    if worst is None:
        return Tile(_ACCESS_NAMES[5], "–", "no request", colours.dim, [], None)
    start, end = instants.seconds(worst.start), instants.seconds(worst.end)
    failed = worst.errors_4xx + worst.errors_5xx
    form = "%H:%M" if not start % 60 else "%H:%M:%S"
    covered = instants.span(report.timeline)
    if covered is not None and covered[1] - covered[0] > _DAY_S:
        form = f"%d %b {form}"
    target = Drill("exchanges", f"time>={stamp(start)} time<{stamp(end)}", f"window {clocks(start, end)}")
    return Tile(
        _ACCESS_NAMES[5],
        instants.strftime(start, form),
        f"{short(failed)} failed",
        colours.bad if failed else colours.good,
        [],
        target,
    )
