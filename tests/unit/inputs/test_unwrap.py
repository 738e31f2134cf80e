"""Heads come off lines: what is behind them, what they tell, and the parts of long lines."""

import itertools
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.inputs import joined_parts
from logcorr.inputs.encodings import without_colours
from logcorr.inputs.head_forms import FIELDS, NAMES
from logcorr.inputs.unwrap import Unwrapped, Unwrapper

DAY = "2026-03-01"


def docker(text: str, **more: str) -> str:
    return json.dumps({"log": text + "\n", "stream": "stdout", "time": f"{DAY}T10:00:00.5Z", **more})


def journal(text: object, **more: str) -> str:
    return json.dumps(
        {"__REALTIME_TIMESTAMP": "1790000000000001", "_COMM": "web", "MESSAGE": text, "PRIORITY": "6", **more}
    )


HEADS: dict[str, tuple[Callable[[str], str], tuple[str | None, str | None, str | None]]] = {
    "docker-json": (docker, (f"{DAY}T10:00:00.5Z", "stdout", None)),
    "journald-json": (journal, ("2026-09-21T14:13:20.000001Z", None, "web")),
    "cri": (lambda text: f"{DAY}T10:00:00.5Z stderr F {text}", (f"{DAY}T10:00:00.5Z", "stderr", None)),
    "kubectl": (lambda text: f"[pod/shop-7d/web] {text}", (None, None, "shop-7d/web")),
    "compose": (lambda text: f"\x1b[36mweb-1   | \x1b[0m{text}", (None, None, "web-1")),
    "heroku": (
        lambda text: f"{DAY}T10:00:00+00:00 app[web.1]: {text}",
        (f"{DAY}T10:00:00+00:00", None, "web.1"),
    ),
    "syslog": (lambda text: f"<134>Mar  1 10:00:00 n1 web[7]: {text}", ("Mar  1 10:00:00", None, "web")),
    "syslog 5424": (
        lambda text: f'<134>1 {DAY}T10:00:00Z n1 web 7 - [a b="\\]"] {text}',
        (f"{DAY}T10:00:00Z", None, "web"),
    ),
    "syslog 5424 without time": (lambda text: f"12 <134>1 - n1 web 7 - - {text}", (None, None, "web")),
    "syslog bare": (lambda text: f"Mar 11 10:00:00 n1 web: {text}", ("Mar 11 10:00:00", None, "web")),
    "journald-short": (lambda text: f"Mar 11 10:00:00 n1 web: {text}", ("Mar 11 10:00:00", None, "web")),
    "journald-short full": (
        lambda text: f"Sun {DAY} 10:00:00 UTC n1 web[7]: {text}",
        (f"{DAY} 10:00:00 UTC", None, "web"),
    ),
    "journald-short unix": (
        lambda text: f"1790000000.000001 n1 web[7]: {text}",
        ("2026-09-21T14:13:20.000001Z", None, "web"),
    ),
    "journald-short monotonic": (lambda text: f"[   12.345678] n1 web[7]: {text}", (None, None, "web")),
    "grep": (lambda text: f"a/access.log:{text}", (None, None, "a/access.log")),
    "grep numbered": (lambda text: f"a/access.log:12:{text}", (None, None, "a/access.log")),
    "timestamps": (lambda text: f"{DAY}T10:00:00.5Z {text}", (f"{DAY}T10:00:00.5Z", None, None)),
    "none": (str, (None, None, None)),
}


def told(unwrapped: Unwrapped) -> list[tuple[str | None, str | None, str | None]]:
    columns = (unwrapped.time, unwrapped.stream, unwrapped.source)
    assert all(column is not None for column in columns)
    return list(zip(*(column.to_list() for column in columns if column is not None), strict=True))


def test_every_head_is_tested() -> None:
    assert {name.split(maxsplit=1)[0] for name in HEADS} == set(NAMES)


TEXTS = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20), max_size=6)


@given(st.sampled_from(list(HEADS)), TEXTS, st.sets(st.sampled_from(FIELDS)))
def test_heads_put_before_lines_and_taken_off_give_the_same_lines(
    name: str, texts: list[str], needed: set[str]
) -> None:
    head, tells = HEADS[name]
    # A head that begins a text is not taken off: that of grep may have the number of a line, that of RFC 5424 a BOM.
    texts = [text for text in texts if not text[:1].isdigit() and not text.startswith("\ufeff")]
    lines = "".join(head(text) + "\n" for text in texts).encode()
    expected = without_colours("".join(text + "\n" for text in texts).encode())
    found = Unwrapper((name.split(maxsplit=1)[0],), needed).unwrap(lines)
    assert found.text == expected
    for field, column, value in zip(FIELDS, (found.time, found.stream, found.source), tells, strict=True):
        assert (column is not None) == (field in needed)
        if column is not None:
            assert column.to_list() == [value] * len(texts)
    assert (found.part, found.joined) == (None, 0)


@given(st.sampled_from(list(NAMES)), st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_stay_as_many_lines(name: str, lines: list[bytes]) -> None:
    text = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    found = Unwrapper((name,), FIELDS).unwrap(text)
    assert found.text.count(b"\n") == len(lines)
    assert len(told(found)) == len(lines)


@pytest.mark.parametrize("name", [name for name in HEADS if name != "none"])
def test_a_line_without_the_head_stays_as_it_is(name: str) -> None:
    head, tells = HEADS[name]
    others = [
        b"caf\xe9, no head",
        b"",
        b"{",
        b'{"log": 1}',
        b'{"log": "\\ud800"}',
        b'{"MESSAGE": null}',
        b"ends in CR\r",
    ]
    text = b"".join(line + b"\n" + head("x").encode() + b"\r\n" for line in others)
    found = Unwrapper((name.split(maxsplit=1)[0],), FIELDS).unwrap(text)
    end = b"" if "json" in name else b"\r"
    assert found.text == b"".join(line + b"\nx" + end + b"\n" for line in others)
    assert told(found) == [(None, None, None), tells] * len(others)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("cri", f"{DAY}T10:00:00Z stdout F"),
        ("compose", "web-1  |"),
        ("syslog", "Mar  1 10:00:00 n1 web[7]:"),
        ("syslog", f"<1>1 {DAY}T10:00:00Z n1 web 7 - -"),
        ("kubectl", "[pod/a/b]"),
        ("grep", "access.log:"),
    ],
)
def test_a_head_alone_is_an_empty_line(name: str, line: str) -> None:
    assert Unwrapper((name,)).unwrap(f"{line}\n{line}\r\n".encode()).text == b"\n\r\n"


def test_the_innermost_head_that_tells_counts() -> None:
    inner = f"{DAY}T10:00:00.5Z stderr F x"
    text = f"<134>Mar  1 10:00:00 n1 web[7]: {inner}\n<134>Mar  1 10:00:00 n1 web[7]: y\n".encode()
    found = Unwrapper(("syslog", "cri"), FIELDS).unwrap(text)
    assert found.text == b"x\ny\n"
    assert told(found) == [(f"{DAY}T10:00:00.5Z", "stderr", "web"), ("Mar  1 10:00:00", None, "web")]


def test_a_line_end_within_a_text_is_a_space() -> None:
    assert Unwrapper(("docker-json",)).unwrap(docker("a\nb").encode() + b"\n").text == b"a b\n"
    assert Unwrapper(("journald-json",)).unwrap(journal('{\n"a": 1}\n').encode() + b"\n").text == b'{ "a": 1} \n'


def test_colours_within_a_text_are_taken_out() -> None:
    assert Unwrapper(("docker-json",)).unwrap(docker("\x1b[1;31mred\x1b[0m").encode() + b"\n").text == b"red\n"


@pytest.mark.parametrize(
    ("message", "text"), [([99, 97, 102, 233], b"caf\xe9"), (["one", "two"], b"one"), ([[97], "b"], b"a")]
)
def test_a_message_of_the_journal_may_be_a_list(message: object, text: bytes) -> None:
    found = Unwrapper(("journald-json",), FIELDS).unwrap(journal(message, SYSLOG_IDENTIFIER="shop").encode() + b"\n")
    assert found.text == text + b"\n"
    assert told(found) == [("2026-09-21T14:13:20.000001Z", None, "shop")]


def cri(flag: str, text: str, stream: str = "stdout") -> bytes:
    return f"{DAY}T10:00:00Z {stream} {flag} {text}\n".encode()


def docker_part(flag: str, text: str, stream: str = "stdout") -> bytes:
    line = {"log": text + "\n" * (flag == "F"), "stream": stream, "time": f"{DAY}T10:00:00Z"}
    return json.dumps(line).encode() + b"\n"


PARTED = {"cri": cri, "docker-json": docker_part}


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("needed", [(), FIELDS])
def test_parts_are_joined_to_the_line_that_ends(name: str, needed: tuple[str, ...]) -> None:
    line = PARTED[name]
    lines = [
        line("F", "whole"),
        line("P", "ab"),
        line("P", "x", "stderr"),
        b"no head\n",
        line("P", "cd"),
        line("F", "e"),
        line("F", ""),
        line("F", "y", "stderr"),
    ]
    expected = [b"whole", b"", b"", b"no head", b"", b"abcde", b"", b"xy"]
    parts = [False, True, True, False, True, False, False, False]
    for size in (1, 2, 3, 8):
        unwrapper = Unwrapper((name,), needed)
        found = [unwrapper.unwrap(b"".join(lines[at : at + size])) for at in range(0, len(lines), size)]
        assert b"".join(each.text for each in found) == b"".join(text + b"\n" for text in expected)
        masks = [
            [False] * each.text.count(b"\n") if each.part is None else each.part.to_list() for each in found
        ]  # fmt: skip
        assert list(itertools.chain.from_iterable(masks)) == parts
        assert sum(each.joined for each in found) == 2
        assert unwrapper.finish() == []


@pytest.mark.parametrize("name", PARTED)
def test_a_part_that_is_never_joined_is_given_back(name: str) -> None:
    line = PARTED[name]
    unwrapper = Unwrapper((name, "syslog"))
    unwrapper.unwrap(line("P", "Mar  1 10:00:00 n1 we") + line("P", "x", "stderr") + line("P", "b: end"))
    assert unwrapper.finish() == [b"end", b"x"]
    unwrapper.unwrap(line("P", "of the file before"))
    unwrapper.start_file()
    assert unwrapper.unwrap(line("F", "whole")).text == b"whole\n"


@pytest.mark.parametrize("name", PARTED)
def test_a_line_of_many_parts_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_parts, "LONGEST_BYTES", 1000)
    line = PARTED[name]
    text = b"".join(line("P", "x" * 99) for _ in range(50)) + line("F", "end")
    assert Unwrapper((name,)).unwrap(text).text == b"\n" * 50 + b"x" * 1000 + b"\n"


@pytest.mark.parametrize("name", ["docker-json", "journald-json"])
def test_two_objects_in_one_line_do_not_move_the_lines_below(name: str) -> None:
    one = HEADS[name][0]
    lines = [one("a") + one("b"), "", one("c"), " ", one("d")]
    text = Unwrapper([name]).unwrap("".join(f"{line}\n" for line in lines).encode()).text
    assert text.decode().split("\n") == [lines[0], "", "c", " ", "d", ""]


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("needed", [(), FIELDS])
def test_the_lines_that_have_the_head_are_counted(name: str, needed: tuple[str, ...]) -> None:
    (wrap, _), head = HEADS[name], name.split(maxsplit=1)[0]
    text = "".join(f"{line}\n" for line in ("", "no head", wrap("a"), wrap("b"), "no head"))
    unwrapper = Unwrapper((head,), needed)
    unwrapper.unwrap(text.encode())
    unwrapper.unwrap(f"{wrap('c')}\n".encode())
    assert (unwrapper.taken, unwrapper.joined) == ({} if head == "none" else {head: 3}, 0)
