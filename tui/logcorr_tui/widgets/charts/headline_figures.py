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

_PAIR_NAMES = ("Requests", "Matched", "Errors", "p50", "p99", "Orphans")
_ACCESS_NAMES = ("Requests", "Errors", "p50", "p99", "Suspicious", "Worst time")
_DAY_S = 86_400


@dataclass(frozen=True)
class Tile:
    """A tile. `longer` are notes that say more than `note`, the longest first; `trend` is drawn beside the value."""

    name: str
    value: str
    note: str
    ink: str
    trend: Sequence[float | None]
    target: Drill | None
    longer: Sequence[str] = ()


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
    points, matched = found.points, found.matched
    peak = max((p.requests for p in points), default=0) / (found.bucket_s or 1)
    pace = f"{about}{short(peak)}/s peak" if points else "at the end" if about else "no clock" if matched else "none"
    requests = "–" if found.requests is None else short(found.requests)
    lost = found.request_orphans
    sides: list[str] = []
    if lost is not None:
        asked, answered = short(lost), short(found.orphans - lost)
        sides = [f"{asked} requests, {answered} responses", f"{asked} req, {answered} resp", f"{asked} unanswered"]
    high = None if found.p50 is None else Drill("exchanges", f"duration>={bound(found.p50)}", "at or above p50")
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
        _errors(found, colours),
        Tile(
            "p50", about + spaced(found.p50), f"p95 {spaced(found.p95)}", colours.info, [p.p50_ms for p in points], high
        ),
        Tile(
            "p99", about + spaced(found.p99), f"max {spaced(found.slowest)}", colours.warn,
            [p.p99_ms for p in points], Drill("slow", "", "above p99"),
        ),
        Tile(
            "Orphans", about + (short(found.orphans) if about else f"{found.orphans:,}"), "both sides", colours.lost,
            [] if about else [p.orphans for p in points], Drill("orphans", "", "all orphans"), sides,
        ),
    ]  # fmt: skip


def _access(found: Figures, report: AccessReport, colours: Palette) -> list[Tile]:
    """The tiles of access logs."""
    points, total = found.points, report.total_requests
    mean = f"{short(max((p.requests for p in points), default=0) / (found.bucket_s or 1))}/s peak"
    slow = Drill("slow", "", "above p99") if found.p99 is not None else None
    high = None if found.p50 is None else Drill("exchanges", f"duration>={bound(found.p50)}", "at or above p50")
    return [
        Tile(
            _ACCESS_NAMES[0], short(total), mean if points else "none",
            colours.accent, [p.requests for p in points], Drill("exchanges", "", "all exchanges"),
        ),
        _errors(found, colours),
        Tile(
            _ACCESS_NAMES[2], spaced(found.p50), f"p95 {spaced(found.p95)}" if high else "no durations", colours.info,
            [p.p50_ms for p in points], high,
        ),
        Tile(
            _ACCESS_NAMES[3], spaced(found.p99), f"max {spaced(found.slowest)}" if slow else "", colours.warn,
            [p.p99_ms for p in points], slow,
        ),
        _suspicious(report, colours),
        _worst(report, colours),
    ]  # fmt: skip


def _errors(found: Figures, colours: Palette) -> Tile:
    """The share of exchanges that failed, as the errors view and the summary have it, and that of 5xx."""
    about = "≈" if found.share is not None else ""
    failing = [(p.errors_4xx + p.errors_5xx) / p.requests if p.requests else 0.0 for p in found.points]
    note = f"5xx {percent(found.server_errors, found.matched)}"
    return Tile(
        "Errors", about + percent(found.failures, found.matched), note, colours.bad, failing,
        Drill("errors", "", "all errors"),
    )  # fmt: skip


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
