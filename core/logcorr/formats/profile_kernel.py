"""Cuts the lines of a profile by kernels, where the profile is of a kind that they execute."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import text_columns
from logcorr.formats import cut_cells
from logcorr.formats.cells import CutText, KernelCells
from logcorr.formats.cut_cells import Cells, Span
from logcorr.formats.cut_kernel import CutCsv, CutJson, CutLogfmt, CutPattern, compile_pattern, line_spans
from logcorr.formats.line_format import SPACE
from logcorr.formats.profile import Profile
from logcorr.formats.profile_cells import paths_of

_NO_RULE = 255
Indexes = npt.NDArray[np.int64]


class CutLines(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a chunk, cut by a kernel: indexes of the lines by what became of them.

    `by_rule` has the lines that each rule of a text profile takes; it is None where conditions choose the rule.
    """

    text: bytes
    lines: Span
    sure: Indexes
    unsure: Indexes
    other: Indexes
    blank: Indexes
    by_rule: list[Indexes] | None
    spans: Mapping[str, Span]

    def frame(self, index: Indexes, first_row: int, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
        """Some lines as text: columns line and row, and those that wrappers tell."""
        begin, end = (positions[index].astype(np.int64) for positions in (self.lines.begin, self.lines.end))
        line = text_columns(self.text, (begin, end))[0] if index.size else pl.Series([], dtype=pl.String)
        own = {name: column.gather(index) for name, column in columns.items()}
        return pl.DataFrame({"line": line, "row": (index + first_row).astype(np.uint32), **own})

    def cells(self, index: Indexes, first_row: int, columns: Mapping[str, pl.Series], quote: str) -> KernelCells:
        """The cells of some sure lines."""
        return KernelCells(
            CutText(
                text=self.text,
                lines=self.lines,
                spans=self.spans,
                columns=columns,
                first_row=first_row,
                quote=quote,
            ),
            index,
        )


class LineCutter:
    """Cuts the lines of a profile. `columns` are the names of the columns of csv."""

    def __init__(self, profile: Profile, paths: Sequence[str], columns: Sequence[str]) -> None:
        self._paths = list(paths)
        self._names: list[str] = []
        if profile.syntax == "json":
            self._cut: CutJson | CutLogfmt | CutCsv | CutPattern = CutJson(paths)
        elif profile.syntax == "logfmt":
            self._cut = CutLogfmt(paths)
        elif profile.syntax == "csv":
            known = [path for path in paths if path in columns]
            self._paths = known
            self._cut = CutCsv([columns.index(path) for path in known], profile.separator, profile.quote or None)
            self._blanks = SPACE.replace(profile.separator, "").encode()
        else:
            programs = [program for rule in profile.rules if (program := compile_pattern(rule.match or "")) is not None]
            self._names = list(dict.fromkeys(name for program in programs for name in program.groups if name))
            self._cut = CutPattern(programs, self._names)
        self._rules = len(profile.rules) if profile.syntax == "text" else 0

    def __call__(self, text: bytes) -> CutLines:
        """The lines of a text, which ends in LF."""
        lines = line_spans(text)
        cut: Cells = self._cut(text, lines)
        if isinstance(self._cut, CutCsv):
            _strip_bare_cells(text, cut, self._blanks)
        names = self._names if self._rules else self._paths
        state = cut.state
        sure = np.flatnonzero(state == cut_cells.SURE)
        by_rule = None
        other = np.flatnonzero(state == cut_cells.OTHER)
        if self._rules and cut.rule is not None:
            is_sure = state == cut_cells.SURE
            by_rule = [np.flatnonzero(is_sure & (cut.rule == number)) for number in range(self._rules)]
            other = np.flatnonzero(is_sure & (cut.rule == _NO_RULE))
        return CutLines(
            text=text,
            lines=lines,
            sure=sure,
            unsure=np.flatnonzero(state == cut_cells.UNSURE),
            other=other,
            blank=np.flatnonzero(state == cut_cells.BLANK),
            by_rule=by_rule,
            spans={name: cut.slot(number) for number, name in enumerate(names)},
        )


def _strip_bare_cells(text: bytes, cut: Cells, blanks: bytes) -> None:
    """Takes the blanks off the ends of cells of csv without quotes."""
    octets = np.frombuffer(text, np.uint8)
    is_blank = np.zeros(256, np.bool_)
    is_blank[list(blanks)] = True
    for begin, end, kind in zip(cut.begin, cut.end, cut.type, strict=True):
        left = np.flatnonzero((kind == cut_cells.BARE) & (cut.state == cut_cells.SURE) & (begin < end))
        while left.size:
            left = left[is_blank[octets[begin[left]]]]
            begin[left] += 1
            left = left[begin[left] < end[left]]
        left = np.flatnonzero((kind == cut_cells.BARE) & (cut.state == cut_cells.SURE) & (begin < end))
        while left.size:
            left = left[is_blank[octets[end[left] - 1]]]
            end[left] -= 1
            left = left[begin[left] < end[left]]


def executes(profile: Profile) -> bool:
    """Whether kernels cut the lines of a profile."""
    if compiled is None or profile.prefix is not None or profile.fields_line is not None:
        return False
    if profile.syntax == "text":
        plain = all(rule.match is not None and not rule.where for rule in profile.rules)
        plain = plain and all(compile_pattern(rule.match or "") is not None for rule in profile.rules)
        return plain and _has_room(profile)
    if profile.syntax == "csv" and (len(profile.separator) != 1 or profile.separator == " "):
        return False
    return all(rule.match is None for rule in profile.rules) and _has_room(profile)


def _has_room(profile: Profile) -> bool:
    """Whether the kernels have room for all paths, columns and patterns of a profile."""
    paths = paths_of(profile)
    try:
        LineCutter(profile, paths, profile.columns or paths)
    except ValueError:
        return False
    return True
