"""One side's files → its entries a chunk at a time, in the order of the lines; every line counts once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from logcorr import chunks, formats
from logcorr.ingest import Ingested, Instants, Rejects, firsts
from logcorr.inputs import InputFile
from logcorr.lines import Tally
from logcorr.meter import Meter, Watched
from logcorr.pairing import keyed


class SideReader:
    """Reads a side from its first line to its last: once through `entries`, then `finish`."""

    def __init__(
        self, form: formats.LineFormat, files: list[InputFile], folder: Path, chunk_bytes: int, meter: Meter
    ) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._form, self._files, self._folder, self._chunk_bytes = form, files, folder, chunk_bytes
        self._meter = meter
        self._ledger = {"blank": 0, "malformed": 0}
        self._rejects = Rejects(folder / "rejects", self._ledger)
        self._instants = Instants()
        self._rows = 0
        self.tally = Tally(files)
        meter.sides[form.side] = Watched(files=files, tally=self.tally, ledger=self._ledger)

    def entries(self) -> Iterator[pl.DataFrame]:
        """The entries of each chunk (the format's schema and KEY); raises InputError, and what the tap raises."""
        for chunk in chunks.chunks(self._files, self._chunk_bytes):
            self._meter.tap()
            yield self._read(chunk)

    def finish(self) -> Ingested:
        """What the side came to, once all of `entries` were taken; `entries` are those of first lines alone."""
        special = firsts(self._files, self.tally, self._form)
        late = special.filter("valid").select(self._form.schema.names())
        self._instants(late)
        again = special.filter(pl.col("reason").is_not_null())
        refused = self._rejects.scan().filter(~pl.col("row").is_in(special["row"].to_list()))
        self._ledger["malformed"] -= special.height - again.height
        return Ingested(
            tally=self.tally,
            entries=late,
            spill=self._folder,
            schema=self._form.schema,
            rejects=pl.concat([refused, formats.excerpts(again).lazy()]),
            blank=self._rejects.blank + int(special["blank"].sum()),
            header=int((special["kind"] == "header").sum()),
            first_us=self._instants.first,
            last_us=self._instants.last,
        )

    def _read(self, chunk: chunks.Chunk) -> pl.DataFrame:
        counted = _Count()
        put_off: list[pl.DataFrame] = []
        entries = formats.entries(
            chunk.lines(self._rows),
            self._form,
            reject=self._rejects,
            before=counted,
            after=self._instants,
            later=put_off.append,
        )
        found = entries.pipe(keyed).collect(engine="streaming")
        if put_off:
            more = formats.settled(pl.concat(put_off), self._form, self._rejects)
            self._instants(more)
            found = pl.concat([found, more.lazy().pipe(keyed).collect()])
        for piece in chunk.pieces:
            lines = counted.lines if piece.lines is None else piece.lines
            self.tally.add(piece.file, self._rows, lines, piece.bytes)
            self._rows += lines
        return found


class _Count:
    """How many lines pass. Called from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lines = 0

    def __call__(self, morsel: pl.DataFrame) -> None:
        with self._lock:
            self.lines += morsel.height
