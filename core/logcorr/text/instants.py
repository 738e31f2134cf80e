"""Microseconds ↔ text, and the clock-aligned grid that timeline and windows count on."""

from datetime import UTC, datetime, timedelta

import polars as pl

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC, microsecond=0) - EPOCH).total_seconds()


def seconds(stamp: str) -> float:
    """An RFC 3339 time of the report as seconds since 1970 in UTC."""
    return (datetime.fromisoformat(stamp).replace(tzinfo=UTC) - EPOCH).total_seconds()


def clock(at: float, form: str) -> str:
    """Seconds since 1970 in a strftime form; what lies past the year 9999 is shown as its end."""
    moment = EPOCH + timedelta(seconds=min(at, _LAST))
    # strftime pads years before 1000 on some platforms only.
    return moment.strftime(form.replace("%Y", f"{moment.year:04d}"))
