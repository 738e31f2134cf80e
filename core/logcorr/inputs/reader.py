"""The files of one side become its entries, a chunk at a time, in the order of the lines. Every line counts once."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.background_thread import parallel_map, read_ahead
from logcorr.formats import line_format
from logcorr.inputs import changes, chunks, line_numbers
from logcorr.inputs.files import InputFile
from logcorr.inputs.header_and_bom import special_first_lines
from logcorr.inputs.line_numbers import LinesOfFiles, LinesRead
from logcorr.inputs.reading_progress import ReadingProgress, SideProgress
from logcorr.inputs.refused_lines import RefusedLines
from logcorr.model.ledger import ClockCounts

# How many chunks may be in work for each thread.
CHUNKS_A_THREAD = 2
_PUT_OFF_CHUNKS = 2
_PUT_OFF_LINES = 4_000


class SideResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one side came to, besides the entries that were passed on while it was read.

    `first_line_entries` are the entries among the first lines of files (columns: `schema`); they are known once all
    lines are read. `rejects` are the malformed lines (REJECT_SCHEMA). `blank` and `header` count lines. `first_us` and
    `last_us` are the instants between which all entries lie. `others` are lines that a profile does not speak of, which
    `other` counts; None for a format that has none. `repaired` counts lines that were no UTF-8 and were read. `clock`,
    `heads` and `joined` are those of `LogResult`. `ends` are the bytes of each file that were read, from its start.
    """

    lines_read: LinesOfFiles
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
    ends: list[int] = []


class TimeRange:
    """The first and the last instant of the entries seen so far, in µs; None before any entry."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> None:
        """Widens the range to the instants of the entries."""
        times = entries.get_column("time")
        self.widen(times.min(), times.max())

    def widen(self, low: object, high: object) -> None:
        """Widens the range to two instants; None is no instant."""
        if isinstance(low, int) and isinstance(high, int):
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk, the row of its first line, the entries among its common lines, and the other lines (LINE_SCHEMA)."""

    chunk: chunks.Chunk
    first_row: int
    entries: pl.DataFrame
    uncommon: pl.DataFrame | None

    @property
    def lines(self) -> int:
        """How many lines the chunk has."""
        return self.entries.height + (0 if self.uncommon is None else self.uncommon.height)


def _numbered(all_chunks: Generator[chunks.Chunk, None, None]) -> Generator[tuple[chunks.Chunk, int], None, None]:
    """Chunks, each with the row of its first line."""
    row = 0
    with closing(all_chunks):
        for chunk in all_chunks:
            yield chunk, row
            row += chunk.line_count


class SideReader:
    """Reads a side from its first line to its last: first all of `entries`, then `finish`."""

    def __init__(
        self,
        form: line_format.LineFormat,
        files: list[InputFile],
        folder: Path,
        chunk_bytes: int,
        progress: ReadingProgress,
        *,
        threads: int = 1,
    ) -> None:
        """With several `threads`, chunks are parsed in parallel; at most two chunks a thread are in work."""
        folder.mkdir(parents=True, mode=0o700)
        self._form, self._files_at_start, self._chunk_bytes = form, files, chunk_bytes
        # A file that has grown since it was first looked at ends where it ended then.
        self._files = changes.as_at_start(files)
        self._progress, self._threads = progress, threads
        self._ledger = {"blank": 0, "malformed": 0}
        self._rejects = RefusedLines(folder / "rejects", self._ledger)
        self._times = TimeRange()
        self.lines_read = LinesRead(files)
        progress.sides[form.side] = SideProgress(files=files, lines_read=self.lines_read, ledger=self._ledger)

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry."""
        return self._form.schema

    def entries(self) -> Generator[pl.DataFrame, None, None]:
        """The entries of each chunk (`schema`). Raises InputError, and Cancelled where the job was cancelled."""
        put_off: list[pl.DataFrame] = []
        with closing(self._reads()) as reads:
            for number, read in enumerate(reads):
                self._progress.tap()
                entries, uncommon = self._noted(read)
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
            ends=[file.end for file in self._files],
        )

    def _reads(self) -> Generator[_Read, None, None]:
        """The lines of all chunks, in their order. Threads read ahead where there are several."""
        if self._threads < 2:
            row = 0
            with closing(self._chunks()) as all_chunks:
                for chunk in all_chunks:
                    read = self._read((chunk, row))
                    row += read.lines
                    yield read
            return
        with (
            read_ahead(_numbered(self._chunks())) as ahead,
            closing(parallel_map(self._read, ahead, self._threads, CHUNKS_A_THREAD * self._threads)) as reads,
        ):
            yield from reads

    def _chunks(self) -> Generator[chunks.Chunk, None, None]:
        all_chunks = chunks.chunks(self._files, self._chunk_bytes, access=self._form.side == "access")
        with changes.explained(self._files_at_start), closing(all_chunks):
            while True:
                with self._progress.step("input"):
                    chunk = next(all_chunks, None)
                if chunk is None:
                    break
                yield chunk

    def _read(self, numbered: tuple[chunks.Chunk, int]) -> _Read:
        """The lines of a chunk, whose first is the given row, in any thread."""
        chunk, row = numbered
        # Lines are counted only where there might be too many: a chunk has fewer lines than bytes.
        if row + sum(of_file.bytes for of_file in chunk.by_file) >= line_numbers.MOST_LINES:
            line_numbers.check_line_count(row + chunk.line_count, self._form.side)
        with self._progress.step("parse"):
            entries, uncommon = chunk.parted(self._form, row)
        return _Read(chunk=chunk, first_row=row, entries=entries, uncommon=uncommon)

    def _noted(self, read: _Read) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Notes the lines of a chunk, in the order of chunks; returns its entries, and the other lines."""
        row = read.first_row
        for of_file in read.chunk.by_file:
            count = read.lines if of_file.lines is None else of_file.lines
            self.lines_read.add(of_file.file, row, count, of_file.bytes)
            row += count
        self._times(read.entries)
        return read.entries, read.uncommon

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
