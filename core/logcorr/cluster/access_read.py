"""What reading an access log came to, from the notes of all splits."""

from collections.abc import Mapping, Sequence
from typing import Any

from logcorr.cluster.access_plan import AccessFiles
from logcorr.cluster.plan import Note, Split
from logcorr.figures.grid import Grid
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import MOST_LINES, LinesRead
from logcorr.inputs.reader import TimeRange
from logcorr.inputs.reading_progress import SideProgress
from logcorr.jobs.access_exchanges import AccessLines
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.errors import InputError
from logcorr.model.ledger import ClockCounts, added
from logcorr.query.narrowing import Range


class AccessProgress:
    """Tells a meter how far an access log was read, from the notes of splits."""

    def __init__(self, meter: ProgressMeter, splits: Sequence[Split], files: list[InputFile]) -> None:
        self._meter = meter
        self._splits, self._lines, self._ledger = splits, LinesRead(files), dict[str, int]()
        meter.sides["access"] = SideProgress(files=files, lines_read=self._lines, ledger=self._ledger)

    def on_split(self, index: int, note: Note) -> None:
        """Takes the note of a split."""
        read = note.facts["lines"], note.facts["text_bytes"]
        for piece, lines, text_bytes in zip(self._splits[index].pieces, *read, strict=True):
            self._lines.add(piece.file, 0, lines, text_bytes)
        self._ledger.update(added(self._ledger, note.facts["counts"]))

    def end(self, lines: AccessLines, steps: int) -> None:
        """Tells what became of all lines. So many steps count them, and put the views into the run."""
        self._ledger.update(exchanges=lines.counts["exchanges"], **lines.malformed)
        self._meter.buckets = (0, steps)

    def on_step(self, _index: int, _note: Note) -> None:
        """Takes the note of a step after the reading."""
        done, steps = self._meter.buckets
        self._meter.buckets = (done + 1, steps)


class AccessRead:
    """The notes of all splits, in the order of the splits. Raises InputError for a file with too many lines."""

    def __init__(self, splits: Sequence[Split], notes: Mapping[int, Note], files: Sequence[InputFile]) -> None:
        self._notes = [notes[number] for number in range(len(splits))]
        self._facts: list[dict[str, Any]] = [note.facts for note in self._notes]
        self.lines_before = _lines_before(splits, self._facts, files)

    @property
    def lines(self) -> AccessLines:
        """What became of all lines."""
        clocks = added(*(facts["clock"] for facts in self._facts))
        return AccessLines(
            lines=sum(sum(facts["lines"]) for facts in self._facts),
            counts=added(*(facts["counts"] for facts in self._facts)),
            malformed=added(*(facts["malformed_by_reason"] for facts in self._facts)),
            clock=ClockCounts(**clocks),
            heads=added(*(facts["heads"] for facts in self._facts)),
            joined=sum(facts["joined"] for facts in self._facts),
        )

    @property
    def span(self) -> tuple[int | None, int | None]:
        """The first and the last instant of all exchanges, in µs."""
        times = TimeRange()
        for facts in self._facts:
            times.widen(*facts["span"])
        return times.first, times.last

    @property
    def unfinished(self) -> list[int]:
        """The splits whose rows have no final line numbers yet."""
        return [
            number
            for number, facts in enumerate(self._facts)
            if self.lines_before[number] and any(facts["rows"].values())
        ]

    def files(self, chosen: Range, grid: Grid) -> AccessFiles:
        """What steps must know of the files of each split."""
        return AccessFiles(
            lines_before=self.lines_before,
            exchanges=[files_of(note, "exchanges") for note in self._notes],
            malformed=[files_of(note, "malformed") for note in self._notes],
            other=[files_of(note, "other") for note in self._notes],
            chosen=chosen,
            grid=grid,
        )


def files_of(note: Note, kind: str) -> list[str]:
    """The files of a kind that a step has noted, in their order."""
    return [name for key, name in note.files.items() if key.partition("/")[0] == kind]


def _lines_before(splits: Sequence[Split], facts: Sequence[dict[str, Any]], files: Sequence[InputFile]) -> list[int]:
    """How many lines of the first file of each split are in splits before it."""
    before: list[int] = []
    lines = 0
    for split, of_split in zip(splits, facts, strict=True):
        lines = lines if split.pieces[0].start else 0
        before.append(lines)
        # The pieces of a file that is cut follow each other, each in a split of its own.
        lines += of_split["rows_of_last"]
        if lines > MOST_LINES:
            name = files[split.pieces[-1].file].name
            raise InputError(f"{name!r} has more than {MOST_LINES:,} lines, the most that can be numbered. Cut it.")
    return before
