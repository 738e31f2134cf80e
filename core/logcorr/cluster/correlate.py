"""`correlate` on an engine: the same report and views as on this machine, made by steps that meet in a store."""

import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from logcorr.cluster import canary, cut_work, publish
from logcorr.cluster.count_parts import Counted
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines.base import Engine
from logcorr.cluster.exchange_counts import USERS
from logcorr.cluster.finish_bucket import Finish
from logcorr.cluster.job import OnEngine
from logcorr.cluster.pair_figures import Figures, arrivals, top_users
from logcorr.cluster.pair_plan import PairPlan, Shuffle
from logcorr.cluster.pair_progress import PairProgress
from logcorr.cluster.pair_read import SplitsRead, tell_offsets
from logcorr.cluster.plan import Note, Plan, PlannedFile
from logcorr.cluster.splits import splits_of
from logcorr.figures import pair_report
from logcorr.figures.grid import grid
from logcorr.figures.pair_sums import PairSums
from logcorr.inputs import changes
from logcorr.inputs.line_numbers import LinesRead
from logcorr.jobs.correlate import Correlation, grid_of, span_of
from logcorr.jobs.event_sources import SourceResult
from logcorr.jobs.job import Result
from logcorr.jobs.pair_ledgers import PairLedgers, in_order
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES
from logcorr.model.options import CorrelateOptions
from logcorr.model.report import Report
from logcorr.pairing import orphan_reasons
from logcorr.query import narrowing
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.zones import local_zone

_VIEWS = ("exchanges", "orphans", "malformed", "other", "duplicates", "users")


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
        files = {log: changes.as_at_start(of_log) for log, of_log in self._files.items()}
        reading = self._reading()
        if reading.options.zone == "local":
            # Workers may be in another zone.
            options = msgspec.structs.replace(reading.options, zone=local_zone())
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
            cut_work.split_bytes(self._text_bytes, engine.slots, self._cluster),
            {log: [reading.depends_on_lines_above(log)] * len(files) for log, files in self._files.items()},
            [log for log in self._files if reading.depends_on_files_before(log)],
        )
        return Plan(
            key=self._key,
            kind="correlation",
            files={log: [PlannedFile.of(file) for file in of_log] for log, of_log in files.items()},
            splits=splits,
            sizes=cut_work.sizes(self._text_bytes, len(splits), engine.slots, self._cluster),
            own=msgspec.Raw(msgspec.msgpack.encode(own)),
            canary=canary.canary(),
            versions=canary.versions(),
        )

    def _made_by(self, run: Driver, work: WorkFolder) -> RunFolder:
        views = self._empty_views(work)
        self._check_narrowing(views)
        progress = PairProgress(self._meter, run.plan, self._files, self._rules.columns, wanted=self._with_estimates)
        mapped = run.phase("map", range(len(run.plan.splits)), progress.on_split)
        split = SplitsRead(run.plan.splits, mapped, self._files)
        read = split.result({side: self._rules.columns.schema(side) for side in SIDES})
        self._check_unchanged(run.plan)
        self._check_read(read)
        shuffle = self._tell_shuffle(run, split, read)
        refused = tell_offsets(run, mapped, run.plan.sizes.buckets)
        self._meter.enter("pair")
        progress.begin_buckets(run.store, shuffle.grid)
        reduced = run.phase("reduce", range(run.plan.sizes.buckets), progress.on_bucket)
        self._meter.enter("report")
        exchanges = [_names(note, "exchanges") for note in reduced.values()]
        figures = Figures(run, progress.sums, exchanges)
        latency = figures.latency()
        edge_us = orphan_reasons.edge_us(self._pair_options.edge_us, latency.p999_us)
        finish = Finish(
            edge_us=edge_us,
            first_request_us=read.spans["request"][0],
            last_response_us=read.spans["response"][1],
            exchanges=exchanges,
            exchange_rows=[note.facts["exchange_rows"] for note in reduced.values()],
            orphans=[note.files["orphans"] for note in reduced.values()],
            refused=refused,
        )
        finished = self._finish_all(run, finish)
        of_buckets = [finished[number] for number in range(run.plan.sizes.buckets)]
        counted_in, sums = reduced, progress.sums
        if self._narrowed:
            counted_in, sums = dict(enumerate(of_buckets)), PairSums(shuffle.narrowed, 0)
            progress.merge(sums, of_buckets)
            figures = Figures(run, sums, [_names(note, "exchanges") for note in of_buckets], "-left")
            latency = figures.latency()
        counted = self._count(run, counted_in)
        users = top_users(run, counted)
        progress.settle(of_buckets)
        by_bucket, by_window = arrivals(run, of_buckets)
        ledgers = PairLedgers(
            files=self._files,
            read=read,
            malformed={log: split.malformed(log) for log in self._files},
            orphans=progress.open_orphans,
            written=progress,
            named=self._told.named,
            narrowed=self._narrowed,
        )
        data = pair_report.PairReportData(
            inputs=ledgers.inputs(),
            orphans=in_order(progress.reasons),
            orphans_by_bucket=by_bucket,
            orphans_by_window=by_window,
            users=users,
            users_p99=figures.users_p99(users),
            given=figures.given(self._rules.duration),
            edge_us=edge_us,
            skew_us=self._pair_options.skew_us,
            run=self._run_info(run.plan.sizes.buckets, sum(note.sizes["blob"] for note in mapped.values())),
            attributes=self._rules.columns.attributes,
            groups=None,
        )
        report = pair_report.report(sums, latency, data)
        made = [*reduced.values(), *finished.values(), *counted.values()]
        rows = {
            "exchanges": progress.exchanges_left if self._narrowed else progress.exchanges_written,
            "orphans": sum(progress.reasons.values()),
            "malformed": sum(note.facts.get("malformed", 0) for note in finished.values()),
            "duplicates": sum(progress.repeats.values()),
            "users": sum(note.facts["users"] for note in counted.values()),
            **({"other": sum(note.facts.get("other", 0) for note in finished.values())} if self._told.told else {}),
        }
        return self._published(run, report, made, rows, _empty_parts(views, read, rows))

    def _check_unchanged(self, plan: Plan) -> None:
        """Raises CutLineError or InputError where a file was changed while it was read."""
        for log, files in self._files.items():
            changes.check_whole_lines(files, [planned.file() for planned in plan.files[log]])

    def _tell_shuffle(self, run: Driver, split: SplitsRead, read: SourceResult) -> Shuffle:
        """Tells the steps of buckets what is known of all lines."""
        first, last = span_of(read)
        asked = narrowing.range_of(self._options.narrowing, first, last, entries=sum(read.entries.values()))
        shuffle = Shuffle(
            blobs=split.blobs,
            first_rows=split.first_rows,
            starts=split.starts,
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

    def _count(self, run: Driver, notes: Mapping[int, Note]) -> dict[int, Note]:
        """Merges the counts of users, part by part."""
        offsets = [np.frombuffer(note.facts["counted"], "<u8").tolist() for note in notes.values()]
        run.tell("count", Counted(files=[note.files["counts"] for note in notes.values()], offsets=offsets))
        return run.phase("count", range(run.plan.sizes.parts))

    def _empty_views(self, work: WorkFolder) -> PairViews:
        """Views without rows, on this machine: the columns of parts, and parts of views that have no row."""
        lines = {side: LinesRead([]) for side in SIDES}
        return PairViews(work.run, work.spill, lines, self._rules.columns, self._told.more_views)

    def _published(
        self, run: Driver, report: Report, notes: list[Note], rows: dict[str, int], empty: dict[str, Path]
    ) -> RunFolder:
        parts = publish.parts_of(self._key, notes, _VIEWS)
        publish.add_own(run.store, self._key, parts, empty)
        manifest = self._manifest(report.kind, parts, rows, self._attributes, pair_report.headline(report))
        publish.publish(run.store, self._key, report, manifest)
        return self._run_folder()


def _empty_parts(views: PairViews, read: SourceResult, rows: Mapping[str, int]) -> dict[str, Path]:
    """A part without rows of each view."""
    views.add_exchanges(views.columns.exchanges.to_frame())
    views.finish_orphans(0, None, None)
    views.finish_duplicates()
    views.finish_users([USERS.to_frame().lazy()])
    for log, lines in read.logs.items():
        views.write_refused(log, lines)
    return {view: views.files(view)[0] for view in rows}


def _names(note: Note, kind: str) -> list[str]:
    """The files of a kind that a step has made."""
    return [name for key, name in note.files.items() if key.partition("/")[0] == kind]
