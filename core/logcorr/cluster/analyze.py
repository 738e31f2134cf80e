"""`analyze` on an engine: the same report and views as on this machine, made by steps that meet in a store."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import msgspec
import polars as pl

from logcorr.cluster import access_figures, canary, cut_work, publish
from logcorr.cluster.access_plan import AccessPlan
from logcorr.cluster.access_read import AccessProgress, AccessRead, files_of
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines.base import Engine
from logcorr.cluster.job import OnEngine
from logcorr.cluster.map_accesses import RefusedLines
from logcorr.cluster.plan import Note, Plan, PlannedFile
from logcorr.cluster.splits import notes_on, splits_of
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.access_report import AccessReportData
from logcorr.figures.grid import Grid, grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.group_figures import GroupData
from logcorr.formats.line_format import REJECT_SCHEMA
from logcorr.inputs import changes
from logcorr.inputs.line_numbers import LinesRead
from logcorr.jobs import conclude
from logcorr.jobs.analyze import Analysis
from logcorr.jobs.job import Result
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.tell_logs import ToldFormat
from logcorr.jobs.write_groups import GroupLimits, group_views, groups_of
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.options import AnalyzeOptions
from logcorr.query import narrowing
from logcorr.query.findings_by_group import Group
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.zones import local_zone

_OF_LINES = ("exchanges", "malformed", "other")
_OF_GROUPS = ("endpoints", "ips")
_EMPTY = "empty"
# Access logs are counted by several texts, by endpoint with each duration: so a part of the counts is of less text.
_PART_BYTES = 64 << 20


def analyze(
    options: AnalyzeOptions, *, on_event: Listener | None = None, cancel: threading.Event | None = None
) -> Result[AccessReport]:
    """Does what `jobs.analyze.analyze` does, by steps on the engine that `options.cluster` names.

    Raises what that raises, StoreError and EngineError.
    """
    return ClusterAnalysis(options, ProgressMeter(on_event, cancel, options.memory_bytes)).result()


class ClusterAnalysis(OnEngine[AccessReport], Analysis):
    """One analysis on an engine."""

    def _plan(self, engine: Engine) -> Plan:
        slots = self._cluster.slots or engine.slots
        how = cut_work.with_memory(self._cluster, slots)
        # Each file ends where its last whole line ends, if it has grown since it was first looked at.
        files = changes.as_at_start(self._files["access"])
        formats, format_of = _different(self._told.told)
        read = self._told.options
        own = AccessPlan(
            formats=formats,
            format_of=format_of,
            # Workers may be in another zone.
            options=msgspec.structs.replace(read, zone=local_zone()) if read.zone == "local" else read,
            attributes=list(self._told.attributes),
            narrowing=self._options.narrowing,
            limits=self._limits,
            file_names=self._names("access"),
        )
        split_bytes = cut_work.split_bytes(self._text_bytes, slots, how)
        splits = splits_of({"access": files}, split_bytes, {"access": own.in_order()}, [])
        self._notes += notes_on(splits, self._files)
        return Plan(
            key=self._key,
            kind="access",
            files={
                "access": [
                    PlannedFile.of(file, now.bytes) for file, now in zip(self._files["access"], files, strict=True)
                ]
            },
            splits=splits,
            sizes=cut_work.sizes(self._text_bytes, len(splits), slots, how, _PART_BYTES),
            own=msgspec.Raw(msgspec.msgpack.encode(own)),
            canary=canary.canary(),
            versions=canary.versions(),
        )

    def _made_by(self, run: Driver, work: WorkFolder) -> RunFolder:
        self._check_narrowing()
        own = msgspec.msgpack.decode(run.plan.own, type=AccessPlan)
        progress = AccessProgress(self._meter, run.plan.splits, self._files["access"])
        mapped = run.phase("map", range(len(run.plan.splits)), progress.on_split)
        self._check_unchanged(run.plan)
        read = AccessRead(run.plan.splits, mapped, self._files["access"])
        lines = read.lines
        if lines.unreadable:
            raise self._told.unreadable()
        self._meter.enter("count")
        rest = range(len(run.plan.splits)) if own.narrowed else read.unfinished
        progress.end(lines, len(rest) + run.plan.sizes.parts)
        grid_ = self._tell_files(run, read)
        finished = run.phase("narrow" if own.narrowed else "finish", rest, progress.on_step)
        counted = finished if own.narrowed else mapped
        sums = access_figures.merged_sums(run, own, counted, grid_, work.spill / "groups")
        groups, parts = access_figures.merged_groups(run, own, counted, sums, progress.on_step)
        figures = access_figures.latency_figures(run, sums, [files_of(note, "exchanges") for note in counted.values()])
        self._meter.enter("report")
        rows = {
            **_rows(mapped.values(), _OF_LINES),
            **_rows(counted.values(), ("exchanges",)),
            **_rows(parts.values(), _OF_GROUPS),
            "windows": groups.windows.height,
        }
        data = AccessReportData(sums=sums, figures=figures, rows=rows["exchanges"], groups=groups)
        packed = sum(note.sizes["counts"] for note in counted.values())
        info = self._engine_info(run, self._run_info(run.plan.sizes.parts, packed))
        made = [*mapped.values(), *finished.values(), *parts.values()]
        concluded = partial(conclude.access_report, self._report(data, lines, info), sums)
        return self._concluded(run, self._written_here(work, groups), concluded, made, rows)

    def _tell_files(self, run: Driver, read: AccessRead) -> Grid:
        """Tells the steps that follow what is known of all lines. Returns the grid of the exchanges that are left."""
        exchanges = read.lines.counts["exchanges"]
        chosen = narrowing.range_of(self._options.narrowing, *read.span, entries=exchanges)
        grid_ = grid(*chosen.within(*read.span), self._options.window_us)
        run.tell("files", read.files(chosen, grid_))
        return grid_

    def _concluded(
        self,
        run: Driver,
        views: ViewWriter,
        concluded: Callable[[Callable[[], pl.LazyFrame], Sequence[Group]], AccessReport],
        made: list[Note],
        rows: dict[str, int],
    ) -> RunFolder:
        """The run, not published yet, of whose views `rows` tells the rows. `views` are those of this machine.

        `concluded` gives the report with findings, which are made of the views as they stand in the store.
        """
        parts = publish.parts_of(self._key, made, (*_OF_LINES, *_OF_GROUPS))
        here = {view: views.files(view)[:1] for view in (*_OF_LINES, *group_views(self._told.attributes))}
        publish.add_own(run.store, self._key, parts, here)
        scan = publish.scan_of(run.store, self._key, parts)
        report = concluded(partial(scan, "exchanges"), groups_of(scan, self._told.attributes))
        manifest = self._access_manifest(report, parts, {view: rows[view] for view in here})
        self._meter.stop_if_asked()
        return self._unpublished_run(report, manifest)

    @property
    def _limits(self) -> GroupLimits:
        return GroupLimits(window_us=self._options.window_us, suspicious=self._access_options.suspicious)

    def _written_here(self, work: WorkFolder, groups: GroupData) -> ViewWriter:
        """The view of windows, and a part without rows of every view that steps write."""
        attributes, limits = self._told.attributes, self._limits
        views = ViewWriter(work.run, (*_OF_LINES, *group_views(attributes)))
        nothing = pl.LazyFrame(schema=REJECT_SCHEMA)
        views.write(self._no_exchanges(), "exchanges", _EMPTY)
        views.write_refused("access", RefusedLines(LinesRead([]), nothing, nothing))
        counts = GroupCounts(attributes, limits.window_us, 0, work.spill / "nothing")
        if "endpoint" in attributes:
            views.write(endpoints_and_addresses.endpoints(next(counts.endpoints())), "endpoints", _EMPTY)
        if "ip" in attributes:
            ips = endpoints_and_addresses.ips(next(counts.ips()), limits.window_us, limits.suspicious)
            views.write(ips, "ips", _EMPTY)
        if group_views(attributes):
            views.write(endpoints_and_addresses.worst_first(groups.windows).lazy(), "windows", "0000")
        return views


def _different(told: list[ToldFormat]) -> tuple[list[ToldFormat], list[int]]:
    """The different formats among those of all files, and the index of the format of each file."""
    formats: list[ToldFormat] = []
    format_of = []
    for one in told:
        if one not in formats:
            formats.append(one)
        format_of.append(formats.index(one))
    return formats, format_of


def _rows(notes: Iterable[Note], views: Iterable[str]) -> dict[str, int]:
    """How many rows of these views the steps have written."""
    heights: list[Mapping[str, list[int]]] = [note.facts["rows"] for note in notes]
    return {view: sum(sum(of_step.get(view, ())) for of_step in heights) for view in views}
