"""One side's files → its entries (spilled into buckets, or in memory) and its refused lines; every line counts once."""

import itertools
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl

from logcorr import formats, lines, unchanged
from logcorr.errors import FULL, system_error
from logcorr.formats import LINE_SCHEMA, REJECT_SCHEMA, LineFormat, PairFormat
from logcorr.inputs import InputFile
from logcorr.lines import NeedsCarefulReader, Tally
from logcorr.meter import Meter, Watched
from logcorr.model import Side
from logcorr.timestamps import common_form

# Entries → a frame of them, or None once they are in a new folder.
Keep = Callable[[pl.LazyFrame, Path], pl.DataFrame | None]

_REJECTS_IN_MEMORY = 50_000
_LATER_IN_MEMORY = 20_000


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What one side came to. `entries` is only there for a run in memory; else they are below the `spill` folder."""

    tally: Tally
    entries: pl.DataFrame | None
    spill: Path
    schema: pl.Schema
    rejects: pl.LazyFrame
    blank: int
    header: int
    first_us: int | None
    last_us: int | None


class Kept:
    """Rows set aside while a query runs, on disk when many. Called from many threads."""

    def __init__(self, folder: Path, most_rows: int) -> None:
        self._folder, self._most_rows = folder, most_rows
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []
        self._lock = threading.Lock()

    def __call__(self, rows: pl.DataFrame) -> None:
        """Takes some rows."""
        frame = formats.copied(rows)
        with self._lock:
            self._frames.append(frame)
            self._rows += frame.height
            if self._rows > self._most_rows:
                self._flush()

    def scan(self) -> pl.LazyFrame | None:
        """All of them; None where there are none."""
        if self._rows:
            self._flush()
        return pl.scan_ipc(self._files, glob=False) if self._files else None

    def _flush(self) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        path = self._folder / f"{len(self._files):06d}.ipc"
        pl.concat(self._frames).write_ipc(path)
        self._files.append(path)
        self._frames, self._rows = [], 0


class Rejects:
    """Refused lines (REJECT_SCHEMA); blank ones are only counted. Called from many threads."""

    def __init__(self, folder: Path, ledger: dict[str, int]) -> None:
        self._kept = Kept(folder, _REJECTS_IN_MEMORY)
        self._ledger = ledger
        self._lock = threading.Lock()
        self.blank = 0

    def __call__(self, refused: pl.DataFrame) -> None:
        """Takes a morsel's refused lines."""
        kept = refused.filter(pl.col("reason").is_not_null())
        with self._lock:
            self.blank += refused.height - kept.height
            self._ledger["blank"] = self.blank
            self._ledger["malformed"] += kept.height
        self._kept(kept)

    def scan(self) -> pl.LazyFrame:
        """All refused lines but the blank ones."""
        found = self._kept.scan()
        return pl.LazyFrame(schema=REJECT_SCHEMA) if found is None else found


class Instants:
    """The first and last instant of all entries that pass. Called from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> None:
        """Looks at the entries."""
        times = entries.get_column("time")
        low, high = times.min(), times.max()
        if isinstance(low, int) and isinstance(high, int):
            with self._lock:
                self.first = low if self.first is None else min(self.first, low)
                self.last = high if self.last is None else max(self.last, high)


def pair_format(side: Side, files: list[InputFile], shift_us: int) -> PairFormat:
    """The format of one side's logs; µs to add to every instant."""
    stamps = [line.split(",", 1)[0].strip(formats.SPACE) for line in first_lines(files)]
    return PairFormat(side=side, form=common_form(stamps), shift_us=shift_us)


def ingest(files: list[InputFile], form: LineFormat, keep: Keep, folder: Path, meter: Meter) -> Ingested:
    """Reads one side whole, and keeps its entries below `folder` or in memory, as `keep` does.

    Raises InputError for a file that is broken or changes meanwhile, and whatever the meter's tap raises.
    """
    with unchanged.telling(files):
        return _ingest(files, form, keep, folder, meter)


def _ingest(files: list[InputFile], form: LineFormat, keep: Keep, folder: Path, meter: Meter) -> Ingested:
    begun = unchanged.as_begun(files)
    readers = [lines.careful_lines] if begun != files else lines.readers(files)
    for number in itertools.count():
        reader = readers[min(number, len(readers) - 1)]
        try:
            found = _Attempt(form, begun, keep, meter).read(reader, folder / f"try{number}")
            now = unchanged.as_begun(files)
            if unchanged.same_lines(begun, now, found.tally.lines if reader is lines.fast_lines else None):
                return found
            begun, readers = now, [lines.careful_lines]
        except (NeedsCarefulReader, pl.exceptions.ComputeError, OSError) as error:
            if reader is lines.careful_lines or getattr(system_error(error), "errno", None) in FULL:
                raise
        # The query's writers may still be at it; what they leave goes with the work folder.
        shutil.rmtree(folder / f"try{number}", ignore_errors=True)
    raise AssertionError


class _Attempt:
    """One reading of a side, from the start."""

    def __init__(self, form: LineFormat, files: list[InputFile], keep: Keep, meter: Meter) -> None:
        self._form, self._files, self._keep, self._meter = form, files, keep, meter
        self._tally, self._instants = Tally(files), Instants()
        self._ledger = {"blank": 0, "malformed": 0}
        meter.sides[form.side] = Watched(files=files, tally=self._tally, ledger=self._ledger)

    def read(self, reader: lines.Reader, folder: Path) -> Ingested:
        """Reads all files by one of the readers."""
        folder.mkdir(parents=True, mode=0o700)
        rejects = Rejects(folder / "rejects", self._ledger)
        read = reader(self._files, self._tally, self._meter.tap, self._form.side == "access")
        later = Kept(folder / "later", _LATER_IN_MEMORY)
        entries = formats.entries(
            read.frame, self._form, reject=rejects, before=read.watch, after=self._instants, later=later
        )
        held = self._keep(entries, folder / "lines")
        if (put_off := later.scan()) is not None:
            more = self._keep(self._careful(put_off, rejects), folder / "uncommon")
            held = pl.concat([held, more]) if held is not None and more is not None else None
        firsts = _firsts(self._files, self._tally, self._form)
        late = firsts.filter("valid").select(self._form.schema.names())
        self._instants(late)
        if held is not None:
            held = pl.concat([held, late])
        elif late.height:
            self._keep(late.lazy(), folder / "firsts")
        again = firsts.filter(pl.col("reason").is_not_null())
        refused = rejects.scan().filter(~pl.col("row").is_in(firsts["row"].to_list()))
        self._ledger["malformed"] -= firsts.height - again.height
        return Ingested(
            tally=self._tally,
            entries=held,
            spill=folder,
            schema=self._form.schema,
            rejects=pl.concat([refused, formats.excerpts(again).lazy()]),
            blank=rejects.blank + int(firsts["blank"].sum()),
            header=int((firsts["kind"] == "header").sum()),
            first_us=self._instants.first,
            last_us=self._instants.last,
        )

    def _careful(self, put_off: pl.LazyFrame, rejects: Rejects) -> pl.LazyFrame:
        def after(found: pl.DataFrame) -> None:
            self._meter.tap()
            self._instants(found)

        return formats.careful_entries(put_off, self._form, rejects, after)


def _firsts(files: list[InputFile], tally: Tally, form: LineFormat) -> pl.DataFrame:
    """The first lines of files that are of another class for being first: classified; `kind` is header, bom or phantom.

    All of them were refused where they were read: a header's first field and one behind a BOM are no timestamps.
    """
    special: list[tuple[str, int, str | None, str]] = []
    for number, (file, start) in enumerate(zip(files, tally.starts, strict=True)):
        found = lines.first_line(file, access=form.side == "access")
        if found is None:
            continue
        bare = form.first_line(found.text)
        if found.phantom:
            tally.forget(number)
            special.append(("", start, None, "phantom"))
        elif bare is None:
            special.append(("", start, None, "header"))
        elif bare != found.text:
            special.append((bare, start, found.refused, "bom"))
    frame = pl.DataFrame(special, schema={**LINE_SCHEMA, "kind": pl.String}, orient="row")
    return form.classify(frame).with_columns(blank=pl.col("blank") & (pl.col("kind") == "bom"))


def first_lines(files: list[InputFile]) -> list[str]:
    """The first lines of a side that are UTF-8 and not blank, to tell the log's form by."""
    found: list[str] = []
    for file in files:
        with unchanged.telling([file]):
            found += lines.sample(file)
        if len(found) >= lines.SAMPLE_LINES:
            break
    return found[: lines.SAMPLE_LINES]
