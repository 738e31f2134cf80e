"""The files of a log become the entries that a profile reads in them, a chunk at a time. Every line counts once."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.background_thread import parallel_map, read_ahead
from logcorr.formats.line_format import REJECT_SCHEMA
from logcorr.formats.profile_reader import EVENTS, MALFORMED_LINE
from logcorr.inputs import changes, chunks
from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead, check_line_count
from logcorr.inputs.reader import CHUNKS_A_THREAD, TimeRange
from logcorr.inputs.reading_progress import ReadingProgress, SideProgress
from logcorr.inputs.refused_lines import SpilledRows
from logcorr.inputs.sorted_lines import Counter, SortedLines, sorted_lines
from logcorr.inputs.whole_lines import LongLine, line_count
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import ClockCounts, Log, Side, added

_IN_MEMORY = 50_000
_MOST_PUT_OFF = 4000


class LogResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a log came to, besides its entries.

    `rejects` are the malformed lines and `others` the lines that the profile does not speak of (REJECT_SCHEMA; `others`
    without a reason). The counts are of lines; `requests`, `responses` and `exchanges` count entries. `heads` counts
    the lines that had each head, `joined` those that were joined from parts. `ends` are the bytes of each file
    that were read, from its start. `spans` has the first and the last instant of the entries of each event, in µs.
    """

    lines_read: LinesRead
    rejects: pl.LazyFrame
    others: pl.LazyFrame
    counts: dict[str, int]
    spans: dict[str, tuple[int | None, int | None]]
    clock: ClockCounts
    heads: dict[str, int]
    joined: int
    ends: list[int]

    def span(self, event: str) -> tuple[int | None, int | None]:
        """The first and the last instant of the entries of an event, in µs."""
        return self.spans.get(event, (None, None))


class _Chunk(msgspec.Struct, frozen=True):
    """A part of a file: the number of the file, lines, their bytes in the file, the row of the first line of the log.

    `begins` tells that the first line is that of the file.
    """

    file: int
    text: bytes
    size: int
    first_row: int
    lines: int
    begins: bool


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk came to."""

    chunk: _Chunk | None = None
    lines: SortedLines
    put_off: pl.DataFrame | None = None


class LogReader:
    """Reads a log from its first line to its last: first all of `entries`, then `finish`.

    `forms` has one form for all files, or one for each file. With `only`, entries of the other side are lines of
    another kind: a log of requests may hold responses too. With several `threads`, chunks are read in parallel where no
    line depends on lines above; at most two chunks a thread are in work. `counters`, one for each thread, take the
    entries; `entries` then gives what they return. Threads may share a counter.
    """

    def __init__(
        self,
        log: Log,
        forms: Sequence[FileForm],
        files: list[InputFile],
        folder: Path,
        progress: ReadingProgress,
        *,
        chunk_bytes: int,
        only: Side | None = None,
        threads: int = 1,
        counters: Sequence[Counter] = (),
    ) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._files_at_start, self._chunk_bytes = files, chunk_bytes
        self._files = changes.as_at_start(files)
        self._progress, self._only, self._log = progress, only, log
        opened = [OpenForm(form) for form in forms]
        self._open_forms = opened if len(opened) > 1 else opened * len(files)
        self._all_forms = opened
        self._threads, self._counters = threads, SimpleQueue[Counter]()
        for counter in counters:
            self._counters.put(counter)
        self._counted = bool(counters)
        self._rejects = SpilledRows(folder / "rejects", _IN_MEMORY)
        self._others = SpilledRows(folder / "others", _IN_MEMORY)
        self._times = {event: TimeRange() for event in EVENTS}
        self.counts = dict.fromkeys(
            ("blank", "header", "other", "malformed", "repaired", "requests", "responses", "exchanges"), 0
        )
        self.lines_read = LinesRead(files)
        progress.sides[log] = SideProgress(files=files, lines_read=self.lines_read, ledger=self.counts)

    def entries(self) -> Generator[dict[str, Any], None, None]:
        """The entries of each chunk by their events. Raises InputError and Cancelled.

        With counters: lists of what they return, by events.
        """
        with closing(self._reads()) as reads:
            for read in reads:
                self._progress.tap()
                yield self._noted(read)
                form = self._open_forms[read.chunk.file] if read.chunk is not None else None
                if form is not None and read.put_off is not None:
                    form.put_off.append(read.put_off)
                    if form.put_off_lines > _MOST_PUT_OFF:
                        yield self._noted(self._late(form))
        for form in self._all_forms:
            if form.put_off_lines:
                yield self._noted(self._late(form))

    def finish(self) -> LogResult:
        """What reading came to, once all of `entries` were taken. Raises what `changes.check_whole_lines` raises."""
        changes.check_whole_lines(self._files_at_start, self._files)
        rejects, others = self._rejects.scan(), self._others.scan()
        unwrappers = [form.unwrapper for form in self._all_forms if form.unwrapper is not None]
        return LogResult(
            lines_read=self.lines_read,
            rejects=pl.LazyFrame(schema=REJECT_SCHEMA) if rejects is None else rejects,
            others=pl.LazyFrame(schema=REJECT_SCHEMA) if others is None else others,
            counts=self.counts,
            spans={event: (times.first, times.last) for event, times in self._times.items()},
            clock=self._clock_counts(),
            heads=added(*(unwrapper.taken for unwrapper in unwrappers)),
            joined=sum(unwrapper.joined for unwrapper in unwrappers),
            ends=[file.end for file in self._files],
        )

    def _clock_counts(self) -> ClockCounts:
        forms = self._all_forms
        return ClockCounts(
            doubled=sum(form.reader.doubled + form.clock.doubled for form in forms),
            rolled=sum(form.clock.rolled for form in forms),
            previous=sum(form.clock.previous for form in forms),
        )

    def _reads(self) -> Generator[_Read, None, None]:
        """What all chunks came to, in their order. Threads read ahead where there are several."""
        if self._threads < 2:
            with closing(self._chunks()) as all_chunks:
                yield from map(self._read, all_chunks)
            return
        threads = self._threads if all(form.independent for form in self._all_forms) else 1
        with (
            read_ahead(self._chunks()) as ahead,
            closing(parallel_map(self._read, ahead, threads, CHUNKS_A_THREAD * threads)) as reads,
        ):
            yield from reads

    def _chunks(self) -> Generator[_Chunk, None, None]:
        row, last_file = 0, -1
        all_chunks = chunks.chunks(self._files, self._chunk_bytes, access=True)
        with changes.explained(self._files_at_start), closing(all_chunks):
            while True:
                with self._progress.step("input"):
                    chunk = next(all_chunks, None)
                    parts = list(_by_file(chunk)) if chunk is not None else []
                    counted = [line_count(text) for _, text, _ in parts]
                if chunk is None:
                    break
                check_line_count(row + sum(counted), self._log)
                for (number, text, size), lines in zip(parts, counted, strict=True):
                    begins = number != last_file and self._files[number].has_first_line
                    yield _Chunk(number, text, size, row, lines, begins)
                    row, last_file = row + lines, number

    def _read(self, chunk: _Chunk) -> _Read:
        """Reads a chunk, in any thread."""
        self._progress.tap()
        with self._progress.step("parse"):
            form = self._open_forms[chunk.file]
            with self._counter() as counter:
                codes = counter.codes if counter is not None else {}
                parsed, repaired = form.parsed(chunk.text, chunk.first_row, codes, begins=chunk.begins)
                if parsed.height != chunk.lines:
                    message = (
                        f"{chunk.lines} lines were read as {parsed.height}. This is a fault of logcorr: report it."
                    )
                    raise LedgerError(message)
                lines = sorted_lines(parsed, form, self._only, counter)
        lines.counts["repaired"] = repaired
        return _Read(chunk=chunk, lines=lines, put_off=parsed.put_off)

    def _late(self, form: "OpenForm") -> _Read:
        """What the lines that were put off came to."""
        with self._progress.step("parse"), self._counter() as counter:
            parsed = form.reader.parse_put_off(form.put_off)
            form.put_off = []
            return _Read(lines=sorted_lines(parsed, form, self._only, counter))

    @contextmanager
    def _counter(self) -> Iterator[Counter | None]:
        """A counter for the entries of a chunk, if there are counters."""
        if not self._counted:
            yield None
            return
        counter = self._counters.get()
        try:
            with counter.counting():
                yield counter
        finally:
            self._counters.put(counter)

    def _noted(self, read: _Read) -> dict[str, Any]:
        """Notes what a chunk came to, in the order of chunks. Returns its entries, or what was counted."""
        if (chunk := read.chunk) is not None:
            self.lines_read.add(chunk.file, chunk.first_row, chunk.lines, chunk.size)
        lines = read.lines
        for name, count in lines.counts.items():
            self.counts[name] += count
        for event, span in lines.spans:
            self._times[event].widen(*span.row(0))
        for kind, excerpts in lines.aside:
            (self._rejects if kind == MALFORMED_LINE else self._others)(excerpts)
        return lines.entries if self._counted else lines.joined()


def _by_file(chunk: chunks.Chunk) -> Iterable[tuple[int, bytes, int]]:
    """The text of each file in a chunk: the number of the file, its text, and its bytes in the file."""
    if isinstance(chunk.text, LongLine):
        yield chunk.by_file[0].file, f"{chunk.text.text}\n".encode(), chunk.text.bytes
        return
    start = 0
    for of_file in chunk.by_file:
        yield of_file.file, chunk.text[start : start + of_file.bytes], of_file.bytes
        start += of_file.bytes
