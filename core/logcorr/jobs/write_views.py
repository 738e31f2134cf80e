"""Writes the Parquet views of a run folder, while the logs are read and at the end of the job."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

from logcorr.compute.parquet_slices import count, files_of, height_of, scan
from logcorr.compute.zero_copy_text import memory_bytes
from logcorr.inputs.line_numbers import LinePlaces, Places
from logcorr.model.ledger import SIDES, Log, Side, added
from logcorr.pairing import orphan_reasons
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.join_steps import hashed
from logcorr.pairing.paired import Paired
from logcorr.runs.growth import link

_ROW_GROUP = 100_000
# Columns of exchanges that the report may read again: for percentiles, and for users who are too many for memory.
_READ_TWICE = ("user_id", "status_code", "request_time", "response_time", "duration_us")
_GIVEN = "given_us"
# Orphans of about so many bytes become a part of their view at once.
_ORPHANS_AT_ONCE = 8 << 20
_INSTANT = pl.Datetime("us", "UTC")


class LinesOfLog(Protocol):
    """What reading a log came to, as far as its refused lines go: see `SideResult` and `LogResult`."""

    @property
    def lines_read(self) -> "HasLinePlaces":
        """Where the lines stand."""

    @property
    def rejects(self) -> pl.LazyFrame:
        """The malformed lines."""

    @property
    def others(self) -> pl.LazyFrame | None:
        """The lines that the profile does not speak of; None for a format that has none."""


class HasLinePlaces(Protocol):
    """Knows in which file and line the rows of a log stand, as far as it was read."""

    @property
    def places(self) -> LinePlaces:
        """Where rows stand."""


class HasPlaces(Protocol):
    """Knows where the rows of a side stand, as far as it was read."""

    @property
    def places(self) -> Places:
        """Where rows stand."""


class ViewWriter:
    """The views of a run that is being made: a folder for each view, which only this user may read.

    A part of a view is a Parquet file in its folder.
    """

    compression: Literal["uncompressed", "lz4"] = "uncompressed"

    def __init__(self, run: Path, views: Sequence[str]) -> None:
        self._run, self._views = run, views
        for view in views:
            (run / view).mkdir(mode=0o700)

    def write(self, rows: pl.LazyFrame, view: str, part: str) -> None:
        """Runs the query and writes its rows to a part of a view."""
        rows.sink_parquet(
            self._run / view / f"{part}.parquet",
            compression=self.compression,
            statistics=False,
            row_group_size=_ROW_GROUP,
            engine="streaming",
        )

    def write_refused(self, log: Log, read: LinesOfLog, before: Mapping[str, int] | None = None) -> dict[str, int]:
        """Writes the malformed lines and the other lines of one log. Returns the malformed lines by reason.

        The lines of the log that stand in the views already are `before`, by reason.
        """
        self._write_lines(log, read, read.rejects, "malformed")
        if read.others is not None and "other" in self._views:
            self._write_lines(log, read, read.others, "other")
        new = dict(read.rejects.group_by("reason").len().collect(engine="streaming").iter_rows())
        return added(before or {}, new)

    def _write_lines(self, log: Log, read: LinesOfLog, lines: pl.LazyFrame, view: str) -> None:
        places = read.lines_read.places
        rows = lines.select(
            pl.lit(log).alias("side"),
            places.file("row").alias("file"),
            places.line("row").alias("line"),
            "reason",
            "text",
            "truncated",
        )
        there = len([*(self._run / view).glob(f"{log}*.parquet")])
        self.write(rows, view, f"{log}-{there}" if there else log)

    def narrow(self, view: str, nulls: Sequence[pl.Expr], kept: pl.Expr) -> None:
        """Removes all rows of a view but those for which `kept` holds. `nulls` are columns that only `kept` needs."""
        for path in self.files(view):
            rest = path.with_name(f"{path.stem}-kept.parquet")
            rows = scan([path])
            self.write(rows.with_columns(nulls).filter(kept).select(rows.collect_schema().names()), view, rest.stem)
            rest.replace(path)

    def files(self, view: str) -> list[Path]:
        """The parts of a view that were written so far."""
        return files_of(self._run / view)

    def scan(self, view: str) -> pl.LazyFrame:
        """The rows of a view that were written so far."""
        return scan(self.files(view))

    def height(self, view: str) -> int:
        """How many rows of a view were written so far."""
        return height_of(self.files(view))

    def heights(self) -> dict[str, int]:
        """How many rows each view has."""
        return {view: self.height(view) for view in self._views}

    def parts(self) -> dict[str, int]:
        """The bytes of every part, by its path in the run folder."""
        files = sorted(self._run.rglob("*.parquet"))
        return {file.relative_to(self._run).as_posix(): file.stat().st_size for file in files}


class PairViews(ViewWriter):
    """The views of a correlation. Orphans are kept aside until `finish_orphans` gives them their reasons."""

    def __init__(
        self,
        run: Path,
        spill: Path,
        lines_read: Mapping[Side, HasPlaces],
        columns: EntryColumns | None = None,
        more_views: Sequence[str] = (),
        *,
        keeps_exchanges: bool = True,
    ) -> None:
        """`lines_read` tells where the rows of a side stand, as far as the side has been read.

        One log with both sides is the `lines_read` of both. `columns` are those of the entries. `more_views` are views
        that only some runs have. Without `keeps_exchanges`, only those columns of exchanges are kept that the report
        reads a second time, and no exchange can be taken back.
        """
        super().__init__(run, ("exchanges", "orphans", "malformed", "duplicates", "users", *more_views))
        self.columns = columns or EntryColumns()
        self._lines_read, self._parts_written = lines_read, 0
        self._unreasoned, self._hidden, self._read_twice = spill / "orphans", spill / "hidden", spill / "exchanges"
        for folder in (self._unreasoned, self._hidden, self._read_twice):
            folder.mkdir(mode=0o700)
        self.keeps_exchanges = keeps_exchanges
        self.exchanges_written = 0
        self.open_orphans: dict[str, int] = {}
        self.repeats: dict[tuple[str, str], int] = {}

    def add_exchanges(self, exchanges: pl.DataFrame) -> str:
        """Writes a part of the exchanges; returns its name. Columns that the view does not show are kept aside."""
        part = f"{self._parts_written:04d}"
        self._parts_written += 1
        if self.keeps_exchanges:
            self.write(self.stored(exchanges), "exchanges", part)
        else:
            rows = self.stored(exchanges).select(*_READ_TWICE, *(_GIVEN,) * self.columns.given)
            rows.collect(engine="in-memory").write_ipc(self._read_twice / f"{part}.ipc")
        if self.columns.hidden and self.columns.hidden[0] in exchanges.columns:
            exchanges.select(self.columns.hidden).write_ipc(self._hidden / f"{part}.ipc")
        self.exchanges_written += exchanges.height
        return part

    def stored(self, exchanges: pl.DataFrame) -> pl.LazyFrame:
        """Exchanges as pairing returns them (`EntryColumns.exchanges`), in the columns that the view has."""
        request, response = self._places("request"), self._places("response")
        return exchanges.lazy().select(
            "request_id",
            "user_id",
            "status_code",
            *self.columns.attributes,
            pl.col("request_time").cast(_INSTANT),
            pl.col("response_time").cast(_INSTANT),
            "duration_us",
            *("given_us",) * self.columns.given,
            request.file("request_row").alias("request_file"),
            request.line("request_row").alias("request_line"),
            response.file("response_row").alias("response_file"),
            response.line("response_row").alias("response_line"),
        )

    def add(self, paired: Paired) -> None:
        """Writes exchanges and repeats of one bucket, and keeps its orphans aside."""
        part = self.add_exchanges(paired.exchanges)
        orphans = pl.concat([frame for frame in paired.orphans if frame.height] or [self.columns.orphans.to_frame()])
        for side, n in orphans.group_by("side").len().iter_rows():
            self.open_orphans[side] = self.open_orphans.get(side, 0) + n
        rows = max(1, orphans.height * _ORPHANS_AT_ONCE // max(1, memory_bytes(orphans)))
        for number, piece in enumerate(orphans.iter_slices(rows)):
            piece.write_ipc(self._unreasoned / f"{part}-{number:04d}.ipc")
        repeats = [frame for frame in paired.repeats if frame.height]
        if repeats:
            all_repeats = pl.concat(repeats)
            for side, kind, n in all_repeats.group_by("side", "kind").len().iter_rows():
                self.repeats[side, kind] = self.repeats.get((side, kind), 0) + n
            self.write(self._located(all_repeats.lazy()), "duplicates", part)

    def files(self, view: str) -> list[Path]:
        if view == "exchanges" and not self.keeps_exchanges:
            return files_of(self._read_twice, "ipc")
        return super().files(view)

    def adopt(self, run: Path, part: str, rows: int, hidden: Path | None) -> None:
        """Takes over a part of the exchanges of another run, and the columns that its view does not show."""
        link(run / self._exchanges(part), self.part_of(part))
        if hidden is not None:
            link(hidden, self._hidden / hidden.name.removeprefix("hidden-"))
        self._parts_written = max(self._parts_written, int(part) + 1)
        self.exchanges_written += rows

    def adopt_lines(self, run: Path, without: Collection[tuple[Log, int, int]]) -> None:
        """Takes over the malformed and the other lines of another run, but for some: (log, file, line)."""
        for view in ("malformed", "other"):
            for part in files_of(run / view):
                target = self._run / view / part.name
                lines = [(file, line) for log, file, line in without if part.stem.split("-")[0] == log]
                if not lines:
                    link(part, target)
                    continue
                left_out = pl.LazyFrame(lines, {"file": pl.UInt32, "line": pl.UInt32}, orient="row")
                self.write(scan([part]).join(left_out, on=["file", "line"], how="anti"), view, part.stem)

    def part_of(self, part: str) -> Path:
        """The file of a part of the exchanges."""
        return self._run / self._exchanges(part)

    def hidden_of(self, part: str) -> Path | None:
        """The file of the columns of a part that the view does not show; None where there are none."""
        path = self._hidden / f"{part}.ipc"
        return path if path.exists() else None

    @staticmethod
    def _exchanges(part: str) -> Path:
        return Path("exchanges", f"{part}.parquet")

    def exchanges(self) -> pl.LazyFrame:
        """The exchanges written so far."""
        return self.scan("exchanges")

    def exchange_parts(self, without: Collection[str] = ()) -> Iterator[pl.LazyFrame]:
        """The exchanges written so far, part by part, as pairing returns them (`EntryColumns.exchanges`).

        Some parts may be left out.
        """
        for path in self.files("exchanges"):
            if path.stem in without:
                continue
            yield self._paired_columns(scan([path]))

    def take_back(self, keys: pl.Series, untouched: Collection[str] = ()) -> Iterator[tuple[str, pl.DataFrame]]:
        """Removes the exchanges of these keys from the view. Yields the part and its exchanges, with all columns.

        Parts that are `untouched` hold none of them.
        """
        key = hashed()
        for path in self.files("exchanges"):
            if path.stem in untouched:
                continue
            part = scan([path])
            part_keys = part.select(key).collect(engine="streaming").to_series()
            # Only the keys of this part: all keys may be many, and the engine makes a set of the keys for each part.
            recurring = keys.filter(keys.is_in(part_keys.implode()))
            chosen = key.is_in(recurring.implode())
            exchanges = self._paired_columns(part.filter(chosen)).collect(engine="streaming")
            if exchanges.height:
                if self.columns.hidden:
                    exchanges = exchanges.hstack(self._take_hidden(path.stem, part_keys.is_in(recurring.implode())))
                rest = path.with_name(f"{path.stem}-rest.parquet")
                self.write(part.filter(~chosen), "exchanges", rest.stem)
                rest.replace(path)
                self.exchanges_written -= exchanges.height
                yield path.stem, exchanges

    def _take_hidden(self, part: str, chosen: pl.Series) -> pl.DataFrame:
        """The columns that the view does not show of the chosen exchanges of a part. Only the other ones are kept."""
        path = self._hidden / f"{part}.ipc"
        hidden = pl.read_ipc(path)
        rest = path.with_name(f"{part}-rest.ipc")
        hidden.filter(~chosen).write_ipc(rest)
        rest.replace(path)
        return hidden.filter(chosen)

    def finish_orphans(self, edge_us: int, first_request_us: int | None, last_response_us: int | None) -> pl.LazyFrame:
        """Gives every orphan its reason and writes the view. Returns the view with instants as Int64 µs."""
        # `reason` is null where only the edge of the logs decides.
        reason = orphan_reasons.final_reason(edge_us, first_request_us, last_response_us)
        for number, orphans in enumerate(self._kept_aside()):
            self.write(self._located(orphans.lazy().with_columns(reason.alias("reason"))), "orphans", f"{number:04d}")
        return self.orphans()

    def orphans_without_reason(self) -> pl.LazyFrame:
        """The orphans that were kept aside, in the columns of the view; `reason` is null where the edge decides."""
        return self._located(pl.concat(self._kept_aside()).lazy())

    def orphans(self) -> pl.LazyFrame:
        """The view of orphans, once it is finished, with instants as Int64 µs."""
        return self.scan("orphans").with_columns(pl.col("time").cast(pl.Int64))

    def left_out(self, side: Side, orphans: int) -> int:
        """How many entries of a side the views lack, once they were narrowed. `orphans` counts those there were."""
        kept = count(self.scan("orphans").filter(pl.col("side") == side))
        return self.exchanges_written - self.height("exchanges") + orphans - kept

    def schemas(self) -> dict[str, pl.Schema]:
        """The columns that the views of exchanges and orphans have, before anything is written."""
        exchanges = self.stored(self.columns.exchanges.to_frame())
        orphans = self._located(self.columns.orphans.to_frame().lazy())
        return {"exchanges": exchanges.collect_schema(), "orphans": orphans.collect_schema()}

    def _kept_aside(self) -> Iterator[pl.DataFrame]:
        """The orphans that were kept aside, some megabytes at a time; at least one frame.

        They are read and not scanned: a scan maps a file several times, and each map counts as memory of the process.
        """
        frames = [self.columns.orphans.to_frame()]
        for path in files_of(self._unreasoned, "ipc"):
            if sum(map(memory_bytes, frames)) >= _ORPHANS_AT_ONCE:
                yield pl.concat(frames)
                frames = []
            frames.append(pl.read_ipc(path.read_bytes()))
        yield pl.concat(frames)

    def finish_users(self, partitions: Iterable[pl.LazyFrame]) -> list[pl.LazyFrame]:
        """Writes the counts of all users, and returns the parts of the view."""
        for number, users in enumerate(partitions):
            self.write(users, "users", f"{number:04d}")
        return [scan([path]) for path in self.files("users")]

    def finish_duplicates(self) -> None:
        """Writes an empty view where nothing was repeated."""
        if not self.repeats:
            self.write(self._located(self.columns.repeats.to_frame().lazy()), "duplicates", "0000")

    def _places(self, side: Side) -> Places:
        return self._lines_read[side].places

    def _paired_columns(self, written: pl.LazyFrame) -> pl.LazyFrame:
        """Exchanges of the view in the columns that pairing returns (`EntryColumns.exchanges`)."""
        return written.with_columns(
            *(pl.col(f"{side}_time").cast(pl.Int64) for side in SIDES),
            *(self._places(side).row(f"{side}_file", f"{side}_line").alias(f"{side}_row") for side in SIDES),
        ).select(self.columns.exchanges.names())

    def _located(self, entries: pl.LazyFrame) -> pl.LazyFrame:
        """Entries of both sides with `file` and `line` instead of `row`."""
        sides = [
            entries.filter(pl.col("side") == side).select(
                pl.exclude("time", "row"),
                pl.col("time").cast(_INSTANT),
                places.file("row").alias("file"),
                places.line("row").alias("line"),
            )
            for side, places in ((side, self._places(side)) for side in SIDES)
        ]
        return pl.concat(sides)
