"""Rules that begin alike share the run of their beginning, and give what each of them gives alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats.cut_cells import SURE, text_column
from logcorr.formats.cut_kernel import CutPattern, compile_pattern, line_spans
from logcorr.formats.pattern_program import Program
from logcorr.formats.pattern_rules import Shared, shared_codes
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels

NAMES = ["a", "b", "c"]


def programs(*patterns: str) -> list[Program]:
    compiled = [compile_pattern(pattern) for pattern in patterns]
    return [program for program in compiled if program]


def test_what_rules_share() -> None:
    start = r"(?P<a>\S+) - (?P<b>[^ ]+) "
    codes = shared_codes(programs("x", f"{start}on (?P<c>.*)", rf"{start}off \d+", f"{start}(?:x|y)$", r"(?P<a>\d+)"))
    assert codes == [Shared(0, False), Shared(7, False), Shared(7, True), Shared(7, True), Shared(0, False)]
    assert shared_codes([]) == []


BEGINNINGS = st.sampled_from(
    [
        r"(?P<a>\S+) ",
        r"(?P<a>a*)(?P<b>b*)",
        r"(?P<a>[ab]+?)",
        r"(?:a|b)* (?P<a>a?)",
        r"(?:a|ab)(?P<a>.*)",
        r"(?P<a>a(?:ba)*) ",
    ]
)
ENDINGS = st.sampled_from(
    [
        "",
        "x",
        r"(?P<c>b)",
        r"(?P<c>\d)?$",
        " (?P<c>.)",
        "b*(?P<c>a)$",
        "(?P<c>(?:a|b)+) ",
        "[^1]*1(?P<c>1)",
        "(?:x|(?P<c>b)) ?a",
    ]
)
LINES = st.lists(st.text(alphabet="aabb1 x", max_size=10), min_size=1, max_size=10)


@search(400)
@given(st.lists(st.tuples(BEGINNINGS, ENDINGS), min_size=1, max_size=3), st.lists(ENDINGS, max_size=4), LINES)
def test_any_rules(heads: list[tuple[str, str]], more: list[str], lines: list[str]) -> None:
    patterns = [f"{begin}{end}" for begin, first in heads for end in (first, *more)]
    rules = programs(*patterns)
    assert len(rules) == len(patterns)
    text = "".join(f"{line}\n" for line in lines).encode()
    spans = line_spans(text)
    together = CutPattern(rules, NAMES)(text, spans, lines=False)
    alone = [CutPattern([rule], NAMES)(text, spans, lines=False) for rule in rules]
    assert together.rule is not None
    matches = np.array([cells.rule == 0 for cells in alone if cells.rule is not None])
    first = np.where(matches.any(axis=0), matches.argmax(axis=0), 255)
    assert (together.state == SURE).all()
    assert [*together.rule] == [*first]
    for slot in range(len(NAMES)):
        own = text_column(text, together.slot(slot)).to_list()
        others = [text_column(text, cells.slot(slot)).to_list() for cells in alone]
        assert own == [None if rule == 255 else others[rule][row] for row, rule in enumerate(first)]
