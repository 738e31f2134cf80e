"""Single lines that readers of profiles once stumbled over: both executors read them, and read them right."""

import json
from typing import Any

import pytest

from tests.support.readings import careful, engine_reading, profile_of

EXCHANGE: dict[str, Any] = {"time": {"field": "t", "form": "epoch_s"}, "rule": [{"event": "exchange", "status": "s"}]}
PAIR: dict[str, Any] = {
    "time": {"field": "t", "form": "epoch_s"},
    "id": "i",
    "rule": [
        {"event": "request", "where": {"e": "in"}},
        {"event": "response", "where": {"e": "out"}, "status": "s"},
    ],
}


def read(table: dict[str, Any], *lines: str) -> list[Any]:
    """What both executors say of the lines."""
    content = "".join(line + "\n" for line in lines).encode()
    by_kernels = engine_reading(profile_of(table), [content])
    with careful():
        assert engine_reading(profile_of(table), [content]) == by_kernels
    return by_kernels


def statuses(table: dict[str, Any], *lines: str) -> list[Any]:
    """The status of each exchange, or what else the line is."""
    return [said if isinstance(said, str) else said[4] for said in read(table, *lines)]


def test_half_of_a_pair_of_escapes_is_no_json() -> None:
    lines = (r'{"t":1,"s":200,"a":"\ud83d\ude00 \\ud800"}', r'{"t":1,"s":200,"a":"\udc00"}')
    found = read(EXCHANGE | {"syntax": "json", "attributes": {"a": "a"}}, *lines)
    assert [found[0][-1]["a"], found[1]] == ["😀 \\ud800", "json"]


def test_items_of_arrays_that_a_template_left_empty() -> None:
    table = EXCHANGE | {"syntax": "json", "attributes": {"a": "a.2"}}
    found = read(table, '{"t":1,"s":200,"a":[-,,"x",]}', '{"t":1,"s":200,"a":["-, ,",-,-2]}', '{"t":1,,"s":200}')
    assert [said if isinstance(said, str) else said[-1] for said in found] == [{"a": "x"}, {"a": "-2"}, "json"]


def test_words_that_stand_for_no_value_in_logfmt() -> None:
    rule = {"event": "exchange", "status": {"field": "s", "null": "none"}}
    lines = ("t=1 s=null", "t=1 s=None", "t=1 s=nil", 't=1 s="null"', "t=1", "t=1 s=200")
    table = EXCHANGE | {"syntax": "logfmt", "rule": [rule]}
    assert statuses(table, *lines) == [None, None, None, "status_code", None, 200]


def test_blanks_around_cells_of_csv() -> None:
    table = PAIR | {"syntax": "csv", "columns": ["t", "i", "e", "s"]}
    found = read(table, "1, r 1 , in ,", '1 , "r, 1" ,out,\t200 ', "1,-,in,")
    assert [said if isinstance(said, str) else (said[0], said[1]) for said in found] == [
        ("request", "r 1"),
        ("response", "r, 1"),
        "request_id",
    ]


def test_a_blank_for_the_first_digit_of_a_day() -> None:
    table = EXCHANGE | {"syntax": "json", "time": {"field": "t", "form": "%d/%b/%Y %H:%M"}}
    lines = (
        '{"t":" 3/Feb/2026 10:00","s":200}',
        '{"t":"03/Feb/2026 10:00","s":200}',
        '{"t":"3/Feb/2026 10:00","s":200}',
    )
    assert {said[2] for said in read(table, *lines)} == {1_770_112_800_000_000}


def test_else_is_for_every_text_that_the_map_does_not_have() -> None:
    status = {"field": "s", "map": {"0": 200, "done": 201}, "else": 500, "null": 499}
    lines = ('{"t":1,"s":0}', '{"t":1,"s":49}', '{"t":1,"s":"done"}', '{"t":1,"s":"gone"}', '{"t":1}')
    table = EXCHANGE | {"syntax": "json", "rule": [{"event": "exchange", "status": status}]}
    assert statuses(table, *lines) == [200, 500, 201, 500, 499]
    without_else = {"field": "s", "map": {"done": 201}}
    table["rule"] = [{"event": "exchange", "status": without_else}]
    assert statuses(table, *lines[1:4]) == [49, 201, "status_code"]


def test_numbers_of_json_are_statuses_where_they_are_whole() -> None:
    table = EXCHANGE | {"syntax": "json"}
    texts = ("2e2", "200.0", "-0", "200.5", "1e400", '"2e2"', "1e-400", "4040e-1")
    found = statuses(table, *(f'{{"t":1,"s":{text}}}' for text in texts))
    assert found == [200, 200, 0, "status_code", "status_code", "status_code", "status_code", 404]


def test_numbers_of_json_are_looked_up_as_they_are_meant() -> None:
    status = {"field": "s", "map": {"200": 201, "ok": 202}}
    table = EXCHANGE | {"syntax": "json", "rule": [{"event": "exchange", "status": status}]}
    assert statuses(table, *(f'{{"t":1,"s":{text}}}' for text in ("2e2", "200", '"ok"', "3e2", "2.5"))) == [
        *(201, 201, 202, 300),
        "status_code",
    ]


def test_a_part_of_true_or_false_is_no_id() -> None:
    table = PAIR | {"syntax": "json", "id": {"field": "i", "pick": "(.*)"}}
    assert read(table, '{"t":1,"e":"in","i":false}', '{"t":1,"e":"in","i":{"a":1}}') == ["request_id"] * 2


@pytest.mark.parametrize("syntax", ["json", "logfmt", "csv"])
def test_more_fields_than_the_kernels_have_room_for(syntax: str) -> None:
    names = [f"k{number}.x.y" for number in range(80)] if syntax == "json" else [f"k{number}" for number in range(80)]
    table = EXCHANGE | {"syntax": syntax, "attributes": {f"a{number}": name for number, name in enumerate(names)}}
    if syntax == "csv":
        table["columns"] = ["t", "s", *names]
    line = {
        "json": json.dumps({"t": 1, "s": 200, "k79.x": {"y": "end"}}),
        "logfmt": "t=1 s=200 k79=end",
        "csv": "1,200," + "," * 79 + "end",
    }[syntax]
    assert [said[-1] for said in read(table, line)] == [{"a79": "end"}]


def test_more_rules_than_the_kernels_have_room_for() -> None:
    rules = [
        {"event": "exchange", "status": "s", "match": rf"(?P<t>\d+) (?P<s>\d+) x{number}$"} for number in range(70)
    ]
    assert statuses(EXCHANGE | {"syntax": "text", "rule": rules}, "1 200 x69", "1 200 x70") == [200, "other"]


def test_lines_that_end_in_several_carriage_returns() -> None:
    assert read(EXCHANGE | {"syntax": "json"}, "\r\r", "\r", '{"t":1,"s":200}\r')[:2] == ["nothing", "nothing"]


def test_numbers_of_twenty_digits() -> None:
    table = EXCHANGE | {"syntax": "json", "time": {"field": "t", "form": "epoch_ns"}}
    assert read(table, '{"t":99999999999999999999,"s":200}')[0][2] == 99_999_999_999_999_999


@pytest.mark.parametrize("syntax", ["json", "logfmt", "text"])
def test_what_a_head_tells_is_a_field(syntax: str) -> None:
    rules: list[dict[str, Any]] = [
        {"event": "exchange", "status": 500, "where": {"@stream": "stderr"}},
        {
            "event": "exchange",
            "status": "s",
            "where": {"@stream": {"prefix": "std"}},
            "attributes": {"from": "@stream"},
        },
    ]
    if syntax == "text":
        rules[1]["match"] = "s=(?P<s>[0-9]+)"
    table = {"syntax": syntax, "time": {"field": "@time"}, "rule": rules}
    text = '{"s":201}' if syntax == "json" else "s=201"
    lines = [f"2026-02-03T10:00:0{second}Z {stream} F {text}" for second, stream in enumerate(("stdout", "stderr"))]
    content = "".join(f"{line}\n" for line in [*lines, text]).encode()
    found = engine_reading(profile_of(table), [content], heads=("cri",))
    with careful():
        assert engine_reading(profile_of(table), [content], heads=("cri",)) == found
    assert [said if isinstance(said, str) else (said[2] % 10**7, said[4], said[-1]) for said in found] == [
        (0, 201, {"from": "stdout"}),
        (1_000_000, 500, {}),
        "other",
    ]
