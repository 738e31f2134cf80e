"""The readable comparison of two runs, as a terminal shows it: first what got worse, then everything side by side."""

from pathlib import PurePath

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from logcorr.model.diff import LEAST_SIGMA, Diff, DiffRun, Figure
from logcorr.render import diff_tables, pair_panels
from logcorr.render.diff_tables import Inks
from logcorr.render.pair_panels import BLUE, DIM, GREEN, RED
from logcorr.render.terminal_text import terminal_text
from logcorr.text import instants
from logcorr.text.fit_columns import head
from logcorr.text.quantities import duration, short
from logcorr.text.safe import safe

NARROW, WIDEST = 72, 160
_WORST = 6
_BESIDE_NAME = 58
_PAIR = " ⋈ "
# As much of a key as tells runs apart, and finds them again.
_KEY_SHOWN = 8
Parts = list[str | tuple[str, str]]


def render_diff(diff: Diff, *, width: int, color: bool) -> str:
    """The whole comparison as lines for a terminal `width` cells wide; without `color` there is no escape in it."""
    width = min(max(width, NARROW), WIDEST)
    return terminal_text(_parts(diff, width), width, color=color)


def headline(diff: Diff, width: int, inks: Inks) -> list[Text]:
    """What got worse: figures by ratio, then the users or endpoints worst off; and whether A and B were made alike."""
    found = {figure.name: figure for figure in diff.figures}
    # A part says the same as its whole.
    worst = [name for name in diff.worse if "." not in name] or diff.worse
    told = [_worse(found[name], inks) for name in worst[:_WORST]]
    if len(worst) > _WORST:
        told.append([(f"and {len(worst) - _WORST} more below", inks.dim)])
    told += _worst_groups(diff, width, inks)
    lines = [Text.assemble((" ▌ ", inks.bad), *parts) for parts in told]
    if not lines:
        said = "all is within one percent, or within what chance makes"
        lines = [Text.assemble((" ▌ ", inks.good), ("Nothing got worse  ", "bold"), (said, inks.dim))]
    for name, (a, b) in diff.options.items():
        other = f"{safe(name)} {safe(str(a), 40)} in A, {safe(str(b), 40)} in B"
        lines.append(Text.assemble((" ▌ ", inks.warn), ("Made with other options  ", "bold"), other))
    return lines


def got_worse(diff: Diff) -> bool:
    """Whether anything did."""
    return bool(diff.worse or diff.groups.worse or diff.groups.slower)


class Section(msgspec.Struct, frozen=True):
    """A table with its title and the note beside it."""

    name: str
    title: str
    note: str
    table: Table


def sections(diff: Diff, width: int, inks: Inks) -> list[Section]:
    """The tables that have anything to show, each for a frame `width` cells wide."""
    groups = f"{diff_tables.group_name(diff)}s".capitalize()
    found = [Section("figures", "Figures", "B against A", diff_tables.figures(diff, inks))]
    if any(figure.unit == "ms" for figure in diff.figures):
        found.append(Section("latency", "Latency", "B against A", diff_tables.latency(diff, width, inks)))
    if diff.statuses:
        found.append(Section("statuses", "Status codes", "shares of all", diff_tables.statuses(diff, width, inks)))
    for rows, what, title, table in (
        (diff.groups.rows, "failing", f"{groups} by failures", diff_tables.failing),
        (diff.groups.by_latency, "slowing", f"{groups} by latency", diff_tables.slowing),
    ):
        if rows:
            found.append(Section(what, title, note(diff, what, width - len(title) - 9), table(diff, width, inks)))
    return found


def run_line(name: str, run: DiffRun, width: int, dim: str = DIM) -> Text:
    """`A  86e3879c  requests.log ⋈ responses.log  21 Nov 2025 14:00 – 16:00 UTC`."""
    line = Text.assemble((f" {name} ", "bold"), " ", (safe(run.run[:_KEY_SHOWN]), dim), "  ")
    room = max(width // 2 - 4, 20)
    line.append(head(safe(logs(run), room), room), "bold")
    hours = _hours(run)
    if line.cell_len + len(hours) + 2 <= width:
        line.append(f"  {hours}", dim)
    line.truncate(width, overflow="ellipsis")
    return line


def logs(run: DiffRun) -> str:
    """The names of a run's logs, the first of each side."""
    names = [_named(files) for files in run.files.values() if files]
    return _PAIR.join(names) or "–"


def note(diff: Diff, what: str, room: int) -> str:
    """What stands beside the title of a table of groups: as much of it as there is room for."""
    groups = diff.groups
    many = f"{max(groups.a, groups.b):,}"
    if what == "failing":
        parts = [f"{groups.worse:,} of {many} worse", f"{groups.better:,} better"]
        parts += [f"{n:,} {which}" for n, which in ((groups.new, "new"), (groups.gone, "gone")) if n]
    else:
        parts = [f"{groups.slower:,} of {many} slower", f"{groups.faster:,} faster"]
    while len(parts) > 1 and len(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)


def legend(diff: Diff) -> str:
    """How to read the signs and the columns."""
    name = diff_tables.group_name(diff)
    lost = " A request without a response has failed, too." if diff.kind == "correlation" else ""
    return (
        "= is less than one percent apart, or no more than chance makes of it "
        f"({LEAST_SIGMA:g} sigma, {diff.groups.least_sigma:.1f} for {name}s). pp are percentage points. "
        f"extra is what B has beyond A's rate or pace for as many requests.{lost}"
    )


def _parts(diff: Diff, width: int) -> list[RenderableType]:
    inks, worse = Inks(), got_worse(diff)
    badge = Text(" ▲ worse " if worse else " √ not worse ", f"bold #1a1b26 on {RED if worse else GREEN}")
    title = Text.assemble((" ◆ logcorr diff ", f"bold #1a1b26 on {BLUE}"))
    top = Text.assemble(title, " " * max(width - title.cell_len - badge.cell_len, 1), badge)
    parts: list[RenderableType] = [top, run_line("A", diff.a, width), run_line("B", diff.b, width), Text()]
    parts += [*headline(diff, width, inks), Text()]
    parts += [pair_panels.panel(part.title, part.note, part.table) for part in sections(diff, width, inks)]
    return [*parts, Text(f" {legend(diff)}", DIM)]


def _worse(figure: Figure, inks: Inks) -> Parts:
    a, b = (diff_tables.value(figure, number) for number in (figure.a, figure.b))
    return [(f"{diff_tables.full_name(figure.name):<16}", "bold"), f"{a} → {b}  ", (diff_tables.by(figure), inks.bad)]


def _worst_groups(diff: Diff, width: int, inks: Inks) -> list[Parts]:
    told: list[Parts] = []
    room = max(width - _BESIDE_NAME, 12)
    name = diff_tables.group_name(diff)
    if diff.groups.worse:
        row = diff.groups.rows[0]
        rates = f"  {diff_tables.share(row.failure_rate_a)} → {diff_tables.share(row.failure_rate_b)} failed  "
        extra = f"+{short(round(row.extra_failures or 0))}"
        told.append([(f"{name:<16}", "bold"), head(safe(row.name, room), room), rates, (extra, inks.bad)])
    if diff.groups.slower:
        row = diff.groups.by_latency[0]
        spans = f"  p50 {duration(row.p50_a_ms)} → {duration(row.p50_b_ms)}  "
        extra = f"+{duration(row.extra_ms)}"
        told.append([(f"{name:<16}", "bold"), head(safe(row.name, room), room), spans, (extra, inks.bad)])
    return told


def _named(files: list[str]) -> str:
    more = f" +{len(files) - 1}" if len(files) > 1 else ""
    path = PurePath(files[0])
    # Two runs of logs of one name differ by the folder.
    return "/".join(path.parts[-2:]) + more if path.name else files[0] + more


def _hours(run: DiffRun) -> str:
    if run.start is None or run.end is None:
        return ""
    first, last = instants.seconds(run.start), instants.seconds(run.end)
    days = [instants.clock(at, "%d %b %Y") for at in (first, last)]
    hours = [instants.clock(at, "%H:%M" if not (first % 60 or last % 60) else "%H:%M:%S") for at in (first, last)]
    return f"{days[0]} {hours[0]} – {'' if days[0] == days[1] else days[1] + ' '}{hours[1]} UTC"
