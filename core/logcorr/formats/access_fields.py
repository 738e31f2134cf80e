"""The values of an access log's fields, as expressions on columns of text.

With `quick`, an expression assumes that a text has no blanks at its ends. What it gives is exact; it gives null if it
is not sure.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial

import polars as pl

from logcorr.formats import common_and_combined, timestamps
from logcorr.formats.access_dialects import TEXTS
from logcorr.formats.decimals_numpy import BEYOND
from logcorr.formats.line_format import SPACE
from logcorr.text import instants

# An exchange: instants and durations in µs.
ENTRY = pl.Schema(
    {
        "time": pl.Int64,
        "duration_us": pl.Int64,
        "status_code": pl.Int16,
        **dict.fromkeys(TEXTS, pl.String),
        "row": pl.UInt32,
    }
)

_PLAIN_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"
_UNIX_STAMP = r"^-?[0-9]{1,12}(?:\.[0-9]+)?$"
_FIRST_US, _AFTER_LAST_US = -62_135_596_800_000_000, 253_402_300_800_000_000
# The longest plain decimal number that is read.
_MOST_DIGITS = 100
# A float rounds a duration (in µs) correctly if it is below the first limit and further from a tie than the second.
_SURE_US, _NEAR_TIE = 1 << 40, 1e-3


def host(address: pl.Expr) -> pl.Expr:
    """An address without its port, and without the brackets around an IPv6 address with a port."""
    bare = address.str.extract(r"^\[([^\]]*)\](?::[0-9]*)?$")
    return pl.coalesce(bare, address.str.extract(r"^([^:]*):[0-9]*$"), address)


def has_value(text: pl.Expr) -> pl.Expr:
    """Whether a text has a value: it is not null, empty, blank or `-`."""
    return (~text.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=False)


def blank_ends(text: pl.Expr) -> pl.Expr:
    """Whether a text has blanks at its ends. This is faster than to strip all texts, which copies them."""
    # A blank sorts before every visible character.
    blank = (text < pl.lit("!")) | text.str.ends_with(" ") | text.str.ends_with("\t")
    return blank.fill_null(value=False)


def stripped(name: str, *, quick: bool) -> pl.Expr:
    """A text column, without blanks at the ends of its texts."""
    return pl.col(name) if quick else pl.col(name).str.strip_chars(SPACE)


def value(text: pl.Expr) -> pl.Expr:
    """A text; null if it is empty or `-`."""
    return pl.when((text != "") & (text != "-")).then(text)


def status(*, quick: bool) -> pl.Expr:
    """The column `status` as a number (Int16) of one to three digits; null for any other text."""
    text = stripped("status", quick=quick)
    number = text.str.to_integer(strict=False, dtype=pl.Int16)
    # to_integer accepts a sign, a status code has none. A sign sorts before the digits.
    return pl.when((text.str.len_bytes() <= 3) & (text >= pl.lit("0"))).then(number)


def duration(microseconds: int, *, quick: bool) -> pl.Expr:
    """The column `duration`, in units of 10^microseconds µs, as whole µs (Int64); a tie goes to the even number.

    A text that is no plain decimal number gives null. With `quick`, so does a number that a float may round wrongly.
    """
    text = stripped("duration", quick=quick)
    plain = pl.when(text.str.contains(_PLAIN_NUMBER)).then(text)
    if not quick:
        return plain.map_batches(partial(_exact, microseconds), return_dtype=pl.Int64, is_elementwise=True)
    number = plain.cast(pl.Float64, strict=False) * 10.0**microseconds
    sure = (number.abs() < _SURE_US) & ((number - number.floor() - 0.5).abs() > _NEAR_TIE)
    return pl.when(sure).then(number.round()).cast(pl.Int64, strict=False)


def _exact(microseconds: int, numbers: pl.Series) -> pl.Series:
    """Texts of decimal numbers, times 10^microseconds, as integers; null for a result of BEYOND or more."""
    integers: list[int | None] = []
    for text in numbers:
        value = None if text is None or len(text) > _MOST_DIGITS else Decimal(text).scaleb(microseconds)
        in_range = value is not None and abs(value) < BEYOND
        integers.append(int(value.to_integral_value(ROUND_HALF_EVEN)) if value is not None and in_range else None)
    return pl.Series(integers, dtype=pl.Int64)


def careful(stamp: pl.Expr) -> pl.Expr:
    """Instants (Int64, µs) of timestamps in any allowed form."""
    return stamp.map_batches(timestamps.careful, return_dtype=pl.Int64, is_elementwise=True)


def _from_unix(stamp: pl.Expr) -> pl.Expr:
    """Seconds since 1970 as instants in µs; null outside of the years 1 to 9999. Finer digits are rounded down."""
    plain = pl.when(stamp.str.contains(_UNIX_STAMP)).then(stamp)
    whole, fraction = (plain.str.splitn(".", 2).struct.field(f"field_{part}") for part in (0, 1))
    digits = fraction.fill_null("").str.pad_end(timestamps.MICRO_DIGITS, "0")
    micros = digits.str.head(timestamps.MICRO_DIGITS).str.to_integer(strict=False, dtype=pl.Int64)
    has_more = digits.str.slice(timestamps.MICRO_DIGITS).str.contains("[1-9]").cast(pl.Int64)
    seconds = whole.str.to_integer(strict=False, dtype=pl.Int64) * instants.SECOND_US
    instant = pl.when(stamp.str.starts_with("-")).then(seconds - micros - has_more).otherwise(seconds + micros)
    return pl.when((instant >= _FIRST_US) & (instant < _AFTER_LAST_US)).then(instant)


CLOCKS = {"clf": common_and_combined.instants, "unix": _from_unix}
