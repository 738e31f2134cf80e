"""The comparison of two runs as text for a terminal: first what got worse, then tables of all figures."""

from pathlib import PurePath
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from logcorr.model.diff import LEAST_SIGMA, Diff, DiffRun, Figure, Groups
from logcorr.render import diff_tables, summary_tables
from logcorr.render.diff_tables import Inks
from logcorr.render.summary_tables import BLUE, DIM, GREEN, RED
from logcorr.render.terminal_text import terminal_text
from logcorr.text import instants
from logcorr.text.fit_columns import head
from logcorr.text.option_words import option_words
from logcorr.text.quantities import duration, short
from logcorr.text.safe import safe

NARROW, WIDEST = 60, 160
_WORST = 6
_BESIDE_NAME = 58
_EXPLAINED = 100
_PAIR = " ⋈ "
# The characters of a key that are shown: enough to tell runs apart and to find a run by.
_KEY_SHOWN = 8
# Text, or text and its style.
Fragments = list[str | tuple[str, str]]


def render_diff(diff: Diff, *, width: int, color: bool) -> str:
    """The comparison as lines for a terminal `width` cells wide. Without `color` there are no escapes in it."""
    width = min(max(width, NARROW), WIDEST)
    return terminal_text(_blocks(diff, width), width, color=color)


def headline(diff: Diff, width: int, inks: Inks) -> list[Text]:
    """What got worse: figures by ratio, then the worst user or endpoint; then options that differ between A and B."""
    by_name = {figure.name: figure for figure in diff.figures}
    # A rate by reason says the same as the whole rate.
    worst = [name for name in diff.worse if "." not in name] or diff.worse
    worse_lines = [_worse(by_name[name], inks) for name in worst[:_WORST]]
    if len(worst) > _WORST:
        worse_lines.append([(f"and {len(worst) - _WORST} more below", inks.dim)])
    for groups in (diff.groups, *diff.more):
        worse_lines += _worst_groups(groups, width, inks)
    lines = [Text.assemble((" ▌ ", inks.bad), *fragments) for fragments in worse_lines]
    if not lines:
        said = "all is within one percent, or within what chance makes"
        lines = [Text.assemble((" ▌ ", inks.good), ("Nothing got worse  ", "bold"), (said, inks.dim))]
    for name, (a, b) in diff.options.items():
        if name == "formats":
            lines.append(Text.assemble((" ▌ ", inks.warn), ("Read in other formats  ", "bold"), _formats(a, b)))
            continue
        in_a, in_b = (dict(option_words(name, value)) for value in (a, b))
        plain = next(iter({**in_a, **in_b}), name)
        shown = (safe(", ".join(values.values()) or "not given", 40) for values in (in_a, in_b))
        other = "{} {} in A, {} in B".format(safe(plain.replace("_", " ")), *shown)
        lines.append(Text.assemble((" ▌ ", inks.warn), ("Made with other options  ", "bold"), other))
    return lines


def _formats(a: Any, b: Any) -> str:
    """The formats of two runs, which keep them as name, hash of the profile and heads: of each log, or of all files."""
    of_a, of_b = (", ".join(dict.fromkeys(map(_format, _keys(told)))) or "logcorr" for told in (a, b))
    if of_a == of_b:
        return f"{safe(of_a, 40)} in both, but the profile said other things"
    return f"{safe(of_a, 40)} in A, {safe(of_b, 40)} in B"


def _keys(told: Any) -> list[list[str]]:
    return list(told.values()) if isinstance(told, dict) else told or []


def _format(key: list[str]) -> str:
    name, _, *heads = key
    return f"{name} behind {' and '.join(heads)}" if heads else name


def got_worse(diff: Diff) -> bool:
    """Whether any figure or group got worse."""
    return bool(diff.worse or any(groups.worse or groups.slower for groups in (diff.groups, *diff.more)))


class Section(msgspec.Struct, frozen=True):
    """A table with its title and the note beside the title. Tables of one name are of one kind."""

    name: str
    title: str
    note: str
    table: Table


def sections(diff: Diff, width: int, inks: Inks) -> list[Section]:
    """The tables that have rows, each for a frame `width` cells wide."""
    shown = [Section("figures", "Figures", "B against A", diff_tables.figures(diff, inks))]
    if any(figure.unit == "ms" for figure in diff.figures):
        shown.append(Section("latency", "Latency", "B against A", diff_tables.latency(diff, width, inks)))
    if diff.statuses:
        shown.append(Section("statuses", "Status codes", "shares of all", diff_tables.statuses(diff, width, inks)))
    shown += _group_sections(diff.groups, width, inks)
    for groups in diff.more:
        # Of further attributes only what changed is shown.
        changed = msgspec.structs.replace(
            groups,
            rows=[row for row in groups.rows if row.verdict != "same"],
            by_latency=[row for row in groups.by_latency if row.latency_verdict != "same"],
        )
        shown += _group_sections(changed, width, inks)
    return shown


def _group_sections(groups: Groups, width: int, inks: Inks) -> list[Section]:
    """The tables of the groups of one attribute, by failures and by latency."""
    shown = []
    name = f"{diff_tables.group_name(groups)}s".capitalize()
    for rows, what, title, table in (
        (groups.rows, "failing", f"{name} by failures", diff_tables.failing),
        (groups.by_latency, "slowing", f"{name} by latency", diff_tables.slowing),
    ):
        if rows:
            shown.append(Section(what, title, note(groups, what, width - len(title) - 9), table(groups, width, inks)))
    return shown


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
    """The names of the logs of a run: the first file of each side."""
    names = [_named(files) for files in run.files.values() if files]
    return _PAIR.join(names) or "–"


def note(groups: Groups, what: str, room: int) -> str:
    """The note beside the title of a table of groups, cut to `room` cells. `what` is `failing` or `slowing`."""
    total = f"{max(groups.a, groups.b):,}"
    if what == "failing":
        counts = [f"{groups.worse:,} of {total} worse", f"{groups.better:,} better"]
        counts += [f"{n:,} {which}" for n, which in ((groups.new, "new"), (groups.gone, "gone")) if n]
    else:
        counts = [f"{groups.slower:,} of {total} slower", f"{groups.faster:,} faster"]
    while len(counts) > 1 and len(" · ".join(counts)) > room:
        counts.pop()
    return " · ".join(counts)


def legend(diff: Diff) -> str:
    """What the signs and the columns mean."""
    name = diff_tables.group_name(diff.groups)
    lost = " A request without a response has failed, too." if diff.kind == "correlation" else ""
    return (
        "= is less than one percent apart, or no more than chance makes of it "
        f"({LEAST_SIGMA:g} sigma, {diff.groups.least_sigma:.1f} for {name}s). pp are percentage points. "
        f"extra is what B has beyond A's rate or pace for as many requests.{lost}"
    )


def _blocks(diff: Diff, width: int) -> list[RenderableType]:
    inks, worse = Inks(), got_worse(diff)
    badge = Text(" ▲ worse " if worse else " ✓ not worse ", f"bold #1a1b26 on {RED if worse else GREEN}")
    title = Text.assemble((" ◆ logcorr diff ", f"bold #1a1b26 on {BLUE}"))
    top = Text.assemble(title, " " * max(width - title.cell_len - badge.cell_len, 1), badge)
    blocks: list[RenderableType] = [top, run_line("A", diff.a, width), run_line("B", diff.b, width), Text()]
    blocks += [*headline(diff, width, inks), Text()]
    blocks += [
        summary_tables.panel(section.title, section.note, section.table) for section in sections(diff, width, inks)
    ]
    return [*blocks, Text(f" {legend(diff)}", DIM)]


def _worse(figure: Figure, inks: Inks) -> Fragments:
    a, b = (diff_tables.value(figure, number) for number in (figure.a, figure.b))
    return [(f"{diff_tables.full_name(figure.name):<16}", "bold"), f"{a} → {b}  ", (diff_tables.by(figure), inks.bad)]


def _worst_groups(groups: Groups, width: int, inks: Inks) -> list[Fragments]:
    lines: list[Fragments] = []
    room = max(width - _BESIDE_NAME, 12)
    name = diff_tables.group_name(groups)
    if groups.worse:
        row = groups.rows[0]
        rates = f"  {diff_tables.share(row.failure_rate_a)} → {diff_tables.share(row.failure_rate_b)} failed  "
        extra = f"+{short(round(row.extra_failures or 0))}{_beyond('rate', width)}"
        lines.append([(f"{name:<16}", "bold"), head(safe(row.name, room), room), rates, (extra, inks.bad)])
    if groups.slower:
        row = groups.by_latency[0]
        medians = f"  p50 {duration(row.p50_a_ms)} → {duration(row.p50_b_ms)}  "
        extra = f"+{duration(row.extra_ms)}{_beyond('pace', width)}"
        lines.append([(f"{name:<16}", "bold"), head(safe(row.name, room), room), medians, (extra, inks.bad)])
    return lines


def _beyond(what: str, width: int) -> str:
    """Says what a number is more than, where there is room. The legend says it too."""
    return f" beyond A's {what}" if width >= _EXPLAINED else ""


def _named(files: list[str]) -> str:
    others = f" +{len(files) - 1}" if len(files) > 1 else ""
    path = PurePath(files[0])
    # Two runs may be of logs of one name, which only their folders tell apart.
    return "/".join(path.parts[-2:]) + others if path.name else files[0] + others


def _hours(run: DiffRun) -> str:
    if run.start is None or run.end is None:
        return ""
    first, last = instants.seconds(run.start), instants.seconds(run.end)
    days = [instants.strftime(at, "%d %b %Y") for at in (first, last)]
    zone = instants.zone_label(first)
    hours = [instants.strftime(at, "%H:%M" if not (first % 60 or last % 60) else "%H:%M:%S") for at in (first, last)]
    return f"{days[0]} {hours[0]} – {'' if days[0] == days[1] else days[1] + ' '}{hours[1]} {zone}"
