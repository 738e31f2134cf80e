"""What reading came to, from the notes of all splits: as a run on one machine has it from its readers."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from logcorr.cluster.bucket_rows import INDEX, OFFSETS
from logcorr.cluster.driver import Driver
from logcorr.cluster.pair_plan import refused_segments
from logcorr.cluster.plan import Note, Split
from logcorr.formats.line_format import REJECT_SCHEMA
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import MOST_LINES, LinesRead
from logcorr.inputs.reader import SideResult
from logcorr.jobs.event_sources import SourceResult
from logcorr.model.errors import InputError
from logcorr.model.ledger import SIDES, ClockCounts, Log, Side, added


class SplitsRead:
    """The notes of all splits, in the order of the splits.

    `first_rows` are the rows of the log at which splits begin, `starts` those at which the files of a log begin.
    """

    def __init__(
        self, splits: Sequence[Split], notes: Mapping[int, Note], files: Mapping[Log, list[InputFile]]
    ) -> None:
        self._files = files
        self._of_log: dict[Log, list[Note]] = {log: [] for log in files}
        self.blobs = [notes[number].files["blob"] for number in range(len(splits))]
        self.first_rows: list[int] = []
        self.starts: dict[Log, list[int]] = {}
        self.lines: dict[Log, list[int]] = {log: [0] * len(of_log) for log, of_log in files.items()}
        rows = dict.fromkeys(files, 0)
        found: dict[Log, dict[int, int]] = {log: {} for log in files}
        for number, split in enumerate(splits):
            log, facts = split.log, notes[number].facts
            self._of_log[log].append(notes[number])
            self.first_rows.append(rows[log])
            for piece, start, lines in zip(split.pieces, facts["starts"], facts["lines"], strict=True):
                found[log].setdefault(piece.file, rows[log] + start)
                self.lines[log][piece.file] += lines
            rows[log] += facts["rows"]
        self.rows: dict[Log, int] = rows
        for log, of_log in files.items():
            self.starts[log] = _complete(found[log], len(of_log), rows[log])
            self._check_lines(log)

    def result(self, schemas: Mapping[Side, pl.Schema]) -> SourceResult:
        """What reading came to, without the lines and entries themselves."""
        spans, entries = self._spans(), dict.fromkeys(SIDES, 0)
        for notes in self._of_log.values():
            for note in notes:
                for side, n in note.facts["entries"].items():
                    entries[side] += n
        return SourceResult(
            logs={log: self._side(log, schemas) for log in self._files},
            spans=spans,
            late={side: schema.to_frame() for side, schema in schemas.items()},
            entries=entries,
        )

    def malformed(self, log: Log) -> dict[str, int]:
        """The malformed lines of a log by reason."""
        return added(*(note.facts["malformed"] for note in self._of_log[log]))

    def _spans(self) -> dict[Side, tuple[int | None, int | None]]:
        told = [note.facts["spans"] for notes in self._of_log.values() for note in notes]
        spans: dict[Side, tuple[int | None, int | None]] = {}
        for side in SIDES:
            of_side = [span[side] for span in told if span.get(side, [None])[0] is not None]
            spans[side] = (
                min((first for first, _ in of_side), default=None),
                max((last for _, last in of_side), default=None),
            )
        return spans

    def _side(self, log: Log, schemas: Mapping[Side, pl.Schema]) -> SideResult:
        facts = [note.facts for note in self._of_log[log]]
        lines = LinesRead(self._files[log])
        lines.lines = self.lines[log]
        clocks = added(*(of_split["clock"] for of_split in facts))
        schema = schemas["response" if log == "response" else "request"]
        return SideResult(
            lines_read=lines,
            first_line_entries=schema.to_frame(),
            schema=schema,
            rejects=pl.LazyFrame(schema=REJECT_SCHEMA),
            others=pl.LazyFrame(schema=REJECT_SCHEMA),
            first_us=None,
            last_us=None,
            clock=ClockCounts(**clocks),
            heads=added(*(of_split["heads"] for of_split in facts)),
            **{
                name: sum(of_split[name] for of_split in facts)
                for name in ("blank", "header", "other", "repaired", "joined")
            },
        )

    def _check_lines(self, log: Log) -> None:
        """Raises InputError for a file with more lines than have a number."""
        for file, lines in zip(self._files[log], self.lines[log], strict=True):
            if lines > MOST_LINES:
                raise InputError(f"{file.name!r} has more than {MOST_LINES:,} lines, the most that can be numbered.")


def tell_offsets(driver: Driver, notes: Mapping[int, Note], buckets: int) -> list[tuple[int, int, int]]:
    """Tells the steps of buckets where their entries are. Returns where the refused lines of each split are.

    That is where its malformed lines begin, where its other lines begin, and where they end.
    """
    table = np.empty((buckets, len(notes), OFFSETS), "<u8")
    refused = []
    first, second = refused_segments(buckets)
    for number in range(len(notes)):
        offsets = np.frombuffer(notes[number].facts["offsets"], "<u8")
        table[:, number, 0] = offsets[0 : 2 * buckets : 2]
        table[:, number, 1] = offsets[1 : 2 * buckets : 2]
        table[:, number, 2] = offsets[2 : 2 * buckets + 1 : 2]
        refused.append((int(offsets[first]), int(offsets[second]), int(offsets[second + 1])))
    driver.tell(INDEX, table.tobytes())
    return refused


def _complete(starts: Mapping[int, int], files: int, rows: int) -> list[int]:
    """The row at which each file starts. An empty file starts where the next one starts."""
    complete, following = [], rows
    for number in reversed(range(files)):
        following = starts.get(number, following)
        complete.append(following)
    return complete[::-1]
