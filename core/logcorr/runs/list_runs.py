"""Finished runs as a table for people and as JSON for programs."""

from pathlib import Path, PurePath
from typing import Any

import msgspec
from rich.cells import cell_len

from logcorr.model.errors import InputError
from logcorr.runs.ownership import check_mine
from logcorr.runs.run_folder import RunFolder, all_runs
from logcorr.text.fit_columns import GAP, Column, Fitted, middle
from logcorr.text.quantities import duration, short, size
from logcorr.text.safe import safe

_COLUMNS = (
    Column("run"),
    Column("kind"),
    Column("made", rank=1),
    Column("requests", right=True, rank=2),
    Column("5xx", right=True, rank=6),
    Column("orphans", right=True, rank=4),
    Column("suspicious", right=True, rank=8),
    Column("p50", right=True, rank=7),
    Column("p99", right=True, rank=3),
    Column("size", right=True, rank=5),
    Column("logs", fill=True),
)
_COUNTS = ("requests", "errors_5xx", "orphans", "suspicious_ips")
_KINDS = {"correlation": "pair"}
_LEAST_LOGS = 16
_NARROW = 100
# As much of a name as finds a run again.
_SHORT_NAME = 8


def rows(root: Path) -> list[dict[str, Any]]:
    """What `runs list` tells of each run, newest first; a run that cannot be read says so under `error`."""
    return [_row(folder) for folder in all_runs(root)]


def as_json(found: list[dict[str, Any]]) -> str:
    """A line of JSON for each run."""
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in found)


def as_text(found: list[dict[str, Any]], width: int) -> str:
    """A table no wider than `width`: columns are left out, and never cut, where it is too narrow for all of them."""
    if not found:
        return ""
    names = dict(zip((row["run"] for row in found), _names([row["run"] for row in found], width), strict=True))
    table = {row["run"]: [names[row["run"]], *_cells(row)] for row in found if "error" not in row}
    # What none of the runs has needs no column.
    told = [k for k, column in enumerate(zip(*table.values(), strict=True)) if set(column) != {"–"}]
    columns = [_COLUMNS[k] for k in told]
    cells = {name: [row[k] for k in told] for name, row in table.items()}
    fitted = Fitted(columns, list(cells.values()), width, _LEAST_LOGS) if columns else None
    lines = [fitted.header()] if fitted else []
    for row in found:
        if fitted is None or "error" in row:
            name = names[row["run"]]
            error = safe(row["error"].removeprefix(f"run {row['run']}: "))
            lines.append(f"{name}{' ' * GAP}{middle(error, max(width - cell_len(name) - GAP, 1))}")
        else:
            lines.append(fitted.line(_with_folders(cells[row["run"]], row, fitted.room)))
    return "\n".join(lines) + "\n"


def _names(names: list[str], width: int) -> list[str]:
    """The names of runs; on a narrow terminal as much of them as tells them apart."""
    if width < _NARROW:
        long = next(n for n in range(_SHORT_NAME, 10**6) if len({name[:n] for name in names}) == len(names))
        names = [name[:long] for name in names]
    return [safe(name) for name in names]


def _cells(row: dict[str, Any]) -> list[str]:
    """All columns but the first; the logs without their folders."""
    return [
        kind_of(row),
        made(row),
        *(short(row[name]) if row.get(name) is not None else "–" for name in _COUNTS),
        duration(row["p50_ms"]),
        duration(row["p99_ms"]),
        size(row["bytes"]),
        _logs(row, whole=False),
    ]


def kind_of(row: dict[str, Any]) -> str:
    """What a run is of, as people call it."""
    return _KINDS.get(row["kind"], safe(str(row["kind"]), 12))


def made(row: dict[str, Any]) -> str:
    """When a run was made, to the minute."""
    return safe(str(row["created"])[:16].replace("T", " "))


def _logs(row: dict[str, Any], *, whole: bool) -> str:
    files = [name for names in row["files"].values() for name in names]
    return ", ".join(safe(name if whole else PurePath(name).name or name) for name in files)


def _with_folders(cells: list[str], row: dict[str, Any], room: int) -> list[str]:
    logs = _logs(row, whole=True)
    return [*cells[:-1], logs] if cell_len(logs) <= room else cells


def _row(folder: RunFolder) -> dict[str, Any]:
    base: dict[str, Any] = {"run": folder.path.name}
    try:
        check_mine(folder.path)
        base["bytes"] = folder.bytes()
        manifest = folder.manifest
    except InputError as error:
        return {**base, "error": str(error)}
    return {**base, "kind": manifest.kind, "created": manifest.created, "files": manifest.files, **manifest.headline}
