"""The sections of the detail of one row: its fields, and the raw lines of its entries."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from logcorr.model.report import Report
from logcorr.pairing.orphan_reasons import BEFORE_START, IN_FLIGHT, LOST, REPEATED_ID, TOO_FAR, edge_us
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from logcorr.text.quantities import duration
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.look.status_codes import status_class
from logcorr_tui.state.found_rows import RowSource
from logcorr_tui.widgets.table.cells import cell_text
from logcorr_tui.work.line_positions import only_log
from logcorr_tui.work.raw_lines import Excerpt
from logcorr_tui.work.related_rows import Value

_LINE_LIMIT = 1000
# The cells of the mark and the number in front of a raw line.
NUMBER_CELLS = 12


def fields(pages: RowSource, row: Value, colours: Mapping[str, str]) -> list[Text]:
    """A line of text for each field."""
    side = row.get("side", only_log(pages.files))
    wide = max(cell_len(column.title) for column in pages.columns)
    lines = []
    for column in pages.columns:
        value = row[column.name]
        line = Text(set_cell_size(safe(column.title, 30), wide + 2), style="dim")
        shown = cell_text(column, value, pages.files, side if isinstance(side, str) else None)
        if isinstance(value, str):
            shown = safe(value, _LINE_LIMIT)
        if column.kind == "duration" and isinstance(value, int):
            shown += f"  ({value:,} µs)"
        style = "not dim bold"
        if column.kind == "status" and isinstance(value, int):
            style += f" {colours[status_class(value)]}"
        line.append(shown, style=style)
        if column.name == "reason" and isinstance(value, str):
            why = why_orphan(row, pages.run) if "time" in row else ""
            line.append(f"  {why}" if why else "", style="not bold")
        lines.append(line)
    return lines


def why_orphan(row: Value, run: RunFolder) -> str:
    """What the reason of an orphan means, with numbers. Reads the report."""
    report, options = run.report, run.manifest.options
    if not isinstance(report, Report):
        return ""
    request, at = row.get("side") == "request", row.get("time")
    other = "response" if request else "request"
    p999 = report.latency.p999_ms
    edge = duration(edge_us(options.get("edge_us"), None if p999 is None else round(p999 * 1000)) / 1000)
    covered = instants.span(report.timeline)
    if row["reason"] == LOST and covered is not None and isinstance(at, int):
        left = covered[1] - at / 1e6 if request else at / 1e6 - covered[0]
        return f"no {other} in the {duration(max(left, 0) * 1000)} of log {'after' if request else 'before'} it"
    return {
        LOST: f"no {other} anywhere in the log",
        IN_FLIGHT: f"sent less than {edge} before the response log ends: it may have been answered later",
        BEFORE_START: f"answered less than {edge} after the request log starts: the request may be older",
        REPEATED_ID: "another request and response with this id are a pair",
        TOO_FAR: f"its {other} is more than --max-duration away",
    }.get(str(row["reason"]), "")


def raw_line_texts(excerpt: Excerpt, line: int) -> list[Text]:
    """A text for each raw line, with a mark at `line`. A note comes first where the file has changed since the run."""
    lines = [plain(f"! {excerpt.note}", "bold italic", limit=300)] if excerpt.note else []
    for number, text in excerpt.lines:
        here = number == line
        shown = Text(f"{'▶' if here else ' '} {number:>9,} ", style="bold" if here else "dim")
        shown.append(safe(text, _LINE_LIMIT), style="bold" if here else "dim")
        lines.append(shown)
    return lines


def raw_line_table(lines: Sequence[Text]) -> Table:
    """The raw lines as a table, with folded text beside the numbers. Only the marked line is folded."""
    table = Table.grid(padding=0, expand=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for line in lines:
        number, text = line.divide([NUMBER_CELLS]) if line.plain[:2] in ("▶ ", "  ") else (Text(""), line)
        if number.plain.startswith("  "):
            text.no_wrap, text.overflow = True, "ellipsis"
        else:
            # A Text folds at blanks, whatever its column says.
            text.overflow = "fold"
        table.add_row(number, text)
    return table
