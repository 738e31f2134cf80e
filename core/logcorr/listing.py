"""Finished runs as a table for people and as JSON for programs."""

from pathlib import Path
from typing import Any

import msgspec

from logcorr.errors import InputError
from logcorr.store import RunFolder, runs
from logcorr.text import duration, safe, short, size

_HEAD = ("run", "made", "requests", "orphans", "p50", "p99", "size", "logs")
_NUMERIC = range(2, 7)


def rows(root: Path) -> list[dict[str, Any]]:
    """What `runs list` tells of each run, newest first; a run that cannot be read says so under `error`."""
    return [_row(folder) for folder in runs(root)]


def as_json(found: list[dict[str, Any]]) -> str:
    """A line of JSON for each run."""
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in found)


def as_text(found: list[dict[str, Any]], width: int) -> str:
    """A table no wider than `width`."""
    if not found:
        return ""
    table = [_HEAD, *(_cells(row) for row in found)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD) - 1)]
    lines = []
    for row in table:
        cells = [
            cell.rjust(wide) if column in _NUMERIC else cell.ljust(wide)
            for column, (cell, wide) in enumerate(zip(row[:-1], widths, strict=True))
        ]
        line = "  ".join([*cells, row[-1]])
        lines.append(line if len(line) <= width else line[: width - 1] + "…")
    return "\n".join(lines) + "\n"


def _row(folder: RunFolder) -> dict[str, Any]:
    base = {"run": folder.path.name, "bytes": folder.bytes()}
    try:
        manifest = folder.manifest
    except InputError as error:
        return {**base, "error": str(error)}
    return {**base, "kind": manifest.kind, "created": manifest.created, "files": manifest.files, **manifest.headline}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        return (row["run"], "", "", "", "", "", size(row["bytes"]), safe(row["error"]))
    logs = ", ".join(safe(name) for names in row["files"].values() for name in names)
    logs = logs if row["kind"] == "correlation" else f"{row['kind']} log {logs}"
    return (
        row["run"],
        row["created"].replace("T", " ").removesuffix("Z"),
        short(row["requests"]),
        short(row["orphans"]) if "orphans" in row else "–",
        duration(row["p50_ms"]),
        duration(row["p99_ms"]),
        size(row["bytes"]),
        logs,
    )
