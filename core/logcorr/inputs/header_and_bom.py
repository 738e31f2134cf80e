"""The first line of a file, which may be a header or begin with a byte order mark."""

import msgspec
import polars as pl

from logcorr.formats.line_format import BOM, LINE_SCHEMA, LineFormat
from logcorr.inputs.chunks import chunks
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.samples import HEAD_BYTES


class FirstLine(msgspec.Struct, frozen=True):
    """The first line of a file as text without its line end; `refused` as in LINE_SCHEMA.

    `phantom` tells that the file is a BOM and nothing else: what a reader takes for its line is none.
    """

    text: str
    refused: str | None
    phantom: bool


def first_line(file: InputFile, *, access: bool = False) -> FirstLine | None:
    """The first line of a file, BOM included; None where the file is empty or the line is of no special kind.

    A line is special when it starts with a BOM or may be a header: else it is of the same class for being first.
    """
    with open_text(file) as stream:
        head = read_text(file, stream, HEAD_BYTES)
        if not head:
            return None
        special = head.startswith(BOM.encode()) or b"id" in head.split(b"\n", 1)[0].lower()
    if not special:
        return None
    chunk = next(chunks([file], HEAD_BYTES, access=access))
    text, refused = chunk.lines(0).select("line", "refused").head(1).collect().row(0)
    return FirstLine(text, refused, phantom=head == BOM.encode())


def special_first_lines(files: list[InputFile], tally: LinesRead, form: LineFormat) -> pl.DataFrame:
    """The first lines of files that are of another class for being first: classified; `kind` is header, bom or phantom.

    All of them were refused where they were read: a header's first field and one behind a BOM are no timestamps.
    """
    special: list[tuple[str, int, str | None, str]] = []
    for number, (file, start) in enumerate(zip(files, tally.starts, strict=True)):
        found = first_line(file, access=form.side == "access")
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
