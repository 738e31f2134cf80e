"""Tries a format on the first lines of a log: which rule takes each line, and what is read of it. Makes no run."""

from collections import Counter

import msgspec
import polars as pl

from logcorr.formats import profile_checks
from logcorr.formats.malformed_reasons import TIMESTAMP
from logcorr.formats.profile import Profile
from logcorr.formats.profile_reader import EVENTS, MALFORMED_LINE, ProfileReader
from logcorr.inputs import decompress, heads
from logcorr.inputs.changes import explained
from logcorr.inputs.files import InputFile
from logcorr.inputs.head_forms import FIELDS, NONE
from logcorr.inputs.unwrap import Unwrapper
from logcorr.jobs.tell_logs import read_options
from logcorr.model.options import Reading
from logcorr.text import instants

_HEAD_BYTES = 1 << 20
MOST_LINES = 1000
_SHOWN_LAST = ("previous", "weak")
_NO_FIELDS = ("row", "kind", "reason", "rule", "clock", "shift", "lacks", "zone", *_SHOWN_LAST)


class TriedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as a format reads it. `line` counts from 1, `rule` from 1; `rule` is None where no rule takes the line.

    `kind` is the class of the line: blank, header, other, "malformed: REASON", or its event. `fields` are what is read.
    """

    line: int
    kind: str
    rule: int | None
    fields: dict[str, str]
    text: str


class TriedFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The first lines of a log as a format reads them, and how many there are of each class."""

    profile: Profile
    heads: tuple[str, ...]
    lines: list[TriedLine]

    @property
    def counts(self) -> dict[str, int]:
        """How many lines there are of each class, the most frequent first."""
        return dict(Counter(line.kind for line in self.lines).most_common())


def try_format(profile: Profile, file: InputFile, reading: Reading) -> TriedFormat:
    """The first MOST_LINES lines of a file by a profile. Raises InputError, and UsageError for one that is refused."""
    raw = first_lines(file)
    names = reading.unwrap or heads.detect(raw)
    names = () if names == (NONE,) else names
    unwrapped = Unwrapper(names, FIELDS).unwrap(b"".join(line + b"\n" for line in raw))
    told = dict(zip(FIELDS, (unwrapped.time, unwrapped.stream, unwrapped.source), strict=True))
    columns = [column.alias(name) for name, column in told.items() if column is not None]
    gives_time = any(column.name == FIELDS[0] and column.null_count() < column.len() for column in columns)
    usable = profile_checks.usable(profile, wrapper_gives_time=gives_time)
    texts = [line.removesuffix("\r") for line in unwrapped.text.decode(errors="replace").split("\n")[:-1]]
    frame = pl.DataFrame({"line": texts, "row": range(len(texts))}, schema={"line": pl.String, "row": pl.UInt32})
    read = ProfileReader(usable, read_options(reading, collapse_ids=False)).classify(frame.hstack(columns)).sort("row")
    timed = not usable.clockless
    lines = [_line(row, texts[row["row"]], timed=timed) for row in read.iter_rows(named=True)]
    return TriedFormat(profile=usable, heads=names, lines=lines)


def first_lines(file: InputFile) -> list[bytes]:
    """The first MOST_LINES lines of a file, without their ends. Raises InputError."""
    with explained([file]), decompress.open_text(file) as stream:
        head = decompress.read_text(file, stream, _HEAD_BYTES)
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1] or (len(lines) > 1 and len(head) >= _HEAD_BYTES):
        # The last line goes on beyond these bytes, or it is the nothing behind the last line end.
        lines.pop()
    return lines[:MOST_LINES]


def _line(row: dict[str, object], text: str, *, timed: bool) -> TriedLine:
    """A line as it is read. `timed` tells whether entries have a time of their own."""
    kind, rule, reason, clock = str(row["kind"]), row["rule"], row["reason"], row.get("clock")
    if (
        reason is None
        and kind in EVENTS
        and timed
        and row["time"] is None
        and clock is None
        and not row.get("previous")
    ):
        reason = TIMESTAMP
    if reason is not None:
        kind = f"{MALFORMED_LINE}: {reason}"
    fields = {name: _text(name, value) for name, value in row.items() if name not in _NO_FIELDS and value is not None}
    if row["time"] is None and isinstance(clock, int) and kind in EVENTS:
        fields = {"clock": instants.text(clock).partition("T")[2].rstrip("Z"), **fields}
    fields |= {name: "yes" for name in _SHOWN_LAST if row.get(name) and kind in EVENTS}
    number = rule + 1 if isinstance(rule, int) else None
    return TriedLine(line=int(str(row["row"])) + 1, kind=kind, rule=number, fields=fields, text=text)


def _text(name: str, value: object) -> str:
    return instants.text(value) if name == "time" and isinstance(value, int) else str(value)
