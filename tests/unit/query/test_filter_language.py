"""Filters against plain Python on random rows, and their errors, which name term, place and what is possible."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.model.errors import UsageError
from logcorr.query import filter_language
from logcorr.query.filter_names import examples
from tests.support.comparisons import COMPARED

DAY = date(2025, 11, 21)
SCHEMA: dict[str, pl.DataType] = {
    "request_id": pl.String(),
    "user_id": pl.String(),
    "status_code": pl.Int16(),
    "request_time": pl.Datetime("us", "UTC"),
    "response_time": pl.Datetime("us", "UTC"),
    "duration_us": pl.Int64(),
    "request_file": pl.UInt32(),
    "request_line": pl.UInt32(),
    "response_file": pl.UInt32(),
    "response_line": pl.UInt32(),
}
ORPHANS: dict[str, pl.DataType] = {
    "side": pl.String(),
    "request_id": pl.String(),
    "status_code": pl.Int16(),
    "reason": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "file": pl.UInt32(),
    "line": pl.UInt32(),
}
FILES = {"request": ["logs/a.log", "logs/b.log"], "response": ["r.log"]}
USERS = ("", "u", "user-7", 'a "b" \\c', "a b", "[/oops]", "\x1b[31m", "x=y", "ü", "\n")
START = datetime(2025, 11, 21, tzinfo=UTC)

_rows = st.lists(
    st.tuples(
        st.none() | st.sampled_from(USERS),
        st.none() | st.sampled_from([0, 200, 404, 500, 999]),
        st.none() | st.integers(-5_000_000, 5_000_000),
        st.integers(-90_000, 200_000).map(lambda s: START + timedelta(seconds=s / 2)),
    ),
    max_size=12,
)


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    names = ("user_id", "status_code", "duration_us", "request_time")
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in names}, orient="row")


def _kept(rows: list[tuple[Any, ...]], text: str, day: date | None = DAY) -> list[tuple[Any, ...]]:
    return _frame(rows).filter(filter_language.expression(filter_language.parse(text, SCHEMA, day))).rows()


@given(_rows, st.sampled_from(["=", "!=", "~"]), st.sampled_from(USERS))
def test_text_terms_are_as_plain_python(rows: list[tuple[Any, ...]], sign: str, user: str) -> None:
    if not user and sign == "~":
        return
    wanted = user or None
    assert _kept(rows, f"user{sign}{filter_language.quoted(user)}") == [
        row for row in rows if COMPARED[sign](row[0], wanted)
    ]


@given(_rows, st.sampled_from(sorted(set(COMPARED) - {"~"})), st.sampled_from([0, 200, 404]), st.integers(-5000, 5000))
def test_numbers_and_durations_are_as_plain_python(
    rows: list[tuple[Any, ...]], sign: str, status: int, ms: int
) -> None:
    holds = COMPARED[sign]
    expected = [row for row in rows if holds(row[1], status) and holds(row[2], ms * 1000)]
    assert _kept(rows, f" status{sign}{status}\t duration{sign}{ms}ms ") == expected
    assert _kept(rows, f"status_code{sign}{status} duration_us{sign}{ms * 1000}") == expected


@given(_rows, st.sampled_from(sorted(set(COMPARED) - {"~"})), st.integers(0, 86_399))
def test_times_are_as_plain_python(rows: list[tuple[Any, ...]], sign: str, second: int) -> None:
    moment = START + timedelta(seconds=second)
    within = {"=": True, "!=": False}

    def holds(at: datetime, to: datetime) -> bool:
        if sign in within:
            return (to <= at < to + timedelta(seconds=1)) is within[sign]
        return bool(COMPARED[sign](at, to))

    assert _kept(rows, f"time{sign}{moment:%H:%M:%S}") == [row for row in rows if holds(row[3], moment)]
    assert _kept(rows, f"time{sign}{moment:%Y-%m-%dT%H:%M:%S}Z") == [row for row in rows if holds(row[3], moment)]
    shifted = moment + timedelta(hours=2)
    assert _kept(rows, f"time{sign}{shifted:%Y-%m-%dT%H:%M:%S}+02:00") == [r for r in rows if holds(r[3], moment)]
    every_day = [row for row in rows if holds(row[3].replace(year=2025, month=11, day=21), moment)]
    assert _kept(rows, f"time{sign}{moment:%H:%M:%S}", None) == every_day


@pytest.mark.parametrize(
    ("sign", "kept"),
    [("=", [5]), ("!=", [4, 6]), ("<", [4]), ("<=", [4, 5]), (">", [6]), (">=", [5, 6])],
)
def test_the_very_value_and_its_neighbours(sign: str, kept: list[int]) -> None:
    rows = [(None, n, n * 1000, START + timedelta(seconds=n)) for n in (4, 5, 6)]
    for text in (f"status{sign}5", f"duration{sign}5ms", f"time{sign}00:00:05", f"time{sign}2025-11-21T00:00:05Z"):
        assert [row[1] for row in _kept(rows, text)] == kept


@given(st.text())
def test_any_value_survives_quoting(value: str) -> None:
    (term,) = filter_language.parse(f"id={filter_language.quoted(value)}", SCHEMA)
    assert term.value == (value or None)


@given(st.text(alphabet='user=<>~! "\\-7status:0123time\x1b\n'), st.integers(0, 40))
def test_any_text_parses_or_is_a_usage_error_and_completion_never_fails(text: str, cursor: int) -> None:
    said = ""
    try:
        filter_language.expression(filter_language.parse(text, SCHEMA, DAY))
    except UsageError as error:
        said = str(error)
    assert "\x1b" not in said
    assert "\n" not in said
    filter_language.complete(text, min(cursor, len(text)), SCHEMA)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("status>=500 usr=x", ("usr=x", "at 13", "no 'usr' here", "status, user")),
        ("status", ("at 7", "comparison", "= != < <= > >=")),
        ("user<bob", ("at 5", "< does not go with user", "= != ~")),
        ("status=abc", ("at 8", "'abc'", "whole number")),
        ("duration>5", ("at 10", "'5'", "250us, 5ms")),
        ("time>25:00", ("at 6", "12:15")),
        ("time>2025-02-30T10:00:00Z", ("at 6", "12:15")),
        ('user="bob', ("at 6", "quote is not closed")),
        ('user=b"ob"', ("at 7", "quote within")),
        ('user="b"ob', ("at 9", "blank is missing")),
        ("user=", ("at 6", "value is missing")),
        ('status>""', ("at 8", "does not go")),
        (">5", ("at 1", "starts with a name")),
        ("file=c.log", ("at 6", "logs/a.log")),
        ("status=99999999999999999999", ("whole number",)),
        ("status>=5xx", ("at 9", "5xx does not go with >=", "status=5xx, or status>=500")),
        ("user-id=4", ("at 1", "no 'user-id' here", "In quotes it is a word")),
        ("user=~(", ("at 7", "'('", "regular expression: unclosed group")),
        ("or status=500", ("at 1", "before it")),
        ("status=500 or", ("at 14", "after it")),
        ("status=500 or or status=404", ("at 15", "before it")),
        ("status=500 and user=a", ("at 12", "all terms must hold anyway")),
        ('""', ("at 1", "a word is missing")),
    ],
)
def test_errors_name_term_place_and_what_is_possible(text: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        filter_language.parse(text, SCHEMA, DAY, FILES)
    for part in parts:
        assert part in str(caught.value)


def test_an_error_says_its_advice_once() -> None:
    for text in ("duration>1", "status=abc", "time>25:00"):
        with pytest.raises(UsageError) as caught:
            filter_language.parse(text, SCHEMA, DAY, FILES)
        words = str(caught.value).split("cannot be read. ")[1].removeprefix("Write ")
        assert str(caught.value).count(words[:12]) == 1


@given(_rows, st.sampled_from(["=", "!="]), st.integers(1, 9))
def test_a_class_of_statuses_is_as_plain_python(rows: list[tuple[Any, ...]], sign: str, hundreds: int) -> None:
    for name in (f"{hundreds}xx", f"{hundreds}XX"):
        within = [row for row in rows if row[1] is not None and row[1] // 100 == hundreds]
        assert _kept(rows, f"status{sign}{name}") == (
            within if sign == "=" else [row for row in rows if row not in within]
        )


@given(_rows, st.sampled_from([200, 404]), st.sampled_from(["u", "user-7"]), st.integers(-5000, 5000))
def test_or_binds_closer_than_a_blank(rows: list[tuple[Any, ...]], status: int, user: str, ms: int) -> None:
    expected = [
        row
        for row in rows
        if (row[1] == status or row[0] == user) and ((row[2] is not None and row[2] > ms * 1000) or row[1] == 500)
    ]
    text = f"status={status} or user={user} duration>{ms}ms OR status=500"
    assert _kept(rows, text) == expected
    terms = filter_language.parse(text, SCHEMA, DAY)
    assert len(terms) == 2
    # The text of a term is what makes it again.
    assert filter_language.parse(" ".join(term.text for term in terms), SCHEMA, DAY) == terms


def test_a_word_is_looked_for_in_id_and_user() -> None:
    frame = pl.DataFrame(
        {"request_id": ["req-4e9e", "a", None, "req-1"], "user_id": ["x", "u-4e9e", "u", None]},
        schema={"request_id": pl.String, "user_id": pl.String},
    )

    def kept(text: str) -> list[Any]:
        found = frame.filter(filter_language.expression(filter_language.parse(text, SCHEMA)))
        return found.get_column("request_id").to_list()

    assert kept("4e9e") == ["req-4e9e", "a"]
    assert kept("req-4e9e") == ["req-4e9e"]
    assert kept('"4e9e" x') == ["req-4e9e"]
    assert kept("10.0.0.7") == []
    assert kept("req- or u-") == ["req-4e9e", "a", "req-1"]


def test_texts_are_matched_by_regular_expressions_and_by_what_they_do_not_contain() -> None:
    rows: list[tuple[Any, ...]] = [(user, None, None, START) for user in ("user-1", "user-12", "xuser-1", None)]

    def users(text: str) -> list[Any]:
        return [row[0] for row in _kept(rows, text)]

    assert users("user=~^user-1$") == ["user-1"]
    assert users('user=~"^user-[0-9]+$"') == ["user-1", "user-12"]
    assert users("user~^user") == []
    assert users("user!~user-12") == ["user-1", "xuser-1", None]


@pytest.mark.parametrize(("heading", "column"), [("answered", "response_time"), ("req_line", "request_line")])
def test_headings_are_names(heading: str, column: str) -> None:
    assert filter_language.parse(f"{heading}=5" if "line" in heading else f"{heading}>12:00", SCHEMA, DAY)[
        0
    ].columns == (column,)


@pytest.mark.parametrize("schema", [SCHEMA, ORPHANS])
def test_examples_are_terms_of_the_view(schema: dict[str, pl.DataType]) -> None:
    shown = examples(schema, 9)
    assert len(shown) >= 3
    filter_language.parse(" ".join(shown), schema, DAY)
    assert ("status=5xx" in shown) == ("reason" not in schema)


def test_files_and_lines_go_by_either_side() -> None:
    frame = pl.DataFrame(
        {"side": ["request", "request", "response"], "file": [0, 1, 0], "line": [5, 6, 7]},
        schema={"side": pl.String, "file": pl.UInt32, "line": pl.UInt32},
    )

    def lines(text: str) -> list[int]:
        found = frame.filter(filter_language.expression(filter_language.parse(text, ORPHANS, None, FILES)))
        return found.get_column("line").to_list()

    assert lines("file=a.log") == [5]
    assert lines("file~logs/") == [5, 6]
    assert lines("file!=r.log") == [5, 6]
    assert lines("line>=6 side=request") == [6]
    both = pl.DataFrame({"request_line": [1, 2], "response_line": [2, 3]})
    assert both.filter(filter_language.expression(filter_language.parse("line=2", SCHEMA))).height == 2
    assert both.filter(filter_language.expression(filter_language.parse("line!=3", SCHEMA))).height == 1


def test_completion_offers_names_signs_and_values() -> None:
    assert filter_language.complete("sta", 3, ORPHANS) == ["status", "status_code"]
    assert "status>=" in filter_language.complete("status", 6, ORPHANS)
    assert filter_language.complete("status>=500 reason=l", 20, ORPHANS) == ["reason=lost"]
    assert filter_language.complete("side=req x", 8, ORPHANS) == ["side=request"]
    assert filter_language.complete("nope=", 5, ORPHANS) == []
    assert filter_language.token("a=1 side=req x", 12) == (4, 12)


def test_times_that_name_no_zone_are_of_the_zone_and_the_text_says_so() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    (term,) = filter_language.parse("time>=16:05", SCHEMA, DAY, zone=berlin)
    assert (term.value, term.text) == (1763737500000000, "time>=2025-11-21T16:05+01:00")
    # The text means the same in any zone, and so does a time that names its zone.
    (again,) = filter_language.parse(term.text, SCHEMA, DAY)
    assert (again.value, again.until) == (term.value, term.until)
    (named,) = filter_language.parse("time>=2025-11-21T15:05Z", SCHEMA, DAY, zone=berlin)
    assert (named.value, named.text) == (term.value, "time>=2025-11-21T15:05Z")
    (second,) = filter_language.parse("time=16:05:07", SCHEMA, DAY, zone=berlin)
    assert (second.until or 0) - int(second.value or 0) == 1_000_000
    assert filter_language.parse(second.text, SCHEMA)[0].until == second.until
    with pytest.raises(UsageError, match="Write the date too, as in 2025-11-21T16:05"):
        filter_language.parse("time>=16:05", SCHEMA, None, zone=berlin)


def test_reasons_are_codes_or_their_words() -> None:
    for text in ("reason=in_flight", 'reason="in flight"', "reason!=in_flight"):
        assert filter_language.parse(text, ORPHANS)[0].value == "in_flight"
