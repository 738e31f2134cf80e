"""The framed tables of summaries: status codes and percentiles for both kinds of runs, others for correlations."""

import math
from collections.abc import Sequence

from msgspec import UnsetType
from rich.console import Group, JustifyMethod, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.model.access_report import RunReport
from logcorr.model.report import Latency, Report
from logcorr.model.status import class_of, code_of, in_order, key_of, phrase
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.text.instants import clock_and_day
from logcorr.text.quantities import duration, percent, short
from logcorr.text.safe import safe

GREEN, AMBER, RED, BLUE, CYAN, PURPLE = "#9ece6a", "#e0af68", "#f7768e", "#7aa2f7", "#7dcfff", "#bb9af7"
DIM, FRAME = "#787c99", "#565f89"

_CLASSES = {2: ("2xx", GREEN), 3: ("3xx", CYAN), 4: ("4xx", AMBER), 5: ("5xx", RED), 0: ("other", PURPLE)}
_SHOWN = 8
_FIRST_ROWS = 5
# The cells of a status code and the blank behind it.
_CODE = 4


def panel(title: str, note: str | Text, body: RenderableType | Sequence[Text]) -> Panel:
    """A frame with a title, a dim note beside the title, and lines or a table inside."""
    head = Text.assemble((title, "bold default"))
    if note:
        head.append(" · ", DIM).append(Text(note, DIM) if isinstance(note, str) else note)
    inner = Group(*body) if isinstance(body, Sequence) else body
    return Panel(inner, title=head, title_align="left", border_style=FRAME, padding=(0, 1))


def ink_of(code: str) -> str:
    """The colour of a status code's class."""
    return _CLASSES[class_of(code_of(code))][1]


def status(counts: dict[str, int], unanswered: int, width: int, *, color: bool) -> list[Text]:
    """A bar of the classes, the share of each class, and a line for each code. The rarest codes share a line."""
    total = sum(counts.values())
    # Without colour the bar of classes would be one block. Its legend tells the same.
    lines = _classes(counts, total, width)[0 if color else 1 :] if total else []
    codes = sorted(in_order(counts), key=lambda code: -counts[code])
    top = max(counts.values(), default=1)
    for code in in_order(codes[:_SHOWN]):
        name, count = phrase(code_of(code)), counts[code]
        lines.append(_bar_line((code, name, ink_of(code)), count, percent(count, total), top, width))
    if codes[_SHOWN:]:
        rest = sum(counts[code] for code in codes[_SHOWN:])
        lines.append(_bar_line(("…", f"{len(codes) - _SHOWN} more", DIM), rest, percent(rest, total), top, width))
    if unanswered:
        lines.append(_bar_line(("–", "No response", PURPLE), unanswered, "", top, width))
    return lines


def ledger(report: Report) -> Panel:
    """How many lines of each side became what. The last sum must be the number of lines.

    Where one log holds both sides, the sum of a side is the number of its entries: see `log_ledger`.
    """
    sides = report.inputs.requests, report.inputs.responses
    lines = [side.line_counts for side in sides]
    lost = report.orphans.request, report.orphans.response
    table = grid(("", None), ("requests", "right"), ("responses", "right"))

    def row(name: str, numbers: Sequence[int], style: str, *, always: bool = True) -> None:
        if always or any(numbers):
            cells = (Text(f"{n:,}" if n else "–", style if n else DIM) for n in numbers)
            table.add_row(Text(name, style if style in {"bold", DIM} else ""), *cells)

    row("matched", [s.matched for s in sides], GREEN)
    row("orphans", [s.orphans for s in sides], PURPLE)
    # Of a narrowed run the reasons are those of the orphans that it reports.
    whole_log = not any(side.left_out for side in sides)
    for reason in occurring_reasons(ORPHAN_REASONS, *lost) if whole_log else ():
        row(f"  {reason.replace('_', ' ')}", [side.get(reason, 0) for side in lost], DIM)
    whole = all(side.has_lines for side in sides)
    row("malformed", [side.all_malformed for side in lines], RED, always=whole)
    for reason in occurring_reasons(PAIR_REASONS, *(side.malformed for side in lines)):
        row(f"  {reason.replace('_', ' ')}", [side.malformed.get(reason, 0) for side in lines], DIM)
    row("redelivered", [s.redelivered for s in sides], "none")
    row("superseded", [s.superseded for s in sides], "none", always=False)
    row("surplus", [s.surplus for s in sides], "none", always=False)
    row("other", [side.other for side in lines], "none", always=False)
    row("header", [side.header for side in lines], "none", always=False)
    row("blank", [side.blank for side in lines], "none", always=False)
    table.add_section()
    marks = (Text(" ✓", GREEN) if side.closes() else Text(" ✗", RED) for side in sides)
    sums = (Text(f"{side.total:,}", "bold") for side in sides)
    table.add_row(Text("= lines" if whole else "= entries", "bold"), *sums)
    table.add_row(Text("accounted for", DIM), *marks)
    row("repaired", [side.repaired for side in lines], DIM, always=False)
    row("left out", [side.left_out for side in sides], DIM, always=False)
    row("not read", [side.skipped or 0 for side in sides], DIM, always=False)
    return panel("Ledger", "every line once" if whole else "every entry once", table)


def log_ledger(report: Report) -> Panel | None:
    """How many lines of a log with both events became what; None where each side has logs of its own."""
    log = report.inputs.log
    if isinstance(log, UnsetType):
        return None
    table = grid(("", None), ("lines", "right"), ("share", "right"))

    def row(name: str, number: int, style: str, *, always: bool = True) -> None:
        if always or number:
            share = Text(percent(number, log.lines) if number else "", DIM)
            cell = Text(f"{number:,}" if number else "–", style if number else DIM)
            table.add_row(Text(name, DIM if style == DIM else ""), cell, share)

    row("requests", log.requests, GREEN)
    row("responses", log.responses, GREEN)
    row("other", log.other, "none")
    row("malformed", sum(log.malformed.values()), RED)
    for reason in occurring_reasons(PAIR_REASONS, log.malformed):
        row(f"  {reason.replace('_', ' ')}", log.malformed.get(reason, 0), DIM)
    row("header", log.header, "none", always=False)
    row("blank", log.blank, "none", always=False)
    table.add_row(Text("= lines", "bold"), Text(f"{log.lines:,}", "bold"), Text())
    table.add_row(Text("accounted for", DIM), Text("✓", GREEN) if log.closes() else Text("✗", RED), Text())
    row("repaired", log.repaired, DIM, always=False)
    row("not read", log.skipped or 0, DIM, always=False)
    return panel("Lines", "every line once", table)


def percentiles(report: RunReport) -> Panel:
    """The latency of all, of successful and of failed exchanges."""
    table = grid(("", None), ("all", "right"), ("success", "right"), ("failure", "right"))
    columns = report.latency, report.latency_success, report.latency_failure
    inks = "", GREEN, RED

    def row(name: str, texts: Sequence[str], style: str = "") -> None:
        cells = (Text(t, f"{style} {ink}".strip()) for t, ink in zip(texts, inks, strict=True))
        table.add_row(Text(name, style or DIM), *cells)

    row("count", [short(c.count) for c in columns])
    for name, bold in _FIGURES:
        row(name.replace("999", "99.9"), [duration(_figure(c, name)) for c in columns], "bold" if bold else "")
    return panel("Latency", report.latency.accuracy, table)


def slowest(report: Report, *, users: bool = True) -> Panel:
    """The slowest exchanges, with their users where there is room for them."""
    columns = (
        ("took", "right"),
        ("status", "right"),
        ("request", "fill"),
        *((("user", None),) * users),
        ("asked at", None),
    )
    table = grid(*columns)
    rows = report.slowest[:_FIRST_ROWS]
    for row in rows:
        code = key_of(row.status_code)
        table.add_row(
            Text(duration(row.duration_ms), f"bold {AMBER}"),
            Text(code, ink_of(code)),
            Text(safe(row.request_id, 64)),
            *((Text(safe(row.user_id, 24), DIM if row.user_id is None else ""),) * users),
            Text(asked_at(row.request_time), DIM),
        )
    return panel("Slowest", first_of(rows, report.slowest_total), table)


def first_of(rows: Sequence[object], total: int, by: str = "") -> str:
    """The note of a table that ends early: how many rows it has, of how many; and what they are in the order of."""
    ordered = f"by {by}" if by else ""
    return f"first {len(rows):,} of {total:,} {ordered}".rstrip() if total > len(rows) else ordered


def asked_at(time: str | None) -> str:
    """A time of a report to the millisecond; a dash where there is none."""
    return safe(clock_and_day(time)[:23]) if time is not None else "–"


def users(report: Report) -> Panel:
    """The users with the most requests."""
    table = grid(("user", "fill"), ("requests", "right"), ("errors", "right"), ("orphans", "right"), ("p99", "right"))
    rows = report.users[:_FIRST_ROWS]
    for row in rows:
        table.add_row(
            Text(safe(row.user_id, 24), DIM if row.user_id is None else ""),
            Text(f"{row.requests:,}", "bold"),
            Text(f"{row.errors:,}", RED if row.errors else DIM),
            Text(f"{row.orphans:,}", PURPLE if row.orphans else DIM),
            Text(duration(row.p99_ms)),
        )
    return panel("Busiest users", first_of(rows, report.users_total), table)


_FIGURES = (
    ("min", False),
    ("mean", False),
    ("p50", True),
    ("p90", False),
    ("p95", False),
    ("p99", True),
    ("p999", False),
    ("max", False),
)


def _figure(latency: Latency, name: str) -> float | None:
    value: float | None = getattr(latency, f"{name}_ms")
    return value


def grid(*columns: tuple[str, str | None]) -> Table:
    """A table without lines, as wide as its panel. Columns are (title, kind).

    A column of kind `fill` takes the width that other columns leave. Without it, all columns share that width.
    """
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style=DIM)
    for name, kind in columns:
        side: JustifyMethod = "right" if kind == "right" else "left"
        ratio = 1 if kind == "fill" else None
        table.add_column(Text(name), justify=side, no_wrap=True, overflow="ellipsis", ratio=ratio)
    return table


def occurring_reasons(known: Sequence[str], *counts: dict[str, int]) -> list[str]:
    """The reasons that occur: first `known` reasons in their order, then reasons of a later version."""
    occurring = {reason for side in counts for reason, n in side.items() if n}
    return [r for r in known if r in occurring] + sorted(occurring.difference(known))


def _classes(counts: dict[str, int], total: int, width: int) -> list[Text]:
    """A bar of all exchanges by class of status, and its legend."""
    sums = {kind: sum(n for code, n in counts.items() if class_of(code_of(code)) == kind) for kind in _CLASSES}
    shown = [kind for kind, n in sums.items() if n]
    cells = {kind: max(round(width * sums[kind] / total), 1) for kind in shown}
    cells[max(shown, key=lambda kind: cells[kind])] += width - sum(cells.values())
    bar, legend = Text(), Text()
    for kind in shown:
        name, ink = _CLASSES[kind]
        bar.append("█" * cells[kind], ink)
        share = percent(sums[kind], total, 0 if 0.1 < sums[kind] / total < 0.99 else 1).replace(" %", "%")
        if legend.cell_len + len(name) + len(share) + 3 <= width:
            legend.append("■ ", ink).append(f"{name} ", DIM).append(share, "bold").append(" ")
    legend.rstrip()
    return [bar, legend]


def _bar_line(label: tuple[str, str, str], count: int, share: str, top: int, width: int) -> Text:
    """A line of code, name, bar on a log scale, count and share. `label` is code, name and colour."""
    code, name, ink = label
    figures = f"{count:,}" if width >= 60 and count < 10**10 else short(count)
    room, column = (21, 14) if width >= 60 else (17, 7)
    cells = max(width - room - column - 13, 4)
    filled = min(max(round(cells * math.log1p(count) / math.log1p(top)), 1), cells)
    # The key of no status is longer than a code.
    code = f"{code:<3} "
    room -= len(code) - _CODE
    name = name if len(name) <= room else name[: room - 1] + "…"
    line = Text.assemble((code, f"bold {ink}"), (f"{name:<{room}} ", DIM))
    line.append("━" * filled, ink).append("─" * (cells - filled), FRAME)
    return line.append(f"{figures:>{column}}").append(f"{share:>8}", DIM)
