"""Cells of lines that a rule takes → the columns of an entry: id, clock, user, status, duration and attributes."""

import polars as pl

from logcorr.formats import addresses, durations, endpoint_path, time_forms
from logcorr.formats.json_fields import BOOLEAN, CONTAINER, NULL
from logcorr.formats.line_format import SPACE
from logcorr.formats.malformed_reasons import DURATION, NO_IDS, REQUEST_ID, STATUS_CODE, TIMESTAMP
from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Time
from logcorr.formats.profile_cells import WRAPPER_FIELDS, kind_column, text_column
from logcorr.formats.time_forms import Clocks

_NO_STATUS = ("", "-", "-1")
_STATUS = r"^[0-9]{1,3}$"
LACKS = ("", "year", "date")


def text_of(cells: pl.DataFrame, field: Field) -> pl.Series:
    """The texts of a field; null where there is none."""
    if field.any_of:
        return _first([text_of(cells, one) for one in field.any_of])
    if field.join_of:
        parts = [text_of(cells, one).alias(f"{number}") for number, one in enumerate(field.join_of)]
        return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ")).to_series()
    if field.path in WRAPPER_FIELDS:
        texts = cells.get_column(field.path) if field.path in cells.columns else _nulls(cells, pl.String())
    else:
        column = text_column(field.path)
        texts = cells.get_column(column) if column in cells.columns else _nulls(cells, pl.String())
    return texts.str.extract(field.pick, 1) if field.pick else texts


def _first(columns: list[pl.Series]) -> pl.Series:
    """Row by row the first text that has a value: it is not null, empty, blank or `-`."""
    best = columns[0]
    for texts in columns[1:]:
        has_value = (~best.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=False)
        if has_value.all():
            return best
        best = best.zip_with(has_value | texts.is_null(), texts)
    return best


def _nulls(cells: pl.DataFrame, dtype: pl.DataType) -> pl.Series:
    return pl.repeat(None, cells.height, dtype=dtype, eager=True)


def holds(cells: pl.DataFrame, condition: Condition) -> pl.Series:
    """Whether a condition holds for each line."""
    text = text_of(cells, Field(path=condition.path))
    if condition.exists is not None:
        kind = kind_column(condition.path)
        there = cells.get_column(kind) > NULL if kind in cells.columns else text.is_not_null()
        return there == condition.exists
    if condition.values is not None:
        if len(condition.values) == 1:
            return (text == condition.values[0]).fill_null(value=False)
        return text.is_in(list(condition.values)).fill_null(value=False)
    if condition.prefix is not None:
        return text.str.starts_with(condition.prefix).fill_null(value=False)
    return text.str.contains(f"^(?:{condition.match})").fill_null(value=False)


def ids(cells: pl.DataFrame, fields: tuple[Field, ...]) -> pl.Series:
    """The ids of lines; null where a part is missing, or is no id. The parts of a composite id are joined by `/`."""
    parts = []
    for number, field in enumerate(fields):
        text = text_of(cells, field).str.strip_chars(SPACE)
        none = ["", *NO_IDS] if len(fields) == 1 else [""]
        wrong = text.str.to_lowercase().is_in(none).fill_null(value=True)
        kind = kind_column(field.path)
        if kind in cells.columns:
            wrong |= cells.get_column(kind).is_in([BOOLEAN, CONTAINER])
        parts.append(text.set(wrong, None).alias(f"{number}") if wrong.any() else text.alias(f"{number}"))
    if len(parts) == 1:
        return parts[0]
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="/")).to_series()


def plain_text(cells: pl.DataFrame, field: Field | None) -> pl.Series:
    """The texts of a field without blanks at their ends; null for nothing and for `-`."""
    if field is None:
        return _nulls(cells, pl.String())
    text = text_of(cells, field).str.strip_chars(SPACE)
    none = text.is_in(["", "-"]).fill_null(value=False)
    return text.set(none, None) if none.any() else text


def statuses(cells: pl.DataFrame, status: Status | None) -> tuple[pl.Series, pl.Series]:
    """The status codes (Int16, null for none), and which lines have a status that cannot be read."""
    good = pl.repeat(value=False, n=cells.height, dtype=pl.Boolean, eager=True)
    if status is None:
        return _nulls(cells, pl.Int16()), good
    if status.field is None:
        return pl.repeat(status.always, cells.height, dtype=pl.Int16, eager=True), good
    text = text_of(cells, status.field).str.strip_chars(SPACE)
    missing = text.is_null() | text.is_in(_NO_STATUS).fill_null(value=True)
    digits = pl.when(pl.col("text").str.contains(_STATUS)).then(pl.col("text"))
    code = text.to_frame("text").select(digits.cast(pl.Int16, strict=False)).to_series()
    if status.codes is not None:
        known = text.replace_strict(status.codes, default=None, return_dtype=pl.Int16)
        code, missing = known.zip_with(known.is_not_null(), code), missing & known.is_null()
    if status.otherwise is not None:
        code = code.set(code.is_null() & ~missing, status.otherwise)
    if status.null is not None:
        code = code.set(missing, status.null)
    wrong = code.is_null()
    return code, wrong & ~missing if status.null_is_none else wrong


def given_durations(cells: pl.DataFrame, duration: Duration | None) -> tuple[pl.Series, pl.Series]:
    """The durations that lines tell (Int64, µs, null for none), and which lines have one that cannot be read."""
    if duration is None:
        return _nulls(cells, pl.Int64()), pl.repeat(value=False, n=cells.height, dtype=pl.Boolean, eager=True)
    if duration.sum_of:
        parts = [text_of(cells, field).str.strip_chars(SPACE) for field in duration.sum_of]
        read = durations.sum_of(parts, duration.unit or "s")
        return read, pl.repeat(value=False, n=cells.height, dtype=pl.Boolean, eager=True)
    text = text_of(cells, duration.field).str.strip_chars(SPACE)
    none = text.is_in(["", "-"]).fill_null(value=False)
    text = text.set(none, None) if none.any() else text
    read = durations.micros(text, duration.unit) if duration.unit else _in_units(cells, text, duration)
    wrong = read.is_null() & text.is_not_null()
    return read, wrong & (not duration.lenient)


def _in_units(cells: pl.DataFrame, text: pl.Series, duration: Duration) -> pl.Series:
    """Durations whose lines name the unit."""
    units = text_of(cells, duration.unit_field or Field())
    read = _nulls(cells, pl.Int64())
    for word in units.unique().drop_nulls():
        unit = duration.units.get(word, word)
        if unit in (*durations.POWERS, "go", "timedelta"):
            of_unit = (units == word).fill_null(value=False)
            read = durations.micros(text, unit).zip_with(of_unit, read)
    return read


class Stamps:
    """The clocks of lines: `clock` and `shift` as in `Clocks`, and `lacks`: the place in LACKS of what is missing."""

    def __init__(self, cells: pl.DataFrame, time: Time) -> None:
        self.clock, self.shift = _nulls(cells, pl.Int64()), _nulls(cells, pl.Int64())
        self.lacks = pl.repeat(0, cells.height, dtype=pl.UInt8, eager=True)
        self._open = pl.repeat(value=True, n=cells.height, dtype=pl.Boolean, eager=True)
        for one in time.any_of or (time,):
            self._add(cells, one, alone=not time.any_of)

    def _add(self, cells: pl.DataFrame, time: Time, *, alone: bool) -> None:
        text = text_of(cells, time.field).str.strip_chars(SPACE)
        read = time_forms.clocks(text, time.form)
        lacks = LACKS.index(time_forms.lacks(time.form))
        if alone:
            self.clock, self.shift = read.clock, read.shift
            self.lacks = pl.repeat(lacks, cells.height, dtype=pl.UInt8, eager=True)
            return
        taken = self._open & read.clock.is_not_null()
        self.clock, self.shift = read.clock.zip_with(taken, self.clock), read.shift.zip_with(taken, self.shift)
        self.lacks = self.lacks.set(taken, lacks) if lacks and taken.any() else self.lacks
        self._open &= ~taken

    def instants(self, zone: str) -> tuple[pl.Series, int]:
        """The instants (Int64, µs) of stamps that lack nothing, and how many were in a doubled hour."""
        return time_forms.to_utc(Clocks(clock=self.clock, shift=self.shift), zone)


def attribute(cells: pl.DataFrame, name: str, field: Field | None, member: str) -> pl.Series:
    """The texts of an attribute; `member` is which member of a list of addresses is the client."""
    text = plain_text(cells, field)
    if name == "endpoint":
        return text.to_frame("text").select(endpoint_path.path(pl.col("text"))).to_series()
    return addresses.clients(text, member) if name == "ip" else text


def entry(cells: pl.DataFrame, profile: Profile, rule: Rule, zone: str, member: str) -> tuple[pl.DataFrame, int]:
    """The lines that a rule of an event takes, with the columns of an entry and `reason`; and the doubled stamps.

    Columns: row, kind, reason, time, request_id, user_id, status_code, given_us, weak, a column for each attribute, and
    for clocks that depend on lines above: clock, shift, lacks, zone, previous.
    """
    time = rule.time or profile.time or Time(kind="none")
    clocks, doubled = _clock_columns(cells, time, rule.zone or zone)
    own_ids = rule.id if rule.id is not None else profile.id
    request_id = ids(cells, own_ids) if profile.is_pair else _nulls(cells, pl.String())
    status, wrong_status = statuses(cells, rule.status)
    given, wrong_duration = given_durations(cells, rule.duration)
    own = {**profile.attributes, **rule.attributes}
    fields = {name: own.get(name) or getattr(rule, name, None) or getattr(profile, name, None) for name in own}
    for name in profile.attribute_names:
        fields.setdefault(name, getattr(rule, name, None) or getattr(profile, name, None))
    columns = [
        cells.get_column("row"),
        *clocks,
        request_id.alias("request_id"),
        plain_text(cells, rule.user or profile.user).alias("user_id"),
        status.alias("status_code"),
        given.alias("given_us"),
        *(attribute(cells, name, fields[name], member).alias(name) for name in profile.attribute_names),
    ]
    wrong = [
        (clocks[1].is_null() & (time.kind == "field"), TIMESTAMP),
        (request_id.is_null() & profile.is_pair, REQUEST_ID),
        (wrong_status, STATUS_CODE),
        (wrong_duration, DURATION),
    ]
    reasons = [pl.when(pl.lit(which)).then(pl.lit(name)) for which, name in wrong]
    return pl.DataFrame(columns).with_columns(
        pl.lit(rule.event).alias("kind"), pl.lit(rule.weak).alias("weak"), pl.coalesce(reasons).alias("reason")
    ), doubled


def _clock_columns(cells: pl.DataFrame, time: Time, zone: str) -> tuple[list[pl.Series], int]:
    """The columns time, clock, shift, lacks, zone and previous, and how many stamps are of a doubled hour."""
    count, doubled = cells.height, 0
    lacks = pl.repeat(0, count, dtype=pl.UInt8, eager=True)
    if time.kind == "field":
        stamps = Stamps(cells, time)
        instants, doubled = stamps.instants(zone)
        clock, shift, lacks = stamps.clock, stamps.shift, stamps.lacks
        instants = instants.set(lacks > 0, None) if (lacks > 0).any() else instants
    else:
        instants, clock, shift = (_nulls(cells, pl.Int64()) for _ in range(3))
    previous = pl.repeat(time.kind == "previous", count, dtype=pl.Boolean, eager=True)
    named = {"time": instants, "clock": clock, "shift": shift, "lacks": lacks, "previous": previous}
    columns = [column.alias(name) for name, column in named.items()]
    return [*columns, pl.repeat(zone, count, dtype=pl.String, eager=True).alias("zone")], doubled


def collapsed(name: str) -> pl.Expr:
    """The named column of endpoints with `*` for ids."""
    return endpoint_path.collapsed(pl.col(name)).alias(name)
