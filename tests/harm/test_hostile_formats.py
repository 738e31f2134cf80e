"""Files of formats, and logs of no format, that hold what a terminal obeys: nothing of it reaches the terminal."""

import json
from pathlib import Path

import pytest

from logcorr.formats.profile_to_toml import quoted
from tests.support.helpers import Outcome, logcorr
from tests.support.hostile import MARK, PAYLOADS, faults
from tests.support.kernels_or_numpy import some

EVIL = tuple(text for text in PAYLOADS.values() if "\r" not in text)


def assert_harmless(outcome: Outcome) -> None:
    assert outcome.code in (0, 2), outcome.err
    assert faults(outcome.out) == []
    assert faults(outcome.err.encode("utf8", "surrogatepass")) == []
    assert "Traceback" not in outcome.err
    assert "internal error" not in outcome.err


def profile(text: str, *, refusal: bool = False) -> str:
    """A profile whose name, words, columns and remarks all hold a text."""
    name, word = quoted(text, lines=False), quoted(text)
    lines = [
        f"[{name}]",
        'syntax = "json"',
        f"about = {word}",
        'time = { field = "at", form = "epoch_ms" }',
        'id = "rid"',
    ]
    lines += [f"refusal = {word}"] if refusal else []
    lines += [f"[[{name}.rule]]", 'event = "request"', f"where = {{ ev = {word} }}", 'endpoint = "url"']
    lines += [
        f"[[{name}.rule]]",
        'event = "response"',
        'where = { ev = "out" }',
        f"status = {{ field = {word}, else = 500 }}",
    ]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("refusal", [False, True])
def test_formats_with_hostile_names(refusal: bool, tmp_path: Path) -> None:
    (tmp_path / "evil.toml").write_text(
        "\n".join(profile(f"{number}{text}", refusal=refusal) for number, text in enumerate(EVIL))
    )
    lines = []
    for number, text in enumerate(EVIL):
        key = f"{number}{text}"
        lines += [json.dumps({"ev": key, "rid": f"{number}-{text}", "at": 1_780_000_000_000 + number, "url": text})]
        lines += [
            json.dumps({"ev": "out", "rid": f"{number}-{text}", "at": 1_780_000_000_009 + number, key: 200}),
            text,
        ]
    (tmp_path / "x.log").write_text("\n".join(lines))
    files = ("--formats", "evil.toml")
    listed = logcorr("formats", "list", *files, cwd=tmp_path)
    assert_harmless(listed)
    assert MARK in listed.out.decode()
    assert_harmless(logcorr("correlate", "x.log", *files, "--no-store", cwd=tmp_path))
    evil = tmp_path / "a\x1b]0;t\x07\nb\u202e.toml"
    evil.write_text(profile("mine"))
    assert_harmless(logcorr("formats", "show", "mine", "--formats", str(evil), cwd=tmp_path))
    for number, text in list(enumerate(EVIL))[::3]:
        name = f"{number}{text}"
        for words in (("show", name), ("test", name, "x.log")):
            assert_harmless(logcorr("formats", *words, *files, cwd=tmp_path))
        assert_harmless(logcorr("correlate", "x.log", "--format", name, *files, "--no-store", cwd=tmp_path))
        assert_harmless(logcorr("formats", "show", f"nothing {text}", cwd=tmp_path))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_faults_in_files(payload: str, tmp_path: Path) -> None:
    text = PAYLOADS[payload]
    word = quoted(text)
    sound = profile("mine")
    faulty = {
        "key": sound.replace("about =", f"{quoted(text, lines=False)} ="),
        "value": sound.replace('"json"', word),
        "field": sound.replace('"epoch_ms"', word),
        "pattern": sound.replace('ev = "out"', f"ev = {{ match = {quoted('(' + text)} }}"),
        "zone": sound.replace('id = "rid"', f'id = "rid"\nzone = {word}'),
        "raw": sound + text,
    }
    for content in faulty.values():
        (tmp_path / "evil.toml").write_text(content)
        assert_harmless(logcorr("formats", "list", "--formats", "evil.toml", cwd=tmp_path))


@pytest.mark.parametrize("payload", some(PAYLOADS, "csi", "c0", "c1", "zero", "pile", "lines"))
def test_logs_of_no_format(payload: str, tmp_path: Path) -> None:
    text = PAYLOADS[payload]
    (tmp_path / "x.log").write_text("\n".join([text, f'{{"msg":{json.dumps(text)}}}', f"k={text}"] * 5))
    for words in (
        ("correlate", "x.log"),
        ("analyze", "x.log"),
        ("formats", "new", "x.log"),
        ("formats", "new", "x.log", "--name", text),
        ("formats", "test", "fastify", "x.log"),
        ("formats", "test", "combined", "x.log"),
        ("analyze", "x.log", "--fields", f"time={text}:epoch_ms status={text}"),
        ("analyze", "x.log", "--format", f"nginx:$remote_addr {text}"),
        ("analyze", "x.log", "--unwrap", text),
        ("analyze", "x.log", "--zone", text),
    ):
        assert_harmless(logcorr(*words, cwd=tmp_path))
