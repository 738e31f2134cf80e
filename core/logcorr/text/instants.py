"""Microseconds ↔ text, and the clock-aligned grid that timeline and windows count on."""

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_POINTS = 240
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a timeline bucket and of a window, in µs; both are aligned to 1970-01-01T00:00:00Z."""

    bucket_us: int
    window_us: int


def grid(first_us: int | None, last_us: int | None, window_us: int) -> Grid:
    """The grid for a log between two instants: the narrowest bucket that makes at most 240 points."""
    span = (last_us or 0) - (first_us or 0)
    steps = (step * SECOND_US for step in _STEPS_S)
    whole_weeks = -(-span // (_MOST_POINTS * _STEPS_S[-1] * SECOND_US)) * _STEPS_S[-1] * SECOND_US
    return Grid(
        bucket_us=next((step for step in steps if span <= step * _MOST_POINTS), whole_weeks), window_us=window_us
    )


def text(instant_us: int) -> str:
    """RFC 3339 in UTC with `Z`: whole seconds without a fraction, others to the microsecond."""
    try:
        moment = _EPOCH + timedelta(microseconds=instant_us)
    except OverflowError:  # a shift by a zone can leave the years that datetime knows
        return str(pl.select(text_of(pl.lit(instant_us))).item())
    return moment.strftime(f"{moment.year:04d}-%m-%dT%H:%M:%S" + (".%f" if moment.microsecond else "")) + "Z"


def text_of(instant_us: pl.Expr) -> pl.Expr:
    """`text` for a column of instants (Int64 µs or Datetime)."""
    micros = instant_us.cast(pl.Int64)
    text = micros.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return pl.when(micros % SECOND_US == 0).then(text.str.strip_suffix(".000000Z") + "Z").otherwise(text)


def ms(duration_us: float | None) -> float | None:
    """Microseconds as milliseconds."""
    return None if duration_us is None else duration_us / 1000
