"""Writes what a run of benchmarks found: into its own folder always, and into the project where it is asked to.

Published results are kept by size: a new run of a size takes the place of the old one whole, so that all that stands
in one table was measured in one run, on one machine.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import chart, live_table, scale_table, tables

HERE = Path(__file__).parent
ROOT = HERE.parent
_CHARTED = ("full", "ndjson", "access", "combined")
_UNCHARTED = ("logcorr-1-thread", "logcorr-2-threads", "logcorr-no-kernels", "zcat")
_LOGS = {"pair": "the pair", "onelog": "the one log of both events", "access": "the access log"}


def write(result: Mapping[str, Any], kind: str, out: Path) -> Path:
    """Write a result of a kind as JSON and Markdown, a bench also as SVG; return the path of the Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    stem = out / f"{kind}-{result['rows']}"
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(_SECTIONS[kind](result) + "\n", encoding="utf-8")
    if kind == "bench":
        stem.with_suffix(".svg").write_text(picture(result), encoding="utf-8")
    return stem.with_suffix(".md")


def publish(result: Mapping[str, Any], kind: str, root: Path = ROOT) -> None:
    """Put a result into benchmarks/results.json, and write RESULTS.md and assets/bench.svg anew from all of it."""
    home = root / "benchmarks"
    store = home / "results.json"
    kept = _kept(store)
    kept.setdefault(kind, {})[str(result["rows"])] = result
    store.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    of_kind = {name: sorted(kept.get(name, {}).values(), key=lambda one: one["rows"]) for name in _SECTIONS}
    benches = of_kind["bench"]
    notes = home / "NOTES.md"
    parts = [
        "# Results",
        "<!-- Written by `make bench`, `make bench-scale` and `make bench-live`, with BENCH_PUBLISH=1. -->",
        "How this is measured, and what each contender does: [README.md](README.md).",
        *(section(result) for name, section in _SECTIONS.items() for result in of_kind[name]),
        *([notes.read_text(encoding="utf-8").strip()] if notes.exists() else []),
    ]
    (home / "RESULTS.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if benches:
        # The picture is of the fullest run; of several, the one with the most lines.
        best = max(benches, key=lambda one: (sum(map(len, one["works"].values())), one["rows"]))
        (root / "assets" / "bench.svg").write_text(picture(best), encoding="utf-8")


def published(kind: str, root: Path = ROOT) -> dict[str, Any]:
    """The results of this kind that were published last, by their rows."""
    found: dict[str, Any] = _kept(root / "benchmarks" / "results.json").get(kind, {})
    return found


def _kept(store: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    return kept


def bench_section(result: Mapping[str, Any]) -> str:
    """The part of RESULTS.md on one size."""
    head = f"## {result['rows']:,} lines a log, {result['date']}"
    told = [f"{number:,} lines in {_LOGS[log]}" for log, number in result["lines"].items() if number]
    about = tables.of_machine(result["machine"], result["versions"])
    works = tables.of_works(result["works"], result.get("sizes"))
    return "\n\n".join([head, about, ", ".join(told) + ".", works])


_SECTIONS = {"bench": bench_section, "scale": scale_table.section, "live": live_table.section}


def _shown(works: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the picture has room for: of works and of contenders those that tell most."""
    most = {work: works[work] for work in _CHARTED if work in works} or works
    few = {work: [record for record in records if record["name"] not in _UNCHARTED] for work, records in most.items()}
    return {work: few[work] or records for work, records in most.items()}


def picture(result: Mapping[str, Any]) -> str:
    """The chart of one size."""
    machine = result["machine"]
    title = f"{result['rows']:,} lines a log"
    note = f"median of up to {result['rounds']} rounds · {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB"
    return chart.chart(_shown(result["works"]), title, f"{note} · {result['date']} · shorter is better")
