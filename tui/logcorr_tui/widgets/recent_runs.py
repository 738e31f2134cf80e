"""The list of recent runs as text: when a run was made, its kind, its headline figures, its logs."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from rich.text import Text

from logcorr.runs import list_runs
from logcorr.text.fit_columns import Fitted, TextColumn
from logcorr.text.safe import safe

_COLUMNS = (
    TextColumn("made"),
    TextColumn("kind", rank=6),
    TextColumn("requests", right=True, rank=1),
    TextColumn("5xx", right=True, rank=5),
    TextColumn("of note", right=True, rank=2),
    TextColumn("p50", right=True, rank=4),
    TextColumn("p99", right=True, rank=3),
    TextColumn("size", right=True, rank=7),
    TextColumn("logs", fill=True),
)
_LEAST_LOGS = 24


def lines(rows: Sequence[dict[str, Any]], width: int) -> tuple[Text, list[Text]]:
    """The head, and a line for each of `list_runs.rows`. Narrow lines have fewer columns, and no column is cut."""
    cells = [[*texts(row).values()] if "error" not in row else None for row in rows]
    fitted = Fitted(_COLUMNS, [row for row in cells if row is not None], width, _LEAST_LOGS)

    def shown(text: str) -> Text:
        return Text(text, no_wrap=True, overflow="ellipsis")

    told = [
        shown(f"! {safe(str(row['error']), 200)}" if line is None else fitted.line(line))
        for row, line in zip(rows, cells, strict=True)
    ]
    return shown(fitted.header()), told


def texts(row: dict[str, Any]) -> dict[str, str]:
    """The text of each column for one of `list_runs.rows` that could be read."""
    known = list_runs.texts(row)
    logs = [safe("/".join(PurePath(name).parts[-2:]), 60) for names in row["files"].values() for name in names]
    noted = next((f"{known[name]} {name}" for name in ("suspicious", "orphans") if known[name] != "–"), "–")
    known |= {"of note": noted, "logs": ", ".join(logs)}
    return {column.name: known[column.name] for column in _COLUMNS}
