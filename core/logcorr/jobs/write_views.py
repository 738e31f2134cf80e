"""Buckets as they are paired → the Parquet views of a run folder."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from logcorr.compute.parquet_slices import files_of, height_of, scan
from logcorr.inputs.line_numbers import file_of, line_of, row_of
from logcorr.inputs.reader import SideResult
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing.bucket_join import Paired
from logcorr.pairing.steps import EXCHANGE_SCHEMA, hashed

_ROW_GROUP = 100_000
_INSTANT = pl.Datetime("us", "UTC")
_ORPHANS = pl.Schema(
    {
        "side": pl.String,
        "request_id": pl.String,
        "time": pl.Int64,
        "user_id": pl.String,
        "status_code": pl.Int16,
        "reason": pl.String,
        "row": pl.UInt32,
    }
)


class ViewWriter:
    """The views of one run while it is made. Exchanges are final at once; orphans wait for the edge."""

    def __init__(self, run: Path, spill: Path, starts: Callable[[Side], list[int]]) -> None:
        """`starts` gives the rows at which the files of a side start, as far as it has been read."""
        self._run, self._starts, self._parts = run, starts, 0
        self._orphans = spill / "orphans"
        for path in (
            *(run / view for view in ("exchanges", "orphans", "malformed", "duplicates", "users")),
            self._orphans,
        ):
            path.mkdir(mode=0o700)
        self.rows = dict.fromkeys(("exchanges", "orphans", "malformed", "duplicates", "users"), 0)
        self.open_orphans: dict[str, int] = {}
        self.repeats: dict[tuple[str, str], int] = {}

    def add_exchanges(self, exchanges: pl.DataFrame) -> str:
        """Writes a part of the exchanges; returns its name."""
        name = f"{self._parts:04d}"
        self._parts += 1
        self._sink(self.stored(exchanges), "exchanges", name)
        self.rows["exchanges"] += exchanges.height
        return name

    def stored(self, exchanges: pl.DataFrame) -> pl.LazyFrame:
        """Exchanges as pairing gives them (EXCHANGE_SCHEMA) → as they are written."""
        request, response = self._starts("request"), self._starts("response")
        return exchanges.lazy().select(
            "request_id",
            "user_id",
            "status_code",
            pl.col("request_time").cast(_INSTANT),
            pl.col("response_time").cast(_INSTANT),
            "duration_us",
            file_of("request_row", request).alias("request_file"),
            line_of("request_row", request).alias("request_line"),
            file_of("response_row", response).alias("response_file"),
            line_of("response_row", response).alias("response_line"),
        )

    def add(self, paired: Paired) -> None:
        """Writes what one bucket came to."""
        name = self.add_exchanges(paired.exchanges)
        orphans = pl.concat([frame for frame in paired.orphans if frame.height] or [_ORPHANS.to_frame()])
        for side, n in orphans.group_by("side").len().iter_rows():
            self.open_orphans[side] = self.open_orphans.get(side, 0) + n
        orphans.write_ipc(self._orphans / f"{name}.ipc")
        repeats = [frame for frame in paired.repeats if frame.height]
        if repeats:
            together = pl.concat(repeats)
            self.rows["duplicates"] += together.height
            for side, kind, n in together.group_by("side", "kind").len().iter_rows():
                self.repeats[side, kind] = self.repeats.get((side, kind), 0) + n
            self._sink(self._located(together.lazy()), "duplicates", name)

    def exchange_files(self) -> list[Path]:
        """The files of the exchanges written so far."""
        return files_of(self._run / "exchanges")

    def exchanges(self) -> pl.LazyFrame:
        """The exchanges written so far."""
        return scan(self.exchange_files())

    def exchange_parts(self) -> Iterator[pl.LazyFrame]:
        """The exchanges written so far by part, as pairing gives them (EXCHANGE_SCHEMA)."""
        for path in self.exchange_files():
            yield self._paired_columns(scan([path]))

    def take_back(self, keys: pl.Series) -> Iterator[pl.DataFrame]:
        """Takes the exchanges of some keys out of what was written, and gives them as pairing gave them."""
        key = hashed()
        for path in self.exchange_files():
            part = scan([path])
            of_part = part.select(key).collect(engine="streaming").to_series()
            # Those of the part alone: all of them may be many, and a set of them is made anew for each part.
            chosen = key.is_in(keys.filter(keys.is_in(of_part.implode())).implode())
            found = self._paired_columns(part.filter(chosen)).collect(engine="streaming")
            if found.height:
                rest = path.with_name(f"{path.stem}-rest.parquet")
                self._sink(part.filter(~chosen), "exchanges", rest.stem)
                rest.replace(path)
                self.rows["exchanges"] -= found.height
                yield found

    def raw_orphans(self) -> pl.LazyFrame:
        """The orphans as pairing left them: `reason` is null where the edge decides."""
        return scan(files_of(self._orphans, "ipc"))

    def finish_orphans(self, edge_us: int, first_request_us: int | None, last_response_us: int | None) -> None:
        """Gives every orphan its reason and writes the view."""
        time, side = pl.col("time"), pl.col("side")
        reasons = [pl.col("reason")]
        if last_response_us is not None:
            in_flight = (side == "request") & (time > last_response_us - edge_us)
            reasons.append(pl.when(in_flight).then(pl.lit("in_flight")))
        if first_request_us is not None:
            before = (side == "response") & (time < first_request_us + edge_us)
            reasons.append(pl.when(before).then(pl.lit("before_start")))
        final = self.raw_orphans().with_columns(pl.coalesce(*reasons, pl.lit("lost")).alias("reason"))
        self._sink(self._located(final), "orphans", "0000")
        self.rows["orphans"] = sum(self.open_orphans.values())

    def orphans(self) -> pl.LazyFrame:
        """The finished orphans, instants as Int64 µs."""
        rows = scan([self._run / "orphans" / "0000.parquet"])
        return rows.with_columns(pl.col("time").cast(pl.Int64))

    def finish_malformed(self, sides: dict[Side, SideResult]) -> dict[Side, dict[str, int]]:
        """Writes the malformed lines of both sides; returns how many there are by reason."""
        counts: dict[Side, dict[str, int]] = {}
        for side in SIDES:
            frame = sides[side].rejects
            counts[side] = dict(frame.group_by("reason").len().collect(engine="streaming").iter_rows())
            starts = self._starts(side)
            rows = frame.select(
                pl.lit(side).alias("side"),
                file_of("row", starts).alias("file"),
                line_of("row", starts).alias("line"),
                "reason",
                "text",
                "truncated",
            )
            self._sink(rows, "malformed", side)
            self.rows["malformed"] += sum(counts[side].values())
        return counts

    def finish_users(self, parts: Iterable[pl.LazyFrame]) -> list[pl.LazyFrame]:
        """Writes the counts of all users, and returns what was written."""
        for number, part in enumerate(parts):
            self._sink(part, "users", f"{number:04d}")
        paths = files_of(self._run / "users")
        self.rows["users"] = height_of(paths)
        return [scan([path]) for path in paths]

    def parts(self) -> dict[str, int]:
        """The bytes of every file written, by its path in the run folder."""
        files = sorted(self._run.rglob("*.parquet"))
        return {file.relative_to(self._run).as_posix(): file.stat().st_size for file in files}

    def finish_duplicates(self) -> None:
        """Leaves an empty view where nothing was repeated."""
        if not self.rows["duplicates"]:
            self._sink(self._located(_ORPHANS.to_frame().rename({"reason": "kind"}).lazy()), "duplicates", "0000")

    def _sink(self, frame: pl.LazyFrame, view: str, name: str) -> None:
        frame.sink_parquet(
            self._run / view / f"{name}.parquet",
            compression="uncompressed",
            statistics=False,
            row_group_size=_ROW_GROUP,
            engine="streaming",
        )

    def _paired_columns(self, written: pl.LazyFrame) -> pl.LazyFrame:
        """Exchanges as they are written → as pairing gives them (EXCHANGE_SCHEMA)."""
        return written.with_columns(
            *(pl.col(f"{side}_time").cast(pl.Int64) for side in SIDES),
            *(row_of(f"{side}_file", f"{side}_line", self._starts(side)).alias(f"{side}_row") for side in SIDES),
        ).select(EXCHANGE_SCHEMA.names())

    def _located(self, entries: pl.LazyFrame) -> pl.LazyFrame:
        """Entries of both sides with `file` and `line` in place of `row`."""
        sides = [
            entries.filter(pl.col("side") == side).select(
                pl.exclude("time", "row"),
                pl.col("time").cast(_INSTANT),
                file_of("row", self._starts(side)).alias("file"),
                line_of("row", self._starts(side)).alias("line"),
            )
            for side in SIDES
        ]
        return pl.concat(sides)
