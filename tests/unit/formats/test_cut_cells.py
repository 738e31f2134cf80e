"""What is made of cells: columns of text, instants, numbers, status codes, numbers of constants."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import kernels
from logcorr.formats import cut_cells
from logcorr.formats.cut_cells import (
    BARE,
    DOUBLED,
    ESCAPED,
    MISSING,
    NO_CONSTANT,
    NOT_READ,
    NOT_TOLD,
    NULL,
    STRING,
    WITH_ZONE,
    WITHOUT_ZONE,
    Span,
    TimeForm,
    decoded,
    durations,
    equals,
    numbers,
    status,
    text_column,
    time_form,
    times,
)
from logcorr.formats.profile import Unit
from tests.support.kernels_or_numpy import needs_kernels, search

pytestmark = needs_kernels

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spans(texts: list[str], kind: int = STRING) -> tuple[bytes, Span]:
    """A text that holds the texts one behind the other, and where they are."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int32)
    begins = ends - np.array([len(text) for text in encoded], np.int32)
    return b"".join(encoded), Span(begins, ends, np.full(len(texts), kind, np.uint8))


def rounded(text: str, power: int) -> int | None:
    """A decimal number times 10^power, a tie to the even number; None from 2^53 on."""
    value = Decimal(text).scaleb(power)
    return int(value.to_integral_value(ROUND_HALF_EVEN)) if abs(value) < 2**53 else None


def instant_us(text: str, form: str) -> int | None:
    """The instant of one text; None if it is not read."""
    known = time_form(form)
    assert known is not None
    instants, outcome = times(*spans([text]), known)
    return int(instants[0]) if outcome[0] != NOT_READ else None


class TestText:
    def test_columns(self) -> None:
        text, span = spans(["short", "", "a text that is longer than a view", "x", "null"])
        span.type[3:] = MISSING, NULL
        assert text_column(text, span).to_list() == ["short", "", "a text that is longer than a view", None, None]
        assert text_column(text, span, nulls=(MISSING, STRING)).to_list() == [None, None, None, None, "null"]
        assert text_column(b"", span.of_rows(np.arange(0))).to_list() == []

    def test_escapes(self) -> None:
        written = [
            r"\"\\\/\b\f\n\r\t",
            r"\u00e9\u20ac\ud83d\ude00",
            r"\ud800x\udc00\ud800\u0041",
            r"it\'s",
            "\\u12",
            "\\",
        ]
        text, span = spans(written, ESCAPED)
        assert text_column(text, span).to_list() == [
            '"\\/\b\f\n\r\t',
            "é€😀",
            "\ufffdx\ufffd\ufffdA",
            "it's",
            "u12",
            "\\",
        ]
        text, span = spans(['a""b"""', "''"], DOUBLED)
        assert text_column(text, span).to_list() == ['a"b""', "''"]
        assert text_column(text, span, quote="'").to_list() == ['a""b"""', "'"]

    @search(200)
    @given(st.lists(st.text(max_size=30)))
    def test_any_escapes(self, texts: list[str]) -> None:
        text, span = spans([json.dumps(one, ensure_ascii=True)[1:-1] for one in texts], ESCAPED)
        assert text_column(text, span).to_list() == texts


ZONES = ["", "Z", "UTC", " UTC", "GMT", " Z", "+02", "-0330", "+05:30", " -01:00"]
RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?( ?(?:Z|UTC|GMT|([+-])(\d\d)(?::?(\d\d))?))?",
    re.ASCII,
)


def plain_rfc3339(text: str) -> tuple[int, int]:
    """The instant of a text and what became of it, by a regular expression and datetime."""
    match = RFC_3339.fullmatch(text)
    if not match or int(match[10] or 0) > 23 or int(match[11] or 0) > 59:
        return 0, NOT_READ
    try:
        moment = datetime(*map(int, match.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return 0, NOT_READ
    shift = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0)) // timedelta(microseconds=1)
    us = (moment - EPOCH) // timedelta(microseconds=1) + int((match[7] or "").ljust(6, "0")[:6])
    us += shift if match[9] == "-" else -shift
    if not -62135596800000000 <= us < 253402300800000000:
        return 0, NOT_READ
    return us, WITH_ZONE if match[8] else WITHOUT_ZONE


class TestTimes:
    @search(400)
    @given(
        st.datetimes().map(lambda moment: f"{moment:%m-%dT%H:%M:%S}"),
        st.integers(0, 9999),
        st.sampled_from(["", ".1", ",123", ".123456789", ".1234567890", "."]),
        st.sampled_from([*ZONES, " ", "z", "+24", "+0160", "+1:00", "Zulu", "+01:", "+010"]),
        st.data(),
    )
    def test_rfc3339(self, day: str, year: int, fraction: str, zone: str, data: st.DataObject) -> None:
        text = f"{year:04}-{day}{fraction}{zone}"
        if data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(text)))
            text = text[:at] + data.draw(st.sampled_from(["", "9", " ", "-", "T"])) + text[at + 1 :]
        form = time_form("rfc3339")
        assert form is not None
        instants, outcome = times(*spans([text, text]), form)
        assert [*zip(instants, outcome, strict=True)] == [plain_rfc3339(text)] * 2, text

    @pytest.mark.parametrize(
        ("form", "text", "us"),
        [
            ("epoch_s", "1795921311.8041239", 1795921311804123),
            ("epoch_s", "-0.0000001", -1),
            ("epoch_s", "-1.5", -1500000),
            ("epoch_ms", "1795918856252", 1795918856252000),
            ("epoch_ms", "1795918856252.5", 1795918856252500),
            ("epoch_us", "1795918856252123.9", 1795918856252123),
            ("epoch_ns", "1795918856252123456", 1795918856252123),
            ("epoch_ns", "-1", -1),
            ("epoch_s", "253402300799.999999", 253402300799999999),
            ("epoch_s", "253402300800", None),
            ("epoch_s", "-62135596800", -62135596800000000),
            ("epoch_s", "-62135596801", None),
            ("epoch_s", "99999999999999999999", None),
            ("epoch_s", "1e9", None),
            ("epoch_s", "+1", None),
            ("epoch_s", "1.", None),
            ("epoch_s", ".5", None),
            ("epoch_s", "-", None),
            ("epoch_s", "", None),
            ("epoch_s", "0.00000000000000000001", None),
            ("epoch_hex_s_ns", "6b0b8ff4.0ef94d2e", 0x6B0B8FF4 * 1000000 + 0x0EF94D2E // 1000),
            ("epoch_hex_s_ns", "6b0b8ff4.3b9aca00", None),
            ("epoch_hex_s_ns", "6b0b8ff4.0ef94d2", None),
        ],
    )
    def test_epochs(self, form: str, text: str, us: int | None) -> None:
        assert instant_us(text, form) == us

    @search(200)
    @given(st.decimals(-(10**12), 10**12, places=9), st.sampled_from(["epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]))
    def test_any_epoch(self, number: Decimal, form: str) -> None:
        power = {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}[form]
        expected: int | None = int(number.scaleb(power).to_integral_value("ROUND_FLOOR"))
        assert expected is not None
        if len(number.as_tuple().digits) > 19 or not -62135596800000000 <= expected < 253402300800000000:
            expected = None
        assert instant_us(f"{number:f}", form) == expected

    @pytest.mark.parametrize(
        ("form", "text", "read"),
        [
            ("%d/%b/%Y:%H:%M:%S %z", "29/Nov/2026:02:22:03 +0130", "2026-11-29T00:52:03+00:00"),
            ("%d/%b/%Y:%H:%M:%S %z", "29/Nov/2026:02:22:03 UTC", "2026-11-29T02:22:03+00:00"),
            ("%d/%b/%Y:%H:%M:%S.%f", "01/Jan/0001:00:00:00.123456789", "0001-01-01T00:00:00.123456+00:00"),
            ("%a %b %d %H:%M:%S %Y", "Sun Nov 29 02:36:54 2026", "2026-11-29T02:36:54+00:00"),
            ("%a %b %d %H:%M:%S %Y", "Sun Nov  1 02:36:54 2026", "2026-11-01T02:36:54+00:00"),
            ("%m/%d/%y %I:%M:%S %p", "11/29/26 12:00:01 AM", "2026-11-29T00:00:01+00:00"),
            ("%m/%d/%y %I:%M:%S %p", "11/29/26 12:00:01 PM", "2026-11-29T12:00:01+00:00"),
            ("%m/%d/%y %I:%M:%S %p", "11/29/26 01:00:01 PM", "2026-11-29T13:00:01+00:00"),
            ("100%% %Y-%m-%d é", "100% 2024-02-29 é", "2024-02-29T00:00:00+00:00"),
            ("%b %d %H:%M:%S", "Feb 29 02:00:00", "2024-02-29T02:00:00+00:00"),
            ("%H:%M:%S,%f", "02:00:00,5", "2024-02-28T02:00:00.500000+00:00"),
            ("%a %b %d %H:%M:%S %Y", "Mon Nov 29 02:36:54 2026", None),
            ("%a %b %d %H:%M:%S %Y", "Sun Nov 29 02:36:54 2026 ", None),
            ("%Y-%m-%d", "2026-02-29", None),
            ("%Y-%m-%d", "0000-01-01", None),
            ("%Y-%m-%d", "2026-13-01", None),
            ("%Y-%m-%d", "2026-1-01", None),
            ("%d/%b", "1/Nov", None),
            ("%d/%b", "01/nov", None),
            ("%d", " 0", None),
            ("%H", "24", None),
            ("%S", "60", None),
            ("%I %p", "00 AM", None),
            ("%I %p", "13 AM", None),
            ("%f", "1234567890", None),
            ("%f", "", None),
            ("%z", "", None),
            ("%z", "GMT", None),
            ("%Y-%m-%d %z", "0001-01-01 +01", None),
        ],
    )
    def test_patterns(self, form: str, text: str, read: str | None) -> None:
        known = time_form(form)
        assert known is not None
        instants, outcome = times(*spans([text]), known, date(2024, 2, 28))
        moment = EPOCH + timedelta(microseconds=int(instants[0]))
        assert (moment.isoformat() if outcome[0] else None) == read
        assert outcome[0] in (NOT_READ, WITH_ZONE if "%z" in form else WITHOUT_ZONE)

    @search(200)
    @given(
        st.datetimes(timezones=st.integers(-1439, 1439).map(lambda shift: timezone(timedelta(minutes=shift)))),
        st.sampled_from(["%d/%b/%Y:%H:%M:%S.%f %z", "%a, %d %b %Y %I:%M:%S %p,%f %z", "%Y-%m-%d %H:%M:%S.%f%z"]),
    )
    def test_any_moment(self, moment: datetime, form: str) -> None:
        us = (moment - EPOCH) // timedelta(microseconds=1)
        expected = us if -62135596800000000 <= us < 253402300800000000 else None
        assert instant_us(moment.strftime(form.replace("%Y", f"{moment.year:04}")), form) == expected

    def test_forms(self) -> None:
        def lacks(form: str) -> tuple[bool, bool]:
            known = time_form(form)
            assert known is not None
            return known.lacks_year, known.lacks_date

        assert lacks("%Y-%m-%d %H:%M") == (False, False)
        assert lacks("%d %b %H:%M") == (True, False)
        assert lacks("%H:%M") == (True, True)
        for form in ("%Q", "%", "%H %", "%Y %y", "%H %I %p", "%I", "%p", "%b %m", "%S %S", "epoch_days", "é"):
            assert time_form(form) is None, form

    def test_cells_without_a_text(self) -> None:
        text, span = spans(["1", "1", "1"])
        span.type[:2] = MISSING, NULL
        assert [*times(text, span, TimeForm(1, 6))[1]] == [NOT_READ, NOT_READ, WITH_ZONE]
        assert [*numbers(text, span, 0)[1]] == [False, False, True]
        assert [*status(text, span)[1]] == [False, False, True]
        assert [*equals(text, span, ["1"])] == [NO_CONSTANT, NO_CONSTANT, 0]


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "power", "number"),
        [
            ("0.5", 0, 0), ("1.5", 0, 2), ("2.5", 0, 2), ("-2.5", 0, -2), ("-0.5000001", 0, -1), ("17", 6, 17000000),
            ("0.0000000000000000001", 6, 0), ("007", 0, 7), ("1,017", 0, 1017), ("-12,345,678.5", 0, -12345678), ("1,17", 0, None), ("1234,567", 0, None), ("1,", 0, None),
            (",123", 0, None), ("1.1,234", 0, None), ("0.001, 0.210", 6, None), ("1,2345", 0, None), ("1,,234", 0, None), ("1e3", 0, None), ("", 0, None),
            ("-", 0, None), ("9007199254740991", 0, 2**53 - 1), ("9007199254740992", 0, None), ("0", 19, 0),
            ("9007199254740991.4", 0, 2**53 - 1), ("9007199254740991.5", 0, None), ("1234567", 10, None), ("15", -1, 2),
        ],
    )  # fmt: skip
    def test_single_cases(self, text: str, power: int, number: int | None) -> None:
        values, sound = numbers(*spans([text]), power)
        assert (int(values[0]) if sound[0] else None) == number

    @search(300)
    @given(st.lists(st.from_regex(r"\A-?[0-9]{1,14}(\.[0-9]{1,8})?\Z")), st.sampled_from([6, 3, 0, -3, -6]))
    def test_any_number(self, texts: list[str], power: int) -> None:
        values, sound = numbers(*spans(texts), power)
        expected = [rounded(text, power) for text in texts]
        for text, value, known, right in zip(texts, values, sound, expected, strict=True):
            assert not known or value == right, text
            assert known or right is None or len(text) > 19 or abs(right) > 2**52, text


class TestDurations:
    @pytest.mark.parametrize(
        ("unit", "text", "us"),
        [
            ("s", "0.0000005", 0), ("s", "1.5", 1500000), ("ms", "1,017", 1017000), ("us", "7", 7), ("ns", "1500", 2),
            ("go", "46.457µs", 46), ("go", "46.5μs", 46), ("go", "47.5us", 48), ("go", "1m2.5s", 62500000), ("go", "1h", 3600000000),
            ("go", "1.2ms", 1200), ("go", "-1.5ms", -1500), ("go", "500ns", 0), ("go", "1500ns", 2), ("go", "1h0m0.000000001s", 3600000000),
            ("go", "0s", 0), ("go", "1.0000005s", 1000000), ("go", "1.0000015s", 1000002), ("go", "1s500ns", 1000000),
            ("go", "1.5ns", None), ("go", "", None), ("go", "-", None), ("go", "1", None), ("go", "s", None), ("go", "1.s", None),
            ("go", "1s ", None), ("go", "1d", None), ("go", "0.1234567891s", None), ("go", "9999999999999h", None), ("go", "--1s", None),
            ("timedelta", "0:00:00.002269", 2269), ("timedelta", "30:01:02", 108062000000), ("timedelta", "0:00:00.0000005", 0),
            ("timedelta", "0:60:00", None), ("timedelta", "0:00", None), ("timedelta", "0:00:000", None), ("timedelta", "0:00:1", None),
            ("timedelta", "1 day, 0:00:00", None), ("timedelta", "-1:00:00", None), ("timedelta", "0:00:00.", None),
        ],
    )  # fmt: skip
    def test_single_cases(self, unit: Unit, text: str, us: int | None) -> None:
        values, sound = durations(*spans([text, text]), unit)
        assert [int(value) if known else None for value, known in zip(values, sound, strict=True)] == [us, us]

    @search(200)
    @given(
        st.lists(
            st.tuples(st.decimals(0, 10**5, places=6), st.sampled_from(["h", "m", "s", "ms", "us", "µs"])),
            min_size=1,
            max_size=5,
        )
    )
    def test_any_duration_of_go(self, parts: list[tuple[Decimal, str]]) -> None:
        units = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1, "µs": 1}
        total = sum((number * units[unit] for number, unit in parts), Decimal(0))
        values, sound = durations(*spans(["".join(f"{number:f}{unit}" for number, unit in parts)]), "go")
        assert sound[0]
        assert values[0] == int(total.to_integral_value("ROUND_HALF_EVEN"))


def test_escaped_lines_of_a_wrapper_become_lines() -> None:
    inner = ['{"a":"x"}\r\n', "b=1\n", "", "c\n\n"]
    text, span = spans([json.dumps(line)[1:-1] for line in inner], ESCAPED)
    span.type[2] = NULL
    lines, found = decoded(text, span)
    assert [lines[begin:end] for begin, end, _ in zip(*found, strict=True)] == [b'{"a":"x"}', b"b=1", b"", b"c\n"]
    assert [*found.type] == [STRING, STRING, NULL, STRING]


def test_status_codes() -> None:
    codes, sound = status(*spans(["200", "0", "007", "", "1000", "-1", "2x", "٣"]))
    assert [*codes] == [200, 0, 7, 0, 0, 0, 0, 0]
    assert [*sound] == [True, True, True, *[False] * 5]


def test_constants() -> None:
    text, span = spans(["start", "started", "", "done", "x", "y"])
    span.type[:] = STRING, BARE, STRING, NULL, ESCAPED, DOUBLED
    assert [*equals(text, span, ["done", "start", ""])] == [1, NO_CONSTANT, 2, NO_CONSTANT, NOT_TOLD, NOT_TOLD]
    assert [*equals(text, span, ["done", "start"], prefix=True)] == [1, 1, NO_CONSTANT, NO_CONSTANT, NOT_TOLD, NOT_TOLD]
    assert [*equals(text, span, [])] == [*[NO_CONSTANT] * 4, NOT_TOLD, NOT_TOLD]


class TestDoor:
    """Arguments that are not what they should be are refused, whoever gives them."""

    def calls(self, text: bytes, span: Span, short: int) -> list[Callable[[], Any]]:
        rows, built = 3 - short, kernels.compiled
        flags = np.empty(rows, np.uint8)
        wide, narrow = np.empty(rows, np.int64), np.empty(rows, np.int16)
        form, ends = (0, 0, b"", 1970, 1, 1), np.array([1], np.int32)
        return [
            lambda: built.cut_times(text, *span, form, wide, flags),
            lambda: built.cut_numbers(text, *span, 0, wide, flags),
            lambda: built.cut_status(text, *span, narrow, flags),
            lambda: built.cut_durations(text, *span, 0, wide, flags),
            lambda: built.cut_equals(text, *span, b"a", ends, False, flags),
            lambda: built.cut_texts(text, *span, 3, 34, np.empty(9, np.uint8), np.empty(rows + 1, np.int64), flags[:1]),
        ]

    def test_sizes_and_spans(self) -> None:
        text, span = spans(["a", "b", "c"])
        for call in self.calls(text, span, 0):
            call()
        for call in self.calls(text, span, 1):
            with pytest.raises(ValueError, match="too short"):
                call()
        for wrong in ((-1, 1), (2, 1), (0, 4)):
            span.begin[1], span.end[1] = wrong
            for call in self.calls(text, span, 0):
                with pytest.raises(ValueError, match="outside"):
                    call()

    def test_texts_that_have_no_room(self) -> None:
        text, span = spans(["abc", "def"])
        with pytest.raises(ValueError, match="too short"):
            kernels.compiled.cut_texts(
                text, *span, 3, 34, np.empty(5, np.uint8), np.empty(3, np.int64), np.empty(1, np.uint8)
            )

    def test_forms_and_lists_that_are_none(self) -> None:
        text, span = spans(["1"])
        for form in ((9, 0), (1, 7), (1, -4), (-1, 0)):
            with pytest.raises(ValueError, match="form"):
                times(text, span, TimeForm(*form))
        with pytest.raises(ValueError, match="power"):
            numbers(text, span, 20)
        with pytest.raises(ValueError, match="constants"):
            equals(text, span, ["x"] * 254)
        with pytest.raises(ValueError, match="constants"):
            kernels.compiled.cut_equals(text, *span, b"a", np.array([2], np.int32), False, np.empty(1, np.uint8))
        assert cut_cells.NOT_TOLD == NOT_TOLD
