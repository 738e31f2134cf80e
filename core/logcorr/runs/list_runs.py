"""Lists finished runs: as a table for people, and as JSON for programs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import Any

import msgspec
from rich.cells import cell_len

from logcorr.compute.object_path import REQUESTS, AnyPath, ObjectPath
from logcorr.model.errors import InputError, StoreError
from logcorr.model.options import AnalyzeOptions, CorrelateOptions
from logcorr.runs.find_runs import all_runs
from logcorr.runs.ownership import check_mine
from logcorr.runs.run_folder import RunFolder
from logcorr.text.fit_columns import GAP, Fitted, TextColumn, head, middle
from logcorr.text.option_words import asked_for
from logcorr.text.quantities import duration, short, size
from logcorr.text.safe import safe

_COLUMNS = (
    TextColumn("run"),
    TextColumn("kind"),
    TextColumn("made", rank=1),
    TextColumn("requests", right=True, rank=2),
    TextColumn("5xx", right=True, rank=7),
    TextColumn("orphans", right=True, rank=5),
    TextColumn("suspicious", right=True, rank=9),
    TextColumn("p50", right=True, rank=8),
    TextColumn("p99", right=True, rank=4),
    TextColumn("size", right=True, rank=6),
    TextColumn("options", rank=3),
    TextColumn("logs", fill=True),
)
_COUNTS = {"requests": "requests", "5xx": "errors_5xx", "orphans": "orphans", "suspicious": "suspicious_ips"}
_KINDS = {"correlation": "pair"}
_LEAST_LOGS = 16
_LONGEST_OPTIONS = 200
# A terminal of fewer columns shows short names.
_NARROW = 100
# So many characters of a name are usually enough to find its run.
_SHORT_NAME = 8


def rows(root: AnyPath) -> list[dict[str, Any]]:
    """A row for each run, newest first: the columns of `runs list --json`. A run that cannot be read has `error`.

    One that is being removed meanwhile is left out.
    """
    folders = all_runs(root)
    if not isinstance(root, ObjectPath):
        return [row for row in map(_row, folders) if row is not None]
    with ThreadPoolExecutor(REQUESTS) as threads:
        return [row for row in threads.map(_row, folders) if row is not None]


def as_json(rows: list[dict[str, Any]]) -> str:
    """A line of JSON for each run."""
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)


def as_text(rows: list[dict[str, Any]], width: int) -> str:
    """A table no wider than `width`. Where not all columns fit, some are left out, and none is cut."""
    if not rows:
        return ""
    names = dict(zip((row["run"] for row in rows), _names([row["run"] for row in rows], width), strict=True))
    table = {
        row["run"]: [names[row["run"]], *_cells(row, width), _logs(row, whole=False)]
        for row in rows
        if "error" not in row
    }
    # A column in which no run has a value is left out.
    filled = [k for k, column in enumerate(zip(*table.values(), strict=True)) if set(column) != {"–"}]
    columns = [_COLUMNS[k] for k in filled]
    cells = {name: [row[k] for k in filled] for name, row in table.items()}
    fitted = Fitted(columns, list(cells.values()), width, _LEAST_LOGS) if columns else None
    lines = [fitted.header()] if fitted else []
    for row in rows:
        if fitted is None or "error" in row:
            name = names[row["run"]]
            error = safe(row["error"].removeprefix(f"run {row['run']}: "))
            lines.append(f"{name}{' ' * GAP}{middle(error, max(width - cell_len(name) - GAP, 1))}")
        else:
            lines.append(fitted.line(_with_folders(cells[row["run"]], row, fitted.room)))
    return "\n".join(lines) + "\n"


def journals_as_text(rows: list[dict[str, Any]]) -> str:
    """A line for each journal of `find_journals.rows`: what it is of, and how it stands."""
    lines = []
    for row in rows:
        logs = ", ".join(safe(PurePath(name).name or name) for name in row["logs"])
        of_run = f", run {safe(row['run'])}" if row["run"] else ""
        lines.append(f"{safe(row['journal'])}  {row['state']}  {size(row['bytes'])}{of_run}  {logs}\n")
    return "".join(lines)


def _cells(row: dict[str, Any], width: int) -> list[str]:
    """The cells of a run between its name and its logs. The options take no more than a fifth of the width."""
    told = texts(row)
    return [*({**told, "options": head(told["options"], max(width // 5, _LEAST_LOGS))}).values()]


def _names(names: list[str], width: int) -> list[str]:
    """The names of runs. On a narrow terminal they are cut, to as many characters as tell them apart."""
    if width < _NARROW:
        length = next(n for n in range(_SHORT_NAME, 10**6) if len({name[:n] for name in names}) == len(names))
        names = [name[:length] for name in names]
    return [safe(name) for name in names]


def texts(row: dict[str, Any]) -> dict[str, str]:
    """The text of each column but name and logs, for one of `rows` that could be read; a dash for a figure it lacks."""
    counts = (short(row[name]) if row.get(name) is not None else "–" for name in _COUNTS.values())
    return {
        "kind": _KINDS.get(row["kind"], safe(str(row["kind"]), 12)),
        "made": safe(str(row["created"])[:16].replace("T", " ")),
        **dict(zip(_COUNTS, counts, strict=True)),
        "p50": duration(row["p50_ms"]),
        "p99": duration(row["p99_ms"]),
        "size": size(row["bytes"]),
        "options": safe(row.get("options") or "–", _LONGEST_OPTIONS),
    }


def _logs(row: dict[str, Any], *, whole: bool) -> str:
    files = [name for names in row["files"].values() for name in names]
    return ", ".join(safe(name if whole else PurePath(name).name or name) for name in files)


def _with_folders(cells: list[str], row: dict[str, Any], room: int) -> list[str]:
    """The cells with the logs named by their whole paths, if these fit the room."""
    logs = _logs(row, whole=True)
    return [*cells[:-1], logs] if cell_len(logs) <= room else cells


def _row(folder: RunFolder) -> dict[str, Any] | None:
    base: dict[str, Any] = {"run": folder.place.name}
    try:
        check_mine(folder.place)
        base["bytes"] = folder.bytes()
        manifest = folder.manifest
    except (InputError, StoreError) as error:
        return {**base, "error": str(error)}
    except FileNotFoundError:
        return None
    told = {"kind": manifest.kind, "created": manifest.created, "files": manifest.files, **manifest.headline}
    return {**base, **told, "options": asked_for(manifest.options, _usual(manifest.kind))}


def _usual(kind: str) -> dict[str, Any]:
    """The options of a run of a kind where the user asks for nothing."""
    usual = AnalyzeOptions(files=(), memory_bytes=0) if kind == "access" else CorrelateOptions(memory_bytes=0)
    told: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(usual, documents=()))
    return told
