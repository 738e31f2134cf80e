"""One side's files → its entries a chunk at a time, in the order of the lines; every line counts once."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from logcorr.formats import line_format
from logcorr.inputs import changes, chunks
from logcorr.inputs.files import InputFile
from logcorr.inputs.header_and_bom import special_first_lines
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.reading_progress import ReadingProgress, SideProgress
from logcorr.inputs.refused_lines import RefusedLines

_PUT_OFF_CHUNKS = 2
_PUT_OFF_LINES = 4_000


class SideResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one side came to. `late` are the entries of first lines, which are told apart when all are read."""

    lines_read: LinesRead
    late: pl.DataFrame
    schema: pl.Schema
    rejects: pl.LazyFrame
    blank: int
    header: int
    first_us: int | None
    last_us: int | None


class Instants:
    """The first and last instant of all entries that pass."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> None:
        """Looks at the entries."""
        times = entries.get_column("time")
        low, high = times.min(), times.max()
        if isinstance(low, int) and isinstance(high, int):
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)


class SideReader:
    """Reads a side from its first line to its last: once through `entries`, then `finish`."""

    def __init__(
        self,
        form: line_format.LineFormat,
        files: list[InputFile],
        folder: Path,
        chunk_bytes: int,
        progress: ReadingProgress,
    ) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._form, self._given, self._chunk_bytes = form, files, chunk_bytes
        # Those that have grown since they were first looked at end where they did.
        self._files = changes.as_begun(files)
        self._progress = progress
        self._ledger = {"blank": 0, "malformed": 0}
        self._rejects = RefusedLines(folder / "rejects", self._ledger)
        self._instants = Instants()
        self._rows = 0
        self.lines_read = LinesRead(files)
        progress.sides[form.side] = SideProgress(files=files, lines_read=self.lines_read, ledger=self._ledger)

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry."""
        return self._form.schema

    def entries(self) -> Iterator[pl.DataFrame]:
        """The entries of each chunk (the format's schema); raises InputError, and what the tap raises."""
        put_off: list[pl.DataFrame] = []
        for number, chunk in enumerate(self._chunks()):
            self._progress.tap()
            found, uncommon = self._read(chunk)
            if uncommon is not None:
                put_off.append(uncommon)
            # The careful path costs by the call: where few lines need it, those of some chunks go together.
            if put_off and (number % _PUT_OFF_CHUNKS == 0 or sum(lines.height for lines in put_off) > _PUT_OFF_LINES):
                found = pl.concat([found, self._careful(put_off)])
                put_off = []
            yield found
        if put_off:
            yield self._careful(put_off)

    def finish(self) -> SideResult:
        """What the side came to, once all of `entries` were taken. Raises what `unchanged.check_whole_lines` does."""
        changes.check_whole_lines(self._given, self._files)
        special = special_first_lines(self._files, self.lines_read, self._form)
        late = special.filter("valid").select(self._form.schema.names())
        self._instants(late)
        again = special.filter(pl.col("reason").is_not_null())
        refused = self._rejects.scan().filter(~pl.col("row").is_in(special["row"].to_list()))
        self._ledger["malformed"] -= special.height - again.height
        return SideResult(
            lines_read=self.lines_read,
            late=late,
            schema=self._form.schema,
            rejects=pl.concat([refused, line_format.excerpts(again).lazy()]),
            blank=self._rejects.blank + int(special["blank"].sum()),
            header=int((special["kind"] == "header").sum()),
            first_us=self._instants.first,
            last_us=self._instants.last,
        )

    def _chunks(self) -> Iterator[chunks.Chunk]:
        with changes.telling(self._given):
            found = chunks.chunks(self._files, self._chunk_bytes, access=self._form.side == "access")
            while True:
                with self._progress.step("input"):
                    chunk = next(found, None)
                if chunk is None:
                    break
                yield chunk

    def _read(self, chunk: chunks.Chunk) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The entries among a chunk's common lines, and the other lines (LINE_SCHEMA)."""
        with self._progress.step("parse"):
            found, uncommon = chunk.parted(self._form, self._rows)
        lines = found.height + (0 if uncommon is None else uncommon.height)
        for piece in chunk.pieces:
            count = lines if piece.lines is None else piece.lines
            self.lines_read.add(piece.file, self._rows, count, piece.bytes)
            self._rows += count
        self._instants(found)
        return found, uncommon

    def _careful(self, lines: list[pl.DataFrame]) -> pl.DataFrame:
        with self._progress.step("parse"):
            found = line_format.parse_carefully(pl.concat(lines), self._form, self._rejects)
        self._instants(found)
        return found


def batches(frames: Iterable[pl.DataFrame], rows: int, most: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of at least so many, but for the last, or of so many frames at most."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if len(held) >= most or sum(part.height for part in held) >= rows:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)
