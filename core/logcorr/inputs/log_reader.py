"""The files of a log become the entries that a profile reads in them, a chunk at a time. Every line counts once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.formats import line_format
from logcorr.formats.line_format import BOM, REJECT_SCHEMA, scan_lines
from logcorr.formats.log_clock import LogClock
from logcorr.formats.malformed_reasons import TIMESTAMP
from logcorr.formats.profile_cells import wrapper_fields
from logcorr.formats.profile_reader import BLANK, EVENTS, HEADER, MALFORMED_LINE, OTHER, ProfileReader
from logcorr.inputs import changes, chunks
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.reader import TimeRange
from logcorr.inputs.reading_progress import ReadingProgress, SideProgress
from logcorr.inputs.refused_lines import SpilledRows
from logcorr.inputs.unwrap import Unwrapper
from logcorr.inputs.whole_lines import LongLine, in_utf8
from logcorr.model.ledger import Log, Side

_IN_MEMORY = 50_000
_BOM = BOM.encode()
# Marks lines that are a part of a line further down.
_PART = "part"


class LogResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a log came to, besides its entries.

    `rejects` are the malformed lines and `others` the lines that the profile does not speak of (REJECT_SCHEMA; `others`
    without a reason). The counts are of lines; `requests`, `responses` and `exchanges` count entries. `doubled`,
    `rolled` and `previous` count entries whose clock was in a doubled hour, fell back to the next day, or was that of a
    line above. `first_us` and `last_us` are the instants between which the entries of each event lie.
    """

    lines_read: LinesRead
    rejects: pl.LazyFrame
    others: pl.LazyFrame
    counts: dict[str, int]
    spans: dict[str, tuple[int | None, int | None]]
    doubled: int
    rolled: int
    previous: int

    def span(self, event: str) -> tuple[int | None, int | None]:
        """The first and the last instant of the entries of an event, in µs."""
        return self.spans.get(event, (None, None))


class FileForm(msgspec.Struct, frozen=True, kw_only=True):
    """How the lines of a file are read: by a reader of a profile, without the heads that are named."""

    reader: ProfileReader
    heads: tuple[str, ...] = ()


class LogReader:
    """Reads a log from its first line to its last: first all of `entries`, then `finish`.

    `forms` has one form for all files, or one for each file. With `only`, entries of the other side are lines of
    another kind: a log of requests may hold responses too.
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
    ) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._files_at_start, self._chunk_bytes = files, chunk_bytes
        self._files = changes.as_at_start(files)
        self._progress, self._only = progress, only
        opened = [_OpenForm(form) for form in forms]
        self._open_forms = opened if len(opened) > 1 else opened * len(files)
        self._all_forms = opened
        self._rejects = SpilledRows(folder / "rejects", _IN_MEMORY)
        self._others = SpilledRows(folder / "others", _IN_MEMORY)
        self._times = {event: TimeRange() for event in EVENTS}
        self._rows = 0
        self._file = -1
        self.counts = dict.fromkeys(
            ("blank", "header", "other", "malformed", "repaired", "requests", "responses", "exchanges"), 0
        )
        self.lines_read = LinesRead(files)
        progress.sides[log] = SideProgress(files=files, lines_read=self.lines_read, ledger=self.counts)

    def entries(self) -> Iterator[pl.DataFrame]:
        """The entries of each chunk, as `ProfileReader.classify` gives them. Raises InputError and Cancelled."""
        for chunk in self._chunks():
            self._progress.tap()
            for number, text, size in _by_file(chunk):
                with self._progress.step("parse"):
                    form = self._open_forms[number]
                    lines = self._lines(number, text, form)
                    self.lines_read.add(number, self._rows, lines.height, size)
                    self._rows += lines.height
                    read = self._read(lines, form)
                yield read

    def finish(self) -> LogResult:
        """What reading came to, once all of `entries` were taken. Raises what `changes.check_whole_lines` raises."""
        changes.check_whole_lines(self._files_at_start, self._files)
        rejects, others = self._rejects.scan(), self._others.scan()
        return LogResult(
            lines_read=self.lines_read,
            rejects=pl.LazyFrame(schema=REJECT_SCHEMA) if rejects is None else rejects,
            others=pl.LazyFrame(schema=REJECT_SCHEMA) if others is None else others,
            counts=self.counts,
            spans={event: (times.first, times.last) for event, times in self._times.items()},
            doubled=sum(form.reader.doubled + form.clock.doubled for form in self._all_forms),
            rolled=sum(form.clock.rolled for form in self._all_forms),
            previous=sum(form.clock.previous for form in self._all_forms),
        )

    def _chunks(self) -> Iterator[chunks.Chunk]:
        with changes.explained(self._files_at_start):
            all_chunks = chunks.chunks(self._files, self._chunk_bytes, access=True)
            while True:
                with self._progress.step("input"):
                    chunk = next(all_chunks, None)
                if chunk is None:
                    break
                yield chunk

    def _lines(self, number: int, text: bytes, form: "_OpenForm") -> pl.DataFrame:
        """The lines of a text of one file, with the columns that `ProfileReader.classify` takes."""
        if number != self._file:
            self._file = number
            form.start_file()
            text = text.removeprefix(_BOM)
        columns: list[pl.Series] = []
        if form.unwrapper is None:
            text = without_colours(text)
        else:
            unwrapped = form.unwrapper.unwrap(text)
            text = unwrapped.text
            told = {"@time": unwrapped.time, "@stream": unwrapped.stream, "@source": unwrapped.source}
            columns = [column.alias(name) for name, column in told.items() if column is not None]
            if unwrapped.part is not None:
                columns.append(unwrapped.part.alias(_PART))
        in_utf8_text, wrong = in_utf8(text)
        self.counts["repaired"] += len(wrong)
        lines = scan_lines(in_utf8_text, [], self._rows).collect(engine="in-memory")
        return lines.hstack(columns) if columns else lines

    def _read(self, lines: pl.DataFrame, form: "_OpenForm") -> pl.DataFrame:
        """The entries among lines; everything else is counted and kept aside."""
        whole = lines
        if _PART in lines.columns:
            self._set_aside(
                lines.filter(_PART).select("row", kind=pl.lit(OTHER), reason=pl.lit(None, pl.String)), lines
            )
            whole = lines.filter(~pl.col(_PART))
        read = form.reader.classify(whole)
        if form.in_order:
            read = form.clock.apply(read)
        is_event = pl.col("kind").is_in(EVENTS)
        if not form.reader.profile.clockless:
            late = is_event & pl.col("time").is_null()
            read = read.with_columns(pl.when(late).then(pl.lit(TIMESTAMP)).otherwise("reason").alias("reason"))
        kind = pl.when(pl.col("kind") == "restart").then(pl.lit(OTHER)).otherwise("kind")
        if self._only is not None:
            kind = pl.when(is_event & (pl.col("kind") != self._only)).then(pl.lit(OTHER)).otherwise(kind)
        kind = pl.when(pl.col("reason").is_not_null() & (kind != OTHER)).then(pl.lit(MALFORMED_LINE)).otherwise(kind)
        read = read.with_columns(kind.alias("kind"))
        entries = read.filter(is_event)
        if entries.height < read.height:
            self._set_aside(read.filter(~is_event), lines)
        self._count(entries)
        return entries

    def _set_aside(self, unread: pl.DataFrame, lines: pl.DataFrame) -> None:
        kinds = dict(unread["kind"].value_counts().iter_rows())
        for kind, count in ((BLANK, "blank"), (HEADER, "header"), (OTHER, "other"), (MALFORMED_LINE, "malformed")):
            self.counts[count] += kinds.get(kind, 0)
        for kind, sink in ((MALFORMED_LINE, self._rejects), (OTHER, self._others)):
            if kinds.get(kind):
                chosen = unread.filter(pl.col("kind") == kind).select("row", "reason")
                sink(line_format.excerpts(chosen.join(lines.select("row", "line"), on="row", how="left")))

    def _count(self, entries: pl.DataFrame) -> None:
        for kind, count in entries["kind"].value_counts().iter_rows():
            self.counts[f"{kind}s"] += count
            self._times[kind](entries.filter(pl.col("kind") == kind) if count < entries.height else entries)


class _OpenForm:
    """A form with the state of reading a file in order."""

    def __init__(self, form: FileForm) -> None:
        self.reader = form.reader
        self.in_order = form.reader.in_order
        self.clock = LogClock(form.reader.options.date)
        self.unwrapper = Unwrapper(form.heads, wrapper_fields(form.reader.profile)) if form.heads else None

    def start_file(self) -> None:
        """Begins the lines of another file."""
        self.reader.start_file()
        self.clock.start_file()
        if self.unwrapper is not None:
            self.unwrapper.start_file()


def _by_file(chunk: chunks.Chunk) -> Iterable[tuple[int, bytes, int]]:
    """The text of each file in a chunk: the number of the file, its text, and its bytes in the file."""
    if isinstance(chunk.text, LongLine):
        yield chunk.by_file[0].file, f"{chunk.text.text}\n".encode(), chunk.text.bytes
        return
    start = 0
    for of_file in chunk.by_file:
        yield of_file.file, chunk.text[start : start + of_file.bytes], of_file.bytes
        start += of_file.bytes
