"""The list of recent runs as text: name, when it was made, headline figures, the time covered, options, logs."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from logcorr.runs import list_runs
from logcorr.text.fit_columns import Fitted, TextColumn, head, tail
from logcorr.text.safe import safe

# So many characters of a name are usually enough to find its run.
_SHORT_NAME = 8
_COLUMNS = (
    TextColumn("run", rank=3),
    TextColumn("made", rank=1),
    TextColumn("kind", rank=9),
    TextColumn("requests", right=True, rank=4),
    TextColumn("5xx", right=True, rank=8),
    TextColumn("found", right=True, rank=6),
    TextColumn("p50", right=True, rank=7),
    TextColumn("p99", right=True, rank=5),
    TextColumn("size", right=True, rank=10),
    TextColumn("logs cover", rank=2),
    TextColumn("options", rank=2),
    TextColumn("logs", fill=True),
)
_LEAST_LOGS = 27
_LONGEST_LOGS = 60
_LONGEST_OPTIONS = 28


def lines(rows: Sequence[dict[str, Any]], width: int) -> tuple[Text, list[Text]]:
    """The head, and a line for each of `run_rows`. Narrow lines have fewer columns, and no column but logs is cut."""
    cells = [[*texts(row).values()] if "error" not in row else None for row in rows]
    known = [row for row in cells if row is not None]
    # A column in which no run has a value is left out.
    filled = [k for k, column in enumerate(_COLUMNS) if column.fill or any(row[k] not in ("", "–") for row in known)]
    shown = [[row[k] for k in filled] for row in known]
    fitted = Fitted([_COLUMNS[k] for k in filled], shown, width, _LEAST_LOGS)
    told = iter(
        fitted.line([*row[:-1], _logs(of["files"], fitted.room)])
        for row, of in zip(shown, (row for row in rows if "error" not in row), strict=True)
    )

    def text(line: str) -> Text:
        return Text(line, no_wrap=True, overflow="ellipsis")

    found = [
        text(next(told) if line is not None else f"! {safe(str(row['error']), 200)}")
        for row, line in zip(rows, cells, strict=True)
    ]
    return text(fitted.header()), found


def texts(row: dict[str, Any]) -> dict[str, str]:
    """The text of each column for one of `run_rows` that could be read."""
    known = list_runs.texts(row)
    noted = next((f"{known[name]} {name}" for name in ("suspicious", "orphans") if known[name] != "–"), "–")
    known |= {
        "run": safe(row["run"][:_SHORT_NAME]),
        "found": noted,
        "logs cover": row.get("covers", ""),
        "options": tail(row.get("options", ""), _LONGEST_OPTIONS),
        "logs": _logs(row["files"], _LONGEST_LOGS),
    }
    return {column.name: known[column.name] for column in _COLUMNS}


def _logs(files: dict[str, list[str]], room: int) -> str:
    """The logs of a run in `room` cells: with their folders, or without, or each by the end of its name."""
    paths = [PurePath(name) for names in files.values() for name in names]
    for parts in (2, 1):
        text = ", ".join(safe("/".join(path.parts[-parts:]), _LONGEST_LOGS) for path in paths)
        if cell_len(text) <= room:
            return text
    each = max((room + 2) // max(len(paths), 1) - 2, 1)
    return head(", ".join(tail(safe(path.name, _LONGEST_LOGS), each) for path in paths), room)


def holds(row: dict[str, Any], searched: str) -> bool:
    """Whether a run holds each of the searched words: in its name, kind, day, options or logs."""
    logs = [name for names in row.get("files", {}).values() for name in names]
    known = list_runs.texts(row) if "error" not in row else {}
    parts = (row["run"], known.get("kind", ""), known.get("made", ""), row.get("options", ""), row.get("covers", ""))
    text = "\n".join((*parts, *logs, row.get("error", ""))).casefold()
    return all(word in text for word in searched.casefold().split())
