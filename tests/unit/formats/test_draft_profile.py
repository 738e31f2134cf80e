"""Drafts of profiles: what a draft reads of the log that it was made from is what stands there."""

import random
from collections import Counter
from collections.abc import Sequence

import polars as pl
import pytest

from logcorr.formats import draft_profile, profile_toml
from logcorr.formats.draft_profile import stamps, words
from logcorr.formats.profile_reader import ProfileReader
from logcorr.model.errors import UsageError


def read(lines: Sequence[str]) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """What the draft for a log reads of it: how many lines of each class, statuses, and durations (µs)."""
    toml = draft_profile.draft(lines)
    profile = profile_toml.read(toml, "draft")["draft"]
    frame = pl.DataFrame({"line": lines, "row": range(len(lines))}, schema={"line": pl.String, "row": pl.UInt32})
    rows = ProfileReader(profile).classify(frame).sort("row")
    assert rows["reason"].null_count() == rows.height, toml
    codes = Counter(str(code) for code in rows.filter(pl.col("kind").is_in(["response", "exchange"]))["status_code"])
    return dict(Counter(rows["kind"])), dict(codes), rows["given_us"].drop_nulls().to_list()


def clock(second: float) -> str:
    return f"2026-03-04T05:{int(second) // 60 % 60:02}:{second % 60:06.3f}Z"


def pairs(count: int, lost: int) -> list[tuple[float, str, int]]:
    """Events of exchanges, some of which overlap: (second, id, 0 for the request or 1 for the response)."""
    chance = random.Random(3)
    ids = [f"{chance.getrandbits(128):032x}" for _ in range(count)]
    events = [(k * 0.5, key, 0) for k, key in enumerate(ids)]
    events += [(k * 0.5 + 0.25 + k % 3 * 0.4, key, 1) for k, key in enumerate(ids) if k >= lost]
    return sorted(events)


def test_json_pairs() -> None:
    lines = ['{"message":"listening"}']
    for second, key, event in pairs(40, 3):
        own = '"event":"done","code":503,"took_ms":12.5' if event else '"event":"begin","url":"/a","method":"GET"'
        lines.append(f'{{"timestamp":"{clock(second)}","level":"info","request_id":"{key}",{own}}}')
    kinds, codes, given = read(lines)
    assert kinds == {"request": 40, "response": 37, "other": 1}
    assert codes == {"503": 37}
    assert set(given) == {12500}


def test_logfmt_pairs_whose_words_are_the_status() -> None:
    lines = [
        f"at={clock(second)} rid={key} msg={('failed' if key < '4' else 'finished') if event else 'started'}"
        for second, key, event in pairs(40, 0)
    ]
    failed = sum(" rid=" in line and "msg=failed" in line for line in lines)
    kinds, codes, _ = read(lines)
    assert kinds == {"request": 40, "response": 40}
    assert codes == {"200": 40 - failed, "500": failed}


def test_lines_of_the_application_between_the_events() -> None:
    lines: list[str] = []
    for second, key, event in pairs(30, 2):
        head = f'{{"time":"{clock(second)}","trace_id":"{key}","message":'
        if event:
            lines += [
                f'{head}"loaded {len(lines)} rows","rows":{len(lines)}}}',
                f'{head}"request finished","status":200}}',
            ]
        else:
            lines += [f'{head}"request started"}}', f'{head}"user is known"}}', f'{head}"asking the cache"}}']
    kinds, codes, _ = read(lines)
    assert kinds == {"request": 30, "response": 28, "other": 60 + 28}
    assert codes == {"200": 28}


def test_responses_that_are_written_twice() -> None:
    lines = []
    for second, key, event in pairs(30, 0):
        head = f'{{"time":"{clock(second)}","rid":"{key}"'
        lines.append(f'{head},"ev":"{"out" if event else "in"}","code":{500 if key < "4" else 200}}}')
        if event and key < "4":
            lines.append(f'{head},"ev":"out","code":500,"err":{{"name":"E","stack":["a"]}}}}')
    kinds, _, _ = read(lines)
    assert kinds == {"request": 30, "response": 30, "other": len(lines) - 60}


def test_text_with_keys() -> None:
    lines = []
    for second, key, event in pairs(30, 1):
        head = f"{clock(second)} INFO shop: [{key}]"
        lines.append(
            f"{head} leaves code={(200, 404)[key < '8']} 12.5ms" if event else f"{head} comes GET /a/{key[:3]}"
        )
    missing = sum("code=404" in line for line in lines)
    kinds, codes, given = read(lines)
    assert kinds == {"request": 30, "response": 29}
    assert codes == {"200": 29 - missing, "404": missing}
    assert given == [12500] * 29


def test_the_unit_of_a_duration_is_told_by_the_events() -> None:
    lines = []
    begun: dict[str, float] = {}
    for second, key, event in pairs(40, 0):
        begun.setdefault(key, second)
        own = f'"ev":"end","code":200,"duration":{(second - begun[key]) * 1e6:.0f}' if event else '"ev":"start"'
        lines.append(f'{{"ts":{1772600000000 + int(second * 1000)},"rid":"{key}",{own}}}')
    _, _, given = read(lines)
    assert set(given) == {250000, 650000, 1050000}


def test_ids_that_begin_anew_are_scoped() -> None:
    lines = []
    for process in (100, 200):
        for k in range(20):
            head = f'"time":{1772600000000 + process * 1000 + k * 10},"pid":{process},"reqId":"r{k}"'
            lines += [f'{{{head},"msg":"in"}}', f'{{{head},"msg":"out","status":200}}']
    profile = profile_toml.read(draft_profile.draft(lines), "draft")["draft"]
    assert [field.path for field in profile.id] == ["pid", "reqId"]
    assert profile.pairing == "nearest"


def test_text_pairs() -> None:
    lines = ["worker ready"]
    for second, key, event in pairs(40, 2):
        name = f"shop.send_{int(key[0], 16) % 3}"
        end = "raised: ValueError('x')" if key > "c" else f"succeeded in {0.5}s: None"
        lines.append(
            f"[{clock(second)}: INFO/Worker-{len(lines) % 4}] Task {name}[{key}] {end if event else 'received'}"
        )
    failed = sum("raised" in line for line in lines)
    kinds, codes, given = read(lines)
    assert kinds == {"request": 40, "response": 38, "other": 1}
    assert codes == {"200": 38 - failed, "500": failed}
    assert given == [500000] * (38 - failed)


CLF = "04/Mar/2026:05:06:{second:02} +0000"
SHAPES = [
    ("192.0.2.{k} - - [" + CLF + '] "GET /a/{k} HTTP/1.1" {code} {k}0 "-" "agent {k}"', None),
    ("192.0.2.{k} - - [" + CLF + '] "GET /a/{k} HTTP/1.1" {code} {k}0 "-" "agent {k}" 0.{k:03}', 1000),
    ("[" + CLF + "] 192.0.2.{k}:80{k} GET /a/{k} => {code} in {k} msecs", 1000),
    ("{second:02} Mar 2026 05:06:07 {code} GET /a/{k} {k}ms", 1000),
    ('04/Mar/2026 05:06:{second:02} shop.access 192.0.2.{k} - "GET /a/{k} HTTP/1.1" {code}', None),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "unit"), SHAPES)
def test_text_exchanges(shape: str, unit: int | None) -> None:
    lines = [shape.format(k=k, second=k, code=(200, 404, 503)[k % 3]) for k in range(1, 31)]
    kinds, codes, given = read(["starting", *lines])
    assert kinds == {"exchange": 30, "other": 1}
    assert codes == {"200": 10, "404": 10, "503": 10}
    assert given == ([] if unit is None else [k * unit for k in range(1, 31)])


def test_csv_with_and_without_header() -> None:
    rows = [f"{clock(k)},{200 + k % 2},/a/{k}" for k in range(30)]
    assert read(["time,status,path", *rows])[1] == {"200": 15, "201": 15}
    assert "column1" in draft_profile.draft(rows)


def test_json_behind_a_prefix() -> None:
    lines = [f'2026/03/04 05:06:{k:02}.250\tINFO\tdone\t{{"status": 200, "duration": 0.25}}' for k in range(30)]
    assert read(lines) == ({"exchange": 30}, {"200": 30}, [250000] * 30)


def test_nothing_to_go_by() -> None:
    with pytest.raises(UsageError, match="no lines"):
        draft_profile.draft(["", "  "])
    assert "no status was found" in draft_profile.draft(["hello", "world"])


def test_remarks_are_safe_comments() -> None:
    lines = [f'{{"time":"{clock(k)}","status":20{k % 9},"user":"a\\n[evil]\\u001b"}}' for k in range(9)]
    toml = draft_profile.draft(lines, unwrap=("cri",))
    assert "heads that were taken off: cri" in toml
    assert profile_toml.read(toml, "x")["draft"].time is not None
    assert "\x1b" not in toml


def test_another_unit() -> None:
    found = draft_profile.look([f'{{"ts":{1772600000 + k},"status":200,"took":{k}}}' for k in range(9)], "mine")
    assert found.unsure_unit == "ms"
    assert 'unit = "us"' in draft_profile.toml(draft_profile.with_unit(found, "us"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-03-04T05:06:07.123Z", "rfc3339"),
        ("2026-03-04 05:06:07,123", "rfc3339"),
        ("04/Mar/2026:05:06:07 +0000", "%d/%b/%Y:%H:%M:%S %z"),
        ("1772600000", "epoch_s"),
        ("1772600000.5", "epoch_s"),
        ("1772600000000", "epoch_ms"),
        ("Wed Mar  4 05:06:07 2026", "%a %b %d %H:%M:%S %Y"),
        ("Mar  4 05:06:07", "%b %d %H:%M:%S"),
        ("05:06:07", "%H:%M:%S"),
        ("12345", None),
        ("5:06", None),
    ],
)
def test_forms_of_times(text: str, form: str | None) -> None:
    assert stamps.form_of_text(text) == form


def test_words_of_endings() -> None:
    told = {text: words.status_of(text) for text in ("done", "Failed", "retry: in 1s", "timed out", "revoked")}
    assert told == {"done": 200, "Failed": 500, "retry: in 1s": 503, "timed out": 504, "revoked": 499}


def test_lines_that_the_csv_reader_refuses_have_a_draft() -> None:
    assert 'syntax = "text"' in draft_profile.draft(["a\rb,c,d"] * 3)
