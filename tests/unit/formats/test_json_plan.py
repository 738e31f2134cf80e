"""JSON lines are cut as strict JSON is read, and their paths are found as the rule for keys with dots says."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats import cut_cells
from logcorr.formats.cut_cells import BLANK, OTHER, SURE, UNSURE
from logcorr.formats.cut_kernel import CutJson
from tests.support.cut_lines import cut, texts
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels

Missing = object()


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
            ('{"a":NaN}', SURE),
            ('{"a":Infinity}', SURE),
            ('{"a":[-Infinity,NaN ]}', SURE),
            ('{"a":nan}', UNSURE),
            ('{"a":-NaN}', UNSURE),
            ('{"a":NaNs}', UNSURE),
            ('{"a":NaN1}', UNSURE),
            ('{"a":+Infinity}', UNSURE),
            ('{"a":- Infinity}', UNSURE),
            ('{"a":-Infinit', UNSURE),
            ('{"a":Na', UNSURE),
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
    [
        "null",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "false",
        "0",
        "-0",
        "17",
        "1.50",
        "-2E+5",
        "1795918856252",
        '""',
        '"x"',
        '"é\\"\\u0041"',
        '"\\ud83d\\ude00"',
    ]
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
    """The value of strict JSON with all keys different; Missing for anything else. NaN and Infinity are null."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(found)) == len(found)
        return dict(found)

    try:
        value = json.loads(
            line, parse_int=Number, parse_float=Number, parse_constant=lambda _: None, object_pairs_hook=pairs
        )
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
        return json.loads(text or "", parse_int=Number, parse_float=Number, parse_constant=lambda _: None)
    return text


class TestJsonAsPython:
    @search(150)
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
                assert "\\" in line or not isinstance(value, dict) or self.is_ambiguous(line), line

    def is_ambiguous(self, line: str) -> bool:
        """Whether keys with dots stand beside others, or null in an array."""
        null = any(word in line for word in ("null", "NaN", "Infinity"))
        return any(f'"{key}"' in line for key in ("a.b", "b.c", "*", "0", "1")) or ("[" in line and null)
