"""`correlate` on an engine: the same report and views as on this machine, made by steps that meet in a store."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from logcorr.cluster import canary, cut_work, publish
from logcorr.cluster.count_parts import Counted
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines.base import Engine
from logcorr.cluster.exchange_counts import USERS
from logcorr.cluster.finish_bucket import Finish
from logcorr.cluster.group_parts import GROUPS, GroupsOfPart, joined
from logcorr.cluster.job import OnEngine
from logcorr.cluster.pair_figures import Figures, arrivals, merged_sums, top_users
from logcorr.cluster.pair_plan import PairPlan, Shuffle
from logcorr.cluster.pair_progress import PairProgress
from logcorr.cluster.pair_read import SplitsRead, tell_offsets
from logcorr.cluster.plan import Note, Plan, PlannedFile
from logcorr.cluster.splits import notes_on, splits_of
from logcorr.cluster.store import each
from logcorr.compute.struct_bytes import of_bytes
from logcorr.figures import endpoints_and_addresses, pair_report
from logcorr.figures.grid import grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.group_figures import GroupData
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.pair_sums import PairSums
from logcorr.inputs import changes
from logcorr.inputs.line_numbers import LinesRead
from logcorr.jobs import conclude
from logcorr.jobs.correlate import Correlation, grid_of, span_of
from logcorr.jobs.event_sources import SourceResult
from logcorr.jobs.job import Result
from logcorr.jobs.pair_ledgers import PairLedgers, in_order
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_groups import GroupLimits, GroupWriter, group_views, groups_of
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES
from logcorr.model.options import CorrelateOptions
from logcorr.model.report import Report
from logcorr.pairing import orphan_reasons
from logcorr.query import narrowing
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.zones import local_zone

_VIEWS = ("exchanges", "orphans", "malformed", "duplicates", "users")


def correlate(
    options: CorrelateOptions,
    *,
    on_event: Listener | None = None,
    estimates: bool = True,
    cancel: threading.Event | None = None,
) -> Result[Report]:
    """Does what `jobs.correlate.correlate` does, by steps on the engine that `options.cluster` names.

    Raises what that raises, StoreError and EngineError.
    """
    meter = ProgressMeter(on_event, cancel, options.memory_bytes)
    return ClusterCorrelation(options, meter, estimates=estimates and on_event is not None).result()


class ClusterCorrelation(OnEngine[Report], Correlation):
    """One correlation on an engine."""

    def _plan(self, engine: Engine) -> Plan:
        slots = self._cluster.slots or engine.slots
        how = cut_work.with_memory(self._cluster, slots)
        # Each file ends where its last whole line ends, if it has grown since it was first looked at.
        files = {log: changes.as_at_start(of_log) for log, of_log in self._files.items()}
        reading = self._reading()
        # Workers may be in another zone. The rows of a split are not those of the log.
        zone = local_zone() if reading.options.zone == "local" else reading.options.zone
        options = msgspec.structs.replace(reading.options, zone=zone, marks_alone=True)
        reading = msgspec.structs.replace(reading, options=options)
        own = PairPlan(
            reading=reading,
            rules=self._rules,
            narrowing=self._options.narrowing,
            window_us=self._options.window_us,
            suspicious=self._pair_options.suspicious,
            file_names=self._file_names,
        )
        splits = splits_of(
            files,
            cut_work.split_bytes(self._text_bytes, slots, how),
            {log: [reading.depends_on_lines_above(log)] * len(of_log) for log, of_log in files.items()},
            [log for log in self._files if reading.depends_on_files_before(log)],
        )
        self._notes += notes_on(splits, self._files)
        return Plan(
            key=self._key,
            kind="correlation",
            files={
                log: [PlannedFile.of(file, now.bytes) for file, now in zip(self._files[log], of_log, strict=True)]
                for log, of_log in files.items()
            },
            splits=splits,
            sizes=cut_work.sizes(self._text_bytes, len(splits), slots, how),
            own=msgspec.Raw(msgspec.msgpack.encode(own)),
            canary=canary.canary(),
            versions=canary.versions(),
        )

    def _made_by(self, run: Driver, work: WorkFolder) -> RunFolder:
        views = self._empty_views(work)
        self._check_narrowing(views)
        progress = PairProgress(self._meter, run.plan, self._files, self._rules.columns, wanted=self._with_estimates)
        lines = self._read(run, progress)
        paired = self._pair(run, lines, progress)
        counted = self._count(run, paired)
        by_bucket, by_window = arrivals(run, paired.buckets)
        groups = self._groups(run, paired, counted, by_window)
        ledgers = PairLedgers(
            files=self._files,
            read=lines.read,
            malformed={log: lines.splits.malformed(log) for log in self._files},
            orphans=progress.open_orphans,
            written=progress,
            named=self._told.named,
            narrowed=self._narrowed,
        )
        users = top_users(run, counted)
        rows = self._rows(progress, [*paired.notes, *counted.values()])
        data = pair_report.PairReportData(
            inputs=ledgers.inputs(),
            orphans=in_order(progress.reasons),
            orphans_by_bucket=by_bucket,
            orphans_by_window=by_window,
            users=users,
            users_p99=paired.figures.users_p99(users),
            all_users=rows["users"],
            given=paired.figures.given(self._rules.duration),
            edge_us=paired.edge_us,
            skew_us=self._pair_options.skew_us,
            run=self._run_info(run.plan.sizes.buckets, sum(note.sizes["blob"] for note in lines.notes.values())),
            attributes=self._rules.columns.attributes,
            groups=groups,
        )
        report = pair_report.report(paired.sums, paired.latency, data)
        parts = publish.parts_of(self._key, [*paired.notes, *counted.values()], [*rows])
        self._write_own_parts(work, views, lines.read)
        if groups is not None:
            rows["windows"] = groups.windows.height
            views.write(endpoints_and_addresses.worst_first(groups.windows).lazy(), "windows", "0000")
        publish.add_own(run.store, self._key, parts, {view: views.files(view)[:1] for view in rows})
        scan = publish.scan_of(run.store, self._key, parts)
        report = conclude.pair_report(
            report,
            paired.sums,
            self._files,
            exchanges=partial(scan, "exchanges"),
            orphans=scan("orphans").with_columns(pl.col("time").cast(pl.Int64)),
            users=scan("users"),
            groups=groups_of(scan, self._rules.columns.attributes),
        )
        report = msgspec.structs.replace(report, run=self._engine_info(run, report.run))
        manifest = self._manifest(report.kind, parts, rows, self._attributes, pair_report.headline(report))
        publish.publish(run.store, self._key, report, manifest)
        return self._run_folder()

    def _read(self, run: Driver, progress: PairProgress) -> "_Lines":
        """The first phase: all lines are read. Raises InputError where no line is an entry, or a file was changed."""
        notes = run.phase("map", range(len(run.plan.splits)), progress.on_split)
        splits = SplitsRead(run.plan.splits, notes, self._files)
        read = splits.result({side: self._rules.columns.schema(side) for side in SIDES})
        self._check_unchanged(run.plan)
        self._check_read(read)
        shuffle = self._tell_shuffle(run, splits, read)
        refused = tell_offsets(run, notes, run.plan.sizes.buckets)
        return _Lines(notes, splits, read, shuffle, refused)

    def _pair(self, run: Driver, lines: "_Lines", progress: PairProgress) -> "_Paired":
        """The phases in which all entries are paired, and what the run leaves of them is settled."""
        self._meter.enter("pair")
        progress.begin_buckets(run.store, lines.shuffle.grid)
        reduced = run.phase("reduce", range(run.plan.sizes.buckets), progress.on_bucket)
        self._meter.enter("report")
        exchanges = [_names(note, "exchanges") for note in reduced.values()]
        sums = progress.sums
        if not progress.sums_complete:
            sums = merged_sums(run, list(reduced.values()), lines.shuffle.grid)
        figures = Figures(run, sums, exchanges)
        latency = figures.latency()
        edge_us = orphan_reasons.edge_us(self._pair_options.edge_us, latency.p999_us)
        finish = Finish(
            edge_us=edge_us,
            first_request_us=lines.read.spans["request"][0],
            last_response_us=lines.read.spans["response"][1],
            exchanges=exchanges,
            exchange_rows=[note.facts["exchange_rows"] for note in reduced.values()],
            orphans=[note.files["orphans"] for note in reduced.values()],
            refused=lines.refused,
        )
        finished = self._finish_all(run, finish)
        buckets = [finished[number] for number in range(run.plan.sizes.buckets)]
        progress.settle(buckets)
        notes = [*reduced.values(), *finished.values()]
        if not self._narrowed:
            return _Paired(notes, buckets, list(reduced.values()), sums, figures, latency, edge_us)
        sums = merged_sums(run, buckets, lines.shuffle.narrowed, "-left")
        figures = Figures(run, sums, [_names(note, "exchanges") for note in buckets], "-left")
        return _Paired(notes, buckets, buckets, sums, figures, figures.latency(), edge_us)

    def _groups(
        self, run: Driver, paired: "_Paired", counted: Mapping[int, Note], orphans_by_window: pl.DataFrame
    ) -> GroupData | None:
        """The figures of endpoints, addresses and windows, where exchanges have these attributes."""
        if not self._rules.columns.attributes:
            return None
        limits = GroupLimits(window_us=self._options.window_us, suspicious=self._pair_options.suspicious)
        found = each(run.store.get, [note.files[GROUPS] for note in counted.values()])
        parts = [of_bytes(data, GroupsOfPart) for data in found]
        missing = {
            name: sum(note.facts["missing"].get(name, 0) for note in paired.counted)
            for name in self._rules.columns.attributes
        }
        return joined(parts, paired.sums, missing, limits, orphans_by_window)

    def _rows(self, progress: PairProgress, notes: Sequence[Note]) -> dict[str, int]:
        """How many rows each view has, but for windows."""
        rows = dict.fromkeys((*_VIEWS, *group_views(self._rules.columns.attributes), *self._told.more_views), 0)
        rows["exchanges"] = progress.exchanges_left if self._narrowed else progress.exchanges_written
        rows["orphans"] = sum(progress.reasons.values())
        rows["duplicates"] = sum(progress.repeats.values())
        for note in notes:
            for view, heights in note.facts.get("rows", {}).items():
                rows[view] += sum(heights)
        return rows

    def _tell_shuffle(self, run: Driver, split: SplitsRead, read: SourceResult) -> Shuffle:
        """Tells the steps of buckets what is known of all lines."""
        first, last = span_of(read)
        asked = narrowing.range_of(self._options.narrowing, first, last, entries=sum(read.entries.values()))
        shuffle = Shuffle(
            blobs=split.blobs,
            first_rows=split.first_rows,
            starts=split.starts,
            rows=split.rows,
            grid=grid_of(read, self._options.window_us),
            chosen=asked,
            narrowed=grid(*asked.within(first, last), self._options.window_us),
        )
        run.tell("shuffle", shuffle)
        return shuffle

    def _finish_all(self, run: Driver, finish: Finish) -> dict[int, Note]:
        """Finishes all buckets, and the refused lines of all splits that have some."""
        run.tell("finish", finish)
        buckets = run.plan.sizes.buckets
        refused = [buckets + number for number, (start, _, end) in enumerate(finish.refused) if end > start]
        return run.phase("finish", [*range(buckets), *refused])

    def _count(self, run: Driver, paired: "_Paired") -> dict[int, Note]:
        """Merges the counts of users and of attributes, part by part."""
        offsets = [np.frombuffer(note.facts["counted"], "<u8").tolist() for note in paired.counted]
        run.tell("count", Counted(files=[note.files["counts"] for note in paired.counted], offsets=offsets))
        return run.phase("count", range(run.plan.sizes.parts))

    def _empty_views(self, work: WorkFolder) -> PairViews:
        """Views without rows, on this machine: the columns of parts, and parts of views that have no row."""
        lines = {side: LinesRead([]) for side in SIDES}
        columns, more = self._rules.columns, (*group_views(self._rules.columns.attributes), *self._told.more_views)
        return PairViews(work.run, work.spill, lines, columns, more)

    def _write_own_parts(self, work: WorkFolder, views: PairViews, read: SourceResult) -> None:
        """Writes a part without rows of each view, for the views of which no step has rows."""
        views.add_exchanges(views.columns.exchanges.to_frame())
        views.finish_orphans(0, None, None)
        views.finish_duplicates()
        views.finish_users([USERS.to_frame().lazy()])
        for log, lines in read.logs.items():
            views.write_refused(log, lines)
        if attributes := views.columns.attributes:
            counts = GroupCounts(attributes, self._options.window_us, 0, work.spill / "groups")
            limits = GroupLimits(window_us=self._options.window_us, suspicious=self._pair_options.suspicious)
            nothing = PairSums(grid(None, None, self._options.window_us), 0)
            GroupWriter(views, work.spill, self._meter, limits).write(attributes, nothing, counts)


class _Lines(NamedTuple):
    """What the first phase came to: the notes of splits, and what is known of all lines."""

    notes: dict[int, Note]
    splits: SplitsRead
    read: SourceResult
    shuffle: Shuffle
    refused: list[tuple[int, int, int]]


class _Paired(NamedTuple):
    """What became of all entries. `counted` are the notes of the steps that counted what is left of the exchanges."""

    notes: list[Note]
    buckets: list[Note]
    counted: list[Note]
    sums: PairSums
    figures: Figures
    latency: LatencyFigures
    edge_us: int


def _names(note: Note, kind: str) -> list[str]:
    """The files of a kind that a step has made."""
    return [name for key, name in note.files.items() if key.partition("/")[0] == kind]
