"""NDJSON by the kernel equals polars' byte for byte, and the kernel reads nothing that lies outside of its arrays.

Instants are compared with texts that datetime makes.
"""

import io
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from logcorr.compute.kernels import compiled
from logcorr.runs import write_ndjson

INSTANT = pl.Datetime("us", "UTC")
NUMBERS = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
PIECES = (
    *map(chr, range(0x20)),
    *('"', "\\", "/", "\x7f", "\x80", "\x9f", "\u2028", "\u2029", "\ufeff", "é", "\ufffd", "😀", "\U0010ffff"),
    *("a", "req-", "0123456789", "x" * 12, "y" * 13, "z" * 70),
)


def text(chance: random.Random) -> str:
    """Every length around those at which views and words end; here and there something to escape."""
    if chance.random() < 0.5:
        plain = chance.choices("abcdefgh0123456789", k=chance.randrange(80))
        for _ in range(chance.randrange(2)):
            plain.insert(chance.randrange(len(plain) + 1), chance.choice(PIECES))
        return "".join(plain)
    return "".join(chance.choices(PIECES, k=chance.randrange(6)))


def number(chance: random.Random, kind: str) -> int:
    bits = int(kind.lstrip("UInt"))
    least, most = (0, (1 << bits) - 1) if kind[0] == "U" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    power = int("1" + "0" * chance.randrange(20))
    near = chance.choice((least, most, 0, power, power - 1, -power, chance.randint(least, most)))
    return min(most, max(least, near))


def column(chance: random.Random, rows: int) -> pl.Series:
    nulls = chance.choice((0, 0, 0.3, 1))
    kind = chance.choice(("String", "instant", *NUMBERS))

    def value() -> str | datetime | int:
        return text(chance) if kind == "String" else instant(chance) if kind == "instant" else number(chance, kind)

    values = [None if chance.random() < nulls else value() for _ in range(rows)]
    return pl.Series(values, dtype=INSTANT if kind == "instant" else getattr(pl, kind))


def instant(chance: random.Random) -> datetime:
    """Near the ends of years, months, days and seconds, leap days among them, and anywhere in the years 1 to 9999."""
    year = chance.choice((1, 4, 100, 399, 400, 1600, 1900, 1969, 1970, 2000, 2024, 2100, 9999, chance.randint(1, 9999)))
    edge = datetime(year, chance.choice((1, 2, 3, 7, 12)), 1, tzinfo=UTC)
    step = chance.choice((0, 1, -1, 999_999, -86_400_000_000, 86_399_999_999, chance.randrange(365 * 86_400_000_000)))
    try:
        return edge + timedelta(microseconds=step)
    except OverflowError:
        return edge


def written(value: datetime | None) -> str | None:
    """An instant as it is to be written."""
    return None if value is None else f"{value.year:04d}-{value:%m-%dT%H:%M:%S.%f}Z"


def with_texts(of: pl.DataFrame) -> pl.DataFrame:
    """The frame with each instant as its text, by datetime."""
    times = [name for name, kind in of.schema.items() if kind == INSTANT]
    return of.with_columns(pl.Series(name, list(map(written, of[name])), dtype=pl.String) for name in times)


def frame(chance: random.Random) -> pl.DataFrame:
    """Of several chunks, and cut out of a longer one."""
    names = {chance.choice(("id", "", text(chance).replace("\0", ""))) for _ in range(chance.randrange(1, 5))}
    rows = chance.choice((0, 1, 2, 9, 40))
    of = {name: column(chance, rows) for name in sorted(names)}
    whole = pl.DataFrame(of)
    for _ in range(chance.randrange(3)):
        first = chance.randrange(rows + 1)
        whole = whole.slice(first, chance.randrange(rows + 1))
        whole = pl.concat([whole] * chance.randrange(1, 4), rechunk=False)
        rows = whole.height
    return whole


def check(of: pl.DataFrame) -> None:
    plain, file = with_texts(of).write_ndjson().encode(), io.BytesIO()
    write_ndjson.write(of, file)
    assert file.getvalue() == plain
    items = b"".join(bytes(piece) for piece in write_ndjson.items(of))
    assert items == (b",\n" + plain[:-1].replace(b"\n", b",\n") if plain else b"")


@pytest.mark.parametrize("seed", range(10))
def test_equals_polars(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        check(frame(chance))


def test_every_character_at_every_place() -> None:
    """Words of eight bytes, of four and single ones are looked through in different ways."""
    for character in map(chr, range(128)):
        texts = [
            ("x" * length)[:at] + character + "x" * (length - at) for length in range(20) for at in range(length + 1)
        ]
        check(pl.DataFrame({"text": texts}))


def test_numbers_of_every_length() -> None:
    powers = [10**digits for digits in range(20)]
    unsigned = [power + step for power in powers for step in (-1, 0, 1)]
    check(pl.DataFrame({"u": pl.Series([*unsigned, 2**64 - 1], dtype=pl.UInt64)}))
    check(pl.DataFrame({"i": [sign * n for n in unsigned if n < 2**63 for sign in (1, -1)] + [-(2**63)]}))


def test_every_day_of_four_centuries_and_the_ends_of_time() -> None:
    days = [
        datetime(1800, 1, 1, tzinfo=UTC) + timedelta(days=day, microseconds=day * 590_123) for day in range(147_000)
    ]
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    check(pl.DataFrame({"time": pl.Series([*days, *ends, None], dtype=INSTANT)}))


@pytest.mark.parametrize("us", [-62_135_596_800_000_001, 253_402_300_800_000_000, 2**62, -(2**62)])
def test_instants_outside_of_the_years_1_to_9999(us: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks that are shifted get there. With the kernel and without, the text is polars' own."""
    of = pl.DataFrame({"time": pl.Series([0, None, us]).cast(INSTANT)})
    texts = of.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).write_ndjson().encode()
    for kernels in (compiled, None):
        monkeypatch.setattr(write_ndjson, "compiled", kernels)
        file = io.BytesIO()
        write_ndjson.write(of, file)
        assert file.getvalue() == texts
        assert b"".join(map(bytes, write_ndjson.items(of))) == b",\n" + texts[:-1].replace(b"\n", b",\n")


def test_records_longer_than_the_room() -> None:
    long = "\x01" * 300_000
    check(pl.DataFrame({"a": ["short", long, None, "b" * 3_000_000, "é"], "n": range(5)}))


def test_texts_in_many_buffers() -> None:
    parts = [
        pl.DataFrame({"a": [f"a text that is not in its view {part} {row}" for row in range(9)]}) for part in range(50)
    ]
    check(pl.concat(parts, rechunk=False).sample(fraction=1.0, shuffle=True, seed=1))


@pytest.mark.parametrize(
    "of",
    [
        pl.DataFrame(),
        pl.DataFrame({"nothing": []}),
        pl.DataFrame({"ms": [1.5, None]}),
        pl.DataFrame({"yes": [True, None], "text": ["a\n", "b"]}),
        pl.DataFrame({"wide": pl.Series([2**100], dtype=pl.Int128)}),
        pl.DataFrame({"kind": pl.Series(["a", "b"], dtype=pl.Categorical)}),
        pl.DataFrame({"a\0name": ["value"]}),
    ],
)
def test_what_the_kernel_does_not_take(of: pl.DataFrame) -> None:
    check(of)


def test_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_ndjson, "compiled", None)
    chance = random.Random(0)
    for _ in range(30):
        check(frame(chance))


def view(length: int, buffer: int = 0, begin: int = 0) -> bytes:
    return np.array([length, 0, buffer, begin], np.int32).tobytes()


def numbers(**given: Any) -> tuple[Any, ...]:
    return tuple(
        {
            "before": b'{"n":',
            "kind": "l",
            "offset": 0,
            "present": None,
            "values": bytes(24),
            "texts": (),
            **given,
        }.values()
    )


def texts(*views: bytes, texts: tuple[Any, ...] = (b"0123456789abcdef",), **given: Any) -> tuple[Any, ...]:
    return numbers(kind="v", values=b"".join(views), texts=texts, **given)


def call(*columns: Any, row: int = 0, rows: int = 3, room: int = 1000) -> bytes:
    out = bytearray(room)
    _, written = compiled.ndjson(columns, b"}\n", row, rows, out)
    return bytes(out[:written])


@pytest.mark.skipif(compiled is None, reason="there are no kernels")
class TestMemory:
    """The kernel is given what polars would never give it."""

    def test_what_is_sound(self) -> None:
        assert call(numbers()) == b'{"n":0}\n' * 3
        assert call(texts(*[view(16), view(13, 0, 3), view(2)])) == (
            b'{"n":"0123456789abcdef"}\n{"n":"3456789abcdef"}\n{"n":"\\u0000\\u0000"}\n'
        )
        assert call(numbers(values=bytes(32), offset=1, present=b"\x0c")) == b'{"n":null}\n{"n":0}\n{"n":0}\n'
        assert call(numbers(kind="t")) == b'{"n":"1970-01-01T00:00:00.000000Z"}\n' * 3
        assert call(rows=0) == call(numbers(values=b""), rows=0) == b""

    @pytest.mark.parametrize(
        "column",
        [
            numbers(values=bytes(23)),
            numbers(offset=1),
            numbers(kind="t", values=bytes(23)),
            numbers(kind="t", values=np.array([0, 1, 253_402_300_800_000_000]).tobytes()),
            numbers(kind="t", values=np.array([-62_135_596_800_000_001, 0, 0]).tobytes()),
            numbers(kind="t", values=np.array([0, 2**63 - 1, -(2**63)]).tobytes()),
            numbers(offset=-1),
            numbers(offset=2**63 - 1),
            numbers(offset=2**63 - 3),
            numbers(kind="s", values=bytes(5)),
            numbers(kind="L", values=memoryview(bytes(40))[1:33]),
            numbers(present=b""),
            numbers(present=b"\xff", offset=6, values=bytes(80)),
            numbers(kind="f"),
            numbers(kind="\u0163"),
            texts(view(1), view(1), view(1)[:15]),
            texts(view(17), view(0), view(0)),
            texts(view(0), view(0), view(13, 0, 4)),
            texts(view(13, 1), view(0), view(0)),
            texts(view(13, -1), view(0), view(0)),
            texts(view(13, 0, -1), view(0), view(0)),
            texts(view(13, 0, 2**31 - 1), view(0), view(0)),
            texts(view(2**31 - 1, 0, 1), view(0), view(0)),
            texts(view(-1), view(0), view(0)),
            texts(view(-(2**31)), view(0), view(0)),
            texts(view(16), view(0), view(0), texts=()),
        ],
    )
    def test_columns_that_hold_less_than_they_say(self, column: Any) -> None:
        with pytest.raises(ValueError, match=r"does not hold|lies outside"):
            call(numbers(), column)

    @pytest.mark.parametrize(
        "column",
        [None, (), numbers()[:5], numbers(texts=[]), numbers(texts=(1,)), numbers(values=None), numbers(kind="ll")],
    )
    def test_columns_that_are_none(self, column: Any) -> None:
        with pytest.raises(TypeError):
            call(numbers(), column)

    def test_rows_that_there_are_not(self) -> None:
        for row, rows in ((-1, 3), (2, 1), (0, 4), (0, 2**62), (2**62, 2**63 - 1)):
            with pytest.raises(ValueError, match="rows"):
                call(numbers(), row=row, rows=rows)

    @pytest.mark.parametrize("lengths", [(16, 13, 2), (0, 0, 0), (12, 1, 0)])
    def test_no_room_is_overrun(self, lengths: tuple[int, ...]) -> None:
        """Whatever room there is: whole records, and not a byte behind it."""
        column = texts(*(view(length) for length in lengths))
        columns = (numbers(), column, numbers(kind="t"))
        whole = call(*columns)
        for size in range(len(whole) + 200):
            memory = bytearray(b"\xaa" * (size + 100))
            row, written = compiled.ndjson(columns, b"}\n", 0, 3, memoryview(memory)[:size])
            found = bytes(memory[:written])
            assert whole.startswith(found)
            assert found.count(b"\n") == row
            assert memory[size:] == b"\xaa" * 100
        assert row == 3

    def test_a_room_that_cannot_be_written(self) -> None:
        with pytest.raises(TypeError):
            compiled.ndjson((numbers(),), b"}\n", 0, 3, bytes(100))
