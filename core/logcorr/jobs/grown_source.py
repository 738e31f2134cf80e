"""The entries of logs that have grown: what an earlier run has left unpaired lately, and then what is new."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec
import polars as pl

from logcorr.compute.parquet_slices import slices
from logcorr.compute.zero_copy_text import copied
from logcorr.inputs.line_numbers import LinesOfFiles, Places, RowsOfFiles, file_of, line_of
from logcorr.inputs.reader import SideResult, TimeRange
from logcorr.jobs.base_run import BaseRun, Tail
from logcorr.jobs.event_sources import EventSource, SourceResult
from logcorr.jobs.job import StartAgain
from logcorr.model.ledger import ONE_LOG, SIDES, ClockCounts, Log, Side, added
from logcorr.pairing.join_steps import KEY


class GrownLines:
    """How many lines of a log there are, what was read before and what is new together. Lists are by file.

    Rows are those of the whole log: a file starts where `starts` of its tail says. Some numbers belong to no line.
    """

    def __init__(self, tail: Tail, read: LinesOfFiles) -> None:
        self._tail, self._read = tail, read

    @property
    def lines(self) -> list[int]:
        """The lines of each file."""
        return self._together(self._tail.log.lines, self._read.lines)

    @property
    def text_bytes(self) -> list[int]:
        """The bytes of text of each file."""
        return self._together(self._tail.log.text_bytes, self._read.text_bytes)

    @property
    def starts(self) -> list[int]:
        """The row at which each file starts."""
        return self._tail.starts

    @property
    def rows(self) -> int:
        """How many rows there are that belong to a line."""
        return sum(self._tail.log.lines) + self._read.rows

    @property
    def places(self) -> Places:
        """Where rows stand."""
        return RowsOfFiles(self.starts)

    def placed(self, row: str) -> pl.Expr:
        """The row of the log, for a row that the reader of the new lines gave."""
        tail, starts = self._tail, self._read.starts
        before = tail.log.lines
        firsts = [tail.starts[number] + (before[number] if number < len(before) else 0) for number in tail.numbers]
        if len(firsts) == 1:
            return pl.col(row) + firsts[0]
        first = pl.Series(firsts, dtype=pl.UInt32)
        return pl.lit(first).gather(file_of(row, starts)) + line_of(row, starts) - 1

    def _together(self, before: Sequence[int], new: Sequence[int]) -> list[int]:
        counts = [*before, *(0 for _ in range(len(self._tail.starts) - len(before)))]
        for number, count in zip(self._tail.numbers, new, strict=True):
            counts[number] += count
        return counts


class GrownSource:
    """The entries of both sides that are not in a settled exchange of the base run, and are recent or new.

    `source` reads what is new. `older` are the other entries that are in no settled exchange, and `new_keys` the keys
    of the new entries, once all frames were taken.
    """

    def __init__(self, base: BaseRun, source: EventSource) -> None:
        self._base, self._source = base, source
        read = source.lines_read
        self._lines = {log: GrownLines(tail, read[_a_side_of(log)]) for log, tail in base.tails.items()}
        self._keys: list[pl.Series] = []

    @property
    def lines_read(self) -> Mapping[Side, LinesOfFiles]:
        return {side: self._of(side) for side in SIDES}

    @property
    def schemas(self) -> dict[Side, pl.Schema]:
        return self._source.schemas

    def frames(self) -> Iterator[tuple[Side, pl.DataFrame]]:
        for side in SIDES:
            yield from ((side, frame) for frame in self._kept(side, "recent") if frame.height)
        for side, entries in self._source.frames():
            yield side, self._new(side, entries)

    def older(self) -> Iterator[tuple[Side, pl.DataFrame]]:
        """The entries that are in no settled exchange, and are not among the frames."""
        for side in SIDES:
            yield from ((side, frame) for frame in self._kept(side, "older"))

    def new_keys(self) -> pl.Series:
        """The keys of all new entries."""
        return pl.concat(self._keys) if self._keys else pl.Series(KEY, [], dtype=pl.UInt64)

    def finish(self) -> SourceResult:
        """What reading came to, together with what it came to before. Raises StartAgain where rows had no room."""
        read, growth = self._source.finish(), self._base.growth
        late = {side: self._new(side, entries) for side, entries in read.late.items()}
        for lines in self._lines.values():
            ends = [*lines.starts[1:], None]
            numbered = zip(lines.starts, lines.lines, ends, strict=True)
            over = any(end is not None and start + n > end for start, n, end in numbered)
            if over or lines.rows != sum(lines.lines):
                raise StartAgain
        return SourceResult(
            logs={log: self._log(log, of_log) for log, of_log in read.logs.items()},
            spans={side: _widest(read.spans[side], growth.spans[side]) for side in SIDES},
            late=late,
            entries={side: read.entries[side] + growth.entries[side] for side in SIDES},
        )

    def _log(self, log: Log, read: SideResult) -> SideResult:
        """What reading a log came to. Malformed and other lines are the new ones alone."""
        lines, tail = self._lines[log], self._base.tails[log]
        before = tail.log
        ends = [*before.ends, *(0 for _ in range(len(tail.starts) - len(before.ends)))]
        for number, end in zip(tail.numbers, read.ends, strict=True):
            ends[number] = end
        return SideResult(
            lines_read=lines,
            first_line_entries=read.first_line_entries,
            schema=read.schema,
            rejects=read.rejects.with_columns(lines.placed("row").alias("row")),
            others=None if read.others is None else read.others.with_columns(lines.placed("row").alias("row")),
            blank=before.blank + read.blank,
            header=before.header + read.header,
            other=before.other + read.other,
            repaired=before.repaired + read.repaired,
            clock=ClockCounts(**added(*map(msgspec.structs.asdict, (before.clock, read.clock)))),
            heads=added(before.heads, read.heads),
            joined=before.joined + read.joined,
            first_us=read.first_us,
            last_us=read.last_us,
            ends=ends,
        )

    def _new(self, side: Side, entries: pl.DataFrame) -> pl.DataFrame:
        """New entries with the rows of the log."""
        self._keys.append(entries["request_id"].hash().alias(KEY))
        row = self._of(side).placed("row")
        columns = [row.alias("row")]
        if "line_hash" in entries.columns:
            # A line without a moment of its own has its row as hash, so that it is equal to no other.
            is_row = pl.col("line_hash") == pl.col("row")
            columns.append(pl.when(is_row).then(row).otherwise("line_hash").alias("line_hash"))
        return entries.with_columns(columns)

    def _kept(self, side: Side, which: str) -> Iterator[pl.DataFrame]:
        """Entries that the base run has kept, with the rows of the log."""
        log = self._log_of(side)
        for rows in slices([self._base.folder.entries(side, which)]):
            entries = copied(rows.collect(engine="in-memory"))
            if self._base.moved:
                before, now = (RowsOfFiles(one.starts) for one in (self._base.growth.logs[log], self._base.tails[log]))
                places = before.file("row").alias(":file"), before.line("row").alias(":line")
                moved = now.row(":file", ":line").alias("row")
                entries = entries.with_columns(places).with_columns(moved).select(entries.columns)
            yield entries

    def _of(self, side: Side) -> GrownLines:
        return self._lines[self._log_of(side)]

    def _log_of(self, side: Side) -> Log:
        return ONE_LOG if ONE_LOG in self._lines else side


def _a_side_of(log: Log) -> Side:
    return "request" if log == ONE_LOG else cast("Side", log)


def _widest(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    """The span that holds both spans."""
    times = TimeRange()
    for span in (one, other):
        times.widen(*span)
    return times.first, times.last
