"""Cells of lines that a rule takes → the columns of an entry: id, clock, user, status, duration and attributes."""

import polars as pl

from logcorr.formats import addresses, durations, endpoint_path, time_forms
from logcorr.formats.cells import Cells, read_codes, read_durations, without_none
from logcorr.formats.json_fields import NULL
from logcorr.formats.line_format import SPACE
from logcorr.formats.malformed_reasons import DURATION, NO_IDS, REQUEST_ID, STATUS_CODE, TIMESTAMP
from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Time
from logcorr.formats.time_forms import Clocks

_NO_STATUS = ("", "-", "-1")
LACKS = ("", "year", "date")


def text_of(cells: Cells, field: Field) -> pl.Series:
    """The texts of a field; null where there is none."""
    if field.any_of:
        return _first([text_of(cells, one) for one in field.any_of])
    if field.join_of:
        parts = [text_of(cells, one).alias(f"{number}") for number, one in enumerate(field.join_of)]
        return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ")).to_series()
    texts = cells.text(field.path)
    return texts.str.extract(field.pick, 1) if field.pick else texts


def _is_plain(field: Field) -> bool:
    return bool(field.path) and field.pick is None


def _first(columns: list[pl.Series]) -> pl.Series:
    """Row by row the first text that has a value: it is not null, empty, blank or `-`."""
    best = columns[0]
    for texts in columns[1:]:
        has_value = (~best.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=False)
        if has_value.all():
            return best
        best = best.zip_with(has_value | texts.is_null(), texts)
    return best


def _nulls(cells: Cells, dtype: pl.DataType) -> pl.Series:
    return pl.repeat(None, cells.height, dtype=dtype, eager=True)


def _all_false(cells: Cells) -> pl.Series:
    return pl.repeat(value=False, n=cells.height, dtype=pl.Boolean, eager=True)


def holds(cells: Cells, condition: Condition) -> pl.Series:
    """Whether a condition holds for each line."""
    if condition.exists is not None:
        return (cells.kind(condition.path) > NULL) == condition.exists
    if condition.values is not None:
        return cells.equal(condition.path, condition.values)
    if condition.prefix is not None:
        return cells.begins(condition.path, condition.prefix)
    return cells.text(condition.path).str.contains(f"^(?:{condition.match})").fill_null(value=False)


def ids(cells: Cells, fields: tuple[Field, ...]) -> pl.Series:
    """The ids of lines; null where a part is missing, or is no id. The parts of a composite id are joined by `/`."""
    words = NO_IDS if len(fields) == 1 else ("",)
    parts = [_id_part(cells, field, words).alias(f"{number}") for number, field in enumerate(fields)]
    if len(parts) < 2:
        return parts[0] if parts else _nulls(cells, pl.String())
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="/")).to_series()


def _id_part(cells: Cells, field: Field, words: tuple[str, ...]) -> pl.Series:
    if _is_plain(field):
        return cells.request_id(field.path, words)
    text = text_of(cells, field).str.strip_chars(SPACE)
    wrong = text.str.to_lowercase().is_in(list(words)).fill_null(value=True)
    return text.set(wrong, None) if wrong.any() else text


def plain_text(cells: Cells, field: Field | None) -> pl.Series:
    """The texts of a field without blanks at their ends; null for nothing and for `-`."""
    if field is None:
        return _nulls(cells, pl.String())
    if _is_plain(field):
        return cells.value(field.path)
    return without_none(text_of(cells, field).str.strip_chars(SPACE))


def statuses(cells: Cells, status: Status | None) -> tuple[pl.Series, pl.Series]:
    """The status codes (Int16, null for none), and which lines have a status that cannot be read."""
    if status is None:
        return _nulls(cells, pl.Int16()), _all_false(cells)
    if status.field is None:
        return pl.repeat(status.always, cells.height, dtype=pl.Int16, eager=True), _all_false(cells)
    plain = _is_plain(status.field)
    if plain and status.codes is None:
        code = cells.codes(status.field.path)
        if not code.null_count():
            return code, _all_false(cells)
    text = text_of(cells, status.field).str.strip_chars(SPACE)
    missing = text.is_null() | text.is_in(_NO_STATUS).fill_null(value=True)
    code = read_codes(text)
    if status.codes is not None:
        known = text.replace_strict(status.codes, default=None, return_dtype=pl.Int16)
        code, missing = known.zip_with(known.is_not_null(), code), missing & known.is_null()
    if status.otherwise is not None:
        code = code.set(code.is_null() & ~missing, status.otherwise)
    if status.null is not None:
        code = code.set(missing, status.null)
    wrong = code.is_null()
    return code, wrong & ~missing if status.null_is_none else wrong


def given_durations(cells: Cells, duration: Duration | None) -> tuple[pl.Series, pl.Series]:
    """The durations that lines tell (Int64, µs, null for none), and which lines have one that cannot be read."""
    if duration is None:
        return _nulls(cells, pl.Int64()), _all_false(cells)
    if duration.sum_of:
        parts = [text_of(cells, field).str.strip_chars(SPACE) for field in duration.sum_of]
        return durations.sum_of(parts, duration.unit or "s"), _all_false(cells)
    if duration.unit is not None and _is_plain(duration.field):
        read, wrong = cells.micros(duration.field.path, duration.unit)
    elif duration.unit is not None:
        read, wrong = read_durations(text_of(cells, duration.field).str.strip_chars(SPACE), duration.unit)
    else:
        text = plain_text(cells, duration.field)
        read = _in_units(cells, text, duration)
        wrong = read.is_null() & text.is_not_null()
    return read, _all_false(cells) if duration.lenient else wrong


def _in_units(cells: Cells, text: pl.Series, duration: Duration) -> pl.Series:
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

    def __init__(self, cells: Cells, time: Time) -> None:
        self.clock, self.shift = _nulls(cells, pl.Int64()), _nulls(cells, pl.Int64())
        self.lacks = pl.repeat(0, cells.height, dtype=pl.UInt8, eager=True)
        self._open = ~_all_false(cells)
        for one in time.any_of or (time,):
            if self._open.any():
                self._add(cells, one)

    def _add(self, cells: Cells, time: Time) -> None:
        if _is_plain(time.field):
            read = cells.clocks(time.field.path, time.form)
        else:
            read = time_forms.clocks(text_of(cells, time.field).str.strip_chars(SPACE), time.form)
        lacks = LACKS.index(time_forms.lacks(time.form))
        taken = self._open & read.clock.is_not_null()
        if taken.all():
            self.clock, self.shift = read.clock, read.shift
        else:
            self.clock, self.shift = read.clock.zip_with(taken, self.clock), read.shift.zip_with(taken, self.shift)
        self.lacks = self.lacks.set(taken, lacks) if lacks and taken.any() else self.lacks
        self._open &= ~taken

    def instants(self, zone: str) -> tuple[pl.Series, int]:
        """The instants (Int64, µs) of stamps that lack nothing, and how many were in a doubled hour."""
        return time_forms.to_utc(Clocks(clock=self.clock, shift=self.shift), zone)


def attribute(cells: Cells, name: str, field: Field | None, member: str) -> pl.Series:
    """The texts of an attribute; `member` is which member of a list of addresses is the client."""
    text = plain_text(cells, field)
    if name == "endpoint":
        return text.to_frame("text").select(endpoint_path.path(pl.col("text"))).to_series()
    return addresses.clients(text, member) if name == "ip" else text


def entry(
    cells: Cells, profile: Profile, rule: Rule, zone: str, member: str, *, in_order: bool
) -> tuple[pl.DataFrame, int]:
    """The lines that a rule of an event takes, with the columns of an entry and `reason`; and the doubled stamps.

    Columns: row, reason, time, request_id, user_id, status_code, given_us, weak and a column for each attribute. With
    `in_order`, what clocks that depend on lines above need too: clock, shift, lacks, zone, previous.
    """
    time = rule.time or profile.time or Time(kind="none")
    clocks, no_clock, doubled = _clock_columns(cells, time, zone, in_order=in_order)
    own_ids = rule.id if rule.id is not None else profile.id
    request_id = ids(cells, own_ids) if profile.is_pair else _nulls(cells, pl.String())
    status, wrong_status = statuses(cells, rule.status)
    given, wrong_duration = given_durations(cells, rule.duration)
    own = {**profile.attributes, **rule.attributes}
    columns = [
        cells.rows,
        *clocks,
        request_id.alias("request_id"),
        plain_text(cells, rule.user or profile.user).alias("user_id"),
        status.alias("status_code"),
        given.alias("given_us"),
    ]
    for name in profile.attribute_names:
        field = own.get(name) or getattr(rule, name, None) or getattr(profile, name, None)
        columns.append(attribute(cells, name, field, member).alias(name))
    wrong = [(no_clock, TIMESTAMP), (wrong_status, STATUS_CODE), (wrong_duration, DURATION)]
    if profile.is_pair:
        wrong.insert(1, (request_id.is_null(), REQUEST_ID))
    reasons = [pl.when(pl.lit(which)).then(pl.lit(name)) for which, name in wrong if which.any()]
    reason = pl.coalesce(reasons) if reasons else pl.lit(None, pl.String)
    return pl.DataFrame(columns).with_columns(reason.alias("reason"), pl.lit(rule.weak).alias("weak")), doubled


def _clock_columns(cells: Cells, time: Time, zone: str, *, in_order: bool) -> tuple[list[pl.Series], pl.Series, int]:
    """The columns of clocks, which lines have no clock and should, and how many stamps are of a doubled hour."""
    count, doubled = cells.height, 0
    lacks = pl.repeat(0, count, dtype=pl.UInt8, eager=True)
    no_clock = _all_false(cells)
    if time.kind == "field":
        stamps = Stamps(cells, time)
        instants, doubled = stamps.instants(zone)
        clock, shift, lacks = stamps.clock, stamps.shift, stamps.lacks
        instants = instants.set(lacks > 0, None) if in_order and (lacks > 0).any() else instants
        no_clock = clock.is_null()
    else:
        instants, clock, shift = (_nulls(cells, pl.Int64()) for _ in range(3))
    if not in_order:
        return [instants.alias("time")], no_clock | (instants.is_null() & (time.kind == "field")), doubled
    previous = pl.repeat(time.kind == "previous", count, dtype=pl.Boolean, eager=True)
    named = {"time": instants, "clock": clock, "shift": shift, "lacks": lacks, "previous": previous}
    columns = [column.alias(name) for name, column in named.items()]
    return [*columns, pl.repeat(zone, count, dtype=pl.String, eager=True).alias("zone")], no_clock, doubled


def collapsed(name: str) -> pl.Expr:
    """The named column of endpoints with `*` for ids."""
    return endpoint_path.collapsed(pl.col(name)).alias(name)
