"""Profiles in TOML: every key is read, every fault is told with its place, and what is written reads back the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats import profile_checks, profile_toml, profile_values
from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Time
from logcorr.model.errors import UsageError
from logcorr.pairing.entry_columns import RESERVED

SOUND = r"""
[shop]
about = "a shop"
syntax = "json"
prefix = '(?P<host>\S+) '
unwrap = ["docker-json", "syslog"]
time = { any = [{ field = "ts", form = "epoch_ms" }, { field = "t", form = "%d/%b/%Y:%H:%M:%S %z" }], at = "start" }
zone = "Europe/Berlin"
id = ["host", { field = "rid", pick = 'r-(\d+)' }]
user = "user.id"
ip = { any = ["forwarded", "peer"] }
attributes = { region = "aws.region", whole = { join = ["a", "b"] } }
pairing = "nearest"
ties = "line"
[[shop.rule]]
event = "ignore"
where = { level = [10, 20.50], "a.b" = true, msg = { match = 'x|y' }, kind = { exists = false } }
[[shop.rule]]
event = "request"
where = { msg = { prefix = "start" } }
match = '(?P<verb>[A-Z]+)'
method = "verb"
[[shop.rule]]
event = "response"
status = { field = "end", map = { ok = 200, "gone away" = 499 }, else = 500, null = "none" }
duration = { field = "took", unit_field = "unit", units = { msecs = "ms" } }
weak = true
time = "previous"
zone = "+05:30"
"""


def test_every_key_is_read() -> None:
    profile = profile_toml.read(SOUND, "shop.toml")["shop"]
    assert (profile.name, profile.origin, profile.about) == ("shop", "shop.toml", "a shop")
    assert profile.unwrap == ("docker-json", "syslog")
    assert profile.time == Time(
        any_of=(
            Time(field=Field(path="ts"), form="epoch_ms"),
            Time(field=Field(path="t"), form="%d/%b/%Y:%H:%M:%S %z"),
        ),
        at="start",
    )
    assert profile.id == (Field(path="host"), Field(path="rid", pick=r"r-(\d+)"))
    assert profile.ip == Field(any_of=(Field(path="forwarded"), Field(path="peer")))
    assert profile.attribute_names == ("method", "ip", "region", "whole")
    assert (profile.pairing, profile.ties_by_line, profile.zone) == ("nearest", True, "Europe/Berlin")
    ignore, request, response = profile.rules
    assert ignore.where == (
        # A number is compared as it is written.
        Condition(path="level", values=("10", "20.50")),
        Condition(path="a.b", values=("true",)),
        Condition(path="msg", match="x|y"),
        Condition(path="kind", exists=False),
    )
    assert request.where == (Condition(path="msg", prefix="start"),)
    assert response.status == Status(
        field=Field(path="end"), codes={"ok": 200, "gone away": 499}, otherwise=500, null_is_none=True
    )
    assert response.duration == Duration(field=Field(path="took"), unit_field=Field(path="unit"), units={"msecs": "ms"})
    assert (response.weak, response.time, response.zone) == (True, Time(kind="previous"), "+05:30")
    assert profile_toml.read(profile_toml.text(profile), "shop.toml") == {"shop": profile}


EXCHANGE = '[p]\nsyntax = "json"\ntime = { field = "t", form = "rfc3339" }\n[[p.rule]]\nevent = "exchange"\n'
TEXT = '[p]\nsyntax = "text"\ntime = { field = "t", form = "rfc3339" }\n[[p.rule]]\nevent = "exchange"\n'
PAIR = (
    '[p]\nsyntax = "json"\nid = "i"\ntime = { field = "t", form = "rfc3339" }\n'
    '[[p.rule]]\nevent = "request"\n[[p.rule]]\nevent = "response"\n'
)
FAULTS = [
    ("syntax = ", "f.toml: this is no TOML"),
    ("a = 1", "f.toml: key 'a': it stands outside of a profile"),
    (EXCHANGE.replace("syntax", "sintax"), "profile 'p', key 'sintax': unknown key; the nearest is 'syntax'"),
    (EXCHANGE + 'stats = "s"', "profile 'p', rule 1, key 'stats': unknown key; the nearest is 'status'"),
    (EXCHANGE.replace('"json"', '"jsn"'), "key 'syntax': 'jsn' is unknown; the nearest is 'json'"),
    ('[p]\nsyntax = "json"', "key 'rule': a profile needs rules; a rule begins with [[p.rule]]"),
    (EXCHANGE.replace('"exchange"', '"exchnge"'), "rule 1, key 'event': 'exchnge' is unknown"),
    (EXCHANGE.replace('"exchange"', '"ignore"'), "key 'rule': no rule makes an entry"),
    (EXCHANGE + "endpoint = 5", "rule 1, key 'endpoint': a text is wanted, not a number"),
    (EXCHANGE + "status = 1000", "rule 1, key 'status': a status code has one to three digits, not 1000"),
    (EXCHANGE + 'status = { field = "s", map = { a = 2000 } }', "key 'status.map.a': a status code has one to three"),
    (EXCHANGE + "status = 20.5", "rule 1, key 'status': a text is wanted, not a number"),
    (EXCHANGE + 'duration = { field = "d", unit = "sec" }', "key 'duration.unit': 'sec' is unknown"),
    (EXCHANGE + 'duration = { field = "d" }', "key 'duration': exactly one of unit and unit_field is wanted"),
    (EXCHANGE + 'duration = "d"', "key 'duration': a table is wanted, not a text"),
    (EXCHANGE + "where = { a = { prefx = 'b' } }", "key 'where.a': prefix, match, exists or null is wanted"),
    (EXCHANGE + "where = { a = { match = '(' } }", "key 'where.a.match': the pattern does not compile: unclosed group"),
    (EXCHANGE + "match = 'a(?=b)'", "rule 1, key 'match': the pattern does not compile: look-around"),
    (EXCHANGE + r"match = '(a)\1'", "rule 1, key 'match': the pattern does not compile: backreferences"),
    (EXCHANGE + "match = 'a++b'", "rule 1, key 'match': the pattern does not compile: possessive"),
    (EXCHANGE + "match = '(?>a)'", "rule 1, key 'match': the pattern does not compile"),
    (
        EXCHANGE + "endpoint = { field = 'u', pick = 'a' }",
        "key 'endpoint.pick': the pattern 'a' wants exactly one group",
    ),
    (EXCHANGE + "endpoint = { any = [] }", "key 'endpoint.any': a list of fields is wanted"),
    (EXCHANGE.replace('"rfc3339"', '"rfc3399"'), "key 'time.form': 'rfc3399' is unknown; the nearest is 'rfc3339'"),
    (EXCHANGE.replace('"rfc3339"', '"%Y-%Q"'), "key 'time.form': unknown directive '%Q'"),
    (EXCHANGE.replace(', form = "rfc3339"', ""), "key 'time.form': it is missing"),
    (EXCHANGE + 'time = "now"', "rule 1, key 'time': a table { field, form } is wanted"),
    (EXCHANGE + 'zone = "Mars"', "rule 1, key 'zone': 'Mars' is no zone"),
    (EXCHANGE + 'zone = "+25:00"', "rule 1, key 'zone': '+25:00' is no zone"),
    (EXCHANGE + "weak = true", "rule 1, key 'weak': only a response can be weak"),
    (EXCHANGE + 'attributes = { status_code = "s" }', "key 'attributes.status_code': this is the name of a column"),
    *(
        (EXCHANGE + f'attributes = {{ {name} = "s" }}', f"key 'attributes.{name}': this is the name of a column")
        for name in sorted(RESERVED)
    ),
    (
        EXCHANGE.replace("[[p", 'pairing = "nearst"\n[[p', 1),
        "key 'pairing': 'nearst' is unknown; the nearest is 'nearest'",
    ),
    (EXCHANGE.replace("[[p", 'unwrap = "dokcer"\n[[p', 1), "key 'unwrap': 'dokcer' is unknown"),
    (EXCHANGE.replace("[[p", 'columns = ["a"]\n[[p', 1), "key 'columns': it is for syntax csv, not json"),
    (EXCHANGE.replace("[[p", 'ties = "file"\n[[p', 1), "key 'ties': 'file' is unknown"),
    (TEXT, "rule 1, key 'match': it is missing"),
    (TEXT + r"match = '(?P<a>\S+)'", "key 'time': 't' is no group of any rule's pattern"),
    (TEXT + r"match = '(?P<t>\S+)'" + '\nstatus = "s"', "rule 1, key 'status': 's' is no group of the pattern"),
    (
        TEXT + r"match = '(?P<t>\S+)'" + "\n[[p.rule]]\nevent = 'exchange'\nmatch = 'a'",
        "rule 2, key 'match': it has no group 't', which the profile's time is read from",
    ),
    (PAIR.replace('id = "i"\n', ""), "rule 1, key 'id': a request needs an id"),
    (PAIR.replace('id = "i"', "id = []"), "key 'id': a list of fields is wanted, not an empty list"),
    (PAIR.replace('"response"', '"request"'), "key 'rule': there are requests without responses"),
    (PAIR.replace('"request"', '"response"'), "key 'rule': there are responses without requests"),
    (
        PAIR.replace('"request"', '"exchange"'),
        "rule 1, key 'event': a profile has exchanges, or requests and responses",
    ),
    (PAIR.replace('{ field = "t", form = "rfc3339" }', '"none"'), "key 'time': \"none\" wants a rule with a duration"),
    (
        (
            '[p]\nsyntax = "csv"\ncolumns = ["t", "s"]\ntime = { field = "t", form = "rfc3339" }\n'
            '[[p.rule]]\nevent = "exchange"\nstatus = "x"'
        ),
        "rule 1, key 'status': 'x' is no column and no group of the pattern",
    ),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_a_fault_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        profile_toml.read(text, "f.toml")
    assert said in str(error.value)
    assert str(error.value).startswith("f.toml: ")
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_a_time_is_missed_only_in_use() -> None:
    exchange = profile_toml.read('[p]\nsyntax = "json"\n[[p.rule]]\nevent = "exchange"\n', "f")["p"]
    with pytest.raises(UsageError, match="have no time"):
        profile_checks.usable(exchange, wrapper_gives_time=False)
    assert profile_checks.usable(exchange, wrapper_gives_time=True).time == Time(field=Field(path="@time"))
    durations = 'duration = { field = "d", unit = "ms" }'
    pair = profile_toml.read(PAIR.replace('time = { field = "t", form = "rfc3339" }\n', "") + durations, "f")["p"]
    assert profile_checks.usable(pair, wrapper_gives_time=False).clockless
    assert profile_checks.usable(pair, wrapper_gives_time=True).time == Time(field=Field(path="@time"))
    wrapped = profile_toml.read(EXCHANGE.replace('"t", form = "rfc3339"', '"@time"'), "f")["p"]
    with pytest.raises(UsageError, match="have no time"):
        profile_checks.usable(wrapped, wrapper_gives_time=False)
    assert profile_checks.usable(wrapped, wrapper_gives_time=True) == wrapped


def test_a_refused_format_says_why() -> None:
    text = '[p]\nsyntax = "text"\nrefusal = "There is no id. Log one."\n'
    text += "".join(f"[[p.rule]]\nevent = '{event}'\nmatch = 'a'\n" for event in ("request", "response"))
    with pytest.raises(UsageError, match=r"'p' cannot be read: There is no id\. Log one\."):
        profile_checks.usable(profile_toml.read(text, "f")["p"], wrapper_gives_time=True)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6) | st.sampled_from(
    ["a'b", "'''", 'a"\\', "a.b", "x\ny", "\x08", "ends'", "\\d+'''", "\x7f\t"]
)
PATTERNS = st.sampled_from([r"(\d+)", r"'([a-z]+)", "'''(x)\"", r'"(\S+)\\'])
PLAIN = st.builds(Field, path=TEXTS, pick=st.none() | PATTERNS)
FIELDS = st.recursive(
    PLAIN,
    lambda inner: (
        st.builds(Field, any_of=st.lists(inner, min_size=1, max_size=2).map(tuple))
        | st.builds(Field, join_of=st.lists(inner, min_size=1, max_size=2).map(tuple))
    ),
    max_leaves=3,
)
FORMS = st.sampled_from([*profile_values.FORMS, "%Y-%m-%d %H:%M:%S.%f", "%d/%b '%y"])
AT = st.sampled_from(["start", "end"])
ONE_TIME = st.builds(Time, field=FIELDS, form=FORMS)
TIMES = (
    st.sampled_from([Time(kind="previous"), Time(kind="none")])
    | st.builds(Time, field=FIELDS, form=FORMS, at=AT)
    | st.builds(Time, any_of=st.lists(ONE_TIME, min_size=1, max_size=2).map(tuple), at=AT)
)
CODES = st.integers(0, 999)
STATUSES = st.builds(Status, always=CODES) | st.builds(
    Status,
    field=FIELDS,
    codes=st.none() | st.dictionaries(TEXTS, CODES, max_size=2),
    otherwise=st.none() | CODES,
    null=CODES,
)
NO_STATUS = st.builds(Status, field=FIELDS, null_is_none=st.booleans())
UNITS = st.sampled_from(profile_values.UNITS)
DURATIONS = (
    st.builds(Duration, field=FIELDS, unit=UNITS)
    | st.builds(Duration, field=FIELDS, unit_field=FIELDS, units=st.dictionaries(TEXTS, UNITS, max_size=2))
    | st.builds(Duration, sum_of=st.lists(FIELDS, min_size=1, max_size=2).map(tuple), unit=UNITS)
)
CONDITIONS = (
    st.builds(Condition, path=TEXTS, values=st.lists(TEXTS, min_size=1, max_size=3).map(tuple))
    | st.builds(Condition, path=TEXTS, prefix=TEXTS)
    | st.builds(Condition, path=TEXTS, match=PATTERNS)
    | st.builds(Condition, path=TEXTS, exists=st.booleans())
)
MAYBE = st.none() | FIELDS
ZONES = st.sampled_from(["Z", "+05:30", "-00:30", "local", "Asia/Tokyo"])
OWN = st.dictionaries(st.sampled_from(["region", "a.b", "x-y"]), FIELDS, max_size=2)
ROLES = {"user": MAYBE, "endpoint": MAYBE, "method": MAYBE, "ip": MAYBE, "user_agent": MAYBE, "attributes": OWN}
RULES = st.builds(
    Rule,
    event=st.just("exchange"),
    where=st.lists(CONDITIONS, max_size=2, unique_by=lambda one: one.path).map(tuple),
    match=st.none() | PATTERNS,
    status=st.none() | STATUSES | NO_STATUS,
    duration=DURATIONS,
    time=st.none() | TIMES,
    id=st.none() | st.lists(FIELDS, min_size=1, max_size=2).map(tuple),
    zone=st.none() | ZONES,
    **ROLES,
)
PROFILES = st.builds(
    Profile,
    name=TEXTS,
    origin=st.just("f.toml"),
    syntax=st.sampled_from(["json", "logfmt"]),
    rules=st.lists(RULES, min_size=1, max_size=2).map(tuple),
    prefix=st.none() | PATTERNS,
    unwrap=st.none() | st.just(()) | st.just(("cri", "compose")),
    time=st.none() | TIMES,
    zone=ZONES,
    id=st.lists(FIELDS, max_size=2).map(tuple),
    pairing=st.sampled_from(["in-order", "nearest", "first", "last"]),
    ties_by_line=st.booleans(),
    about=st.just("") | TEXTS,
    refusal=st.none() | TEXTS,
    **ROLES,
)


@given(PROFILES)
def test_what_is_written_reads_back_the_same(profile: Profile) -> None:
    assert profile_toml.read(profile_toml.text(profile), "f.toml") == {profile.name: profile}


def test_what_could_control_a_terminal_is_escaped() -> None:
    text = "a\x1b[2J\x9b\u202e\\\U000e0001"
    profile = profile_toml.read(EXCHANGE, "f.toml")["p"]
    named = msgspec.structs.replace(profile, about=text, endpoint=Field(path=text))
    written = profile_toml.text(named)
    assert written.replace("\n", "").isprintable()
    assert profile_toml.read(written, "f.toml") == {"p": named}


@given(st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(['"', "'", "`"]), st.none() | st.just("#Fields:"))
def test_csv_reads_back_the_same(separator: str, quote: str, fields_line: str | None) -> None:
    plain = profile_toml.read(EXCHANGE.replace('"json"', '"csv"'), "f.toml")["p"]
    columns = () if fields_line else ("t", "", "a b")
    profile = msgspec.structs.replace(plain, separator=separator, quote=quote, fields_line=fields_line, columns=columns)
    assert profile_toml.read(profile_toml.text(profile), "f.toml") == {"p": profile}
