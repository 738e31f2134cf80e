"""The oracle of profiles is right where anybody can check it by eye: syntaxes, fields, clocks, units, classes of lines."""

import tomllib
from datetime import date
from typing import Any

import pytest

from tests.oracle.profile_clock import Clock, duration_us
from tests.oracle.profile_oracle import Line, claims, client, read
from tests.oracle.profile_syntax import JsonError, Number, csv_fields, json_object, logfmt_fields

MIDNIGHT = 1_770_076_800_000_000  # 2026-02-03 in UTC
SECOND = 1_000_000


def table(text: str) -> dict[str, Any]:
    return next(iter(tomllib.loads(text).values()))


def lines(profile: str, log: str, **options: Any) -> list[Line]:
    return read(table(profile), [log.encode()], **options)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r'{"a":"caf\xe9","b":1.50}', {"a": "caf�", "b": Number("1.50")}),
        (r'{"a":"caf\xc3\xa9"}', {"a": "café"}),
        ('{"a":"tab\there","b":-,"c":,"d":[1,],}', {"a": "tab\there", "b": None, "c": None, "d": [Number("1")]}),
        ('{"a":1,"a":1,"b":{"c":[true]},"b":{"c":[true]}}', {"a": Number("1"), "b": {"c": [True]}}),
        (r'{"a":"CORP\ann\q"}', {"a": r"CORP\ann\q"}),
        (r'{"a":"\ud83d\ude00\/"}', {"a": "😀/"}),
    ],
)
def test_json_that_servers_write_by_templates_is_read(text: str, wanted: dict[str, Any]) -> None:
    assert json_object(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":"1"}',
        '{"a":1',
        '{"a":01}',
        '{"a":nan}',
        '{"a":1}x',
        '{"a":"\\ud800"}',
        "{a:1}",
        "[]",
        "",
    ],
)
def test_what_is_no_object_is_told(text: str) -> None:
    with pytest.raises(JsonError):
        json_object(text)


def test_logfmt_has_double_quotes_and_those_of_python() -> None:
    found = logfmt_fields("""t=1 a="x \\"y\\"" b='it\\'s' c="it's" d=None e= bare""")
    assert found == {"t": "1", "a": 'x "y"', "b": "it's", "c": "it's", "d": None, "e": ""}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [('a,"b,""c""",d', ["a", 'b,"c"', "d"]), ("a,,", ["a", "", ""]), ('a,"open', ["a", '"open']), ("", [""])],
)
def test_csv(line: str, wanted: list[str]) -> None:
    assert csv_fields(line, ",", '"') == wanted


@pytest.mark.parametrize(
    ("text", "form", "seconds"),
    [
        ("2026-02-03T00:00:01.5Z", "rfc3339", 1.5),
        ("2026-02-03 01:00:01,250 +01:00", "rfc3339", 1.25),
        ("2026-02-03 00:00:01 UTC", "rfc3339", 1),
        ("2026-02-03T05:30:00+0530", "rfc3339", 0),
        ("1770076801.5", "epoch_s", 1.5),
        ("1770076801500", "epoch_ms", 1.5),
        ("1770076801500000", "epoch_us", 1.5),
        ("1770076801500000999", "epoch_ns", 1.5),
        ("69813a81.1dcd6500", "epoch_hex_s_ns", 1.5),
        ("03/Feb/2026:01:00:01 +0100", "%d/%b/%Y:%H:%M:%S %z", 1),
        ("Tue Feb  3 00:00:01 2026", "%a %b %d %H:%M:%S %Y", 1),
        ("260203 12:00:01 AM", "%y%m%d %I:%M:%S %p", 1),
        ("Feb  3 00:00:01.25", "%b %d %H:%M:%S.%f", 1.25),
        ("00:00:01", "%H:%M:%S", 1),
    ],
)
def test_the_forms_of_time(text: str, form: str, seconds: float) -> None:
    moment = Clock("Z", date(2026, 2, 3)).read(text, form, None)
    assert moment is not None
    assert moment.us == MIDNIGHT + int(seconds * SECOND)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-02-30T00:00:00Z", "rfc3339"),
        ("2026-02-03T00:00:60Z", "rfc3339"),
        ("2026-02-03 00:00:00 CET", "rfc3339"),
        ("2026-02-03T00:00:00+24:00", "rfc3339"),
        ("soon", "epoch_s"),
        ("03/feb/2026:00:00:00 +0000", "%d/%b/%Y:%H:%M:%S %z"),
        ("00:00:01x", "%H:%M:%S"),
    ],
)
def test_other_texts_are_no_time(text: str, form: str) -> None:
    assert Clock("Z", date(2026, 2, 3)).read(text, form, None) is None


def test_a_form_without_a_date_needs_the_day() -> None:
    assert Clock("Z", None).read("10:00:00", "%H:%M:%S", None) is None


def test_a_clock_that_falls_by_more_than_twelve_hours_is_of_the_next_day() -> None:
    clock = Clock("Z", date(2026, 2, 3))
    moments = [clock.read(text, "%H:%M:%S", None) for text in ("23:59:59", "23:00:00", "00:00:01", "00:00:00")]
    assert [moment and (moment.us - MIDNIGHT) // SECOND for moment in moments] == [86399, 82800, 86401, 86400]
    assert clock.falls == 1


def test_local_hours_that_occur_twice_or_never() -> None:
    clock = Clock("Europe/Berlin", None)
    doubled = clock.read("2025-10-26 02:30:00", "rfc3339", None)
    assert doubled is not None
    assert doubled.doubled
    first = clock.read("2025-10-26 00:30:00", "rfc3339", "Z")
    assert first is not None
    assert doubled.us == first.us
    assert clock.read("2026-03-29 02:30:00", "rfc3339", None) is None


@pytest.mark.parametrize(
    ("text", "unit", "wanted"),
    [
        ("1.5", "s", 1_500_000),
        ("0.0005", "ms", 0),
        ("0.0015", "ms", 2),
        ("1,017", "ms", 1_017_000),
        ("1500", "ns", 2),
        ("0.001, 0.210", "s", 211_000),
        ("0.001 : -", "s", 1000),
        ("+273", "ms", 273_000),
        ("1e-3", "s", 1000),
        ("1m2.5s", "go", 62_500_000),
        ("46.457µs", "go", 46),
        ("0s", "go", 0),
        ("1 day, 0:00:00.002269", "timedelta", 86_400_002_269),
        ("1 017", "ms", None),
        ("soon", "s", None),
        ("1x", "go", None),
    ],
)
def test_durations(text: str, unit: str, wanted: int | None) -> None:
    assert duration_us(text, unit) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("198.51.100.7, 10.0.0.1", "198.51.100.7"),
        ("192.0.2.1:5000", "192.0.2.1"),
        ("[2001:DB8::0:1]:443", "2001:db8::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("host.example:http", "host.example:http"),
    ],
)
def test_a_client_is_written_in_one_way(text: str, wanted: str) -> None:
    assert client(text) == wanted


PAIRS = """
[x]
syntax = "json"
time = { field = "t", form = "epoch_s" }
id = ["host", "req.id"]
user = { field = "user", pick = '^u-(\\w+)' }
[[x.rule]]
event = "restart"
where = { msg = { prefix = "listening" } }
[[x.rule]]
event = "ignore"
where = { err = { exists = true } }
[[x.rule]]
event = "request"
where = { msg = "in" }
endpoint = "url"
[[x.rule]]
event = "response"
where = { msg = ["out", "gone"] }
status = { field = "status", map = { OK = 200 }, null = 499 }
duration = { field = "took", unit = "ms" }
"""


def test_one_log_with_both_events() -> None:
    found = lines(
        PAIRS,
        """{"msg":"in","t":1,"host":"h","req":{"id":17},"user":"u-ann","url":"/a?b"}
{"msg":"out","t":2,"host":"h","req.id":17,"status":"OK","took":"1,017"}
{"msg":"out","t":2,"host":"h","req.id":17,"status":"OK","err":{}}
banner
{"msg":"listening at 80","t":3}
{"msg":"gone","t":4,"host":"h","req":{"id":17},"status":null}
{"msg":"out","t":4,"host":"h","req":{"id":true},"status":200}
{"msg":"out","t":4,"host":"h","req":{"id":1},"status":"new"}
{"msg":"out","t":4,"host":"h","req":{"id":1},"status":200,"took":"long"}
{"msg":"out","host":"h","req":{"id":1},"status":200}
{"msg":"out","msg":"in"}

{"msg":"ou""",
    )
    kinds = [line.reason or line.event or line.kind for line in found]
    assert kinds[:6] == ["request", "response", "other", "other", "other", "response"]
    assert kinds[6:] == ["request_id", "status_code", "duration", "timestamp", "json", "blank", "json"]
    assert found[0].id == found[1].id == "h/17"
    assert (found[0].user, dict(found[0].attributes)) == ("ann", {"endpoint": "/a"})
    assert (found[1].status, found[1].given_us, found[5].status, found[5].id) == (200, 1_017_000, 499, "h/17#1")


def test_text_takes_the_first_rule_that_fits_and_the_time_of_the_line_above() -> None:
    found = lines(
        """
[x]
syntax = "text"
time = { field = "t", form = "rfc3339" }
id = "id"
[[x.rule]]
event = "response"
match = '(?P<id>\\w+) lost'
time = "previous"
status = 404
[[x.rule]]
event = "request"
match = '(?P<t>\\S+) (?P<id>\\w+) in'
[[x.rule]]
event = "response"
match = '(?P<t>\\S+) (?P<id>\\w+) (?P<how>\\w+)'
where = { how = { match = 'out$' } }
status = { field = "how", map = { out = 200 } }
""",
        "a lost\n2026-02-03T00:00:00Z a in\n\x1b[31ma lost\x1b[0m\r\nb outer\n2026-02-03T00:00:01Z a out\n",
    )
    assert [line.reason or line.event or line.kind for line in found] == [
        *("timestamp", "request", "response", "other", "response"),
    ]
    assert found[2].previous
    assert found[2].at == MIDNIGHT


def test_fields_lines_name_the_columns_and_may_change() -> None:
    found = lines(
        """
[x]
syntax = "csv"
separator = " "
fields_line = "#Fields:"
time = { join = ["date", "time"], form = "rfc3339" }
[[x.rule]]
event = "exchange"
status = { field = "sc-status", null = "none" }
duration = { sum = ["a", "b"], unit = "s" }
ip = { any = ["xff", "c-ip"] }
""",
        """#Version: 1.0
#Fields: date time sc-status a b c-ip
2026-02-03 00:00:00 200 0.5 0.25 192.0.2.1
2026-02-03 00:00:00 - 0.5 -1 192.0.2.1
2026-02-03 00:00:00
#Fields: date time xff c-ip sc-status a b
2026-02-03 00:00:01 - 192.0.2.2 404 0.5 -
""",
    )
    assert [line.reason or line.kind for line in found] == [
        *("header", "header", "entry", "entry", "fields", "header", "entry"),
    ]
    assert [(found[k].status, found[k].given_us) for k in (2, 3, 6)] == [(200, 750_000), (None, None), (404, None)]
    assert found[6].attributes == {"ip": "192.0.2.2"}


def test_a_prefix_stands_before_json_and_a_side_has_one_event() -> None:
    profile = """
[x]
syntax = "json"
prefix = '(?P<t>\\d\\S+) '
time = { any = [{ field = "at", form = "epoch_s" }, { field = "t", form = "rfc3339" }] }
zone = "+01:00"
id = "ids.*.id"
[[x.rule]]
event = "request"
where = { k = 1 }
[[x.rule]]
event = "response"
where = { k = 2 }
status = 200
"""
    log = """2026-02-03T01:00:00 {"k":1,"ids":[{"x":1},{"id":"a"}]}
2026-02-03T01:00:00 {"k":2,"ids":[{"id":"a"}],"at":1770076800}
{"k":1}
"""
    found = lines(profile, log)
    assert [line.event or line.kind for line in found] == ["request", "response", "other"]
    assert [(line.id, line.at) for line in found[:2]] == [("a", MIDNIGHT)] * 2
    assert [line.event for line in lines(profile, log, side="response")] == ["", "response", ""]


def test_a_profile_claims_a_file_by_its_first_lines() -> None:
    line = '{"msg":"%s","t":1,"host":"h","req":{"id":1},"status":200}\n'
    assert claims(table(PAIRS), (line % "in" + line % "out").encode()) == 2
    assert claims(table(PAIRS), (line % "in").encode()) == 0
    assert claims(table(PAIRS), (line % "in" + line % "out" + line.replace('"t":1', '"t":"x"') % "out").encode()) == 0
