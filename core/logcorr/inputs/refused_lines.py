"""What reading a side comes to: refused lines, first and last instant, lines that are special for being first."""

from pathlib import Path

import polars as pl

from logcorr.compute import arrow_text
from logcorr.compute.parquet_slices import scan
from logcorr.formats.line_format import REJECT_SCHEMA

_REJECTS_IN_MEMORY = 50_000


class SpilledRows:
    """Rows set aside, on disk when many."""

    def __init__(self, folder: Path, most_rows: int) -> None:
        self._folder, self._most_rows = folder, most_rows
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []

    def __call__(self, rows: pl.DataFrame) -> None:
        """Takes some rows."""
        self._frames.append(arrow_text.copied(rows))
        self._rows += rows.height
        if self._rows > self._most_rows:
            self._flush()

    def scan(self) -> pl.LazyFrame | None:
        """All of them; None where there are none."""
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
    """Refused lines (REJECT_SCHEMA); blank ones are only counted."""

    def __init__(self, folder: Path, ledger: dict[str, int]) -> None:
        self._kept = SpilledRows(folder, _REJECTS_IN_MEMORY)
        self._ledger = ledger
        self.blank = 0

    def __call__(self, refused: pl.DataFrame) -> None:
        """Takes some refused lines."""
        kept = refused.filter(pl.col("reason").is_not_null())
        self.blank += refused.height - kept.height
        self._ledger["blank"] = self.blank
        self._ledger["malformed"] += kept.height
        self._kept(kept)

    def scan(self) -> pl.LazyFrame:
        """All refused lines but the blank ones."""
        found = self._kept.scan()
        return pl.LazyFrame(schema=REJECT_SCHEMA) if found is None else found
