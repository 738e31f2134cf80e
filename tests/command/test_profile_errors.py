"""Faults in files of formats: exit code 2, a line that names file, profile, rule and key, nothing read, nothing written."""

from pathlib import Path

import pytest

from tests.support.helpers import assert_short_error, files_of, kept, logcorr

SOUND = """[mine]
syntax = "json"
time = { field = "at", form = "epoch_ms" }
id = "rid"
[[mine.rule]]
event = "request"
where = { ev = "in" }
[[mine.rule]]
event = "response"
where = { ev = "out" }
status = "code"
duration = { field = "took", unit = "ms" }
"""
TEXT = """[mine]
syntax = "text"
time = { field = "t", form = "rfc3339" }
[[mine.rule]]
event = "exchange"
match = '(?P<t>\\S+) (?P<s>\\d+)'
status = "s"
"""
# What is replaced in a sound file, by what; and what the error says.
FAULTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "no TOML": (SOUND, "[mine]", "[mine", ("no TOML",)),
    "text outside of a profile": (SOUND, "[mine]", 'name = "x"\n[mine]', ("'name'", "outside of a profile")),
    "unknown key": (SOUND, "syntax =", "zones = 1\nsyntax =", ("'mine'", "'zones'", "unknown key", "zone")),
    "unknown key of a rule": (SOUND, "status =", "statuss =", ("rule 2", "'statuss'", "unknown key", "status")),
    "unknown syntax": (SOUND, '"json"', '"yaml"', ("'syntax'", "yaml", "json")),
    "no syntax": (SOUND, 'syntax = "json"', "", ("'syntax'", "missing")),
    "no rules": ('[mine]\nsyntax = "json"\n', "x", "x", ("'rule'",)),
    "unknown event": (SOUND, '"request"', '"reqest"', ("rule 1", "'event'", "reqest", "request")),
    "a group that is not there": (
        TEXT,
        'status = "s"',
        'status = "code"',
        ("rule 1", "'status'", "'code'", "no group"),
    ),
    "a time that is no group": (TEXT, "(?P<t>", "(?P<u>", ("'time'", "'t'")),
    "a pattern that does not compile": (TEXT, "(?P<s>", "(?P<s", ("rule 1", "'match'", "does not compile")),
    "look-around": (TEXT, "(?P<s>", "(?=x)(?P<s>", ("rule 1", "'match'", "does not compile", "look")),
    "a back reference": (TEXT, "\\d+)", "\\d+)\\1", ("rule 1", "'match'", "does not compile", "backreference")),
    "a pick without a group": (SOUND, 'id = "rid"', "id = { field = 'rid', pick = 'x' }", ("'id.pick'", "one group")),
    "a pair without an id": (SOUND, 'id = "rid"\n', "", ("rule 1", "'id'", "needs an id")),
    "requests without responses": (
        SOUND,
        '"response"',
        '"ignore"',
        ("'rule'", "requests without responses"),
    ),
    "exchanges and requests": (SOUND, '"response"', '"exchange"', ("rule 2", "not both")),
    "unknown directive": (SOUND, '"epoch_ms"', '"%Y-%Q"', ("'time.form'", "%Q")),
    "unknown form": (SOUND, '"epoch_ms"', '"epoch"', ("'time.form'", "epoch")),
    "a status of four digits": (SOUND, 'status = "code"', "status = 1000", ("rule 2", "'status'", "1000")),
    "a status that is negative": (SOUND, 'status = "code"', "status = -1", ("rule 2", "'status'", "-1")),
    "a code of four digits": (
        SOUND,
        'status = "code"',
        'status = { field = "c", map = { ok = 2000 } }',
        ("rule 2", "'status.map.ok'", "2000"),
    ),
    "unknown unit": (SOUND, '"ms" }', '"minutes" }', ("rule 2", "'duration.unit'", "minutes")),
    "no unit": (SOUND, ', unit = "ms"', "", ("rule 2", "'duration'", "unit")),
    "unknown zone": (SOUND, 'id = "rid"', 'id = "rid"\nzone = "Berlin"', ("'zone'", "Berlin")),
    "unknown pairing": (SOUND, 'id = "rid"', 'id = "rid"\npairing = "nearst"', ("'pairing'", "nearst", "nearest")),
    "a weak request": (SOUND, 'where = { ev = "in" }', "weak = true", ("rule 1", "'weak'", "response")),
    "unknown head": (SOUND, 'id = "rid"', 'id = "rid"\nunwrap = "rsyslog"', ("'unwrap'", "rsyslog", "syslog")),
    "columns of json": (SOUND, 'id = "rid"', 'id = "rid"\ncolumns = ["a"]', ("'columns'", "csv")),
    "a dotted path without quotes": (SOUND, 'ev = "in"', 'ev.x = "in"', ("rule 1", "'where.ev'", "quotes")),
    "an attribute with the name of a column": (
        SOUND,
        'id = "rid"',
        'id = "rid"\nattributes = { duration_ms = "x" }',
        ("attributes", "duration_ms"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_file(fault: str, tmp_path: Path) -> None:
    sound, part, wrong, said = FAULTS[fault]
    text = sound.replace(part, wrong)
    assert text != sound or part == wrong
    (tmp_path / "mine.toml").write_text(text)
    before = files_of(tmp_path)
    # The log is not there: the file of formats is read first, or none of both.
    for words in (
        ("correlate", "none.log", "-o", "out.json"),
        ("analyze", "none.log", "-o", "out.json"),
        ("formats", "list"),
    ):
        outcome = logcorr(*words, "--formats", "mine.toml", cwd=tmp_path)
        assert outcome.code == 2, outcome
        if "none.log" not in outcome.err:
            assert_short_error(outcome, "mine.toml", *said)
    assert_short_error(outcome, "mine.toml", *said)
    assert outcome.out == b""
    assert files_of(tmp_path) == before
    assert kept(tmp_path) == []


def test_a_profile_without_a_time_is_an_error_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        SOUND.replace('time = { field = "at", form = "epoch_ms" }\n', "").replace("duration", "#")
    )
    (tmp_path / "x.log").write_text('{"ev":"in","rid":1}\n{"ev":"out","rid":1,"code":200}\n')
    assert logcorr("formats", "list", "--formats", "mine.toml", cwd=tmp_path).code == 0
    outcome = logcorr("correlate", "x.log", "--formats", "mine.toml", "--format", "mine", cwd=tmp_path)
    assert outcome.code == 2
    assert_short_error(outcome, "'mine'", "mine.toml", "no time", "time = { field, form }")
    assert kept(tmp_path) == []


def test_the_last_file_wins_and_the_report_names_it(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(SOUND.replace('"at"', '"elsewhere"'))
    (tmp_path / "two.toml").write_text(SOUND)
    (tmp_path / "x.log").write_text('{"ev":"in","rid":1,"at":1}\n{"ev":"out","rid":1,"code":200,"at":5,"took":4}\n')
    files = ("--formats", "one.toml", "--formats", "two.toml")
    outcome = logcorr("correlate", "x.log", "--format", "mine", *files, "--no-store", "--report", "-", cwd=tmp_path)
    assert outcome.code == 0, outcome.err
    assert '"origin":"two.toml"' in outcome.out.decode().replace(" ", "")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n \n\t\n", b"\x00\x01\xff\xfe" * 50, b"{" * 5000 + b"\n", b"word\n" * 20, ("ж" * 70_000).encode()],
    ids=["empty", "blank", "binary", "braces", "words", "one long line"],
)
def test_drafts_and_trials_of_broken_logs(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(content)
    for words in (
        ("new", "x.log"),
        ("test", "fastify", "x.log"),
        ("test", "combined", "x.log"),
        ("test", "iis", "x.log"),
    ):
        outcome = logcorr("formats", *words, cwd=tmp_path)
        assert outcome.code in (0, 2)
        if outcome.code:
            assert_short_error(outcome, "x.log")
