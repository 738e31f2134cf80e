"""The list of recent runs as text: when a run was made, its kind, its headline figures, its logs."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from rich.text import Text

from logcorr.runs.list_runs import kind_of, made
from logcorr.text.fit_columns import Column, Fitted
from logcorr.text.quantities import duration, short, size
from logcorr.text.safe import safe

_COLUMNS = (
    Column("made"),
    Column("kind", rank=6),
    Column("requests", right=True, rank=1),
    Column("5xx", right=True, rank=5),
    Column("of note", right=True, rank=2),
    Column("p50", right=True, rank=4),
    Column("p99", right=True, rank=3),
    Column("size", right=True, rank=7),
    Column("logs", fill=True),
)
_LEAST_LOGS = 24


def lines(rows: Sequence[dict[str, Any]], width: int) -> tuple[Text, list[Text]]:
    """The head, and a line for each of `listing.rows`. Narrow lines have fewer columns, and no column is cut."""
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
    """The text of each column for one of `listing.rows` that could be read."""
    logs = [safe("/".join(PurePath(name).parts[-2:]), 60) for names in row["files"].values() for name in names]
    return {
        "made": made(row),
        "kind": kind_of(row),
        "requests": short(row["requests"]),
        "5xx": short(row["errors_5xx"]) if row.get("errors_5xx") is not None else "–",
        "of note": _of_note(row),
        "p50": duration(row["p50_ms"]),
        "p99": duration(row["p99_ms"]),
        "size": size(row["bytes"]),
        "logs": ", ".join(logs),
    }


def _of_note(row: dict[str, Any]) -> str:
    """The figure of the "of note" column: orphans, or suspicious addresses."""
    if "suspicious_ips" in row:
        return f"{short(row['suspicious_ips'])} suspicious"
    return f"{short(row['orphans'])} orphans" if "orphans" in row else "–"
