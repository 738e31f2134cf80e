"""Results of the odd logs as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import of_machine, seconds, table

_HEADS = ("", "lines", "wall s", "CPU s", "CPU ns a line", "peak MB", "of budget", "spilled MB", "matched", "ledger")


def section(result: Mapping[str, Any]) -> str:
    """The part of RESULTS.md on one size of odd logs."""
    budget = result["budget"]
    head = f"## Odd logs, {result['rows']:,} lines a side, `--memory {budget // 1_000_000}MB`, {result['date']}"
    rows = [_row(case, budget) for case in result["cases"]]
    wrong = [f"- **{case['title']}:** {'; '.join(case['wrong'])}." for case in result["cases"] if case["wrong"]]
    about = of_machine(result["machine"], {name: result["versions"][name] for name in ("logcorr", "polars", "python")})
    return "\n\n".join([head, about, table(_HEADS, rows), *(["\n".join(wrong)] if wrong else [])])


def _row(case: Mapping[str, Any], budget: int) -> list[str]:
    if not case["run"]:
        return [case["title"], f"skipped: {case['skipped']}", *["–"] * (len(_HEADS) - 2)]
    run = case["run"]
    cells = [f"{run['peak_rss'] / 1e6:,.0f}", f"{run['peak_rss'] / budget:.0%}"]
    if "lines" not in case:
        return [case["title"], "–", seconds(run["wall_s"]), seconds(run["cpu_s"]), "–", *cells, "–", "–", "–"]
    closes = "open" if any("ledger" in text for text in case["wrong"]) else "closes"
    each = run["cpu_s"] / case["lines"] * 1e9
    return [
        case["title"], f"{case['lines']:,}", seconds(run["wall_s"]), seconds(run["cpu_s"]),
        f"{each:,.0f}", *cells, f"{case['spilled'] / 1e6:,.0f}", f"{case['matched']:,}", closes,
    ]  # fmt: skip
