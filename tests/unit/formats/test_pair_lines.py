"""The quick ways through a chunk, by the kernel and by numpy, equal the careful one: of every line that they take for an
entry, and of the others.
"""

import random
from itertools import product

import polars as pl
import pytest

from logcorr.compute import kernels
from logcorr.formats.line_format import LINE_SCHEMA
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import CommonForm, common_form
from logcorr.inputs.whole_lines import in_utf8
from logcorr.model.ledger import Side
from tests.support.kernels_or_numpy import some

pytestmark = pytest.mark.usefixtures("way")

FORMS = (
    "2025-11-21T14:00:00.123Z",
    "2024-02-29 23:59:59",
    "1999-12-31T00:00:00.123456789+05:30",
    "2025-01-01T00:00:00.5",
)
STAMPS = (
    *("2025-02-28", "2025-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2025-04-31", "2025-13-01", "2025-00-10"),
    *("2025-10-00", "0000-01-01", "0001-01-01", "9999-12-31", "2025-1/-01", "2025-01-:1", "202\u0665-01-1"),
)
CLOCKS = ("00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60", "12:0 :00", "1 :00:00", "12:00:0/", "12:00:0:")
IDS = (
    "req-12345678",
    "a",
    "null",
    "NuLL",
    "undefined",
    "",
    " req-12345678",
    "req-12345678\t",
    "é" * 8,
    "x" * 70,
    "\x00" * 12,
)
VALUES = ("200", "7", "099", "1000", "2O0", "+20", "-1", " 200", "200 ", "", "20\u0660", "\x7f00", "2:0", "2/0")
TAILS = ("", "", "", "\r", ",", "\r\r", "\xa0")


def lines(form: str, chance: random.Random, count: int) -> list[bytes]:
    """Lines of the form, most of which are no entries, or not in the usual way."""
    found = []
    for _ in range(count):
        stamp = form
        if chance.random() < 0.4:
            stamp = chance.choice(STAMPS) + form[10] + chance.choice(CLOCKS) + form[19:]
        if chance.random() < 0.2:
            at = chance.randrange(len(stamp))
            stamp = stamp[:at] + chance.choice("0a:-. /Zz\x00\u0661") + stamp[at + chance.randrange(2) :]
        value = chance.choice(VALUES) if chance.random() < 0.5 else "200"
        line = f"{stamp},{chance.choice(IDS)},{value}{chance.choice(TAILS)}".encode()
        if chance.random() < 0.1:
            line = chance.choice(
                (b"", b" ", b",", b",,", b",,,", b"\xff" + line, line[: chance.randrange(len(line))], b"\r")
            )
        found.append(line)
    return found


def check(text: bytes, side: Side, form: CommonForm, shift_us: int = 0) -> int:
    """Compares both ways; the number of entries that the quick one found."""
    whole, wrong = in_utf8(text)
    log = PairFormat(side=side, form=form, shift_us=shift_us)
    found, rest = log.parse_common(whole, wrong, 7)
    raw = text.removesuffix(b"\n").split(b"\n")
    plain = [line.removesuffix(b"\r").decode(errors="replace") for line in raw]
    refused = [None if line.decode(errors="replace").encode() == line else "encoding" for line in raw]
    frame = pl.DataFrame({"line": plain, "row": range(7, 7 + len(raw)), "refused": refused}, schema=LINE_SCHEMA)
    careful = log.classify(frame)
    assert found.schema == log.schema
    assert found.equals(careful.join(found, on="row", how="semi").select(found.columns), null_equal=True)
    assert careful.join(found, on="row", how="semi")["valid"].all()
    others = frame.join(found, on="row", how="anti")
    assert (pl.DataFrame(schema=LINE_SCHEMA) if rest is None else rest).equals(others)
    return found.height


@pytest.mark.parametrize(("side", "form"), list(product(("request", "response"), FORMS)))
def test_both_ways_agree(side: Side, form: str) -> None:
    chance = random.Random(f"{side} {form}")
    quick = 0
    for number, count in enumerate((1, 2, 5, 400, 400) * 4):
        text = b"\n".join(lines(form, chance, count)) + b"\n"
        quick += check(text, side, common_form([form]), shift_us=number % 2 * 1500)
    assert quick > 100


@pytest.mark.parametrize("side", some(("request", "response"), "response"))
def test_short_texts(side: Side) -> None:
    """Words of eight bytes from texts that hold fewer, or whose ends are near."""
    sound = b"2025-11-21T14:00:00Z,a-long-enough-id,200"
    for length in range(len(sound) + 1):
        check(sound[:length] + b"\n", side, CommonForm(digits=0))
        check(sound[length:] + b"\n", side, CommonForm(digits=0))
        check(b"\n" * length, side, CommonForm(digits=0)) if length else None
    assert check(sound + b"\n", side, CommonForm(digits=0)) == 1


def test_minutes_that_come_and_go() -> None:
    """The minute of a line is that of the line before only where both say so.

    The expressions leave years before 1000 and after 2999 to the careful way, so they find fewer entries.
    """
    chance = random.Random(5)
    stamps = [
        f"{year:04}-{month:02}-{day:02}T{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}.5Z"
        for year, month, day in (
            (chance.randrange(1, 10_000), chance.randrange(1, 13), chance.randrange(1, 32)) for _ in range(4000)
        )
    ]
    text = "".join(f"{stamp},a-long-enough-id,u\n" for stamp in stamps for _ in range(chance.randrange(1, 3)))
    assert check(text.encode(), "request", common_form(stamps)) > (5000 if kernels.loaded() else 500)


@pytest.mark.parametrize("zero", ["\x00", "\n", " ", "0"])
def test_the_first_line_has_no_minute_before_it(zero: str) -> None:
    """Whatever a minute is before one was read, no line is of that."""
    check(f"{zero * 16}:05.123Z,a-long-enough-id,200\n".encode(), "response", CommonForm())
