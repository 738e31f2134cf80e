"""`logcorr formats` from outside: list, show, test and new, and what they say of wrong names and files."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.support.helpers import assert_short_error, logcorr

LINES = [
    '{"ts":1772600000000,"rid":"a1b2c3d4e5f60718","ev":"begin","path":"/a"}',
    '{"ts":1772600000250,"rid":"a1b2c3d4e5f60718","ev":"end","code":200,"took":250}',
    "a banner",
    '{"ts":"soon","rid":"b1b2c3d4e5f60718","ev":"begin","path":"/a"}',
    '{"ts":1772600001000,"rid":"c1b2c3d4e5f60718","ev":"begin","path":"/b"}',
]
MINE = """[mine]
syntax = "json"
time = { field = "ts", form = "epoch_ms" }
id = "rid"
[[mine.rule]]
event = "request"
where = { ev = "begin" }
endpoint = "path"
[[mine.rule]]
event = "response"
where = { ev = "end" }
status = "code"
duration = { field = "took", unit = "ms" }
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a log and a file of formats that reads it."""
    (tmp_path / "app.log").write_text("\n".join(LINES) + "\n")
    (tmp_path / "mine.toml").write_text(MINE)
    return tmp_path


def test_list(here: Path) -> None:
    table = logcorr("formats", "list", "--formats", "mine.toml", cwd=here)
    assert table.code == 0
    assert "mine.toml" in table.out.decode()
    assert "fastify" in table.out.decode()
    rows = [json.loads(line) for line in logcorr("formats", "list", "--json", cwd=here).out.splitlines()]
    assert {row["holds"] for row in rows} == {"pairs", "exchanges", "refused"}
    assert all(row["from"] == "built in" for row in rows)


def test_show_prints_toml(here: Path) -> None:
    shown = logcorr("formats", "show", "mine", "--formats", "mine.toml", cwd=here).out.decode()
    assert shown.startswith("# mine.toml\n[mine]\n")
    assert tomllib.loads(shown) == tomllib.loads(MINE)
    line = logcorr("formats", "show", "nginx:$remote_addr $status $request_time", cwd=here)
    table = tomllib.loads(line.out.decode())["my-nginx"]
    assert table["rule"][0]["duration"] == {"field": "request_time", "unit": "s"}


def test_test_shows_lines_and_counts(here: Path) -> None:
    words = ("formats", "test", "mine", "app.log", "--formats", "mine.toml")
    table = logcorr(*words, cwd=here)
    assert table.code == 0
    assert "malformed: timestamp" in table.out.decode()
    assert "given_us=250000" in table.out.decode()
    assert "of 5 lines" in table.out.decode()
    rows = [json.loads(line) for line in logcorr(*words, "--json", cwd=here).out.splitlines()]
    told = [(row["line"], row["class"], row["rule"]) for row in rows]
    assert told == [
        (1, "request", 1),
        (2, "response", 2),
        (3, "other", None),
        (4, "malformed: timestamp", 1),
        (5, "request", 1),
    ]
    assert rows[0]["fields"]["request_id"] == "a1b2c3d4e5f60718"


def test_a_draft_reads_its_log(here: Path) -> None:
    lines = []
    for k in range(20):
        head = f'"ts":{1772600000000 + 500 * k},"rid":"{k:020x}"'
        lines += [f'{{{head},"ev":"begin"}}', f'{{{head},"ev":"end","code":200}}']
    (here / "other.log").write_text("\n".join(lines))
    draft = logcorr("formats", "new", "other.log", "--name", "own", "-o", "own.toml", cwd=here)
    assert (draft.code, draft.out) == (0, b"")
    rows = logcorr("formats", "test", "own", "other.log", "--formats", "own.toml", "--json", cwd=here).out.splitlines()
    assert [json.loads(row)["class"] for row in rows] == ["request", "response"] * 20
    again = logcorr("formats", "new", "other.log", "-o", "own.toml", cwd=here)
    assert again.code == 3
    assert_short_error(again, "own.toml", "exists")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("show", "fastfy"), ("fastfy", "fastify")),
        (("show", "tomcat:%D"), ("tomcat9", "tomcat10")),
        (("list", "--formats", "none.toml"), ("none.toml", "could not be read")),
        (("list", "--formats", "app.log"), ("app.log", "no TOML")),
        (("test", "koa-logger", "app.log"), ("koa-logger", "have no time")),
        (("test", "mine", "none.log", "--formats", "mine.toml"), ("none.log",)),
        (("new", "none.log"), ("none.log",)),
    ],
)
def test_errors(here: Path, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    outcome = logcorr("formats", *words, cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, *parts)


def test_an_empty_log_has_no_lines_and_a_missing_one_is_named_once(here: Path) -> None:
    (here / "empty.log").write_bytes(b"")
    tried = logcorr("formats", "test", "fastify", "empty.log", "--json", cwd=here)
    assert (tried.code, tried.out) == (0, b"")
    missing = logcorr("formats", "test", "fastify", "nothing.log", cwd=here)
    assert missing.code == 2
    assert_short_error(missing, "error: log 'nothing.log': no such file")
