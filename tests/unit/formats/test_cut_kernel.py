"""Lines are cut into cells by the kernels as a plain reader of the same syntax reads them, or they are not sure."""

import csv
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import kernels
from logcorr.formats import cut_cells
from logcorr.formats.cut_cells import BLANK, ESCAPED, SURE, UNSURE, Span
from logcorr.formats.cut_kernel import CutCsv, CutJson, CutLogfmt, CutPattern, compile_pattern, line_spans
from logcorr.formats.json_plan import json_plan
from tests.support.cut_lines import cut, texts
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels


def test_lines_end_in_lf_or_crlf_or_with_the_text() -> None:
    text = b"one\r\n\ntwo\r\r\nthree"
    assert [text[begin:end] for begin, end, _ in zip(*line_spans(text), strict=True)] == [
        b"one",
        b"",
        b"two\r",
        b"three",
    ]
    assert line_spans(b"").begin.size == 0
    assert [*line_spans(b"\r\n\n").end] == [0, 2]


class TestLogfmt:
    READER = CutLogfmt(["msg", "status", "é"])

    @pytest.mark.parametrize(
        ("line", "read"),
        [
            ("msg=a status=200", ("a", "200", None)),
            ('  msg="a b" \t status= é=ü=1', ("a b", "", "ü=1")),
            ('msg="a \\"b\\" é\\n"', ('a "b" é\n', None, None)),
            ('msg=None status="null"', (None, "null", None)),
            ("msg='a \"b\"' status='it\\'s'", ('a "b"', "it's", None)),
            ("words before msg=a msg=a", ("a", None, None)),
            ('other="x" other=y msg=/p?q=1', ("/p?q=1", None, None)),
            ("nothing here", (None, None, None)),
        ],
    )
    def test_sure_lines(self, line: str, read: tuple[str | None, ...]) -> None:
        assert [*cut(self.READER, line, line).state] == [SURE, SURE]
        assert texts(self.READER, line, line) == [read, read]

    @pytest.mark.parametrize(
        "line",
        [
            "msg=a msg=b", 'msg=a msg="a"', "msg status=1", 'msg="a', 'msg="a"b', "msg='a", 'msg=a"b"', "it's msg=a",
            "=a", "msg=[1, 2]", 'x={"msg": 1}', 'msg="\\x1b"', "msg=a\x1b[0m", 'msg="\\u00e9"', "msg=a\u00a0b", "a\u3000msg=a", '"quoted" msg=a', "msg=\x00",
        ],
    )  # fmt: skip
    def test_unsure_lines(self, line: str) -> None:
        assert [*cut(self.READER, line).state] == [UNSURE]

    def test_blank_lines(self) -> None:
        assert [*cut(self.READER, "", " \t").state] == [BLANK, BLANK]

    def test_lists_of_keys_that_are_none(self) -> None:
        for keys in (["a", "a"], [""], [str(number) for number in range(65)]):
            with pytest.raises(ValueError, match="keys"):
                CutLogfmt(keys)

    @search(300)
    @given(
        st.lists(
            st.lists(st.text(alphabet="ab=\"'\\ 1[é\t", max_size=7).map(lambda text: f"a={text}"), max_size=3).map(
                " ".join
            )
        )
    )
    def test_any_lines_as_one_expression_reads_them(self, lines: list[str]) -> None:
        pair = re.compile(
            r"""[ \t]*(?:([^ \t="']+)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^ \t"']*)|[^ \t="']+)(?![^ \t])"""
        )
        reader = CutLogfmt(["a", "b"])
        cells, read = cut(reader, *lines), texts(reader, *lines)
        for row, line in enumerate(lines):
            if cells.state[row] != SURE:
                continue
            found, at = dict[str, str](), 0
            while match := pair.match(line, at):
                at = match.end()
                if match[1]:
                    found.setdefault(match[1], match[2])
            assert not line[at:].strip()
            for slot, key in enumerate("ab"):
                value = found.get(key)
                inner = value[1:-1] if value and value[0] in "\"'" else value
                plain = cells.type[slot, row] != ESCAPED
                assert read[row][slot] == (inner if plain else re.sub(r"\\(.)", r"\1", inner or "")), line


class TestCsv:
    def test_sure_lines(self) -> None:
        lines = ["a,b,c", '1,"x, ""y""",3', "only", ',,,,"",é']
        cells = cut(CutCsv([1, 0, 4]), *lines)
        assert [*cells.state] == [SURE] * 4
        assert cells.counts is not None
        assert [*cells.counts] == [3, 3, 1, 6]
        assert texts(CutCsv([1, 0, 4]), *lines) == [
            ("b", "a", None),
            ('x, "y"', "1", None),
            (None, "only", None),
            ("", "", ""),
        ]

    def test_other_lines(self) -> None:
        cells = cut(CutCsv([0]), '"open,1', 'a"b,1', '"a"b,1', "", " ", "\x1b[0ma,b")
        assert [*cells.state] == [UNSURE, UNSURE, UNSURE, BLANK, BLANK, UNSURE]
        assert [*cut(CutCsv([0], quote=None), '"open,1').state] == [SURE]
        assert [*cut(CutCsv([0], " "), "a b", "a  b", " a", "a ", "a\tb", 'a "b  c"').state] == [SURE, *[UNSURE] * 5]
        assert texts(CutCsv([1], "\t", None), 'x\ty"') == [('y"',)]

    def test_marks_and_columns_that_are_none(self) -> None:
        for wrong in (([0, 0], ","), ([-1], ","), ([0], "::"), ([0], "é"), ([0], '"')):
            with pytest.raises(ValueError, match=r"the kernel|characters"):
                CutCsv(*wrong)

    @search(300)
    @given(st.lists(st.text(alphabet='ab,"é ', max_size=9)))
    def test_any_lines_as_python_reads_them(self, lines: list[str]) -> None:
        cells, read = cut(CutCsv([0, 1, 2]), *lines), texts(CutCsv([0, 1, 2]), *lines)
        for row, line in enumerate(lines):
            if cells.state[row] == SURE:
                expected = next(csv.reader([line], strict=True))
                assert cells.counts is not None
                assert cells.counts[row] == len(expected)
                assert [*read[row]] == (expected + [None] * 3)[:3]
            else:
                assert cells.state[row] == (BLANK if not line.strip() else UNSURE)
                assert '"' in line or not line.strip()


def arrays(rows: int, slots: int) -> dict[str, Any]:
    """The arrays that every cutter writes."""
    return {
        "begin": np.empty((slots, rows), np.int32),
        "end": np.empty((slots, rows), np.int32),
        "type": np.empty((slots, rows), np.uint8),
        "state": np.empty(rows, np.uint8),
    }


class TestDoor:
    """Arguments that are not what they should be are refused, whoever gives them."""

    TEXT = b'{"a":1} b=2\n' * 3

    def calls(self, to: dict[str, Any], lines: Span | None = None) -> list[Callable[[], Any]]:
        begin, end, _ = lines or line_spans(self.TEXT)
        plan, rows = json_plan(["a", "b"]), begin.size
        program = compile_pattern("(?P<a>.)(?P<b>.)")
        assert program is not None
        rule = (
            program.codes,
            program.literals,
            program.classes,
            program.sets,
            np.array([0, 1], np.int32),
            False,
            0,
            False,
        )
        extra8, extra32, to_ = np.empty(rows, np.uint8), np.empty(rows, np.int32), [*to.values()]
        graph, ends, built = (
            (plan.nodes, plan.edges, plan.keys, plan.slots),
            np.array([1, 2], np.int32),
            kernels.compiled,
        )
        return [
            lambda: built.cut_json(self.TEXT, begin, end, *graph, 2, *to_),
            lambda: built.cut_logfmt(self.TEXT, begin, end, b"ab", ends, *to_),
            lambda: built.cut_csv(self.TEXT, begin, end, ends - 1, 2, 44, 34, *to_, extra32),
            lambda: built.cut_pattern(self.TEXT, begin, end, b"", True, (rule,), 2, *to_, extra8),
        ]

    @pytest.mark.parametrize("name", sorted(arrays(1, 1)))
    def test_arrays_that_are_too_short_are_refused(self, name: str) -> None:
        sound = arrays(3, 2)
        short = sound | {name: sound[name].reshape(-1)[:-1]}
        for call in self.calls(sound):
            call()
        for call in self.calls(short):
            with pytest.raises(ValueError, match="too short"):
                call()

    @pytest.mark.parametrize(
        "bounds", [([-1, 0, 0], [1, 1, 1]), ([2, 0, 0], [1, 1, 1]), ([0, 0, 0], [1, 1, 2**31 - 1])]
    )
    def test_spans_outside_of_the_text_are_refused(self, bounds: Any) -> None:
        begin, end = (np.array(side, np.int32) for side in bounds)
        for call in self.calls(arrays(3, 2), Span(begin, end, np.empty(3, np.uint8))):
            with pytest.raises(ValueError, match="outside"):
                call()

    def test_arrays_that_are_one_are_written_within_their_bounds(self) -> None:
        same = np.zeros((2, 3), np.int32)
        for call in self.calls({**arrays(3, 2), "begin": same, "end": same}, Span(same[0], same[1], same[0])):
            call()

    def test_plans_and_programs_that_are_none_are_refused(self) -> None:
        begin, end, _ = line_spans(self.TEXT)
        built, plan, to = kernels.compiled, json_plan(["a.b", "c"]), [*arrays(3, 2).values()]
        for place in range(7):
            for value in (-2, 2**40, -(2**62)):
                edges = plan.edges.copy()
                edges[0, place] = value
                if place in (0, 6):
                    continue
                with pytest.raises(ValueError, match="plan"):
                    built.cut_json(self.TEXT, begin, end, plan.nodes, edges, plan.keys, plan.slots, 2, *to)
        for code in ([9, 0], [1, 5], [2, 1], [3, 0, 9], [4, 7], [5, 2], [8, 0, -1], [8, 0, 0, -1, 3], [8, 0, 2, 1]):
            codes = np.array([[*code, *[0] * (6 - len(code))], [0] * 6], np.int32)
            rule = codes, b"xyz", bytes(256), b"", np.array([0], np.int32), False, 0, False
            with pytest.raises(ValueError, match="program"):
                built.cut_pattern(self.TEXT, begin, end, b"", True, (rule,), 2, *to, np.empty(3, np.uint8))

    def test_a_program_without_end_is_not_sure(self) -> None:
        codes = np.array([[4, 0, 0, 0, 0, 0], [0] * 6], np.int32)
        cells = cut_cells.empty_cells(1, 3, rule=True)
        begin, end, _ = line_spans(self.TEXT)
        rule = codes, b"", b"", b"", np.array([], np.int32), False, 0, False
        to = cells.begin, cells.end, cells.type, cells.state, cells.rule
        kernels.compiled.cut_pattern(self.TEXT, begin, end, b"", True, (rule,), 1, *to)
        assert [*cells.state] == [UNSURE] * 3

    def test_no_rows(self) -> None:
        for cutter in (CutJson(["a"]), CutLogfmt(["a"]), CutCsv([0]), CutPattern([], [])):
            assert cutter(b"", line_spans(b"")).rows == 0
