"""What the texts of an access log's line say, as expressions on columns of text.

The `quick` ones trust that a text has no blanks around it; what they give is exact, and null where that is not sure.
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
_MICRO_DIGITS = 6
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID_SEGMENT = rf"^(?:[0-9]+|[0-9a-fA-F]*[0-9][0-9a-fA-F]*|{_UUID})$"
_LEAST_HEX = 8
# Of numbers written out plainly.
_MOST_DIGITS = 100
# Below the first, in µs, a float tells for certain on which side of a tie a duration is; but not within the second.
_SURE_US, _NEAR_TIE = 1 << 40, 1e-3


def host(address: pl.Expr) -> pl.Expr:
    """An address without its port, and without the brackets that a port makes necessary."""
    bare = address.str.extract(r"^\[([^\]]*)\](?::[0-9]*)?$")
    return pl.coalesce(bare, address.str.extract(r"^([^:]*):[0-9]*$"), address)


def held(text: pl.Expr) -> pl.Expr:
    """Whether a text says anything: not that it is null, empty, blank or `-`."""
    return (~text.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=False)


def blank_ends(text: pl.Expr) -> pl.Expr:
    """Whether a text has blanks around: quicker to see than to take off, which copies every text."""
    # A blank sorts before everything that is to be seen.
    found = (text < pl.lit("!")) | text.str.ends_with(" ") | text.str.ends_with("\t")
    return found.fill_null(value=False)


def stripped(name: str, *, quick: bool) -> pl.Expr:
    """A text column without blanks around."""
    return pl.col(name) if quick else pl.col(name).str.strip_chars(SPACE)


def value(text: pl.Expr) -> pl.Expr:
    """A text, null where that is empty or `-`."""
    return pl.when((text != "") & (text != "-")).then(text)


def path(target: pl.Expr) -> pl.Expr:
    """What a request is for, without its query; null where that is nothing."""
    before = value(target).str.splitn("?", 2).struct.field("field_0")
    return pl.when(before != "").then(before)


def status(*, quick: bool) -> pl.Expr:
    """The column `status` as a number of one to three digits."""
    text = stripped("status", quick=quick)
    number = text.str.to_integer(strict=False, dtype=pl.Int16)
    # A sign is the one thing that to_integer takes and a status code does not; it sorts before the digits.
    return pl.when((text.str.len_bytes() <= 3) & (text >= pl.lit("0"))).then(number)


def duration(microseconds: int, *, quick: bool) -> pl.Expr:
    """The column `duration`, in units of 10^microseconds µs, as whole µs; a tie goes to the even one.

    What is no plain decimal number is null, and `quick` only tells what a float is sure to get right.
    """
    text = stripped("duration", quick=quick)
    plain = pl.when(text.str.contains(_PLAIN_NUMBER)).then(text)
    if not quick:
        return plain.map_batches(partial(_exact, microseconds), return_dtype=pl.Int64, is_elementwise=True)
    number = plain.cast(pl.Float64, strict=False) * 10.0**microseconds
    sure = (number.abs() < _SURE_US) & ((number - number.floor() - 0.5).abs() > _NEAR_TIE)
    return pl.when(sure).then(number.round()).cast(pl.Int64, strict=False)


def _exact(microseconds: int, numbers: pl.Series) -> pl.Series:
    """Decimal numbers as text, times 10^microseconds, as integers; null from BEYOND."""
    found: list[int | None] = []
    for text in numbers:
        value = None if text is None or len(text) > _MOST_DIGITS else Decimal(text).scaleb(microseconds)
        within = value is not None and abs(value) < BEYOND
        found.append(int(value.to_integral_value(ROUND_HALF_EVEN)) if value is not None and within else None)
    return pl.Series(found, dtype=pl.Int64)


def collapsed(path: pl.Expr) -> pl.Expr:
    """Paths with `*` for each segment that is an id: digits, hex of eight digits or more with a digit in it, a UUID."""
    segment = pl.element()
    is_id = segment.str.contains(_ID_SEGMENT) & (
        segment.str.contains("^[0-9]+$") | (segment.str.len_bytes() >= _LEAST_HEX)
    )
    return path.str.split("/").list.eval(pl.when(is_id).then(pl.lit("*")).otherwise(segment)).list.join("/")


def careful(stamp: pl.Expr) -> pl.Expr:
    """Instants (Int64, µs) of timestamps in any allowed form."""
    return stamp.map_batches(timestamps.careful, return_dtype=pl.Int64, is_elementwise=True)


def _from_unix(stamp: pl.Expr) -> pl.Expr:
    """Seconds since 1970 within the years of the grammar, cut to the microsecond: towards the past, before 1970 too."""
    sound = pl.when(stamp.str.contains(_UNIX_STAMP)).then(stamp)
    whole, fraction = (sound.str.splitn(".", 2).struct.field(f"field_{part}") for part in (0, 1))
    digits = fraction.fill_null("").str.pad_end(_MICRO_DIGITS, "0")
    micros = digits.str.head(_MICRO_DIGITS).str.to_integer(strict=False, dtype=pl.Int64)
    more = digits.str.slice(_MICRO_DIGITS).str.contains("[1-9]").cast(pl.Int64)
    seconds = whole.str.to_integer(strict=False, dtype=pl.Int64) * instants.SECOND_US
    found = pl.when(stamp.str.starts_with("-")).then(seconds - micros - more).otherwise(seconds + micros)
    return pl.when((found >= _FIRST_US) & (found < _AFTER_LAST_US)).then(found)


CLOCKS = {"clf": common_and_combined.instants, "unix": _from_unix}
