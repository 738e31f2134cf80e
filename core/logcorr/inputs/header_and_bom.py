"""The first line of a file, which may be a header or may begin with a byte order mark (BOM)."""

import msgspec
import polars as pl

from logcorr.formats.line_format import BOM, LINE_SCHEMA, LineFormat
from logcorr.inputs.chunks import chunks
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.sample_lines import HEAD_BYTES


class FirstLine(msgspec.Struct, frozen=True):
    """The first line of a file as text without its line end; `refused` as in LINE_SCHEMA.

    `phantom` tells that the file is a BOM and nothing else: a reader counts a line in it, but there is none.
    """

    text: str
    refused: str | None
    phantom: bool


def first_line(file: InputFile, *, access: bool = False) -> FirstLine | None:
    """The first line of a file, BOM included; None where the file is empty or its first line is like any other.

    The first line is special where it starts with a BOM or may be a header. Raises InputError.
    """
    with open_text(file) as stream:
        head = read_text(file, stream, HEAD_BYTES).lstrip(b"\0")
        if not head:
            return None
        special = head.startswith(BOM.encode()) or b"id" in head.split(b"\n", 1)[0].lower()
    if not special:
        return None
    chunk = next(chunks([file], HEAD_BYTES, access=access))
    text, refused = chunk.lines(0).select("line", "refused").head(1).collect().row(0)
    return FirstLine(text, refused, phantom=head == BOM.encode())


def special_first_lines(files: list[InputFile], lines_read: LinesRead, form: LineFormat) -> pl.DataFrame:
    """The first lines of files that are not what the same line would be elsewhere, classified by the format.

    `kind` is header, bom or phantom. The reader has refused all these lines: neither the first field of a header nor a
    field that begins with a BOM is a timestamp. A phantom is taken back from `lines_read`. Raises InputError.
    """
    special: list[tuple[str, int, str | None, str]] = []
    for number, (file, start) in enumerate(zip(files, lines_read.starts, strict=True)):
        first = first_line(file, access=form.side == "access") if file.has_first_line else None
        if first is None:
            continue
        bare = form.first_line(first.text)
        if first.phantom:
            lines_read.forget(number)
            special.append(("", start, None, "phantom"))
        elif bare is None:
            special.append(("", start, None, "header"))
        elif bare != first.text:
            special.append((bare, start, first.refused, "bom"))
    frame = pl.DataFrame(special, schema={**LINE_SCHEMA, "kind": pl.String}, orient="row")
    return form.classify(frame).with_columns(blank=pl.col("blank") & (pl.col("kind") == "bom"))
