"""JSON documents → lines: an object a line, however they are printed and however the bytes come."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.inputs import documents
from logcorr.inputs.documents import DocumentLines

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**12) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, min_size=1, max_size=3), min_size=1, max_size=6)
SHAPES: dict[str, Callable[[list[Any]], str]] = {
    "array on one line": json.dumps,
    "array, an object a line": lambda objects: "[\n" + ",\n".join(map(json.dumps, objects)) + "\n]\n",
    "array, indented": lambda objects: json.dumps(objects, indent=2),
    "array, indented by tabs": lambda objects: "\r\n" + json.dumps(objects, indent="\t").replace("\n", "\r\n"),
    "arrays": lambda objects: "".join(json.dumps([each], indent=1) + "\n" for each in objects),
    "objects, indented": lambda objects: "\n".join(json.dumps(each, indent=4) for each in objects) + "\n",
    "objects, not indented": lambda objects: "\n\n".join(json.dumps(each, indent=0) for each in objects),
    "objects with commas": lambda objects: ",\n".join(json.dumps(each, indent=2) for each in objects),
}


class Drops(io.BytesIO):
    """A stream that gives few bytes at a time."""

    def __init__(self, raw: bytes, each: int) -> None:
        super().__init__(raw)
        self._each = each

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(self._each)


def lines_of(raw: bytes, each: int = 1 << 20) -> list[bytes]:
    stream = DocumentLines(Drops(raw, each))
    text = b""
    while block := stream.read(1 << 16):
        text += block
    assert not text or text.endswith(b"\n")
    return text.split(b"\n")[:-1]


@given(OBJECTS, st.sampled_from(list(SHAPES)), st.integers(1, 40), st.sampled_from(["", "\ufeff"]))
def test_every_object_is_a_line(objects: list[dict[str, Any]], shape: str, each: int, bom: str) -> None:
    raw = (bom + SHAPES[shape](objects)).encode()
    assert documents.begin(raw)
    assert [json.loads(line) for line in lines_of(raw, each)] == objects


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b'{"a": 1}\n{"a": 2}\n',
        b'{"a": 1,\n{"a": 2}\n',
        b'\n{"a": 1}\n',
        b"[GIN] 2026/03/01 - 10:00:00 | 200 |\n",
        b'[2026-03-01T10:00:00Z] "GET / HTTP/1.1" 200\n',
        b"[ 12.345] host kernel: {\n",
        b"{\n  resource: {\n",
        b"[1, 2]\n",
        b"[]more\n",
        b"2026-03-01T10:00:00Z,a,b\n",
    ],
)
def test_other_texts_are_no_documents(raw: bytes) -> None:
    assert not documents.begin(raw)


def test_an_empty_array_has_no_lines() -> None:
    assert documents.begin(b" [ ]\n")
    assert lines_of(b" [ ]\n") == []


def test_strings_keep_braces_quotes_and_spaces() -> None:
    raw = b'[\n  {\n    "a": "}  {\\"[,]\\\\",\n    "b": "  x  "\n  }\n]'
    for each in range(1, 20):
        assert lines_of(raw, each) == [b'{"a": "}  {\\"[,]\\\\","b": "  x  "}']


@pytest.mark.parametrize("each", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b'[{"a": 1},\n{"b": 2', [b'{"a": 1}', b'{"b": 2']),
        (b'[{"a": 1},\n{"b": "x', [b'{"a": 1}', b'{"b": "x']),
        (b'{\n "a": 1\n}\n{\n "b": "x\n}\n{\n "c": 3\n}\n', [b'{"a": 1}', b'{"b": "x', b"}", b'{"c": 3}']),
        (b'{\n "a": {\n  "b": 1,\n{\n "c": 3\n}\n', [b'{"a": {"b": 1,', b'{"c": 3}']),
        (b'{\n "a": 1\n}\nstopped.\n{\n "c": 3\n}\nbye', [b'{"a": 1}', b"stopped.", b'{"c": 3}', b"bye"]),
        (b'{\n"a": [\n{\n"b": 1\n}\n]\n}\n', [b'{"a": [{"b": 1}]}']),
        (b'\0\0{\n "a": 1\n}\n', [b'{"a": 1}']),
    ],
)
def test_nothing_is_lost_where_the_text_is_broken(raw: bytes, lines: list[bytes], each: int) -> None:
    assert lines_of(raw, each) == lines


@pytest.mark.parametrize("fill", [b'"k": "v",\n ', b"x", b"\\\\", b'"k": {},', b'\\"'])
def test_an_object_that_is_too_long_is_cut(fill: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_BYTES", 10_000)
    inner = fill * 40_000
    if b'"k"' not in fill:
        inner = b'"k": "' + inner + b'",'
    raw = b'[{"a": 1}, {' + inner + b'"z": 1}, {"b": 2}]'
    first, long, last = lines_of(raw, 1001)
    assert (first, last) == (b'{"a": 1}', b'{"b": 2}')
    assert long.startswith(b'{"k": ')
    assert len(long) <= 10_000
    with pytest.raises(json.JSONDecodeError):
        json.loads(long)
