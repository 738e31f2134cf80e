"""Cells of lines that a rule takes → the values of their fields: id, clock, user, status, duration and attributes."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.text_codes import NO_TEXT, TextCodes
from logcorr.formats import addresses, durations, endpoint_path, time_forms
from logcorr.formats.cells import AttributeKind, Cells, read_codes, read_durations, some, without_none
from logcorr.formats.json_fields import BOOLEAN, CONTAINER, NULL, NUMBER
from logcorr.formats.line_format import SPACE
from logcorr.formats.malformed_reasons import NO_IDS
from logcorr.formats.profile import Condition, Duration, Field, Status, Time, Unit
from logcorr.formats.time_forms import Clocks

_KINDS: Mapping[str, AttributeKind] = {"endpoint": "target", "ip": "client"}
_NO_STATUS = ("", "-", "-1")
LACKS = ("", "year", "date")


def text_of(cells: Cells, field: Field) -> pl.Series:
    """The texts of a field; null where there is none."""
    if field.any_of:
        return _first(cells, field.any_of, text_of)
    if field.join_of:
        parts = [text_of(cells, one).alias(f"{number}") for number, one in enumerate(field.join_of)]
        return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ")).to_series()
    return cells.text(path_of(cells, field))


def path_of(cells: Cells, field: Field) -> str:
    """The path of the cells of a field that is at a path; of a part of a text, cells that hold the part alone."""
    return field.path if field.pick is None else cells.pick(field.path, field.pick)


def _first(cells: Cells, fields: Sequence[Field], read: Callable[[Cells, Field], pl.Series]) -> pl.Series:
    """Row by row what `read` gives for the first field that has a value: it is not null, empty, blank or `-`.

    A field is read only in those lines where the fields before it have no value.
    """
    best = read(cells, fields[0])
    for field in fields[1:]:
        lacking = (best.is_null() | best.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=True)
        if not lacking.any():
            break
        if not any(map(cells.has, field.paths())):
            continue
        if lacking.all():
            texts = read(cells, field)
            best = texts.zip_with(texts.is_not_null(), best)
        else:
            rows = lacking.arg_true()
            texts = read(cells.filter(lacking), field)
            best = best.scatter(rows, texts.zip_with(texts.is_not_null(), best.gather(rows)))
    return best


def _nulls(cells: Cells, dtype: pl.DataType) -> pl.Series:
    return pl.repeat(None, cells.height, dtype=dtype, eager=True)


def holds(cells: Cells, condition: Condition) -> pl.Series:
    """Whether a condition holds for each line."""
    if condition.exists is not None:
        return (cells.kind(condition.path) > NULL) == condition.exists
    if condition.null is not None:
        return (cells.kind(condition.path) == NULL) == condition.null
    if condition.values is not None:
        return cells.equal(condition.path, condition.values)
    if condition.prefix is not None:
        return cells.begins(condition.path, condition.prefix)
    return cells.matches(condition.path, condition.match or "")


def ids(cells: Cells, fields: tuple[Field, ...]) -> pl.Series:
    """The ids of lines; null where a part is missing, or is no id. The parts of a composite id are joined by `/`."""
    words = NO_IDS if len(fields) == 1 else ("",)
    parts = [_id_part(cells, field, words).alias(f"{number}") for number, field in enumerate(fields)]
    if len(parts) < 2:
        return parts[0] if parts else _nulls(cells, pl.String())
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="/")).to_series()


def _id_part(cells: Cells, field: Field, words: tuple[str, ...]) -> pl.Series:
    if field.pick is not None:
        # A part of true or false is no id either.
        text = cells.request_id(path_of(cells, field), words)
        wrong = cells.kind(field.path) == BOOLEAN
        return text.set(wrong, None) if wrong.any() else text
    if field.path:
        return cells.request_id(field.path, words)
    text = text_of(cells, field).str.strip_chars(SPACE)
    wrong = text.str.to_lowercase().is_in(list(words)).fill_null(value=True)
    return text.set(wrong, None) if wrong.any() else text


def plain_text(cells: Cells, field: Field) -> pl.Series:
    """The texts of a field without blanks at their ends; null for nothing and for `-`."""
    if field.path:
        return cells.value(path_of(cells, field))
    if field.any_of:
        return _first(cells, field.any_of, plain_text)
    return without_none(text_of(cells, field).str.strip_chars(SPACE))


def statuses(cells: Cells, status: Status) -> tuple[pl.Series, pl.Series | None]:
    """The status codes (Int16, null for none), and which lines have a status that cannot be read (None for none)."""
    if status.field is None:
        return pl.Series(np.full(cells.height, status.always, np.int16)), None
    if not status.field.path or status.codes is not None:
        return _careful_statuses(cells, status, status.field, None)
    code = cells.codes(path_of(cells, status.field))
    left = code.is_null()
    if not left.any():
        return code, None
    slow, slow_wrong = _careful_statuses(cells.filter(left), status, status.field, code.filter(left))
    rows = left.arg_true()
    wrong = None if slow_wrong is None else pl.Series(np.zeros(cells.height, np.bool_)).scatter(rows, slow_wrong)
    return code.scatter(rows, slow), wrong


def _careful_statuses(
    cells: Cells, status: Status, field: Field, read: pl.Series | None
) -> tuple[pl.Series, pl.Series | None]:
    """As `statuses`, for any status that has a field. `read` are the codes of the texts, where they are known."""
    text = text_of(cells, field).str.strip_chars(SPACE)
    missing = text.is_null() | text.is_in(_NO_STATUS).fill_null(value=True)
    if field.path:
        missing &= cells.kind(field.path) != CONTAINER
    is_number = cells.kind(field.path) == NUMBER if field.path and field.pick is None else None
    code = read_codes(text, is_number) if read is None else read
    if status.codes is not None:
        if is_number is not None and is_number.any():
            # A number such as 2e2 is looked up as 200.
            text = text.zip_with(~is_number | code.is_null(), code.cast(pl.String))
        known = text.replace_strict(status.codes, default=None, return_dtype=pl.Int16)
        # With `else`, a number that the table does not have is one of the other texts.
        code = known if status.otherwise is not None else known.zip_with(known.is_not_null(), code)
        missing &= known.is_null()
    if status.otherwise is not None:
        code = code.set(code.is_null() & ~missing, status.otherwise)
    if status.null is not None:
        code = code.set(missing, status.null)
    wrong = code.is_null()
    return code, some(wrong & ~missing if status.null_is_none else wrong)


def given_durations(cells: Cells, duration: Duration) -> tuple[pl.Series, pl.Series | None]:
    """The durations that lines tell (Int64, µs, null for none), and which lines have one that cannot be read."""
    if duration.sum_of:
        return durations.sum_of([_micros(cells, field, duration.unit or "s")[0] for field in duration.sum_of]), None
    if duration.unit is not None:
        read, wrong = _micros(cells, duration.field, duration.unit)
    else:
        text = plain_text(cells, duration.field)
        read = _in_units(cells, text, duration)
        wrong = some(read.is_null() & text.is_not_null())
    return read, None if duration.lenient else wrong


def _micros(cells: Cells, field: Field, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
    """The durations of a field: see `Cells.micros`."""
    if field.path:
        return cells.micros(path_of(cells, field), unit)
    return read_durations(text_of(cells, field).str.strip_chars(SPACE), unit)


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


class Stamps(msgspec.Struct):
    """The clocks of lines, and `lacks`: for each line the place in LACKS of what its stamp lacks; None for nothing."""

    read: Clocks
    lacks: pl.Series | None = None

    @property
    def dated(self) -> Clocks:
        """The clocks whose stamps tell their date; null for the others."""
        if self.lacks is None:
            return self.read
        return Clocks(clock=self.read.clock.set(self.lacks > 0, None), shift=self.read.shift)


def stamps(cells: Cells, time: Time) -> Stamps:
    """The clocks of lines. Of several times the first that can be read counts."""
    found = _stamps_of(cells, time.any_of[0] if time.any_of else time)
    for one in time.any_of[1:]:
        taken = found.read.clock.is_null()
        if not taken.any():
            break
        if not any(map(cells.has, one.field.paths())):
            continue
        if taken.all():
            found = _stamps_of(cells, one)
            continue
        rows, before = taken.arg_true(), found.read
        more = _clocks(cells.filter(taken), one)
        shift = None
        if before.shift is not None or more.shift is not None:
            shift = before.shifts.scatter(rows, more.shifts)
        found.read = Clocks(clock=before.clock.scatter(rows, more.clock), shift=shift)
        lacked = LACKS.index(time_forms.lacks(one.form))
        if lacked or found.lacks is not None:
            known = pl.Series(np.zeros(cells.height, np.uint8)) if found.lacks is None else found.lacks
            found.lacks = known.scatter(rows.filter(more.clock.is_not_null()), lacked)
    return found


def _stamps_of(cells: Cells, time: Time) -> Stamps:
    """The clocks of one time in all lines."""
    lacked = LACKS.index(time_forms.lacks(time.form))
    return Stamps(_clocks(cells, time), pl.Series(np.full(cells.height, lacked, np.uint8)) if lacked else None)


def _clocks(cells: Cells, time: Time) -> Clocks:
    if time.field.path:
        return cells.clocks(path_of(cells, time.field), time.form)
    return time_forms.clocks(text_of(cells, time.field).str.strip_chars(SPACE), time.form)


def attribute(
    cells: Cells, name: str, field: Field, member: str, *, escaped: bool, codes: TextCodes | None = None
) -> pl.Series:
    r"""The texts of an attribute; `member` is which member of a list of addresses is the client.

    With `codes` it may be their codes (UInt32).

    With `escaped`, quotes and backslashes stand behind a backslash, as servers write them in lines of text. Other
    escapes (`\x16`) stay as they are written, so that they can be searched for in the log.
    """
    fields = list(field.any_of or (field,))
    while len(fields) > 1 and not any(map(cells.has, fields[0].paths())):
        del fields[0]
    if not fields[0].path:
        return _read_attribute(plain_text(cells, field), name, member, escaped=escaped)
    read = cells.attribute(path_of(cells, fields[0]), _KINDS.get(name, "text"), escaped=escaped, codes=codes)
    column, odd = read.column, read.odd
    as_codes = codes if column.dtype == pl.UInt32 else None
    if odd.len():
        column = _with_texts(column, odd, _read_attribute(read.odd_texts, name, member, escaped=escaped), as_codes)
    lacking = column.is_null() if as_codes is None else column == NO_TEXT
    if len(fields) > 1 and lacking.any():
        rest = plain_text(cells.filter(lacking), Field(any_of=tuple(fields)))
        rest = _read_attribute(rest, name, member, escaped=escaped)
        column = _with_texts(column, lacking.arg_true(), rest, as_codes)
    return column


def _with_texts(column: pl.Series, places: pl.Series, texts: pl.Series, codes: TextCodes | None) -> pl.Series:
    """A column of texts, or of codes, with other texts at some places."""
    return column.scatter(places, texts if codes is None else pl.Series(codes.of_texts(texts)))


def _read_attribute(text: pl.Series, name: str, member: str, *, escaped: bool) -> pl.Series:
    """The texts of an attribute, out of the plain texts of its field: see `attribute`."""
    if escaped and text.str.contains("\\", literal=True).any():
        text = text.str.replace_all(r'\\(["\\])', "$1")
    if name == "endpoint":
        return endpoint_path.paths(text)
    return addresses.clients(text, member) if name == "ip" else text
