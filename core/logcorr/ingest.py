"""One side's files → its entries (spilled into buckets, or in memory) and its refused lines, every line counted once."""

import errno
import shutil
from pathlib import Path

import msgspec
import polars as pl

from logcorr import formats, lines, partition
from logcorr.formats import LINE_SCHEMA, REJECT_SCHEMA, PairFormat
from logcorr.inputs import InputFile
from logcorr.lines import NeedsCarefulReader, Tally
from logcorr.meter import Meter, Watched
from logcorr.model import Side
from logcorr.partition import Plan
from logcorr.timestamps import common_form

_REJECTS_IN_MEMORY = 50_000


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


class Rejects:
    """Refused lines (REJECT_SCHEMA), on disk when they are many; blank ones are only counted."""

    def __init__(self, folder: Path, ledger: dict[str, int]) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700)
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []
        self._ledger = ledger
        self.blank = 0

    def __call__(self, refused: pl.DataFrame) -> None:
        """Takes a morsel's refused lines."""
        kept = refused.filter(pl.col("reason").is_not_null())
        self.blank += refused.height - kept.height
        self._ledger["blank"] = self.blank
        self._ledger["malformed"] = self._ledger.get("malformed", 0) + kept.height
        self._frames.append(kept)
        self._rows += kept.height
        if self._rows > _REJECTS_IN_MEMORY:
            self._flush()

    def scan(self) -> pl.LazyFrame:
        """All refused lines but the blank ones."""
        rest = pl.concat([pl.DataFrame(schema=REJECT_SCHEMA), *self._frames]).lazy()
        return pl.concat([pl.scan_ipc(self._files), rest]) if self._files else rest

    def _flush(self) -> None:
        path = self._folder / f"{len(self._files):06d}.ipc"
        pl.concat(self._frames).write_ipc(path)
        self._files.append(path)
        self._frames, self._rows = [], 0


class Instants:
    """The first and last instant of all entries that pass."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Looks at the entries and passes them on."""
        low, high = entries["time"].min(), entries["time"].max()
        if isinstance(low, int) and isinstance(high, int):
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)
        return entries


def ingest(side: Side, files: list[InputFile], plan: Plan, folder: Path, meter: Meter, shift_us: int) -> Ingested:
    """Reads one side whole. `shift_us` is added to every instant.

    Raises InputError for a broken file, and whatever the meter's tap raises.
    """
    form = PairFormat(side=side, form=common_form(_stamps(files)), shift_us=shift_us)
    attempts = [lines.careful_lines]
    if len({file.path for file in files}) == len(files) and any(file.bytes for file in files):
        attempts.insert(0, lines.fast_lines)
    for number, reader in enumerate(attempts):
        try:
            return _attempt(reader, form, files, plan, folder / f"try{number}", meter)
        except (NeedsCarefulReader, pl.exceptions.ComputeError, OSError) as error:
            if reader is lines.careful_lines or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            # The query's writers may still be at it; what they leave goes with the work folder.
            shutil.rmtree(folder / f"try{number}", ignore_errors=True)
    raise AssertionError


def _attempt(
    reader: lines.Reader, form: PairFormat, files: list[InputFile], plan: Plan, folder: Path, meter: Meter
) -> Ingested:
    folder.mkdir(parents=True, mode=0o700)
    tally, instants = Tally(files), Instants()
    watched = Watched(files=files, tally=tally, ledger={"blank": 0, "malformed": 0})
    meter.sides[form.side] = watched
    rejects = Rejects(folder / "rejects", watched.ledger)
    entries = formats.entries(reader(files, tally, meter.tap), form, rejects)
    entries = entries.map_batches(instants, streamable=True, schema=form.schema)
    held = _keep(entries, plan, folder / "lines")
    firsts = _firsts(files, tally, form)
    instants(firsts.select(form.schema.names()).filter(firsts["valid"]))
    late = firsts.filter("valid").select(form.schema.names())
    if held is not None:
        held = pl.concat([held, late])
    elif late.height:
        _keep(late.lazy(), plan, folder / "firsts")
    again = firsts.filter(pl.col("reason").is_not_null())
    refused = rejects.scan().filter(~pl.col("row").is_in(firsts["row"].to_list()))
    watched.ledger["malformed"] -= firsts.height - again.height
    return Ingested(
        tally=tally,
        entries=held,
        spill=folder,
        schema=form.schema,
        rejects=pl.concat([refused, formats.excerpts(again).lazy()]),
        blank=rejects.blank + int(firsts["blank"].sum()),
        header=int((firsts["kind"] == "header").sum()),
        first_us=instants.first,
        last_us=instants.last,
    )


def _keep(entries: pl.LazyFrame, plan: Plan, folder: Path) -> pl.DataFrame | None:
    if plan.in_memory:
        return entries.collect(engine="streaming")
    partition.spill(entries, folder, plan.buckets)
    return None


def _firsts(files: list[InputFile], tally: Tally, form: PairFormat) -> pl.DataFrame:
    """The first lines of files that are of another class for being first: classified, with `kind` header, bom or phantom.

    All of them were refused where they were read: a header's first field and one behind a BOM are no timestamps.
    """
    special: list[tuple[str, int, str | None, str]] = []
    for number, (file, start) in enumerate(zip(files, tally.starts, strict=True)):
        found = lines.first_line(file)
        if found is None:
            continue
        bare = formats.first_line(found.text)
        if found.phantom:
            tally.forget(number)
            special.append(("", start, None, "phantom"))
        elif bare is None:
            special.append(("", start, None, "header"))
        elif bare != found.text:
            special.append((bare, start, found.refused, "bom"))
    frame = pl.DataFrame(special, schema={**LINE_SCHEMA, "kind": pl.String}, orient="row")
    return formats.classify(frame, form).with_columns(blank=pl.col("blank") & (pl.col("kind") == "bom"))


def _stamps(files: list[InputFile]) -> list[str]:
    """First fields of the first lines of the first file that has any, to tell the log's common form by."""
    for file in files:
        if sample := lines.sample(file):
            return [line.split(",", 1)[0].strip(formats.SPACE) for line in sample]
    return []
