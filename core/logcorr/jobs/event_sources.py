"""Where the entries of a correlation come from: two logs, or one log that holds both events."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Protocol

import msgspec
import polars as pl

from logcorr.compute.background_thread import read_ahead
from logcorr.formats.profile import Profile
from logcorr.inputs.both_sides import in_time_order
from logcorr.inputs.line_numbers import LinesOfFiles, LinesRead
from logcorr.inputs.log_reader import LogReader, LogResult
from logcorr.inputs.reader import SideResult
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.pairing.entry_columns import ALONE, EntryColumns

# What entries have in a column that their rule does not read; null for any other column.
_LACKED = {"weak": False, ALONE: False}


class SourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading came to: the lines of each log, and for each side the span of its instants (µs).

    `late` are entries that were not among the frames. `entries` counts those of each side.
    """

    logs: dict[Log, SideResult]
    spans: dict[Side, tuple[int | None, int | None]]
    late: dict[Side, pl.DataFrame]
    entries: dict[Side, int]


class EventSource(Protocol):
    """Gives the entries of both sides, a frame of one side at a time; then what reading came to."""

    @property
    def lines_read(self) -> Mapping[Side, LinesOfFiles]:
        """How many lines were read of the files of each side."""

    @property
    def schemas(self) -> dict[Side, pl.Schema]:
        """The columns of the entries of each side."""

    def frames(self) -> Iterator[tuple[Side, pl.DataFrame]]:
        """The entries. Raises what the readers raise."""

    def finish(self) -> SourceResult:
        """What reading came to, once all frames were taken."""


class EntryReader(Protocol):
    """Reads the entries of one side from logs of its own."""

    lines_read: LinesRead

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry."""

    def entries(self) -> Iterator[pl.DataFrame]:
        """The entries, a chunk at a time."""

    def finish(self) -> SideResult:
        """What reading came to."""


class TwoLogs:
    """The entries of two logs, or of one of them. The next frame is of the side that has read less far in time."""

    def __init__(self, readers: Mapping[Side, EntryReader]) -> None:
        self._readers = readers
        self._entries = dict.fromkeys(readers, 0)

    @property
    def lines_read(self) -> Mapping[Side, LinesRead]:
        return {side: reader.lines_read for side, reader in self._readers.items()}

    @property
    def schemas(self) -> dict[Side, pl.Schema]:
        return {side: reader.schema for side, reader in self._readers.items()}

    def frames(self) -> Iterator[tuple[Side, pl.DataFrame]]:
        for side, entries in in_time_order({side: reader.entries() for side, reader in self._readers.items()}):
            self._entries[side] += entries.height
            yield side, entries

    def finish(self) -> SourceResult:
        sides = {side: reader.finish() for side, reader in self._readers.items()}
        late = {side: read.first_line_entries for side, read in sides.items()}
        return SourceResult(
            logs=dict(sides.items()),
            spans={side: (read.first_us, read.last_us) for side, read in sides.items()},
            late=late,
            entries={side: self._entries[side] + late[side].height for side in sides},
        )


class ProfileSide:
    """The entries of one side from logs that a profile reads."""

    def __init__(self, side: Side, reader: LogReader, columns: EntryColumns, shift_us: int) -> None:
        self._side, self._reader, self._columns, self._shift_us = side, reader, columns, shift_us
        self.lines_read = reader.lines_read

    @property
    def schema(self) -> pl.Schema:
        return self._columns.schema(self._side)

    def entries(self) -> Iterator[pl.DataFrame]:
        with closing(self._reader.entries()) as reads:
            for read in reads:
                yield of_side(read, self._side, self._columns, self._shift_us)

    def finish(self) -> SideResult:
        return side_result(self._reader.finish(), self.schema, self._side, self._shift_us)


class OneLog:
    """The entries of logs that hold both events."""

    def __init__(
        self, reader: LogReader, columns: EntryColumns, shifts_us: Mapping[Side, int], batch_rows: int
    ) -> None:
        """About `batch_rows` entries of a side are given at once, as many as a chunk of shorter lines has."""
        self._reader, self._columns, self._shifts_us, self._batch_rows = reader, columns, shifts_us, batch_rows
        self._entries = dict.fromkeys(SIDES, 0)

    @property
    def lines_read(self) -> Mapping[Side, LinesRead]:
        return dict.fromkeys(SIDES, self._reader.lines_read)

    @property
    def schemas(self) -> dict[Side, pl.Schema]:
        return {side: self._columns.schema(side) for side in SIDES}

    def frames(self) -> Iterator[tuple[Side, pl.DataFrame]]:
        waiting: dict[Side, list[pl.DataFrame]] = {side: [] for side in SIDES}
        with read_ahead(self._reader.entries()) as reads:
            for read in reads:
                for side in SIDES:
                    entries = of_side(read, side, self._columns, self._shifts_us[side])
                    self._entries[side] += entries.height
                    waiting[side].append(entries)
                if max(sum(frame.height for frame in frames) for frames in waiting.values()) >= self._batch_rows:
                    yield from _joined(waiting)
        yield from _joined(waiting)

    def finish(self) -> SourceResult:
        read = self._reader.finish()
        results = {side: side_result(read, self.schemas[side], side, self._shifts_us[side]) for side in SIDES}
        return SourceResult(
            logs={ONE_LOG: results["request"]},
            spans={side: (result.first_us, result.last_us) for side, result in results.items()},
            late={side: result.first_line_entries for side, result in results.items()},
            entries=self._entries,
        )


def _joined(waiting: dict[Side, list[pl.DataFrame]]) -> Iterator[tuple[Side, pl.DataFrame]]:
    """The frames of each side as one, which are taken out."""
    for side, frames in waiting.items():
        entries = pl.concat(frames) if frames else None
        frames.clear()
        if entries is not None and entries.height:
            yield side, entries


def entry_columns(profiles: Mapping[Side, Profile]) -> EntryColumns:
    """The columns of entries that profiles read, one for each side."""
    request, response = profiles["request"], profiles["response"]
    own = {side: profiles[side].attributes_of(side) for side in SIDES}
    names = tuple(dict.fromkeys([*own["request"], *own["response"]]))
    known = tuple(
        name for name in dict.fromkeys([*request.attribute_names, *response.attribute_names]) if name in names
    )
    responses = response.rules_of("response")
    return EntryColumns(
        attributes=known,
        request_attributes=own["request"],
        response_attributes=own["response"],
        given=any(rule.duration is not None for rule in responses),
        weak=any(rule.weak for rule in responses),
        response_user=response.user is not None or any(rule.user is not None for rule in responses),
        line_hash=True,
    )


def of_side(read: Mapping[str, pl.DataFrame], side: Side, columns: EntryColumns, shift_us: int) -> pl.DataFrame:
    """The entries of one side among those that a reader gave, in the columns of entries."""
    schema = columns.schema(side)
    if side not in read:
        return schema.to_frame()
    there = read[side].columns
    entries = read[side].select(
        pl.col(name) if name in there else pl.lit(_LACKED.get(name), dtype).alias(name)
        for name, dtype in schema.items()
    )
    known = [name for name in _LACKED if name in there and name in schema]
    if known:
        entries = entries.with_columns(pl.col(known).fill_null(value=False))
    return entries.with_columns(pl.col("time") + shift_us) if shift_us else entries


def side_result(read: LogResult, schema: pl.Schema, side: Side, shift_us: int) -> SideResult:
    """What reading a log came to, for one of its sides."""
    first, last = read.span(side)
    return SideResult(
        lines_read=read.lines_read,
        first_line_entries=schema.to_frame(),
        schema=schema,
        rejects=read.rejects,
        others=read.others,
        blank=read.counts["blank"],
        header=read.counts["header"],
        other=read.counts["other"],
        repaired=read.counts["repaired"],
        clock=read.clock,
        heads=read.heads,
        joined=read.joined,
        ends=read.ends,
        first_us=None if first is None else first + shift_us,
        last_us=None if last is None else last + shift_us,
    )
