"""The progress of a run, or the figures of a finished run, as rich text: stages, files, buckets, memory, rate, time."""

from pathlib import Path

from rich.cells import set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from logcorr.model.events import ProgressEvent
from logcorr.render.reading_notices import narrowed_to
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from logcorr.text.fit_columns import tail
from logcorr.text.quantities import duration, percent, short, size
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette, badge
from logcorr_tui.look.time_text import span_texts
from logcorr_tui.state.format_read import FormatRead, formats_of, formats_told
from logcorr_tui.state.session import Session

_STAGES = {
    "correlation": {"read": "Read", "pair": "Pair", "report": "Report", "export": "Finish"},
    "access": {"read": "Read", "count": "Count", "report": "Report", "export": "Finish"},
}
_FILES_SHOWN = 50


def head(session: Session, state: str, wide: int, colours: Palette) -> Text:
    """The title line: the logs, and the state of the run."""
    names = " ⋈ ".join(
        safe(Path(side[0]).name, 40) + (f" +{len(side) - 1}" if len(side) > 1 else "")
        for side in (session.logs.files.values() if session.logs else ())
        if side
    )
    grounds = {"running": colours.accent, "complete": colours.good, "failed": colours.bad}
    signs = {
        "running": "▶ running",
        "complete": "✓ complete",
        "doubtful": "! doubtful",
        "failed": "✗ failed",
        "cancelled": "■ cancelled",
    }
    line = Text.assemble(badge(colours), " ", (names, f"bold {colours.ink}"))
    if state:
        state_badge = Text(f" {signs[state]} ", style=f"bold {colours.on_badge} on {grounds.get(state, colours.warn)}")
        room = wide - line.cell_len - state_badge.cell_len - 3
        fitting = next((told for told in _time_and_size(session) if len(told) <= room), "")
        line.append(f"  {fitting}" if fitting else "", style=colours.dim)
        line.truncate(max(0, wide - state_badge.cell_len - 1), overflow="ellipsis")
        line.pad_right(max(0, wide - line.cell_len - state_badge.cell_len))
        line.append_text(state_badge)
    return line


def _time_and_size(session: Session) -> list[str]:
    """The time that the logs cover and their size, from the longest text to the shortest."""
    report, event = session.report, session.progress
    if report is None:
        return [f"{size(event.bytes_done)} of {size(event.bytes_total)}"] if event is not None else []
    total, covered = size(report.inputs.lines.bytes), instants.span(report.timeline)
    spans = span_texts(covered) if covered is not None else []
    return [*(f"{span} · {total}" for span in spans), total]


def before_figures(session: Session, colours: Palette, *, stopped: bool) -> RenderableType:
    """What happens before the engine tells how far it is."""
    if stopped:
        return Text("Nothing was read.", style=colours.dim)
    if session.logs is not None and session.logs.kind is None:
        return Text("The first lines are looked at, to tell what the log is …", style=colours.dim)
    return Group(*_formats(session, colours), Text("The engine is starting …", style=colours.dim))


def _formats(session: Session, colours: Palette) -> list[Text]:
    """What the logs of the run in progress are read as, if that was asked."""
    if session.told is None:
        return []
    return [_pairs(colours, ("Format", safe(found.sentence, 300))) for found in formats_told(session.told)]


def _formats_read(session: Session) -> list[FormatRead]:
    """The formats of the logs of the finished run, and how they were told where this session told them."""
    if session.told is not None and session.told.error is None:
        return formats_told(session.told)
    return formats_of(session.report) if session.report is not None else []


def stages(session: Session, state: str, colours: Palette) -> Text:
    """The stages in order. A sign, not only a colour, tells whether a stage is done, in progress or to come."""
    if session.logs is not None and session.logs.kind is None:
        stopped = state in ("failed", "cancelled")
        sign, ink = ("✗", colours.bad) if stopped else ("▶", colours.accent)
        return Text(f"{sign} Tell the format", style=f"bold {ink}")
    event, known = session.progress, _STAGES[session.kind]
    names = list(known)
    now = (
        len(names)
        if state in ("complete", "doubtful")
        else names.index(event.stage)
        if event and event.stage in names
        else 0
    )
    line = Text()
    for place, name in enumerate(names):
        # As plain text, a dot becomes a comma, which says nothing here.
        ahead = "" if colours.plain else "·"
        sign, style = ("✓", colours.good) if place < now else (ahead, colours.dim)
        if place == now:
            stopped = state in ("failed", "cancelled")
            sign, style = ("✗", f"bold {colours.bad}") if stopped else ("▶", f"bold {colours.accent}")
        text = f"{sign} {known[name]}".lstrip()
        if name == "pair" and event and event.buckets_total:
            text += f" {event.buckets_done}/{event.buckets_total}"
        line.append(text, style=style).append("  ─  " if place < len(names) - 1 else "", style=colours.frame)
    return line


def figures(
    session: Session, event: ProgressEvent, wide: int, colours: Palette, *, stopped: bool = False
) -> RenderableType:
    """Bars for bytes, buckets and memory; the rate, the time taken and left; the first estimates."""
    long = max(10, min(60, wide - 46))
    estimate = session.estimate
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style=colours.dim, no_wrap=True, width=8)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    told = f"{size(event.bytes_done)} of {size(event.bytes_total)}"
    rows.add_row("Read", bar(event.bytes_done, event.bytes_total, long, colours.accent, colours), told)
    if "pair" in _STAGES[session.kind]:
        buckets = f"{event.buckets_done} of {event.buckets_total} buckets" if event.buckets_total else "not yet"
        rows.add_row("Paired", bar(event.buckets_done, event.buckets_total, long, colours.good, colours), buckets)
    near = event.rss_bytes > 0.9 * event.memory_bytes
    memory = f"{size(event.rss_bytes)} of {size(event.memory_bytes)} budget{' (!)' if near else ''}"
    rows.add_row(
        "Memory",
        bar(event.rss_bytes, event.memory_bytes, long, colours.warn if near else colours.info, colours),
        memory,
    )
    left = "–" if stopped or event.eta_s is None else f"about {duration(max(round(event.eta_s), 1) * 1000)}"
    speed = _pairs(
        colours,
        ("Lines", short(event.lines)),
        ("Rate", f"{short(event.rows_per_s)}/s"),
        ("Taken", duration(event.seconds * 1000)),
        ("Left", left),
    )
    parts: list[RenderableType] = [rows, speed, *_formats(session, colours)]
    if estimate is not None:
        guess = _pairs(
            colours,
            ("p50", f"≈{duration(estimate.p50_ms)}"),
            ("p99", f"≈{duration(estimate.p99_ms)}"),
            ("orphans", f"≈{percent(estimate.orphans, estimate.matched + estimate.orphans)}"),
        )
        guess.append(f"  estimates from {100 * estimate.share:.0f} % of the logs; 1 shows them", style=colours.dim)
        parts.append(guess)
    elif "pair" not in _STAGES[session.kind]:
        parts.append(Text("Figures come when all lines are read: an analysis has no estimates.", style=colours.dim))
    return Group(*parts)


def finished(session: Session, colours: Palette) -> RenderableType | None:
    """The figures of a finished run."""
    report = session.report
    if report is None:
        return None
    run = report.run
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style=colours.dim, no_wrap=True, width=12)
    rows.add_column()
    taken = ", ".join(f"{name} {duration(seconds * 1000)}" for name, seconds in run.seconds.items())
    for name, value in (
        ("Started", f"{run.started[:19].replace('T', ' ')} UTC"),
        ("Time", f"{duration(sum(run.seconds.values()) * 1000)} ({taken})"),
        ("Peak memory", size(run.peak_rss_bytes)),
        *([("Buckets", f"{run.buckets}, {size(run.spilled_bytes)} spilled")] if session.kind == "correlation" else []),
        *(("Format", found.sentence) for found in _formats_read(session)),
        *([("Narrowed", narrowed)] if (narrowed := narrowed_to(run.options)) else []),
        ("Folder", str(session.run.place) if session.run else "–"),
        ("Version", run.version),
    ):
        rows.add_row(name, Text(safe(value, 400)))
    for warning in report.warnings:
        rows.add_row("Warning", Text(f"! {safe(warning, 400)}", style=f"bold {colours.warn}"))
    if session.changed_inputs:
        changed = safe(", ".join(session.changed_inputs), 400)
        rows.add_row("Inputs", Text(f"! gone or changed since: {changed}", style=f"bold {colours.warn}"))
    return rows


def files(session: Session, wide: int, colours: Palette) -> list[RenderableType]:
    """A line for each file: its side, its name and its size; with a bar for the share that is read, until the end."""
    event, report = session.progress, session.report
    if report is not None and session.run is not None:
        return _files_of_run(session.run, wide, colours)
    if event is None:
        return []
    shown: list[RenderableType] = [
        _file(file.side, file.file, (file.bytes_done, file.bytes_total), size(file.bytes_total), wide, colours=colours)
        for file in event.files[:_FILES_SHOWN]
    ]
    if len(event.files) > _FILES_SHOWN:
        rest = event.files[_FILES_SHOWN:]
        done, total = sum(file.bytes_done for file in rest), sum(file.bytes_total for file in rest)
        shown.append(_file("", f"{len(rest)} more files", (done, total), size(total), wide, colours=colours))
    return shown


def bar(done: float, whole: float, wide: int, colour: str, colours: Palette) -> Text:
    """A heavy line on a thin line, which is full only at the end. As plain text, the share alone."""
    share = min(max(done / whole, 0.0), 1.0) if whole else 0.0
    if colours.plain:
        return Text(f"{share:.0%}")
    halves = int(share * wide * 2)
    text = "━" * (halves // 2) + "╸" * (halves % 2)
    return Text.assemble((text, colour), ("─" * (wide - len(text)), colours.frame))


def _files_of_run(run: RunFolder, wide: int, colours: Palette) -> list[RenderableType]:
    """A line for each file of a finished run: its side, its name, its size."""
    manifest = run.manifest
    inputs = [
        (side, name, file)
        for side, found in manifest.inputs.items()
        for name, file in zip(manifest.files[side], found, strict=True)
    ]
    sizes = [size(file.bytes) for *_, file in inputs]
    longest = max(map(len, sizes), default=0)
    shown: list[RenderableType] = []
    for (side, name, _), told in list(zip(inputs, sizes, strict=True))[:_FILES_SHOWN]:
        line = Text(f"{side:<9}", style=colours.dim, no_wrap=True, overflow="ellipsis")
        line.append(f" {told:>{longest}}  ", style=colours.ink)
        # The end of a path tells more than its folders.
        line.append(tail(safe(name[-500:], 500), max(wide - line.cell_len, 8)), style=colours.ink)
        shown.append(line)
    if len(inputs) > _FILES_SHOWN:
        shown.append(Text(f"{len(inputs) - _FILES_SHOWN} more files", style=colours.dim))
    return shown


def _file(side: str, name: str, extent: tuple[int, int], told: str, wide: int, *, colours: Palette) -> Text:
    long = max(4, min(40, wide - 54))
    done, whole = extent
    share = done / whole if whole else 1.0
    # The end of a path tells more than its folders.
    room = 29 if wide >= 62 else max(wide - long - 29, 8)
    label = tail(safe(name[-500:], 500), room - 1)
    shown = Text(f"{side:<9}", style=colours.dim)
    shown.append(set_cell_size(label, room), style=colours.ink)
    shown.append_text(bar(share, 1, long, colours.good if share >= 1 else colours.accent, colours))
    shown.append(f" {share:>4.0%}  {told}", style=colours.ink)
    shown.no_wrap, shown.overflow = True, "ellipsis"
    return shown


def _pairs(colours: Palette, *pairs: tuple[str, str]) -> Text:
    line = Text()
    for name, value in pairs:
        line.append(f"{name} ", style=colours.dim).append(f"{value}   ", style=f"bold {colours.ink}")
    return line
