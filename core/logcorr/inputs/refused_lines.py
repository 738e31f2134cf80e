"""Refused lines of one side: malformed lines are kept, on disk where there are many; blank lines are counted."""

from pathlib import Path

import polars as pl

from logcorr.compute import zero_copy_text
from logcorr.compute.parquet_slices import scan
from logcorr.formats.line_format import REJECT_SCHEMA

_REJECTS_IN_MEMORY = 50_000


class SpilledRows:
    """Rows set aside until all are needed. More than `most_rows` go to files in the folder."""

    def __init__(self, folder: Path, most_rows: int) -> None:
        self._folder, self._most_rows = folder, most_rows
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []

    def __call__(self, rows: pl.DataFrame) -> None:
        """Sets rows aside."""
        self._frames.append(zero_copy_text.copied(rows))
        self._rows += rows.height
        if self._rows > self._most_rows:
            self._flush()

    def scan(self) -> pl.LazyFrame | None:
        """All rows that were set aside; None where there are none."""
        if self._rows:
            self._flush()
        return scan(self._files) if self._files else None

    def _flush(self) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        path = self._folder / f"{len(self._files):06d}.ipc"
        pl.concat(self._frames).write_ipc(path)
        self._files.append(path)
        self._frames, self._rows = [], 0


class RefusedLines:
    """Refused lines (REJECT_SCHEMA). Malformed lines are kept, blank lines are only counted.

    Both counts also go into the ledger.
    """

    def __init__(self, folder: Path, ledger: dict[str, int]) -> None:
        self._malformed = SpilledRows(folder, _REJECTS_IN_MEMORY)
        self._ledger = ledger
        self.blank = 0

    def __call__(self, refused: pl.DataFrame) -> None:
        """Adds refused lines. A blank line has no reason."""
        malformed = refused.filter(pl.col("reason").is_not_null())
        self.blank += refused.height - malformed.height
        self._ledger["blank"] = self.blank
        self._ledger["malformed"] += malformed.height
        self._malformed(malformed)

    def scan(self) -> pl.LazyFrame:
        """All malformed lines."""
        rows = self._malformed.scan()
        return pl.LazyFrame(schema=REJECT_SCHEMA) if rows is None else rows
