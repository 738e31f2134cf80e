"""A form in which the lines of files are read, with the state of reading a file in order."""

from collections.abc import Mapping

import msgspec
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.formats.line_format import BOM
from logcorr.formats.log_clock import LogClock
from logcorr.formats.malformed_reasons import TIMESTAMP
from logcorr.formats.profile_cells import wrapper_fields
from logcorr.formats.profile_reader import EVENTS, OTHER, RESTART, Parsed, Part, ProfileReader
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.head_forms import FIELDS
from logcorr.inputs.unwrap import Unwrapper
from logcorr.inputs.whole_lines import in_utf8

_BOM = BOM.encode()


class FileForm(msgspec.Struct, frozen=True, kw_only=True):
    """How the lines of a file are read: by a reader of a profile, without the heads that are named."""

    reader: ProfileReader
    heads: tuple[str, ...] = ()


class OpenForm:
    """A form with the state of reading a file in order."""

    def __init__(self, form: FileForm) -> None:
        self.reader = form.reader
        self.clock = LogClock(form.reader.options.date)
        self.unwrapper = Unwrapper(form.heads, wrapper_fields(form.reader.profile)) if form.heads else None

        # Lines of several chunks that the careful reading takes at once.
        self.put_off: list[pl.DataFrame] = []

    @property
    def put_off_lines(self) -> int:
        """How many lines are put off."""
        return sum(lines.height for lines in self.put_off)

    @property
    def independent(self) -> bool:
        """Whether no line depends on lines above it, so that chunks may be read in any order."""
        return self.unwrapper is None and not self.reader.depends_on_lines_above

    def parsed(
        self, text: bytes, first_row: int, codes: Mapping[str, TextCodes], *, begins: bool
    ) -> tuple[Parsed, int]:
        """Whole lines by their classes, and how many were no UTF-8.

        `first_row` is the row of the first line in the log; `begins` tells that it is the first line of a file. `codes`
        are as for `ProfileReader.parse`.
        """
        if begins:
            self._start_file()
            text = text.removeprefix(_BOM)
        columns: dict[str, pl.Series] = {}
        part: pl.Series | None = None
        if self.unwrapper is None:
            text = without_colours(text)
        else:
            unwrapped = self.unwrapper.unwrap(text)
            text, part = unwrapped.text, unwrapped.part
            told = dict(zip(FIELDS, (unwrapped.time, unwrapped.stream, unwrapped.source), strict=True))
            columns = {name: column for name, column in told.items() if column is not None}
        text, wrong = in_utf8(text)
        parsed = self.reader.parse(text, first_row, columns, codes)
        return parsed if part is None else _with_parts(parsed, part, first_row), len(wrong)

    def _start_file(self) -> None:
        """Begins the lines of another file."""
        if self.independent:
            return
        self.reader.start_file()
        self.clock.start_file()
        if self.unwrapper is not None:
            self.unwrapper.start_file()

    def in_order(self, parsed: Parsed) -> list[Part]:
        """The lines of a chunk, where clocks and ids depend on the lines above."""
        events = {*EVENTS, RESTART}
        parts = [part for part in parsed.parts if part.kind in events]
        schema = self.reader.schema
        frames = [
            part.lines.select(
                pl.col(name) if name in part.lines.columns else pl.lit(None, dtype).alias(name)
                for name, dtype in schema.items()
            ).with_columns(pl.lit(part.kind).alias("kind"))
            for part in parts
        ]
        others = [part for part in parsed.parts if part.kind not in events]
        if not frames:
            return others
        read = self.clock.apply(pl.concat(frames))
        no_clock = pl.col("time").is_null() & pl.lit(not self.reader.profile.clockless)
        read = read.with_columns(
            pl.when(no_clock & (pl.col("kind") != RESTART)).then(pl.lit(TIMESTAMP)).otherwise("reason").alias("reason")
        )
        return others + [Part(kind=str(kind), lines=lines.drop("kind")) for (kind,), lines in read.group_by("kind")]


def _with_parts(parsed: Parsed, part: pl.Series, first_row: int) -> Parsed:
    """The same lines; those that are a part of a line further down are other lines."""
    rows = (part.arg_true() + first_row).cast(pl.UInt32)
    kept = [
        msgspec.structs.replace(one, lines=one.lines.filter(~pl.col("row").is_in(rows.implode())))
        for one in parsed.parts
    ]
    return msgspec.structs.replace(parsed, parts=[*kept, Part(kind=OTHER, lines=rows.alias("row").to_frame())])
