"""Results as Markdown: a table for each work, ratios against logcorr, and what went wrong said in words."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.roster import WORKS

BASE = "logcorr"
_HEADS = (
    "", "wall s", "min to max", "CPU s", "min to max", "cores busy", "peak MiB", "written MiB", "output MiB",
    "wall ÷ logcorr", "CPU ÷ logcorr", "rounds",
)  # fmt: skip
_MIB = 1 << 20


def of_works(works: Mapping[str, Sequence[dict[str, Any]]], sizes: Mapping[str, int] | None = None) -> str:
    """A heading and a table for every work; `sizes` tells the bytes of its logs where they are known."""
    parts = []
    for work, records in works.items():
        base = next((record for record in records if record["name"] == BASE), None)
        rows = [_row(record, base) for record in records]
        size = (sizes or {}).get(work)
        parts.append(f"### {WORKS[work]} (`{work}`)")
        parts += [f"{size / _MIB:,.1f} MiB of logs."] if size else []
        parts += [table(_HEADS, rows), *_remarks(records)]
    return "\n\n".join(parts)


def of_machine(machine: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """One paragraph on the machine, one on the versions."""
    memory = f"{machine['memory'] / 2**30:.1f} GiB"
    told = ", ".join(f"{name} {version.removeprefix(name).strip()}" for name, version in versions.items())
    return f"{machine['cpu']}, {machine['cores']} cores, {memory}, {machine['kernel']}.\n\n{told}."


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, all others to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def middle(record: Mapping[str, Any], name: str) -> float:
    """The median of a measurement over the rounds that ended by themselves; 0 where there is none."""
    runs = record["runs"] if is_whole(record) else []
    return float(median(run[name] for run in runs)) if runs else 0.0


def is_whole(record: Mapping[str, Any]) -> bool:
    """Whether it ran, and always to its end."""
    return bool(record["runs"]) and not record["stopped"] and not record["failed"]


def state(record: Mapping[str, Any]) -> str:
    """What kept a contender from a result, in words; empty where nothing did."""
    if record["missing"]:
        return f"no {record['missing'][0]}" if _is_option(record["missing"][0]) else "not installed"
    if record["failed"]:
        return "failed"
    if record["stopped"]:
        last = record["runs"][-1]
        much = f"{last['wall_s']:.0f} s" if record["stopped"] == "time" else f"{last['peak_rss'] / 1e9:.0f} GB"
        return f"over {much}"
    return "wrong" if record["wrong"] else ""


def absent(names: Sequence[str]) -> str:
    """What is missing, in words: modules and commands, or options of logcorr."""
    if all(map(_is_option, names)):
        return f"this logcorr has no {', '.join(names)}"
    return f"{', '.join(names)} not installed"


def _is_option(name: str) -> bool:
    return name.startswith("--")


def _row(record: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[str]:
    trouble = state(record)
    title = f"**{record['title']}**" if record["name"].startswith(BASE) else record["title"]
    if not is_whole(record):
        return [title, trouble, *["–"] * (len(_HEADS) - 2)]
    cells = [f"{title} (**{trouble}**)" if trouble else title]
    for name in ("wall_s", "cpu_s"):
        told = [run[name] for run in record["runs"]]
        cells += [seconds(median(told)), f"{seconds(min(told))} to {seconds(max(told))}"]
    cells.append(f"{median(run['cpu_s'] / run['wall_s'] for run in record['runs']):.2f}")
    cells += [f"{middle(record, name) / _MIB:,.0f}" for name in ("peak_rss", "written", "output")]
    for name in ("wall_s", "cpu_s"):
        whole = base is not None and is_whole(base)
        cells.append(f"{middle(record, name) / middle(base, name):.2f}" if base is not None and whole else "–")
    return [*cells, str(len(record["runs"]))]


def seconds(value: float) -> str:
    """Seconds with three digits that say something."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _remarks(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is to be said below a table; first whether all agree."""
    counted = [record for record in records if record["counts"]]
    wrong = [record for record in counted if record["wrong"]]
    lines = [f"- **{record['title']} is wrong:** {'; '.join(record['wrong'])}." for record in wrong]
    lines += [f"- {record['title']} failed: `{_last_line(record['failed'])}`" for record in records if record["failed"]]
    for record in records:
        if record["missing"]:
            lines.append(f"- {record['title']} was skipped: {absent(record['missing'])}.")
    told = f"All {len(counted)} that ended tell the same counts." if len(counted) > 1 else "Nothing to compare with."
    return [*([] if wrong else [told]), *(["\n".join(lines)] if lines else [])]


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2].replace("`", "'")[:300]
