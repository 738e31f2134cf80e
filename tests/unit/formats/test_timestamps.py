"""Timestamps: the careful path equals a plain regex on thousands of mutated texts, and the fast path equals both."""

import random
import re

import polars as pl
import pytest

from logcorr.formats.timestamps import CommonForm, careful, common_form, fast
from tests.oracle.pair_oracle import instant
from tests.support.pair_strategies import EDGE_TIMES, NO_TIMES

SEPARATORS = ("T", "t", " ")
ZONES = ("", "Z", "z", "+00:00", "-00:00", "+02", "-0330", "+05:30", "+23:59", "-23:59")
ALPHABET = "0123456789-+:TtZz., \t\u0660\uff11\u2212é\u00a0\x00\n_eE/"
HOUR_US = 3_600_000_000


def stamp(chance: random.Random) -> str:
    """A timestamp by the grammar, but for the days that some months lack."""
    year = chance.choice((1, 4, 400, 999, 1000, 1582, 1600, 1899, 1900, 1969, 1970, 2000, 2024, 2025, 2999, 3000, 9999))
    fraction = "".join(chance.choice("0123456789") for _ in range(chance.randint(0, 9)))
    return (
        f"{year:04}-{chance.randint(1, 12):02}-{chance.choice((1, 9, 10, 28, 28, 29, 30, 31)):02}{chance.choice(SEPARATORS)}"
        f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
        f"{'.' if fraction else ''}{fraction}{chance.choice(ZONES)}"
    )


def mutated(text: str, chance: random.Random) -> str:
    """The text with one to three small faults, some of which are none."""
    letters = list(text)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(letters) + 1)
        kind = chance.choice(("put", "put", "change", "change", "change", "drop", "swap", "twice", "cut"))
        if kind == "put":
            letters.insert(at, chance.choice(ALPHABET))
        elif kind == "change" and at < len(letters):
            letters[at] = chance.choice(ALPHABET)
        elif kind == "drop":
            del letters[at : at + 1]
        elif kind == "swap" and 0 < at < len(letters):
            letters[at - 1], letters[at] = letters[at], letters[at - 1]
        elif kind == "twice":
            letters[at:at] = letters[at : at + chance.randint(1, 4)]
        elif kind == "cut" and chance.random() < 0.2:
            del letters[at:]
    return "".join(letters)


def texts(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    sound = [stamp(chance) for _ in range(count // 3)]
    return [*sound, *(mutated(stamp(chance), chance) for _ in range(count - len(sound)))]


def wrong(found: list[int | None], stamps: list[str]) -> list[tuple[str, int | None, int | None]]:
    """The texts of which the engine thinks otherwise than the oracle, with both opinions."""
    expected = [instant(text) for text in stamps]
    return [row for row in zip(stamps, found, expected, strict=True) if row[1] != row[2]]


def run_fast(stamps: list[str], form: CommonForm) -> list[int | None]:
    return (
        pl.select(pl.lit(pl.Series(stamps, dtype=pl.String)).alias("text"))
        .select(fast(pl.col("text"), form))
        .to_series()
        .to_list()
    )


@pytest.mark.parametrize("seed", range(4))
def test_careful_equals_the_oracle(seed: int) -> None:
    stamps = texts(seed, 6000)
    found = careful(pl.Series(stamps)).to_list()
    assert wrong(found, stamps) == []
    good = sum(value is not None for value in found)
    assert 1500 < good < 4500, "both kinds are many"


@pytest.mark.parametrize("seed", range(10, 14))
def test_fast_never_differs_where_it_decides(seed: int) -> None:
    """Mutations of one form at a time, so that many are of that form and many are very nearly so."""
    chance = random.Random(seed)
    for separator in ("T", " "):
        for digits in (0, 1, 3, 6, 7, 9):
            zone = chance.choice(ZONES)
            model = f"2025-03-0{chance.randint(1, 9)}{separator}12:34:56" + (
                f".{'123456789'[:digits]}" if digits else ""
            )
            form = common_form([model + zone])
            assert (form.separator, form.digits, form.zone) == (separator, digits, zone)
            stamps = [mutated(model + zone, chance) for _ in range(150)]
            found = run_fast(stamps, form)
            decided = [text for text, value in zip(stamps, found, strict=True) if value is not None]
            assert wrong([value for value in found if value is not None], decided) == []
            assert 0 < len(decided) < len(stamps)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("digits", range(10))
def test_fast_decides_every_text_of_its_form(digits: int, zone: str) -> None:
    chance = random.Random(digits)
    stamps = []
    for year in (1000, 1582, 1900, 1969, 1970, 2000, 2024, 2999):
        for month, day in ((1, 1), (2, 28), (12, 31), (chance.randint(1, 12), chance.randint(1, 28))):
            clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
            fraction = "".join(chance.choice("0123456789") for _ in range(digits))
            stamps.append(f"{year}-{month:02}-{day:02}T{clock}{'.' if digits else ''}{fraction}{zone}")
    form = common_form(stamps)
    found = run_fast(stamps, form)
    assert None not in found
    assert wrong(found, stamps) == []


def test_fast_refuses_days_there_are_not() -> None:
    stamps = [
        f"{year}-{month:02}-{day:02}T00:00:00Z"
        for year in (1900, 2000, 2023, 2024)
        for month in range(14)
        for day in range(33)
    ]
    form = common_form(stamps)
    found = run_fast(stamps, form)
    assert wrong(found, stamps) == []
    assert wrong(careful(pl.Series(stamps)).to_list(), stamps) == []
    assert sum(value is not None for value in found) == 365 * 2 + 366 * 2


@pytest.mark.parametrize("text", EDGE_TIMES)
def test_the_edges_of_the_calendar(text: str) -> None:
    assert instant(text) is not None
    assert careful(pl.Series([text])).to_list() == [instant(text)]
    assert run_fast([text], common_form([text])) in ([instant(text)], [None])


@pytest.mark.parametrize("text", NO_TIMES)
def test_no_timestamps(text: str) -> None:
    assert instant(text) is None
    assert careful(pl.Series([text])).to_list() == [None]
    forms = (CommonForm(), CommonForm(digits=0), CommonForm(zone=""), CommonForm(" ", 0, "Z"), CommonForm(digits=1))
    assert [run_fast([text], form) for form in forms] == [[None]] * len(forms)


def test_clock_limits() -> None:
    stamps = [
        f"2025-03-01T{hour:02}:{minute:02}:{second:02}Z" for hour in range(100) for minute, second in ((0, 0), (59, 59))
    ]
    stamps += [f"2025-03-01T12:{unit:02}:00Z" for unit in range(100)] + [
        f"2025-03-01T12:00:{unit:02}Z" for unit in range(100)
    ]
    form = common_form(stamps)
    for found in (careful(pl.Series(stamps)).to_list(), run_fast(stamps, form)):
        assert wrong(found, stamps) == []
        assert sum(value is not None for value in found) == 48 + 60 + 60


def test_offset_limits() -> None:
    stamps = [
        f"2025-03-01T12:00:00{sign}{hour:02}:{minute:02}"
        for sign in "+-"
        for hour in range(100)
        for minute in (0, 59, 60, 99)
    ]
    found = careful(pl.Series(stamps)).to_list()
    assert wrong(found, stamps) == []
    assert sum(value is not None for value in found) == 2 * 24 * 2


def test_digits_past_microseconds_are_cut_off() -> None:
    for digits in ("9999999", "99999999", "999999999", "000000999"):
        text = f"1969-12-31T23:59:59.{digits}Z"
        assert careful(pl.Series([text])).to_list() == [-1 if digits[0] == "9" else -1_000_000]
        assert run_fast([text], common_form([text])) == [instant(text)]


def test_nulls_and_no_texts() -> None:
    assert careful(pl.Series([None, "2025-03-01T12:00:00Z", None], dtype=pl.String)).null_count() == 2
    assert careful(pl.Series([], dtype=pl.String)).to_list() == []
    assert careful(pl.Series([], dtype=pl.String)).dtype == pl.Int64


def test_the_common_form_is_the_most_frequent_valid_one() -> None:
    good, rare = "2025-03-01 12:00:00.123456+02:00", "2025-03-01T12:00:00Z"
    assert common_form([rare, good, "nonsense", "nonsense", "nonsense", good]) == CommonForm(
        " ", 6, "+02:00", 2 * HOUR_US
    )
    assert common_form(["nonsense", ""]) == CommonForm()
    assert common_form([]) == CommonForm()
    west = common_form(["2025-03-01T12:00:00-0330"])
    assert west == CommonForm("T", 0, "-0330", -HOUR_US * 7 // 2)


def test_a_zone_is_text_and_no_pattern() -> None:
    """`+02` must not come to mean "one or more"."""
    form = common_form(["2025-03-01T12:00:00.5+02"])
    found = run_fast(["2025-03-01T12:00:00.502", "2025-03-01T12:00:00.5+02", "2025-03-01T12:00:00.555502"], form)
    assert found == [None, instant("2025-03-01T12:00:00.5+02"), None]


def test_the_oracle_is_plain() -> None:
    """The oracle itself, by hand."""
    assert instant("1970-01-01T00:00:00Z") == 0
    assert instant("1970-01-01 01:00:00.000001+01:00") == 1
    assert instant("1970-01-01T00:00:00-01") == HOUR_US
    assert re.fullmatch(r"\d+", str(instant("2025-11-21T14:00:00.222Z")))
    assert instant("2025-02-29T00:00:00Z") is None


def test_a_second_fraction_is_no_zone() -> None:
    odd = "2025-03-01T12:00:00.1.2Z"
    form = common_form([odd])
    assert pl.select(fast(pl.lit(odd), form)).item() is None
