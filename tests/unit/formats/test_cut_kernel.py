"""Lines are cut into cells by the kernels as a plain reader of the same syntax reads them, or they are not sure."""

import csv
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import kernels
from logcorr.formats import cut_cells
from logcorr.formats.cut_cells import BLANK, ESCAPED, OTHER, SURE, UNSURE, Cells, Span, text_column
from logcorr.formats.cut_kernel import CutCsv, CutJson, CutLogfmt, CutPattern, compile_pattern, line_spans
from logcorr.formats.json_plan import json_plan
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels

Cutter = Callable[[bytes, Span], Cells]
Missing = object()


def cut(cutter: Cutter, *lines: str) -> Cells:
    text = "".join(f"{line}\n" for line in lines).encode()
    return cutter(text, line_spans(text))


def texts(cutter: Cutter, *lines: str) -> list[tuple[str | None, ...]]:
    """The texts of the slots of each line."""
    text = "".join(f"{line}\n" for line in lines).encode()
    cells = cutter(text, line_spans(text))
    slots = range(len(cells.type))
    return list(zip(*(text_column(text, cells.slot(slot)).to_list() for slot in slots), strict=True))


def test_lines_end_in_lf_or_crlf_or_with_the_text() -> None:
    text = b"one\r\n\ntwo\r\r\nthree"
    assert [text[begin:end] for begin, end, _ in zip(*line_spans(text), strict=True)] == [b"one", b"", b"two\r", b"three"]
    assert line_spans(b"").begin.size == 0
    assert [*line_spans(b"\r\n\n").end] == [0, 2]


class TestJson:
    def test_what_a_cell_can_hold(self) -> None:
        line = '{"s":"té","e":"a\\n\\u00e9\\ud83d\\ude00","n":-1.50e3,"t":true,"f":false,"z":null,"o":{"a":[ ]},"a":[1, {}]}'
        cells = cut(CutJson([*"senftzoax"]), line)
        kinds = ["STRING", "ESCAPED", "NUMBER", "BOOLEAN", "BOOLEAN", "NULL", "OBJECT", "ARRAY", "MISSING"]
        assert [*cells.type[:, 0]] == [getattr(cut_cells, kind) for kind in kinds]
        read = texts(CutJson([*"senftzoax"]), line)[0]
        assert read == ("té", "a\né😀", "-1.50e3", "false", "true", None, '{"a":[ ]}', "[1, {}]", None)

    def test_the_longest_key_that_is_there_counts(self) -> None:
        reader = CutJson(["grpc.code", "a.b.c"])
        assert texts(reader, '{"grpc.code":0,"a":{"b.c":1}}', '{"grpc":{"code":5},"a.b":{"c":2}}') == [
            ("0", "1"),
            ("5", "2"),
        ]
        assert [*cut(reader, '{"grpc.code":0,"grpc":{"code":5}}', '{"a.b":{},"a":{"b":{"c":1}}}').state] == [UNSURE] * 2

    def test_arrays(self) -> None:
        reader = CutJson(["s.*.id", "s.1", "s.0.id", "t.*"])
        line = '{"s":[{"no":1},{"id":"first"},{"id":"second"}],"t":["x","y"]}'
        assert texts(reader, line, '{"s":[]}', '{"s":{"1":2,"*":{"id":3}}}') == [
            ("first", '{"id":"first"}', None, "x"),
            (None, None, None, None),
            ("3", "2", None, None),
        ]
        assert [*cut(reader, '{"s":[{"id":null},{"id":1}]}').state] == [UNSURE]
        assert [*cut(CutJson(["s.01"]), '{"s":[1]}', '{"s":{"01":1}}').state] == [UNSURE, SURE]

    @pytest.mark.parametrize(
        ("line", "state"),
        [
            ("", BLANK),
            (" \t ", BLANK),
            ("Listening on 80", OTHER),
            ("[1]", OTHER),
            (' \t{"a":1} \r', SURE),
            ("{}", SURE),
            ('{"a":1}}', UNSURE),
            ('{"a":1} x', UNSURE),
            ('{"a":1', UNSURE),
            ('{"a":1,}', UNSURE),
            ('{"a":[1,]}', UNSURE),
            ('{"a":-}', UNSURE),
            ('{"a":01}', UNSURE),
            ('{"a":1.}', UNSURE),
            ('{"a":.5}', UNSURE),
            ('{"a":1e}', UNSURE),
            ('{"a":+1}', UNSURE),
            ('{"a":NaN}', UNSURE),
            ('{"a":nul}', UNSURE),
            ('{"a":tru', UNSURE),
            ('{"a":"\t"}', UNSURE),
            ('{"a":"\\x22"}', UNSURE),
            ('{"a":"\\ud800"}', UNSURE),
            ('{"a":"\\ud800\\n"}', UNSURE),
            ('{"a":"\\udc00"}', UNSURE),
            ('{"a":"\\u12g4"}', UNSURE),
            ('{"a":"x\\"}', UNSURE),
            ('{"\\u0061":1}', UNSURE),
            ('{"a" 1}', UNSURE),
            ('{"a":1 "b":2}', UNSURE),
            ("{a:1}", UNSURE),
            ('{"b":{"x":1,"x":1}}', UNSURE),
            ('{"b":[{"x":1,"y":{"x":2},"x":3}]}', UNSURE),
            ('{"b":[{"x":1},{"x":1}],"c":{"x":{"x":1}}}', SURE),
            ("\x1b[0m{}", UNSURE),
            ('{"a":' + "[" * 70 + "]" * 70 + "}", UNSURE),
            ('{"a":' + "[" * 60 + "]" * 60 + "}", SURE),
        ],
    )
    def test_states(self, line: str, state: int) -> None:
        assert [*cut(CutJson(["a"]), line).state] == [state]
        assert [*cut(CutJson(["b"]), '{"a":0}', line, '{"a":0}').state] == [SURE, state, SURE]

    def test_more_keys_than_are_remembered(self) -> None:
        lines = [json.dumps({f"k{number}": 1, "x": {f"q{number}": number}, "a": str(number)}) for number in range(9000)]
        cells, read = cut(CutJson(["a"]), *lines), texts(CutJson(["a"]), *lines)
        assert (cells.state == SURE).mean() > 0.99
        assert all(cell == (str(row),) for row, cell in enumerate(read) if cells.state[row] == SURE)

    def test_too_many_paths_are_refused(self) -> None:
        with pytest.raises(ValueError, match="64 paths"):
            CutJson([str(number) for number in range(65)])
        with pytest.raises(ValueError, match="64 keys"):
            CutJson([f"a{number}.b.c" for number in range(30)])


KEYS = ["a", "b", "c", "a.b", "b.c", "*", "0", "1", "é"]
PATHS = ["a", "b", "a.b", "a.b.c", "b.c.a", "a.*.b", "a.0", "b.1.c", "c.*", "é", "a.*.*.b", "0.a"]
BLANKS = st.sampled_from(["", "", "", " ", "\t", " \r"])
PLAIN = st.sampled_from(
    ["null", "true", "false", "0", "-0", "17", "1.50", "-2E+5", "1795918856252", '""', '"x"', '"é\\"\\u0041"', '"\\ud83d\\ude00"']
)


def _array(parts: list[str]) -> str:
    return f"[{','.join(parts)}]"


def _object(pairs: list[tuple[str, str, str, str]]) -> str:
    return "{" + ",".join(f'{one}"{key}"{two}:{value}{one}' for key, value, one, two in pairs) + "}"


def _objects(values: st.SearchStrategy[str], unique: bool) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(KEYS), values, BLANKS, BLANKS)
    return st.lists(pairs, max_size=5, unique_by=(lambda pair: pair[0]) if unique else None).map(_object)


VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(_array), _objects(inner, True), _objects(inner, False)),
    max_leaves=12,
)


class Number(str):
    """A number as it is written."""

    __slots__ = ()


def decoded(line: str) -> Any:
    """The value of strict JSON with all keys different; Missing for anything else."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(found)) == len(found)
        return dict(found)

    def refused(name: str) -> None:
        raise ValueError(name)

    try:
        value = json.loads(line, parse_int=Number, parse_float=Number, parse_constant=refused, object_pairs_hook=pairs)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, AssertionError):
        return Missing
    return value


def at_path(value: Any, parts: Sequence[str]) -> Any:
    if not parts:
        return value
    if isinstance(value, dict):
        for end in range(len(parts), 0, -1):
            if ".".join(parts[:end]) in value:
                return at_path(value[".".join(parts[:end])], parts[end:])
    if isinstance(value, list):
        if parts[0] == "*":
            found = (at_path(element, parts[1:]) for element in value)
            return next((one for one in found if one is not Missing), Missing)
        if parts[0].isdigit() and int(parts[0]) < len(value):
            return at_path(value[int(parts[0])], parts[1:])
    return Missing


def as_read(text: str | None, kind: int) -> Any:
    """What a cell means."""
    if kind == cut_cells.MISSING:
        return Missing
    if kind in (cut_cells.OBJECT, cut_cells.ARRAY, cut_cells.BOOLEAN):
        return json.loads(text or "", parse_int=Number, parse_float=Number)
    return text


class TestJsonAsPython:
    @search(400)
    @given(st.lists(_objects(VALUES, True), min_size=1, max_size=6), st.data())
    def test_any_lines(self, lines: list[str], data: st.DataObject) -> None:
        """Some lines are damaged: a piece is taken out, doubled, or another byte stands there."""
        for number, line in enumerate(lines):
            if data.draw(st.booleans()):
                at = data.draw(st.integers(0, len(line)))
                damage = data.draw(st.sampled_from(["", line[at : at + 3] * 2, '"', "\\", ",", "}", "-", "\x01", "0"]))
                lines[number] = line[:at] + damage + line[at + data.draw(st.integers(0, 3)) :]
        cells, read = cut(CutJson(PATHS), *lines), texts(CutJson(PATHS), *lines)
        for row, line in enumerate(lines):
            value = decoded(line)
            if cells.state[row] == SURE:
                assert isinstance(value, dict), line
                for slot, path in enumerate(PATHS):
                    told = as_read(read[row][slot], cells.type[slot, row])
                    assert told == at_path(value, path.split(".")), (line, path)
            elif cells.state[row] == UNSURE:
                assert "\\" in line or not isinstance(value, dict) or self.is_ambiguous(line, value), line

    def is_ambiguous(self, line: str, value: dict[str, Any]) -> bool:
        """Whether keys with dots stand beside others, or null in an array."""
        return any(f'"{key}"' in line for key in ("a.b", "b.c", "*", "0", "1")) or ("[" in line and "null" in line)


class TestLogfmt:
    READER = CutLogfmt(["msg", "status", "é"])

    @pytest.mark.parametrize(
        ("line", "read"),
        [
            ("msg=a status=200", ("a", "200", None)),
            ('  msg="a b" \t status= é=ü=1', ("a b", "", "ü=1")),
            ('msg="a \\"b\\" \\u00e9\\n"', ('a "b" é\n', None, None)),
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
            "=a", "msg=[1, 2]", 'x={"msg": 1}', 'msg="\\x1b"', "msg=a\x1b[0m", '"quoted" msg=a', "msg=\x00",
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
            st.lists(st.text(alphabet="ab=\"'\\ 1[é\t", max_size=7).map(lambda text: f"a={text}"), max_size=3).map(" ".join)
        )
    )
    def test_any_lines_as_one_expression_reads_them(self, lines: list[str]) -> None:
        pair = re.compile(r"""[ \t]*(?:([^ \t="']+)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^ \t"']*)|[^ \t="']+)(?![^ \t])""")
        reader = CutLogfmt(["a", "b"])
        cells, read = cut(reader, *lines), texts(reader, *lines)
        for row, line in enumerate(lines):
            if cells.state[row] != SURE:
                continue
            found, at = {}, 0
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
        assert texts(CutCsv([1], "\t", None), 'x\ty"') == [('y"',)]

    def test_marks_and_columns_that_are_none(self) -> None:
        for wrong in (([0, 0], ","), ([-1], ","), ([0], "::"), ([0], "é"), ([0], '"')):
            with pytest.raises(ValueError, match="the kernel|characters"):
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
        rule = program.codes, program.literals, program.classes, np.array([0, 1], np.int32), False
        extra8, extra32, to_ = np.empty(rows, np.uint8), np.empty(rows, np.int32), [*to.values()]
        graph, ends, built = (plan.nodes, plan.edges, plan.keys, plan.slots), np.array([1, 2], np.int32), kernels.compiled
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

    @pytest.mark.parametrize("bounds", [([-1, 0, 0], [1, 1, 1]), ([2, 0, 0], [1, 1, 1]), ([0, 0, 0], [1, 1, 2**31 - 1])])
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
            rule = codes, b"xyz", bytes(256), np.array([0], np.int32), False
            with pytest.raises(ValueError, match="program"):
                built.cut_pattern(self.TEXT, begin, end, b"", True, (rule,), 2, *to, np.empty(3, np.uint8))

    def test_a_program_without_end_is_not_sure(self) -> None:
        codes = np.array([[4, 0, 0, 0, 0, 0], [0] * 6], np.int32)
        cells = cut_cells.empty_cells(1, 3, rule=True)
        begin, end, _ = line_spans(self.TEXT)
        rule = codes, b"", b"", np.array([], np.int32), False
        to = cells.begin, cells.end, cells.type, cells.state, cells.rule
        kernels.compiled.cut_pattern(self.TEXT, begin, end, b"", True, (rule,), 1, *to)
        assert [*cells.state] == [UNSURE] * 3

    def test_no_rows(self) -> None:
        for cutter in (CutJson(["a"]), CutLogfmt(["a"]), CutCsv([0]), CutPattern([], [])):
            assert cutter(b"", line_spans(b"")).rows == 0
