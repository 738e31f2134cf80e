"""Patterns that the machine of the kernels knows match as polars matches them, or the machine is not sure."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats.cut_cells import BLANK, SURE, UNSURE, text_column
from logcorr.formats.cut_kernel import CutPattern, compile_pattern, line_spans
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels

COMMON = r'(?P<ip>\S+) - (?P<user>\S+) \[(?P<t>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+)[^"]*" (?P<status>\d{3}) (?P<size>\d+|-)'
WORKER = r"\[(?P<t>[^:]+:\d\d:\d\d,\d{3}): \w+/[^\]]+\] Job (?P<name>\S+)\[(?P<id>[^\]]+)\] (?:took (?P<s>[\d.e-]+)s: |failed)"
TIMED = r"(?P<t>\S+) pid=\d+ task=(?P<name>\S+) .*elapsed=(?P<s>[\d.]+) INFO: (?P<how>done|fail)$"
OPTIONAL = r"\w+:\s+\x08?(?P<t>\d\d:\d\d) (?:start: (?P<a>[\d.]+) ms\t)?(?P<b>[\d.]+|-) ?(?P<c>.*?)(?: x{2,3})?$"
LINES = [
    '10.0.0.1 - - [29/Nov/2026:02:22:03 +0000] "GET /a?q=%20 HTTP/1.1" 200 11 "-"',
    '10.0.0.1 - me [29/Nov/2026:02:22:03 +0000] "GET /é" 404 -',
    '10.0.0.1 - - [] "GET /" 200 1',
    "[2026-11-29 02:34:03,519: INFO/Main] Job a.b[9-8] took 1.5e-05s: None",
    "[2026-11-29 02:34:03,519: INFO/Main] Job a.b[9-8] failed",
    "[2026-11-29 02:34:03,519: INFO/Main] Job a.b[9-8",
    "2026-11-29T02:36:54Z pid=1 task=T elapsed=9 elapsed=0.25 INFO: done",
    "2026-11-29T02:36:54Z pid=1 task=T elapsed=0.25 INFO: done ",
    "INFO:    \x0802:36 start: 1.5 ms\t- and so on xx",
    "INFO: 02:36 46.457µs xxxx",
    "INFO: 02:36 -",
]


def as_polars(pattern: str, lines: list[str], *, anywhere: bool) -> list[tuple[str | None, ...]] | None:
    """The groups of each line; the last one is the whole match. None if polars refuses the pattern."""
    whole = f"(?:{'' if anywhere else '^'}(?P<whole>{pattern}))"
    try:
        groups = pl.Series(lines, dtype=pl.String).str.extract_groups(whole).struct.unnest()
    except pl.exceptions.ComputeError:
        return None
    names = [*(name for name in groups.columns if name != "whole"), "whole"]
    return groups.select(names).rows()


def as_machine(pattern: str, lines: list[str], *, anywhere: bool) -> list[tuple[str | None, ...] | None] | None:
    """The same by the machine; None for a line that it is not sure of."""
    program = compile_pattern(f"(?P<whole>{pattern})", anywhere=anywhere)
    if program is None:
        return None
    names = [*(name for name in program.groups[1:] if name), "whole"]
    text = "".join(f"{line}\n" for line in lines).encode()
    cells = CutPattern([program], names)(text, line_spans(text), lines=False)
    read = zip(*(text_column(text, cells.slot(slot)).to_list() for slot in range(len(names))), strict=True)
    return [cell if state == SURE else None for cell, state in zip(read, cells.state, strict=True)]


@pytest.mark.parametrize("pattern", [COMMON, WORKER, TIMED, OPTIONAL])
@pytest.mark.parametrize("anywhere", [False, True])
def test_patterns_of_logs(pattern: str, anywhere: bool) -> None:
    expected, read = as_polars(pattern, LINES, anywhere=anywhere), as_machine(pattern, LINES, anywhere=anywhere)
    assert expected is not None
    assert read is not None
    assert any(cell[-1] for cell in expected)
    # A word character may be a letter that is not ASCII.
    wide = [line for line, cell in zip(LINES, read, strict=True) if cell is None]
    assert not [line for line in wide if line.isascii() or r"\w" not in pattern]
    assert [cell or other for cell, other in zip(read, expected, strict=True)] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bx", "(?i)x", r"\pL", r"[[:alpha:]]", "[a&&b]", "[a--b]", "[^é]", r"[\dé]", "[é-ü]", "[a-é]", "(a*)*", "(?:a|)+", "a{,3}", "a{2001}",
        "a**", "a{2", "a}", "(a", "a)", "*a", "[b-a]", "[a", r"\q", r"\<", r"\x{e9}", "(?=a)", "(?P<a>x)(?P<a>y)", "a\\",
        "(?s:.)", "(?:(?:a{90}){90}){90}", "[]", "^*", "é" * 9000 + "(", "(?P<n", "x{3,2}", "[a-\\d]", "(" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_known(pattern: str) -> None:
    assert compile_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "line", "read"),
    [
        (r"(?P<a>\d+)", "12é", ("12", "12")),
        (r"(?P<a>\d+)", "12\u0663", None),
        (r"(?P<a>\w+)", "é", None),
        (r"(?P<a>\S+)", "aé\u2003b", ("aé", "aé")),
        (r"(?P<a>a|ab)(?P<b>c|bcd)", "abcd", ("a", "bcd", "abcd")),
        (r"(?:\d+){2}", "12", ("12",)),
        (r"(?P<a>[a-cµé]+)", "abµécx", ("abµéc", "abµéc")),
        (r"(?:(?P<a>x)|y)*", "xy", ("x", "xy")),
        (r"(?P<a>.{2})é?(?P<b>.*?)$", "éaéb", ("éa", "b", "éaéb")),
        (r"(?P<a>x?)(?P<b>(?:q)?)", "", ("", "", "")),
    ],
)
def test_single_cases(pattern: str, line: str, read: tuple[str, ...] | None) -> None:
    assert as_machine(pattern, [line], anywhere=False) == [read]
    assert read is None or as_polars(pattern, [line], anywhere=False) == [read]


def test_the_first_program_that_matches_takes_the_line() -> None:
    programs = [compile_pattern(pattern) for pattern in (r"a(?P<x>\d)", r"(?P<y>.)(?P<x>.)$", r"(\S+)")]
    text = b"a1\nzz\nword\n \n\x1b[0ma1\n"
    cutter = CutPattern([program for program in programs if program], ["x", "y"])
    cells = cutter(text, line_spans(text))
    assert cells.rule is not None
    assert [*cells.state] == [SURE, SURE, SURE, BLANK, UNSURE]
    assert [*cells.rule] == [0, 1, 2, 255, 255]
    assert text_column(text, cells.slot(0)).to_list() == ["1", "z", None, None, None]
    assert text_column(text, cells.slot(1)).to_list() == [None, "z", None, None, None]
    among = cutter(text, line_spans(text), among=(cells.rule == 1).astype("u1"))
    assert among.rule is not None
    assert [*among.rule] == [255, 1, 255, 255, 255]


def test_long_work_is_not_sure() -> None:
    line = "a" * 3000
    assert as_machine("(?:a*b|a*c|a*.*d)", [line], anywhere=True) == [None]
    assert as_machine(r"(?:aa|a)*b", [line], anywhere=False) == [None]
    assert as_machine(r"[^x]*", [line * 400], anywhere=False) == [None]


CLASSES = [
    r"\d",
    r"\w",
    r"\s",
    r"\S",
    r"\D",
    r"\W",
    ".",
    "[ab]",
    "[^a]",
    r"[\d.]",
    r"[^\s1]",
    "[b-z-]",
    "[]a]",
    r"[^\]a]",
    "[bé]",
]
SINGLE = st.sampled_from([*"ab1 é", r"\.", r"\x61", r"\t", "-", "ab", *CLASSES])
REPEATS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?", "{2,}", "{1,3}?"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda node: f"(?P<g>{node})"),
        st.tuples(inner, st.sampled_from(["^", "$", "|"])).map("".join),
    )


PATTERNS = st.recursive(
    st.one_of(SINGLE, st.tuples(SINGLE.filter(lambda one: one != "ab"), REPEATS).map("".join)), _grown, max_leaves=9
)
TEXTS = st.lists(st.text(alphabet="aaabb1. -\té\u2003", max_size=9), min_size=1, max_size=8)


def _named(pattern: str) -> str:
    """Each group gets a name of its own."""
    first, *parts = pattern.split("(?P<g>")
    return first + "".join(f"(?P<g{number}>{part}" for number, part in enumerate(parts))


@search(1500)
@given(PATTERNS.map(_named), TEXTS, st.booleans())
def test_any_pattern(pattern: str, lines: list[str], anywhere: bool) -> None:
    read = as_machine(pattern, lines, anywhere=anywhere)
    if read is None:
        return
    expected = as_polars(pattern, lines, anywhere=anywhere)
    assert expected is not None, "polars refuses what is known here"
    # Repeats within repeats can take too long.
    nested = any(mark in pattern for mark in (")*", ")+", "){"))
    for line, one, other in zip(lines, read, expected, strict=True):
        assert one is None or one == other, (pattern, line)
        assert one is not None or not line.isascii() or nested, (pattern, line)
