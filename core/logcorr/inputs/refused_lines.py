"""What reading a side comes to: refused lines, first and last instant, lines that are special for being first."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import polars as pl

from logcorr.formats import line_format
from logcorr.formats.line_format import LINE_SCHEMA, REJECT_SCHEMA, LineFormat
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import careful, common_form
from logcorr.inputs import changes, samples
from logcorr.inputs.files import InputFile
from logcorr.inputs.samples import Tally
from logcorr.model.report import Log, Side

_REJECTS_IN_MEMORY = 50_000
# Of so many lines at the ends of all files the span of the logs is told, and of so many at each end at least.
_SPAN_LINES = 20_000
_LEAST_SPAN_LINES = 4


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What one side came to. `late` are the entries of first lines, which are told apart when all are read."""

    tally: Tally
    late: pl.DataFrame
    schema: pl.Schema
    rejects: pl.LazyFrame
    blank: int
    header: int
    first_us: int | None
    last_us: int | None


class Kept:
    """Rows set aside, on disk when many."""

    def __init__(self, folder: Path, most_rows: int) -> None:
        self._folder, self._most_rows = folder, most_rows
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []

    def __call__(self, rows: pl.DataFrame) -> None:
        """Takes some rows."""
        self._frames.append(line_format.copied(rows))
        self._rows += rows.height
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
    """Refused lines (REJECT_SCHEMA); blank ones are only counted."""

    def __init__(self, folder: Path, ledger: dict[str, int]) -> None:
        self._kept = Kept(folder, _REJECTS_IN_MEMORY)
        self._ledger = ledger
        self.blank = 0

    def __call__(self, refused: pl.DataFrame) -> None:
        """Takes some refused lines."""
        kept = refused.filter(pl.col("reason").is_not_null())
        self.blank += refused.height - kept.height
        self._ledger["blank"] = self.blank
        self._ledger["malformed"] += kept.height
        self._kept(kept)

    def scan(self) -> pl.LazyFrame:
        """All refused lines but the blank ones."""
        found = self._kept.scan()
        return pl.LazyFrame(schema=REJECT_SCHEMA) if found is None else found


class Instants:
    """The first and last instant of all entries that pass."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    def __call__(self, entries: pl.DataFrame) -> None:
        """Looks at the entries."""
        times = entries.get_column("time")
        low, high = times.min(), times.max()
        if isinstance(low, int) and isinstance(high, int):
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)


def pair_format(side: Side, files: list[InputFile], shift_us: int) -> PairFormat:
    """The format of one side's logs; µs to add to every instant."""
    stamps = [line.split(",", 1)[0].strip(line_format.SPACE) for line in first_lines(files)]
    return PairFormat(side=side, form=common_form(stamps), shift_us=shift_us)


def span(files: Mapping[Log, list[InputFile]]) -> tuple[int | None, int | None]:
    """About the first and the last instant of all files, from lines at both ends of each: the fewer the more files."""
    every = [file for of in files.values() for file in of]
    most = min(samples.SAMPLE_LINES, max(_LEAST_SPAN_LINES, _SPAN_LINES // max(1, len(every))))
    texts = [
        line for file in every for line in (*samples.sample(file, most=most), *samples.sample_end(file, most=most))
    ]
    stamps = pl.Series([line.split(",", 1)[0].strip(line_format.SPACE) for line in texts], dtype=pl.String)
    instants = careful(stamps)
    return instants.min(), instants.max()  # type: ignore[return-value]


def firsts(files: list[InputFile], tally: Tally, form: LineFormat) -> pl.DataFrame:
    """The first lines of files that are of another class for being first: classified; `kind` is header, bom or phantom.

    All of them were refused where they were read: a header's first field and one behind a BOM are no timestamps.
    """
    special: list[tuple[str, int, str | None, str]] = []
    for number, (file, start) in enumerate(zip(files, tally.starts, strict=True)):
        found = samples.first_line(file, access=form.side == "access")
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


def first_lines(files: list[InputFile], most: int = samples.SAMPLE_LINES) -> list[str]:
    """The first lines of a side that are UTF-8 and not blank, to tell the log's form by."""
    found: list[str] = []
    for file in files:
        with changes.telling([file]):
            found += samples.sample(file, most=most)
        if len(found) >= most:
            break
    return found[:most]
