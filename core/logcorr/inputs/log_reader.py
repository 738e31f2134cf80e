"""The files of a log become the entries that a profile reads in them, a chunk at a time. Every line counts once."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import polars as pl

from logcorr.formats import line_format
from logcorr.formats.line_format import BOM, REJECT_SCHEMA
from logcorr.formats.log_clock import LogClock
from logcorr.formats.malformed_reasons import TIMESTAMP
from logcorr.formats.profile_cells import wrapper_fields
from logcorr.formats.profile_reader import EVENTS, MALFORMED_LINE, OTHER, RESTART, Parsed, Part, ProfileReader
from logcorr.inputs import changes, chunks
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.files import InputFile
from logcorr.inputs.head_forms import FIELDS
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.reader import TimeRange
from logcorr.inputs.reading_progress import ReadingProgress, SideProgress
from logcorr.inputs.refused_lines import SpilledRows
from logcorr.inputs.unwrap import Unwrapper
from logcorr.inputs.whole_lines import LongLine, in_utf8
from logcorr.model.ledger import ClockCounts, Log, Side, added

_IN_MEMORY = 50_000
_MOST_PUT_OFF = 4000
_BOM = BOM.encode()


class LogResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a log came to, besides its entries.

    `rejects` are the malformed lines and `others` the lines that the profile does not speak of (REJECT_SCHEMA; `others`
    without a reason). The counts are of lines; `requests`, `responses` and `exchanges` count entries. `heads` counts
    the lines that had each head, `joined` those that were joined from parts. `spans` has the first and the last instant
    of the entries of each event, in µs.
    """

    lines_read: LinesRead
    rejects: pl.LazyFrame
    others: pl.LazyFrame
    counts: dict[str, int]
    spans: dict[str, tuple[int | None, int | None]]
    clock: ClockCounts
    heads: dict[str, int]
    joined: int

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

    def entries(self) -> Generator[dict[str, pl.DataFrame], None, None]:
        """The entries of each chunk by their events. Raises InputError and Cancelled."""
        with closing(self._chunks()) as all_chunks:
            for chunk in all_chunks:
                self._progress.tap()
                for number, text, size in _by_file(chunk):
                    with self._progress.step("parse"):
                        form = self._open_forms[number]
                        parsed = self._parsed(number, text, form)
                        self.lines_read.add(number, self._rows, parsed.height, size)
                        self._rows += parsed.height
                        read = self._entries(parsed, form)
                    yield read
                    if form.put_off_lines > _MOST_PUT_OFF:
                        yield self._late(form)
        for form in self._all_forms:
            if form.put_off_lines:
                yield self._late(form)

    def _late(self, form: "_OpenForm") -> dict[str, pl.DataFrame]:
        """The entries among lines that were put off."""
        with self._progress.step("parse"):
            parsed = form.reader.parse_put_off(form.put_off)
            form.put_off = []
            return self._entries(parsed, form)

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
        )

    def _clock_counts(self) -> ClockCounts:
        forms = self._all_forms
        return ClockCounts(
            doubled=sum(form.reader.doubled + form.clock.doubled for form in forms),
            rolled=sum(form.clock.rolled for form in forms),
            previous=sum(form.clock.previous for form in forms),
        )

    def _chunks(self) -> Generator[chunks.Chunk, None, None]:
        all_chunks = chunks.chunks(self._files, self._chunk_bytes, access=True)
        with changes.explained(self._files_at_start), closing(all_chunks):
            while True:
                with self._progress.step("input"):
                    chunk = next(all_chunks, None)
                if chunk is None:
                    break
                yield chunk

    def _parsed(self, number: int, text: bytes, form: "_OpenForm") -> Parsed:
        """The lines of a text of one file by their classes."""
        if number != self._file:
            self._file = number
            form.start_file()
            text = text.removeprefix(_BOM)
        columns: dict[str, pl.Series] = {}
        part: pl.Series | None = None
        if form.unwrapper is None:
            text = without_colours(text)
        else:
            unwrapped = form.unwrapper.unwrap(text)
            text, part = unwrapped.text, unwrapped.part
            told = dict(zip(FIELDS, (unwrapped.time, unwrapped.stream, unwrapped.source), strict=True))
            columns = {name: column for name, column in told.items() if column is not None}
        text, wrong = in_utf8(text)
        self.counts["repaired"] += len(wrong)
        parsed = form.reader.parse(text, self._rows, columns)
        return parsed if part is None else _with_parts(parsed, part, self._rows)

    def _entries(self, parsed: Parsed, form: "_OpenForm") -> dict[str, pl.DataFrame]:
        """The entries by their events; everything else is counted and kept aside."""
        if parsed.put_off is not None:
            form.put_off.append(parsed.put_off)
        parts = form.in_order(parsed) if form.reader.in_order else parsed.parts
        entries: dict[str, list[pl.DataFrame]] = {}
        for part in parts:
            if part.kind not in EVENTS:
                self._set_aside(part, parsed)
                continue
            lines = part.lines
            if self._only is not None and part.kind != self._only:
                self._set_aside(Part(kind=OTHER, lines=lines.select("row")), parsed)
                continue
            if "reason" in lines.columns:
                lines = self._without_malformed(lines, parsed)
            self.counts[f"{part.kind}s"] += lines.height
            if "time" in lines.columns:
                self._times[part.kind](lines)
            entries.setdefault(part.kind, []).append(lines)
        return {event: frames[0] if len(frames) == 1 else _joined(frames) for event, frames in entries.items()}

    def _without_malformed(self, lines: pl.DataFrame, parsed: Parsed) -> pl.DataFrame:
        """The lines of a part that are entries; the others are set aside."""
        wrong = lines["reason"].is_not_null()
        for (reason,), rows in lines.filter(wrong).group_by("reason"):
            self._set_aside(Part(kind=MALFORMED_LINE, lines=rows.select("row"), reason=str(reason)), parsed)
        return lines.filter(~wrong)

    def _set_aside(self, part: Part, parsed: Parsed) -> None:
        """Counts lines that are no entries, and keeps those that are malformed or other."""
        kind = OTHER if part.kind == RESTART else part.kind
        if not part.lines.height:
            return
        self.counts[kind] += part.lines.height
        sink = {MALFORMED_LINE: self._rejects, OTHER: self._others}.get(kind)
        if sink is not None:
            lines = parsed.texts(part.lines["row"]).with_columns(pl.lit(part.reason, pl.String).alias("reason"))
            sink(line_format.excerpts(lines))


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of frames of which some lack columns: there the values are null."""
    return pl.concat(frames, how="diagonal")


def _with_parts(parsed: Parsed, part: pl.Series, first_row: int) -> Parsed:
    """The same lines; those that are a part of a line further down are other lines."""
    rows = (part.arg_true() + first_row).cast(pl.UInt32)
    kept = [
        msgspec.structs.replace(one, lines=one.lines.filter(~pl.col("row").is_in(rows.implode())))
        for one in parsed.parts
    ]
    return msgspec.structs.replace(parsed, parts=[*kept, Part(kind=OTHER, lines=rows.alias("row").to_frame())])


class _OpenForm:
    """A form with the state of reading a file in order."""

    def __init__(self, form: FileForm) -> None:
        self.reader = form.reader
        self.clock = LogClock(form.reader.options.date)
        self.unwrapper = Unwrapper(form.heads, wrapper_fields(form.reader.profile)) if form.heads else None

        # Lines of several chunks that the careful reading takes at once.
        self.put_off: list[pl.DataFrame] = []

    @property
    def put_off_lines(self) -> int:
        """How many lines are put off."""
        return sum(lines.height for lines in self.put_off)

    def start_file(self) -> None:
        """Begins the lines of another file."""
        self.reader.start_file()
        self.clock.start_file()
        if self.unwrapper is not None:
            self.unwrapper.start_file()

    def in_order(self, parsed: Parsed) -> list[Part]:
        """The lines of a chunk, where clocks and ids depend on the lines above."""
        events = {*EVENTS, RESTART}
        parts = [part for part in parsed.parts if part.kind in events]
        schema = self.reader.schema
        frames = [
            part.lines.select(
                pl.col(name) if name in part.lines.columns else pl.lit(None, dtype).alias(name)
                for name, dtype in schema.items()
            ).with_columns(pl.lit(part.kind).alias("kind"))
            for part in parts
        ]
        others = [part for part in parsed.parts if part.kind not in events]
        if not frames:
            return others
        read = self.clock.apply(pl.concat(frames))
        no_clock = pl.col("time").is_null() & pl.lit(not self.reader.profile.clockless)
        read = read.with_columns(
            pl.when(no_clock & (pl.col("kind") != RESTART)).then(pl.lit(TIMESTAMP)).otherwise("reason").alias("reason")
        )
        return others + [Part(kind=str(kind), lines=lines.drop("kind")) for (kind,), lines in read.group_by("kind")]


def _by_file(chunk: chunks.Chunk) -> Iterable[tuple[int, bytes, int]]:
    """The text of each file in a chunk: the number of the file, its text, and its bytes in the file."""
    if isinstance(chunk.text, LongLine):
        yield chunk.by_file[0].file, f"{chunk.text.text}\n".encode(), chunk.text.bytes
        return
    start = 0
    for of_file in chunk.by_file:
        yield of_file.file, chunk.text[start : start + of_file.bytes], of_file.bytes
        start += of_file.bytes
