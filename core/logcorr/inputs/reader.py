"""The files of one side become its entries, a chunk at a time, in the order of the lines. Every line counts once."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
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
from logcorr.model.ledger import ClockCounts

_PUT_OFF_CHUNKS = 2
_PUT_OFF_LINES = 4_000


class SideResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one side came to, besides the entries that were passed on while it was read.

    `first_line_entries` are the entries among the first lines of files (columns: `schema`); they are known once all
    lines are read. `rejects` are the malformed lines (REJECT_SCHEMA). `blank` and `header` count lines. `first_us` and
    `last_us` are the instants between which all entries lie. `others` are lines that a profile does not speak of, which
    `other` counts; None for a format that has none. `repaired` counts lines that were no UTF-8 and were read. `clock`,
    `heads` and `joined` are those of `LogResult`.
    """

    lines_read: LinesRead
    first_line_entries: pl.DataFrame
    schema: pl.Schema
    rejects: pl.LazyFrame
    blank: int
    header: int
    first_us: int | None
    last_us: int | None
    others: pl.LazyFrame | None = None
    other: int = 0
    repaired: int = 0
    clock: ClockCounts = ClockCounts()
    heads: dict[str, int] = {}
    joined: int = 0


class TimeRange:
    """The first and the last instant of the entries seen so far, in µs; None before any entry."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> None:
        """Widens the range to the instants of the entries."""
        times = entries.get_column("time")
        low, high = times.min(), times.max()
        if isinstance(low, int) and isinstance(high, int):
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)


class SideReader:
    """Reads a side from its first line to its last: first all of `entries`, then `finish`."""

    def __init__(
        self,
        form: line_format.LineFormat,
        files: list[InputFile],
        folder: Path,
        chunk_bytes: int,
        progress: ReadingProgress,
    ) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._form, self._files_at_start, self._chunk_bytes = form, files, chunk_bytes
        # A file that has grown since it was first looked at ends where it ended then.
        self._files = changes.as_at_start(files)
        self._progress = progress
        self._ledger = {"blank": 0, "malformed": 0}
        self._rejects = RefusedLines(folder / "rejects", self._ledger)
        self._times = TimeRange()
        self._rows = 0
        self.lines_read = LinesRead(files)
        progress.sides[form.side] = SideProgress(files=files, lines_read=self.lines_read, ledger=self._ledger)

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry."""
        return self._form.schema

    def entries(self) -> Generator[pl.DataFrame, None, None]:
        """The entries of each chunk (`schema`). Raises InputError, and Cancelled where the job was cancelled."""
        put_off: list[pl.DataFrame] = []
        with closing(self._chunks()) as all_chunks:
            for number, chunk in enumerate(all_chunks):
                self._progress.tap()
                entries, uncommon = self._read(chunk)
                if uncommon is not None:
                    put_off.append(uncommon)
                # Each call of the careful path is costly. Where few lines need it, it takes the lines of some chunks.
                lines = sum(lines.height for lines in put_off)
                if lines and (number % _PUT_OFF_CHUNKS == 0 or lines > _PUT_OFF_LINES):
                    entries = pl.concat([entries, self._careful(put_off)])
                    put_off = []
                yield entries
        if put_off:
            yield self._careful(put_off)

    def finish(self) -> SideResult:
        """What reading came to, once all of `entries` were taken. Raises what `changes.check_whole_lines` raises."""
        changes.check_whole_lines(self._files_at_start, self._files)
        special = special_first_lines(self._files, self.lines_read, self._form)
        entries = special.filter("valid").select(self._form.schema.names())
        self._times(entries)
        malformed = special.filter(pl.col("reason").is_not_null())
        refused = self._rejects.scan().filter(~pl.col("row").is_in(special["row"].to_list()))
        self._ledger["malformed"] -= special.height - malformed.height
        return SideResult(
            lines_read=self.lines_read,
            first_line_entries=entries,
            schema=self._form.schema,
            rejects=pl.concat([refused, line_format.excerpts(malformed).lazy()]),
            blank=self._rejects.blank + int(special["blank"].sum()),
            header=int((special["kind"] == "header").sum()),
            first_us=self._times.first,
            last_us=self._times.last,
        )

    def _chunks(self) -> Generator[chunks.Chunk, None, None]:
        all_chunks = chunks.chunks(self._files, self._chunk_bytes, access=self._form.side == "access")
        with changes.explained(self._files_at_start), closing(all_chunks):
            while True:
                with self._progress.step("input"):
                    chunk = next(all_chunks, None)
                if chunk is None:
                    break
                yield chunk

    def _read(self, chunk: chunks.Chunk) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The entries among a chunk's common lines, and the other lines (LINE_SCHEMA)."""
        with self._progress.step("parse"):
            entries, uncommon = chunk.parted(self._form, self._rows)
        lines = entries.height + (0 if uncommon is None else uncommon.height)
        for of_file in chunk.by_file:
            count = lines if of_file.lines is None else of_file.lines
            self.lines_read.add(of_file.file, self._rows, count, of_file.bytes)
            self._rows += count
        self._times(entries)
        return entries, uncommon

    def _careful(self, lines: list[pl.DataFrame]) -> pl.DataFrame:
        with self._progress.step("parse"):
            entries = line_format.parse_carefully(pl.concat(lines), self._form, self._rejects)
        self._times(entries)
        return entries


def batches(frames: Iterable[pl.DataFrame], least_rows: int, most_frames: int) -> Iterator[pl.DataFrame]:
    """Joins frames until they have `least_rows` rows or `most_frames` were joined. The last batch may be smaller."""
    batch: list[pl.DataFrame] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) >= most_frames or sum(joined.height for joined in batch) >= least_rows:
            yield pl.concat(batch)
            batch = []
    if batch:
        yield pl.concat(batch)
