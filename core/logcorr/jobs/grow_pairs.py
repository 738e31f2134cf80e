"""Keeps what a later correlation can go on from, and goes on from what an earlier one has kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from logcorr.compute.parquet_slices import height_of, slices
from logcorr.compute.struct_bytes import of_bytes, to_bytes
from logcorr.figures.clock_resolution import ClockResolution
from logcorr.figures.less_sums import less, users_less
from logcorr.figures.pair_sums import PairSums, PartialPairSums
from logcorr.inputs.files import InputFile
from logcorr.inputs.reader import SideResult
from logcorr.jobs.base_run import BaseRun
from logcorr.jobs.event_sources import SourceResult
from logcorr.jobs.grown_source import GrownSource
from logcorr.jobs.pair_reading import PairReading
from logcorr.jobs.write_views import PairViews
from logcorr.model.errors import InputError, system_error
from logcorr.model.ledger import SIDES, Log, Side
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.runs.growth import FOLDER, SUMS, USERS, Growth, GrowthFolder, LogSoFar, link, sampled

# So many entries of each side may find their partner nearby among new ones.
RECENT = 20_000
# Where more of the entries are unpaired than this, little is settled.
MOST_UNPAIRED = 0.25
# Logs of fewer bytes are read anew as fast.
LEAST_BYTES = 16 << 20
# With less memory, sums of two runs have no room at once.
LEAST_MEMORY = 384 << 20
_KEYS_AT_ONCE = 1 << 20
# So many exchanges are taken out of sums. Where there are more, the others are counted anew.
_MOST_TAKEN = 200_000


class GrowthWriter:
    """Writes what a later run can go on from, while this run is made: `growth/` in the folder of the run."""

    def __init__(self, run: Path) -> None:
        (run / FOLDER).mkdir(mode=0o700)
        self._folder = GrowthFolder(run / FOLDER)
        self._parts: list[str] = []
        self._alone = False

    def settle(self, part: str, exchanges: pl.DataFrame) -> None:
        """Notes a part of the exchanges, as pairing returns them with KEY and what the view does not show."""
        self._parts.append(part)
        self._folder.write_keys(part, exchanges[KEY].to_numpy())
        for side in SIDES:
            if not self._alone and f"{side}:line_hash" in exchanges.columns:
                self._alone = bool((exchanges[f"{side}:line_hash"] == exchanges[f"{side}_row"]).any())

    def adopt(self, base: BaseRun) -> None:
        """Takes over the parts of another run."""
        for part in base.growth.parts:
            self._folder.adopt_keys(base.folder, part)
            self._parts.append(part)
        self._alone |= base.growth.alone

    def take_back(self, part: str, keys: pl.Series) -> None:
        """Notes that the exchanges of some keys are in a part no more."""
        if part in self._parts:
            here = pl.Series(KEY, self._folder.keys(part))
            self._folder.write_keys(part, here.filter(~here.is_in(keys.implode())).to_numpy())

    def finish(
        self,
        read: SourceResult,
        files: Mapping[Log, Sequence[InputFile]],
        malformed: Mapping[Log, Mapping[str, int]],
        *,
        views: PairViews,
        unpaired: UnpairedEntries,
        sums: PairSums,
    ) -> None:
        """Writes the rest before entries are paired by bucket: entries that no settled exchange has, and the sums.

        Nothing is kept where most entries are unpaired, or where lines have no numbers of their own.
        """
        entries, left = sum(read.entries.values()), sum(unpaired.height.values())
        whole = all(lines.lines_read.rows == sum(lines.lines_read.lines) for lines in read.logs.values())
        if left > MOST_UNPAIRED * entries or not self._parts or not whole:
            self._folder.remove()
            return
        for side, rows in zip(SIDES, unpaired.frames(), strict=True):
            self._write_unpaired(side, rows)
        (self._folder.path / SUMS).write_bytes(to_bytes(sums.partial()))
        if not sums.users.full:
            sums.users.counts().write_ipc(self._folder.path / USERS)
        for part in self._parts:
            if (hidden := views.hidden_of(part)) is not None:
                link(hidden, self._folder.hidden(part))
        self._folder.write(
            Growth(
                polars=pl.__version__,
                logs={log: _so_far(files[log], of_log, malformed[log]) for log, of_log in read.logs.items()},
                spans={str(side): span for side, span in read.spans.items()},
                entries={str(side): n for side, n in read.entries.items()},
                parts={part: height_of([views.part_of(part)]) for part in self._parts},
                alone=self._alone,
                files={},
            )
        )

    def _write_unpaired(self, side: Side, rows: pl.LazyFrame) -> None:
        by = "row" if rows.select(pl.col("time").is_null().any()).collect(engine="streaming").item() else "time"
        recent = rows.top_k(RECENT, by=by).collect(engine="streaming")
        if "line_hash" in recent.columns and not self._alone:
            is_row = (pl.col("line_hash") == pl.col("row")).any()
            self._alone = bool(rows.select(is_row).collect(engine="streaming").item())
        recent.sort("row").write_ipc(self._folder.entries(side, "recent"))
        older = rows.filter(~pl.col("row").is_in(recent["row"].implode()))
        older.sink_ipc(self._folder.entries(side, "older"), engine="streaming")


class GoingOn:
    """Goes on from a base run: takes over what it has settled. `source` gives all other entries."""

    def __init__(self, base: BaseRun, source: GrownSource) -> None:
        self.base, self.source = base, source
        self._taken: list[pl.DataFrame] = []

    def adopt(self, views: PairViews, writer: GrowthWriter | None) -> None:
        """Takes over the settled parts of the view of exchanges, and the views of lines that are no entries."""
        base = self.base
        for part, rows in base.growth.parts.items():
            hidden = base.folder.hidden(part)
            views.adopt(base.run.path, part, rows, hidden if hidden.exists() else None)
        again = [(log, file, line) for log, tail in base.tails.items() for file, line in tail.again]
        views.adopt_lines(base.run.path, again)
        if writer is not None:
            writer.adopt(base)

    def is_whole(self, error: Exception) -> bool:
        """Whether an error was none of the base run: that it was removed meanwhile, or is damaged within its files."""
        if system_error(error) is None:
            return False
        try:
            self.base.run.check()
        except InputError:
            return False
        return self.base.folder.read() is not None

    @property
    def malformed(self) -> dict[Log, dict[str, int]]:
        """The malformed lines of each log before, by reason."""
        return {log: tail.log.malformed for log, tail in self.base.tails.items()}

    def recurring(self) -> pl.Series:
        """The keys of settled exchanges of the base run that new entries have too."""
        new = self.source.new_keys().unique().implode()
        found, waiting, rows = [], [], 0
        parts = [*self.base.growth.parts]
        for part in parts:
            waiting.append(self.base.folder.keys(part))
            rows += waiting[-1].size
            if rows >= _KEYS_AT_ONCE or part == parts[-1]:
                keys = pl.Series(KEY, np.concatenate(waiting), dtype=pl.UInt64)
                found.append(keys.filter(keys.is_in(new)))
                waiting, rows = [], 0
        return pl.concat(found).unique() if found else pl.Series(KEY, [], dtype=pl.UInt64)

    def parts_of(self, keys: pl.Series) -> list[str]:
        """The parts of the base run that hold exchanges of these keys."""
        wanted = keys.implode()
        return [
            part
            for part in self.base.growth.parts
            if keys.len() and pl.Series(KEY, self.base.folder.keys(part)).is_in(wanted).any()
        ]

    def note_taken(self, part: str, exchanges: pl.DataFrame) -> None:
        """Takes exchanges that became entries again. Those of the base run are in its sums."""
        if part in self.base.growth.parts:
            self._taken.append(exchanges)

    def add_sums(self, sums: PairSums, views: PairViews) -> bool:
        """Adds the sums of the settled exchanges of the base run, as far as they still are exchanges.

        False where that cannot be told: theirs have another grid, or too much of them became entries again.
        """
        folder = self.base.folder.path
        before = of_bytes((folder / SUMS).read_bytes(), PartialPairSums)
        # The window is one of the options, which are the same.
        if sums.grid.bucket_us % before.grid.bucket_us or sum(frame.height for frame in self._taken) > _MOST_TAKEN:
            return False
        users = pl.read_ipc(folder / USERS) if _fits(folder / USERS, sums.users.room) else None
        if self._taken:
            taken = pl.concat([frame.select(views.columns.exchanges.names()) for frame in self._taken])
            left = less(before, taken, self._resolution(before.resolution, views))
            if left is None:
                return False
            before, users = left, None if users is None else users_less(users, taken)
        sums.merge(before)
        sums.users.merge(users)
        return True

    def _resolution(self, before: tuple[bool, list[bool]], views: PairViews) -> tuple[bool, list[bool]]:
        """The steps of the clocks of the exchanges that are left of the base run. Some of these mostly tell."""
        resolution = ClockResolution()
        for part in self.base.growth.parts:
            for rows in slices([views.part_of(part)]):
                times = rows.select(pl.col(f"{side}_time").cast(pl.Int64) for side in SIDES)
                resolution.add(times.collect(engine="streaming"))
                if resolution.partial() == before:
                    return before
        return resolution.partial()


def _fits(users: Path, room: int) -> bool:
    """Whether counts of users are there, and can be added to others within the room for them."""
    return users.exists() and 2 * users.stat().st_size <= room


def may_grow(files: Mapping[Log, Sequence[InputFile]], reading: PairReading) -> bool:
    """Whether logs can be gone on from: they are large enough, and what is read of a line depends on no other line."""
    if sum(file.text_bytes for of_log in files.values() for file in of_log) < LEAST_BYTES:
        return False
    return not any(reading.depends_on_lines_above(log) or reading.depends_on_files_before(log) for log in files)


def _so_far(files: Sequence[InputFile], read: SideResult, malformed: Mapping[str, int]) -> LogSoFar:
    lines = read.lines_read
    return LogSoFar(
        ends=read.ends,
        digests=[_digest(file, end) for file, end in zip(files, read.ends, strict=True)],
        identities=[file.identity for file in files],
        lines=lines.lines,
        text_bytes=lines.text_bytes,
        starts=lines.starts,
        blank=read.blank,
        header=read.header,
        other=read.other,
        repaired=read.repaired,
        joined=read.joined,
        clock=read.clock,
        heads=read.heads,
        malformed=dict(malformed),
    )


def _digest(file: InputFile, end: int) -> str:
    """A hash of samples of what was read of a file; empty for a compressed one, which cannot grow."""
    if file.compression != "plain":
        return ""
    with file.path.open("rb") as stream:
        return sampled(stream, end)
