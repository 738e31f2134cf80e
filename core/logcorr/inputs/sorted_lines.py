"""Parsed lines are sorted by what they are: the entries of each event, and lines that are no entries."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.compute.zero_copy_text import copied
from logcorr.formats import line_format
from logcorr.formats.profile_reader import EVENTS, MALFORMED_LINE, OTHER, RESTART, Parsed, Part
from logcorr.inputs.file_form import OpenForm
from logcorr.model.ledger import Side


class Counter(Protocol):
    """Counts entries while a log is read. Several threads may use a counter at once, each within `counting`."""

    @property
    def codes(self) -> Mapping[str, TextCodes]:
        """The codes that attributes get instead of their texts, where a kernel reads them."""

    def counting(self) -> AbstractContextManager[None]:
        """Within this context entries get codes and are counted. Codes mean nothing after it."""

    def __call__(self, event: str, entries: pl.DataFrame) -> pl.DataFrame:
        """Counts entries of an event. What it returns is passed on in the order of the lines."""


class SortedLines(msgspec.Struct, kw_only=True):
    """Lines by what they are.

    `entries` are frames of entries by events, or what a counter returned of them. `counts` are of lines by class, of
    entries as `requests`, `responses` and `exchanges`. `spans` has the first and the last instant of frames of entries.
    `aside` has excerpts (REJECT_SCHEMA) of malformed and of other lines.
    """

    entries: dict[str, list[Any]]
    counts: dict[str, int]
    spans: list[tuple[str, pl.DataFrame]]
    aside: list[tuple[str, pl.DataFrame]]

    def joined(self) -> dict[str, pl.DataFrame]:
        """The entries of each event in one frame. Where a frame lacks a column, the values are null."""
        return {
            event: frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")
            for event, frames in self.entries.items()
        }

    def count(self, name: str, lines: int) -> None:
        """Adds lines to a count."""
        self.counts[name] = self.counts.get(name, 0) + lines


def sorted_lines(parsed: Parsed, form: OpenForm, only: Side | None, counter: Counter | None) -> SortedLines:
    """The parsed lines of a chunk. With `only`, entries of the other side are lines of another kind.

    A counter takes the entries.
    """
    read = SortedLines(entries={}, counts={}, spans=[], aside=[])
    for part in form.in_order(parsed) if form.reader.in_order else parsed.parts:
        if part.kind not in EVENTS:
            _set_aside(part, parsed, read)
            continue
        lines = part.lines
        if only is not None and part.kind != only:
            _set_aside(Part(kind=OTHER, lines=lines.select("row")), parsed, read)
            continue
        if "reason" in lines.columns:
            lines = _without_malformed(lines, parsed, read)
        read.count(f"{part.kind}s", lines.height)
        if "time" in lines.columns:
            read.spans.append((part.kind, lines.select(pl.col("time").min(), last=pl.col("time").max())))
        if lines.height or counter is None:
            read.entries.setdefault(part.kind, []).append(lines if counter is None else counter(part.kind, lines))
    return read


def _without_malformed(lines: pl.DataFrame, parsed: Parsed, read: SortedLines) -> pl.DataFrame:
    """The lines of a part that are entries; the others are set aside."""
    wrong = lines["reason"].is_not_null()
    for (reason,), rows in lines.filter(wrong).group_by("reason"):
        _set_aside(Part(kind=MALFORMED_LINE, lines=rows.select("row"), reason=str(reason)), parsed, read)
    return lines.filter(~wrong)


def _set_aside(part: Part, parsed: Parsed, read: SortedLines) -> None:
    """Counts lines that are no entries; excerpts of those that are malformed or other are kept."""
    kind = OTHER if part.kind == RESTART else part.kind
    if not part.lines.height:
        return
    read.count(kind, part.lines.height)
    if kind in (MALFORMED_LINE, OTHER):
        lines = parsed.texts(part.lines["row"]).with_columns(pl.lit(part.reason, pl.String).alias("reason"))
        read.aside.append((kind, copied(line_format.excerpts(lines))))
