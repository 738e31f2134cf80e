"""What the order of lines in a file tells: the date of a clock without one, the clock of a line without one, restarts.

This is the one place where the order of lines counts.
"""

from datetime import date

import polars as pl

from logcorr.formats import time_forms
from logcorr.formats.time_forms import DAY_US, Clocks

_HALF_DAY_US = DAY_US // 2
_HALF_YEAR_DAYS = 180


class LogClock:
    """The state of reading one file in order: `apply` takes its lines, chunk after chunk.

    `given_date` (YYYY-MM-DD) is the date of the first line, for clocks without a date. `rolled` counts how often the
    clock fell back, `previous` how many entries have that of a line above, `doubled` the stamps of doubled hours.
    """

    def __init__(self, given_date: str | None) -> None:
        self._date = date.fromisoformat(given_date) if given_date else date(1970, 1, 1)
        self.rolled = self.previous = self.doubled = self.restarts = 0
        self.start_file()

    def start_file(self) -> None:
        """Forgets what the lines of the file before told. Restarts count on: ids of another process are others."""
        self._clock: int | None = None
        self._periods = 0
        self._last_time: int | None = None
        self._restarts = 0

    def apply(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The lines of one file (columns of entries, and `kind`), in order, with their final `time` and ids."""
        lines = lines.sort("row")
        if (lines["lacks"].fill_null(0) > 0).any():
            lines = self._dated(lines)
        lines = self._with_previous(lines)
        if self._restarts or (lines["kind"] == "restart").any():
            lines = self._numbered(lines)
        return lines

    def _dated(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Gives clocks without a date or a year theirs. A clock that falls back by over 12 hours is the next day."""
        rows = ((lines["lacks"].fill_null(0) > 0) & lines["clock"].is_not_null()).arg_true()
        if not rows.len():
            return lines
        part = lines.gather(rows)
        clock, years = part["clock"], int(part["lacks"][0]) == 1
        before = clock.shift(1, fill_value=self._clock if self._clock is not None else clock[0])
        limit = _HALF_YEAR_DAYS * DAY_US if years else _HALF_DAY_US
        falls = (clock - before) < -limit
        periods = falls.cast(pl.Int64).cum_sum() + self._periods
        self.rolled += int(falls.sum())
        self._clock, self._periods = int(clock[-1]), int(periods[-1])
        dated = self._in_years(clock, periods) if years else clock + periods * DAY_US + self._midnight()
        time = pl.repeat(None, part.height, dtype=pl.Int64, eager=True)
        for zone in part["zone"].unique().drop_nulls():
            instants, doubled = time_forms.to_utc(Clocks(clock=dated, shift=part["shift"]), zone)
            of_zone = part["zone"] == zone
            time = instants.zip_with(of_zone, time)
            self.doubled += doubled
        return lines.with_columns(lines["time"].scatter(rows, time))

    def _midnight(self) -> int:
        return (self._date - date(1970, 1, 1)).days * DAY_US

    def _in_years(self, clock: pl.Series, periods: pl.Series) -> pl.Series:
        """Clocks of any year in the year of the given date, and later years."""
        frame = pl.DataFrame({"clock": clock.cast(pl.Datetime("us")), "year": periods + self._date.year})
        stamp = pl.concat_str(
            pl.col("year").cast(pl.String).str.zfill(4), pl.col("clock").dt.strftime("-%m-%d %H:%M:%S%.6f")
        )
        read = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False).to_physical()
        return frame.select(read.alias("clock")).to_series()

    def _with_previous(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Gives lines without a clock of their own that of the last line above that had one."""
        times = lines["time"]
        wanted = lines["previous"].fill_null(value=False)
        own = times.drop_nulls()
        if wanted.any():
            known = times if self._last_time is None else pl.concat([pl.Series([self._last_time]), times.rename("")])
            filled = known.forward_fill().tail(times.len()).rename("time")
            self.previous += int((wanted & filled.is_not_null()).sum())
            lines = lines.with_columns(filled.zip_with(wanted, times))
        if own.len():
            self._last_time = int(own[-1])
        return lines

    def _numbered(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Adds the number of the restart to ids after it."""
        begun = (lines["kind"] == "restart").cast(pl.Int64).cum_sum()
        number, of_file = begun + self.restarts, begun + self._restarts
        self.restarts += int(begun[-1])
        self._restarts += int(begun[-1])
        suffixed = pl.concat_str(pl.col("request_id"), pl.lit("#"), pl.lit(number).cast(pl.String))
        return lines.with_columns(
            pl.when(of_file > 0).then(suffixed).otherwise(pl.col("request_id")).alias("request_id")
        )
