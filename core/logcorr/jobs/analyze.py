"""Drives the analysis of an access log: each line is an exchange already, so reading it is most of the work."""

import threading
from pathlib import Path

import polars as pl

from logcorr.compute import resources
from logcorr.compute.arrow_text import copied
from logcorr.compute.background import read_ahead
from logcorr.compute.memory_budget import chunk_size
from logcorr.compute.parquet_slices import files_of, height_of, slices
from logcorr.compute.parquet_slices import scan as scan_files
from logcorr.figures import access_report, endpoints_and_addresses, percentiles
from logcorr.figures.access_report import Found
from logcorr.figures.grid import grid
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.sums import KeyCounts, Sums
from logcorr.formats.access_dialects import TEXTS
from logcorr.formats.access_lines import access_format, detect
from logcorr.inputs.line_numbers import file_of, line_of
from logcorr.inputs.reader import SideReader, SideResult, batches
from logcorr.inputs.samples import MANY_LINES, SAMPLE_LINES, first_lines
from logcorr.jobs.job import Job, Result
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.model.access_report import AccessReport
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import ACCESS_REASONS, AccessInputs, AccessLedger
from logcorr.model.options import AnalyzeOptions
from logcorr.model.status import is_failure
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_RUN_PER_TEXT_BYTE = 0.8
# Of the time of a whole run, as measured.
_READ_SHARE = 0.9
_ROW_GROUP = 100_000
_PART_ROWS = 400_000
# One in so many bytes of memory may hold text of which the exchanges are not written yet.
_TEXT_SHARE = 8
_SLICE_ROWS = 250_000
_BASE_BYTES = 330 << 20
_LEAST_ROOM_BYTES = 100 << 20
# What a row takes while it is grouped, where each has an endpoint and an address of its own.
_ENDPOINT_BYTES = 250
_IP_BYTES = 400
_BYTES_PER_TEXT_BYTE = 4
_INSTANT = pl.Datetime("us", "UTC")
_VIEWS = ("exchanges", "malformed", "endpoints", "ips", "windows")
_MISSING = (*TEXTS[:3], "response_time", *TEXTS[3:])


def analyze(
    options: AnalyzeOptions, *, on_event: Listener | None = None, cancel: threading.Event | None = None
) -> Result[AccessReport]:
    """Analyses an access log, writes the outputs asked for, and keeps the run unless told not to.

    Raises as `run.correlate` does.
    """
    return _Analysis(options, ProgressMeter(on_event, cancel, options.memory_bytes, read_share=_READ_SHARE)).result()


class _Analysis(Job[AccessReport]):
    def __init__(self, options: AnalyzeOptions, meter: ProgressMeter) -> None:
        names = ("form", "window_us", "suspicious", "collapse_ids")
        told = {name: getattr(options, name) for name in names}
        super().__init__(options, {"access": options.files}, told, meter)
        self._access = options

    def _compute(self, work: WorkFolder) -> RunFolder:
        self._require_disk(work, _RUN_PER_TEXT_BYTE)
        files = self._files["access"]
        samples = first_lines(files, MANY_LINES)
        name = self._access.form or detect(samples[:SAMPLE_LINES])
        form = access_format(name, samples, collapse_ids=self._access.collapse_ids)
        for view in _VIEWS:
            (work.run / view).mkdir(mode=0o700)
        read = self._read(
            SideReader(form, files, work.spill / "access", chunk_size(self._access.memory_bytes), self._meter),
            work.run / "exchanges",
        )
        self._meter.enter("count")
        rejects = _write_rejects(read, work.run / "malformed")
        self._meter.sides["access"].ledger.update(exchanges=height_of(files_of(work.run / "exchanges")), **rejects)
        found = self._found(work, read)
        self._meter.enter("report")
        inputs = self._inputs(read, rejects, found.rows)
        final = access_report.report(found, inputs, form.name, self._run_info(1, 0))
        run = RunFolder(work.run)
        rows = {view: height_of(files_of(work.run / view)) for view in _VIEWS}
        manifest = self._manifest("access", _bytes(work.run), rows, list(TEXTS), access_report.headline(final))
        run.write(manifest, final)
        return run

    def _read(self, reader: SideReader, folder: Path) -> SideResult:
        """Writes all exchanges, a part every so many."""
        ledger = self._meter.sides["access"].ledger
        # Until they are written they keep all text that they were read from alive.
        most = max(1, self._access.memory_bytes // (_TEXT_SHARE * chunk_size(self._access.memory_bytes)))
        parts = 0
        for parts, entries in enumerate(batches(read_ahead(reader.entries()), _PART_ROWS, most), 1):
            _sink(_placed(entries.lazy(), reader.lines_read.starts), folder / f"{parts:04d}.parquet")
            ledger["exchanges"] = ledger.get("exchanges", 0) + entries.height
            del entries
            resources.give_back()
        read = reader.finish()
        if read.late.height or not parts:
            _sink(_placed(read.late.lazy(), read.lines_read.starts), folder / "0000.parquet")
        return read

    def _found(self, work: WorkFolder, read: SideResult) -> Found:
        options = self._access
        parts = files_of(work.run / "exchanges")
        rows = height_of(parts)
        sums = Sums(grid(read.first_us, read.last_us, options.window_us))
        missing = dict.fromkeys(_MISSING, 0)
        extremes: dict[str, list[pl.DataFrame]] = {"fastest": [], "slowest": []}
        counts = {name: KeyCounts(name, ("requests", "errors"), work.spill / name) for name in ("method", "user_agent")}
        for chunk in slices(parts, _SLICE_ROWS):
            self._meter.tap()
            exchanges = chunk.with_columns(pl.col("request_time").cast(pl.Int64))
            plans = [
                chunk.select(
                    *(pl.col(name).null_count() for name in TEXTS),
                    pl.col("duration_us").null_count().alias("response_time"),
                ),
                access_report.extreme(exchanges, slow=False),
                access_report.extreme(exchanges, slow=True),
                endpoints_and_addresses.tally(chunk, "method"),
                endpoints_and_addresses.tally(chunk, "user_agent"),
            ]
            absent, fastest, slowest, method, agent, *shared = pl.collect_all(
                [*plans, *sums.plans(exchanges)], engine="streaming"
            )
            sums.take(*shared)
            for name, count in absent.row(0, named=True).items():
                missing[name] += count
            extremes["fastest"].append(fastest)
            extremes["slowest"].append(slowest)
            counts["method"].add(method)
            counts["user_agent"].add(agent)

        def scan(*columns: str) -> pl.LazyFrame:
            return scan_files(parts).select(columns)

        def pieces(key: str, row_bytes: int) -> int:
            text = scan(key).select(pl.col(key).str.len_bytes().sum()).collect(engine="streaming").item() or 0
            room = max(_LEAST_ROOM_BYTES, options.memory_bytes - _BASE_BYTES)
            return -(-(rows * row_bytes + text * _BYTES_PER_TEXT_BYTE) // room)

        by_endpoint = endpoints_and_addresses.by_key(
            lambda: scan("endpoint", "duration_us", "status_code"),
            "endpoint",
            pieces("endpoint", _ENDPOINT_BYTES),
            work.spill / "endpoints",
        )
        for number, piece in enumerate(by_endpoint):
            self._meter.tap()
            _sink(endpoints_and_addresses.endpoints(piece), work.run / "endpoints" / f"{number:04d}.parquet")
        suspects = []
        by_ip = endpoints_and_addresses.by_key(
            lambda: scan("ip", "request_time", "status_code"), "ip", pieces("ip", _IP_BYTES), work.spill / "ips"
        )
        for number, piece in enumerate(by_ip):
            self._meter.tap()
            counted = endpoints_and_addresses.ip_windows(piece, options.window_us).collect(engine="streaming")
            suspects.append(copied(counted.filter(pl.col("requests") > options.suspicious).select("at", "ip")))
            found = endpoints_and_addresses.ips(counted.lazy(), options.window_us, options.suspicious)
            _sink(found, work.run / "ips" / f"{number:04d}.parquet")
        suspicious = pl.concat(suspects)
        windows = endpoints_and_addresses.windows(sums.windows.merged(), suspicious, options.window_us)
        _sink(endpoints_and_addresses.worst_first(windows).lazy(), work.run / "windows" / "0000.parquet")

        def durations() -> pl.LazyFrame:
            at = pl.col("request_time").cast(pl.Int64) // sums.grid.bucket_us
            return (
                scan("request_time", "duration_us", "status_code")
                .filter(pl.col("duration_us").is_not_null())
                .select(at.alias("at"), "duration_us", is_failure(pl.col("status_code")).alias("failure"))
            )

        populations, _ = percentiles.populations(sums.cells, durations, sums.spreads)
        return Found(
            rows=rows,
            sums=sums,
            figures=LatencyFigures(populations, None, percentiles.over_time(sums.cells, durations)),
            missing={name: count for name, count in missing.items() if count},
            extremes={name: pl.concat(frames) for name, frames in extremes.items()},
            methods=counts["method"],
            agents=counts["user_agent"],
            windows=windows,
            suspicious=suspicious,
            endpoints=lambda: scan_files(files_of(work.run / "endpoints")),
            ips=lambda: scan_files(files_of(work.run / "ips")),
            exchanges=lambda: scan("endpoint", "status_code"),
        )

    def _inputs(self, read: SideResult, malformed: dict[str, int], rows: int) -> AccessInputs:
        """The ledger. Raises LedgerError where it does not close."""
        ledger = AccessLedger(
            files=self._names("access"),
            bytes=sum(file.bytes for file in self._files["access"]),
            lines=sum(read.lines_read.lines),
            blank=read.blank,
            malformed={name: malformed[name] for name in ACCESS_REASONS if name in malformed},
            exchanges=rows,
        )
        if not ledger.closes():
            message = f"the ledger of the access log does not close: {ledger}. Please report this."
            raise LedgerError(message)
        return AccessInputs(access=ledger)


def _placed(entries: pl.LazyFrame, starts: list[int]) -> pl.LazyFrame:
    return entries.select(
        pl.col("time").cast(_INSTANT).alias("request_time"),
        "duration_us",
        "status_code",
        *TEXTS,
        file_of("row", starts).alias("file"),
        line_of("row", starts).alias("line"),
    )


def _sink(rows: pl.LazyFrame, target: Path) -> None:
    rows.sink_parquet(
        target, compression="uncompressed", statistics=False, row_group_size=_ROW_GROUP, engine="streaming"
    )


def _write_rejects(read: SideResult, folder: Path) -> dict[str, int]:
    """Writes the malformed lines; returns how many there are by reason."""
    starts = read.lines_read.starts
    rows = read.rejects.select(
        pl.lit("access").alias("side"),
        file_of("row", starts).alias("file"),
        line_of("row", starts).alias("line"),
        "reason",
        "text",
        "truncated",
    )
    _sink(rows, folder / "access.parquet")
    return dict(read.rejects.group_by("reason").len().collect(engine="streaming").iter_rows())


def _bytes(run: Path) -> dict[str, int]:
    """The bytes of every file written, by its path in the run folder."""
    return {file.relative_to(run).as_posix(): file.stat().st_size for file in sorted(run.rglob("*.parquet"))}
