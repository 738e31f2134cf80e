"""How far a correlation on an engine is, and its counts so far, from the notes of steps as they come."""

from collections.abc import Iterable, Mapping

from logcorr.cluster.pair_figures import MOST_SUMS
from logcorr.cluster.plan import Note, Plan
from logcorr.cluster.store import Store
from logcorr.compute.struct_bytes import of_bytes
from logcorr.figures.grid import Grid
from logcorr.figures.pair_sums import PairSums, PartialPairSums
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.reading_progress import SideProgress
from logcorr.jobs.estimates import Estimates
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.ledger import Log, Side
from logcorr.pairing.entry_columns import EntryColumns


class PairProgress:
    """Takes the notes of splits and of buckets. It is what was written, as ledgers and estimates ask for it."""

    def __init__(
        self,
        meter: ProgressMeter,
        plan: Plan,
        files: Mapping[Log, list[InputFile]],
        columns: EntryColumns,
        *,
        wanted: bool,
    ) -> None:
        self._meter, self._plan, self.columns = meter, plan, columns
        self._estimates = Estimates(meter, self, wanted=wanted)
        self._store: Store
        self.sums: PairSums
        self.exchanges_written = self.exchanges_left = 0
        self.open_orphans: dict[str, int] = {}
        self.repeats: dict[tuple[str, str], int] = {}
        self.reasons: dict[tuple[str, str], int] = {}
        for log, of_log in files.items():
            ledger = {"blank": 0, "malformed": 0}
            meter.sides[log] = SideProgress(files=of_log, lines_read=LinesRead(of_log), ledger=ledger)

    def on_split(self, index: int, note: Note) -> None:
        """Takes the note of a split."""
        split, facts = self._plan.splits[index], note.facts
        side = self._meter.sides[split.log]
        for piece, lines, text_bytes in zip(split.pieces, facts["lines"], facts["text_bytes"], strict=True):
            side.lines_read.add(piece.file, 0, lines, text_bytes)
        side.ledger["blank"] += facts["blank"]
        side.ledger["malformed"] += sum(facts["malformed"].values())
        self._meter.tap()

    def begin_buckets(self, store: Store, grid: Grid) -> None:
        """Begins to count what becomes of the entries of all buckets."""
        self._store, self.sums = store, PairSums(grid, 0)
        self._meter.buckets = (0, self._plan.sizes.buckets)

    def on_bucket(self, _index: int, note: Note) -> None:
        """Takes the note of a bucket."""
        facts = note.facts
        self.exchanges_written += sum(facts["exchange_rows"])
        for side, n in facts["orphans"].items():
            self.open_orphans[side] = self.open_orphans.get(side, 0) + n
        for side, kind, n in facts["repeats"]:
            self.repeats[side, kind] = self.repeats.get((side, kind), 0) + n
        done, buckets = self._meter.buckets
        self._meter.buckets = (done + 1, buckets)
        if done >= MOST_SUMS:
            # The first buckets are a fair sample: steps merge the others.
            self._meter.tap()
            return
        self.sums.merge(of_bytes(self._store.get(note.files["sums"]), PartialPairSums))
        self._estimates.tell((done + 1) / buckets, self.sums, sum(self.open_orphans.values()))

    @property
    def sums_complete(self) -> bool:
        """Whether `sums` are of all buckets."""
        return self._meter.buckets[1] <= MOST_SUMS

    def settle(self, notes: Iterable[Note]) -> None:
        """Takes the notes of all finished buckets: the reasons of orphans, and what the run has left."""
        for note in notes:
            self.exchanges_left += note.facts.get("exchanges", 0)
            for side, reason, n in note.facts["reasons"]:
                self.reasons[side, reason] = self.reasons.get((side, reason), 0) + n

    def left_out(self, side: Side, orphans: int) -> int:
        """How many entries of a side the views lack, as `PairViews.left_out`."""
        kept = sum(n for (of, _), n in self.reasons.items() if of == side)
        return self.exchanges_written - self.exchanges_left + orphans - kept
