"""Cuts lines into the cells of fields by the compiled kernels: JSON, logfmt, csv, and patterns of text.

Each cutter is made once for a profile and called for each chunk: `cells = CutJson(paths)(text, line_spans(text))`. It
takes spans, so the part of a line that a prefix or a wrapper leaves can be cut as well. A line whose state is UNSURE
has no cells: the careful reading has to tell. `compiled` must be there.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from logcorr.compute.kernels import compiled
from logcorr.formats.cut_cells import BARE, Bytes, Cells, Span, empty_cells
from logcorr.formats.json_plan import MOST_SLOTS, json_plan
from logcorr.formats.pattern_program import Program, compile_pattern
from logcorr.formats.pattern_rules import shared_codes

__all__ = ["MOST_RULES", "CutCsv", "CutJson", "CutLogfmt", "CutPattern", "compile_pattern", "line_spans"]

MOST_RULES = 64
_NO_QUOTE = -1
_ALL = b""


def line_spans(text: bytes) -> Span:
    """The lines of a text of at most 2 GiB, without LF and CR. The last line may lack its LF."""
    rows = compiled.line_count(text) + (not text.endswith(b"\n") and bool(text))
    begin, end = np.empty(rows, np.int32), np.empty(rows, np.int32)
    compiled.line_spans(text, begin, end)
    return Span(begin, end, np.full(rows, BARE, np.uint8))


def _arrays(cells: Cells) -> tuple[Any, ...]:
    return cells.begin, cells.end, cells.type, cells.state


class CutJson:
    """Cuts JSON objects. The slot of a path is its number in `paths`.

    Of keys that hold dots the longest that is there counts; `0` is an element of an array, `*` the first element that
    has the rest. A cell is the inside of a string, or a number, true, false, an object or an array as written. SURE
    lines are strict JSON without escaped or duplicate keys and lone surrogates. OTHER lines do not begin with `{`.
    Raises ValueError for more than 64 paths.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._plan = json_plan(paths)
        self._slots = len(paths)

    def __call__(self, text: bytes, lines: Span) -> Cells:
        """The cells of lines."""
        cells = empty_cells(self._slots, lines.type.size)
        plan = self._plan
        graph = plan.nodes, plan.edges, plan.keys, plan.slots
        compiled.cut_json(text, lines.begin, lines.end, *graph, self._slots, *_arrays(cells))
        return cells


class CutLogfmt:
    """Cuts pairs `key=value` with blanks between them. The slot of a key is its number in `keys`.

    Values are BARE up to the next blank, or in double or single quotes. Tokens without `=` are passed over. UNSURE are
    lines with quotes elsewhere, with a bare value that begins with a bracket, and with a wanted key that has no value
    or comes again with another. Raises ValueError for more than 64 keys, an empty key, or equal keys.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        encoded = [key.encode() for key in keys]
        if len(keys) > MOST_SLOTS or not all(encoded) or len(set(keys)) < len(keys):
            raise ValueError(f"the kernel reads at most {MOST_SLOTS} different keys: {', '.join(keys)}")
        self._keys = b"".join(encoded)
        self._ends = np.cumsum([len(key) for key in encoded], dtype=np.int32)

    def __call__(self, text: bytes, lines: Span) -> Cells:
        """The cells of lines."""
        cells = empty_cells(self._ends.size, lines.type.size)
        compiled.cut_logfmt(text, lines.begin, lines.end, self._keys, self._ends, *_arrays(cells))
        return cells


class CutCsv:
    """Cuts cells with a separator between them. The slot of a column is its number in `columns`, which are numbers
    from 0 of cells in a line.

    `quote` of None: quotes mean nothing. A cell in quotes is a STRING, or DOUBLED if it holds doubled quotes; any
    other is BARE. `counts` of the result has the number of cells of each line, 0 for a line that is not SURE. Cells
    beyond the end of a line are MISSING. UNSURE are lines with quotes elsewhere, and, where the separator is a blank,
    lines with tabs or with several blanks together. Raises ValueError for more than 64 columns, equal columns, or marks
    over one byte.
    """

    def __init__(self, columns: Sequence[int], separator: str = ",", quote: str | None = '"') -> None:
        if len(columns) > MOST_SLOTS or len(set(columns)) < len(columns) or min(columns, default=0) < 0:
            raise ValueError(f"the kernel reads at most {MOST_SLOTS} different columns, from 0: {columns}")
        if not all(len(mark) == 1 and mark.isascii() for mark in (separator, quote or '"')) or separator == quote:
            raise ValueError(f"separator and quote are two different characters of ASCII: {separator!r}, {quote!r}")
        self._slots = np.full(max(columns, default=-1) + 1, -1, np.int32)
        self._slots[list(columns)] = range(len(columns))
        self._count = len(columns)
        self._marks = ord(separator), ord(quote) if quote else _NO_QUOTE

    def __call__(self, text: bytes, lines: Span) -> Cells:
        """The cells of lines."""
        cells = empty_cells(self._count, lines.type.size, counts=True)
        compiled.cut_csv(
            text, lines.begin, lines.end, self._slots, self._count, *self._marks, *_arrays(cells), cells.counts
        )
        return cells


class CutPattern:
    """Cuts texts by the first of several programs that matches. The slot of a group is its number in `names`.

    `rule` of the result is the number of the program, 255 for none. A group that took no part is MISSING, else BARE.
    Raises ValueError for more than 64 programs or names.
    """

    def __init__(self, programs: Sequence[Program], names: Sequence[str]) -> None:
        if len(programs) > MOST_RULES or len(names) > MOST_SLOTS:
            raise ValueError(f"the kernel reads at most {MOST_RULES} patterns and {MOST_SLOTS} groups")
        slots = {name: number for number, name in enumerate(names)}
        self._count = len(names)
        self._rules = tuple(
            (
                program.codes,
                program.literals,
                program.classes,
                program.sets,
                np.array([slots.get(name or "", -1) for name in program.groups], np.int32),
                program.anywhere,
                *shared,
            )
            for program, shared in zip(programs, shared_codes(programs), strict=True)
        )

    def __call__(self, text: bytes, spans: Span, *, among: Bytes | None = None, lines: bool = True) -> Cells:
        """The cells of the spans; of rows whose `among` (uint8) is 0 no program is tried.

        With `lines`, a blank span is BLANK; else it is a text like any other, as for a pattern of a field.
        """
        cells = empty_cells(self._count, spans.type.size, rule=True)
        rows = _ALL if among is None else among
        if among is not None and not among.size:
            return cells
        compiled.cut_pattern(
            text, spans.begin, spans.end, rows, lines, self._rules, self._count, *_arrays(cells), cells.rule
        )
        return cells
