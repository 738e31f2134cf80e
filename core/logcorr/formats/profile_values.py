"""Values of a profile's keys, as TOML has them → structs: fields, times, conditions, statuses, durations.

Each reader takes the value and its place, and raises ProfileError where the value is no value of that key.
"""

from collections.abc import Mapping
from typing import Any, cast, get_args

from logcorr.formats import profile_place
from logcorr.formats.profile import Condition, Duration, Field, Status, Time, Unit
from logcorr.formats.profile_place import Decimal, Place, check_keys, one_of

UNITS: tuple[str, ...] = get_args(Unit)
FORMS = ("rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "epoch_hex_s_ns")
DIRECTIVES = "YymdbaHIpMSfz"
WRAPPER_TIME = "@time"
_CONDITIONS = ("prefix", "match", "exists", "null")
_FIELD_KEYS = ("field", "pick", "any", "join")
_MOST_STATUS = 999


def field(value: Any, place: Place) -> Field:
    """A field: a path, or a table with `field` and `pick`, with `any`, or with `join`."""
    if isinstance(value, dict):
        check_keys(value, _FIELD_KEYS, place)
        return field_of_table(value, place)
    path = profile_place.text(value, place)
    if not path:
        place.fail("a path is wanted, not an empty text")
    return Field(path=path)


def field_of_table(table: Mapping[str, Any], place: Place) -> Field:
    """The field that the keys `field`, `pick`, `any` and `join` of a table tell."""
    kinds = [key for key in ("field", "any", "join") if key in table]
    if len(kinds) != 1:
        place.fail("a field wants exactly one of field, any, join")
    if kinds[0] != "field":
        if "pick" in table:
            place.at("pick").fail(f"pick belongs into the fields of {kinds[0]}")
        fields = field_list(table[kinds[0]], place.at(kinds[0]))
        return Field(any_of=fields) if kinds[0] == "any" else Field(join_of=fields)
    inner = field(table["field"], place.at("field"))
    if "pick" not in table:
        return inner
    if not inner.path or inner.pick is not None:
        place.at("pick").fail("pick takes a part of the text at one path")
    return Field(path=inner.path, pick=profile_place.text(table["pick"], place.at("pick")))


def field_list(value: Any, place: Place) -> tuple[Field, ...]:
    """Fields in a list, at least one."""
    if not isinstance(value, list) or not value:
        place.fail(f"a list of fields is wanted, not {profile_place.kind(value) if value != [] else 'an empty list'}")
    return tuple(field(item, place) for item in value)


def id_fields(value: Any, place: Place) -> tuple[Field, ...]:
    """The parts of an id: a field, or a list of fields."""
    return field_list(value, place) if isinstance(value, list) else (field(value, place),)


def time(value: Any, place: Place) -> Time:
    """A time: `"previous"`, `"none"`, a table with `field` and `form`, or one with `any`."""
    if isinstance(value, str) and not isinstance(value, Decimal):
        if value == "previous":
            return Time(kind="previous")
        if value == "none":
            return Time(kind="none")
        place.fail('a table { field, form } is wanted, or "previous", or "none"')
    table = profile_place.table(value, place)
    at = one_of(table.get("at", "end"), ("start", "end"), place.at("at"))
    if "any" not in table:
        check_keys(table, ("field", "pick", "join", "form", "at"), place)
        return _one_time(table, place, "start" if at == "start" else "end")
    check_keys(table, ("any", "at"), place)
    inner = place.at("any")
    if not isinstance(table["any"], list) or not table["any"]:
        inner.fail("a list of tables { field, form } is wanted")
    times = [profile_place.table(item, inner) for item in table["any"]]
    for item in times:
        check_keys(item, ("field", "pick", "join", "form"), inner)
    return Time(any_of=tuple(_one_time(item, inner, "end") for item in times), at="start" if at == "start" else "end")


def _one_time(table: Mapping[str, Any], place: Place, at: Any) -> Time:
    if not any(key in table for key in ("field", "join")):
        place.at("field").fail("it is missing: it says where the time is")
    read = field_of_table({key: value for key, value in table.items() if key in _FIELD_KEYS}, place)
    if "form" not in table and read.path != WRAPPER_TIME:
        place.at("form").fail(f"it is missing: it is one of {', '.join(FORMS)}, or a pattern with %")
    return Time(field=read, form=time_form(table.get("form", "rfc3339"), place.at("form")), at=at)


def time_form(value: Any, place: Place) -> str:
    """The form of a time: a known name, or a pattern with `%` of known directives."""
    form = profile_place.text(value, place)
    if "%" not in form:
        return one_of(form, FORMS, place)
    for k, char in enumerate(form):
        if char == "%" and (k + 1 == len(form) or form[k + 1] not in DIRECTIVES):
            known = " ".join(f"%{letter}" for letter in DIRECTIVES)
            place.fail(f"unknown directive {form[k : k + 2]!r}; known are {known}")
    return form


def conditions(value: Any, place: Place) -> tuple[Condition, ...]:
    """The conditions of a `where`: a table from paths to values."""
    return tuple(_condition(path, item, place.at(path)) for path, item in profile_place.table(value, place).items())


def _condition(path: str, value: Any, place: Place) -> Condition:
    if isinstance(value, list):
        if not value:
            place.fail("an empty list fits no line")
        return Condition(path=path, values=tuple(_literal(item, place) for item in value))
    if not isinstance(value, dict):
        return Condition(path=path, values=(_literal(value, place),))
    if not value.keys() & {*_CONDITIONS}:
        place.fail("prefix, match, exists or null is wanted; a path with dots stands in quotes")
    check_keys(value, _CONDITIONS, place)
    if len(value) != 1:
        place.fail("exactly one of prefix, match, exists, null is wanted")
    (key, item), within = next(iter(value.items())), place
    if key == "exists":
        return Condition(path=path, exists=profile_place.boolean(item, within.at(key)))
    if key == "null":
        return Condition(path=path, null=profile_place.boolean(item, within.at(key)))
    text = profile_place.text(item, within.at(key))
    return Condition(path=path, prefix=text) if key == "prefix" else Condition(path=path, match=text)


def _literal(value: Any, place: Place) -> str:
    """The text that a text, a number, true or false has in a log."""
    if not isinstance(value, str | int):
        place.fail(f"a text, a number, true or false is wanted, not {profile_place.kind(value)}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def status(value: Any, place: Place) -> Status:
    """A status: a number, a field, or a table of a field with `map`, `else` and `null`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Status(always=_code(value, place))
    if not isinstance(value, dict):
        return Status(field=field(value, place))
    check_keys(value, (*_FIELD_KEYS, "map", "else", "null"), place)
    read = field_of_table({key: item for key, item in value.items() if key in _FIELD_KEYS}, place)
    codes, otherwise, null = (value.get(key) for key in ("map", "else", "null"))
    if codes is not None:
        table = profile_place.table(codes, place.at("map"))
        codes = {text: _code(code, place.at("map").at(text)) for text, code in table.items()}
    return Status(
        field=read,
        codes=codes,
        otherwise=None if otherwise is None else _code(otherwise, place.at("else")),
        null=None if null is None or null == "none" else _code(null, place.at("null")),
        null_is_none=null == "none",
    )


def _code(value: Any, place: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        place.fail(f"a status code is wanted, not {profile_place.kind(value)}")
    if not 0 <= value <= _MOST_STATUS:
        place.fail(f"a status code has one to three digits, not {value}")
    return value


def duration(value: Any, place: Place) -> Duration:
    """A duration: a table of a field, or of several with `sum`, with `unit`, or with `unit_field` and `units`."""
    table = profile_place.table(value, place)
    check_keys(table, (*_FIELD_KEYS, "sum", "unit", "unit_field", "units", "else"), place)
    if "else" in table:
        one_of(table["else"], ("none",), place.at("else"))
    if ("unit" in table) == ("unit_field" in table):
        place.fail("exactly one of unit and unit_field is wanted")
    if "units" in table and "unit_field" not in table:
        place.at("units").fail("it translates the texts of unit_field, which is missing")
    units = profile_place.table(table.get("units", {}), place.at("units"))
    fields: Mapping[str, Any] = {key: item for key, item in table.items() if key in _FIELD_KEYS}
    if "sum" in table and fields:
        place.fail("sum stands in place of a field")
    return Duration(
        field=Field() if "sum" in table else field_of_table(fields, place),
        unit=_unit(table["unit"], place.at("unit")) if "unit" in table else None,
        unit_field=field(table["unit_field"], place.at("unit_field")) if "unit_field" in table else None,
        units={text: _unit(unit, place.at("units").at(text)) for text, unit in units.items()},
        sum_of=field_list(table["sum"], place.at("sum")) if "sum" in table else (),
        lenient="else" in table,
    )


def _unit(value: Any, place: Place) -> Unit:
    return cast("Unit", one_of(value, UNITS, place))
