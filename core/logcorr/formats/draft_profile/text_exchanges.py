"""Logs of text whose lines are whole exchanges → drafts: the most usual shape of lines that have a status."""

import re
from collections import Counter
from collections.abc import Sequence

from logcorr.formats.draft_profile import roles
from logcorr.formats.draft_profile.structured import ORIGIN, Draft
from logcorr.formats.draft_profile.templates import TIME, UNIT_WORDS, Columns, shape, tokens
from logcorr.formats.draft_profile.text_rules import attributes_of, number_with_unit, time_of
from logcorr.formats.profile import Duration, Field, Profile, Rule, Status, Unit

_NUMBER_OR_DASH = re.compile(r"\d+\.\d+|-")
_DECIMAL = re.compile(r"\d+\.\d+")
_WHOLE_OR_DASH = re.compile(r"\d+|-")
_DASH = re.compile("-")
_MOST_SHAPES = 12


def draft(lines: Sequence[str], form: str | None, name: str) -> Draft:
    """The draft of a log whose lines are whole exchanges: the most usual shape of lines that have a status."""
    timed = [line for line in lines if TIME in line] if form is not None else list(lines)
    shapes = Counter(shape(tokens(line)[1]) for line in timed)
    best: tuple[int, Columns, int] | None = None
    for one, count in shapes.most_common(_MOST_SHAPES):
        columns = Columns([line for line in timed if shape(tokens(line)[1]) == one], form)
        status = columns.status_column()
        if status is not None and (best is None or count > best[0]):
            best = (count, columns, status)
    if best is None:
        columns = Columns([line for line in timed if shape(tokens(line)[1]) == shapes.most_common(1)[0][0]], form)
        rule = Rule(event="exchange", match=columns.pattern(len(columns.values) - 1))
        remark = "events: no status was found: say what an event is"
        return Draft(profile=_profile(name, form, columns, rule), remarks=(remark,))
    count, columns, status = best
    columns.told[status] = "status"
    number = _number_column(columns, status)
    useful = [k for k in range(len(columns.values)) if k in (status, number) or _is_useful(columns, k)]
    pattern, duration, remark = _with_number(columns, number, max(useful))
    rule = Rule(
        event="exchange",
        match=pattern,
        status=Status(field=Field(path="status"), null_is_none=True),
        duration=duration,
        **attributes_of(columns),
    )
    remarks = [f"events: {count} of {len(lines)} lines have this shape", *([remark] if remark else [])]
    unsure = duration.unit if duration is not None and remark else None
    return Draft(profile=_profile(name, form, columns, rule), remarks=tuple(remarks), unsure_unit=unsure)


def _profile(name: str, form: str | None, columns: Columns, rule: Rule) -> Profile:
    time = time_of(form) if "time" in columns.groups else None
    return Profile(name=name, origin=ORIGIN, syntax="text", time=time, rules=(rule,))


def _is_useful(columns: Columns, column: int) -> bool:
    """Whether a column holds what an access line is for: time, address, request, user agent."""
    texts = columns.values[column]
    if any(TIME in text for text in texts) or columns.is_request(column):
        return True
    request = any(columns.is_request(k) for k in range(column))
    quoted = [k for k in range(column, len(columns.values)) if columns.values[k][0].startswith('"')]
    if texts[0].startswith('"'):
        return len(quoted) == 1 and (request or all(text[1:2] == "/" for text in texts[:5]))
    return sum(text in roles.METHODS for text in texts) > 0.8 * len(texts) or columns.is_target(column)


def _number_column(columns: Columns, status: int) -> int | None:
    """The column that is a duration: a number with a unit, one before a word that is a unit, or one at the end."""
    values = columns.values
    with_unit = columns.number_unit_column(0)
    if with_unit is not None:
        return with_unit
    for k in range(len(values) - 1):
        if set(values[k + 1]) <= UNIT_WORDS.keys() and columns.share(k, roles.NUMBER) > 0.8:
            return k
    behind_status = range(status + 1, len(values))
    decimals = [k for k in behind_status if columns.share(k, _NUMBER_OR_DASH) > 0.95]
    decimals = [k for k in decimals if columns.share(k, _DECIMAL) > 0.5]
    if decimals:
        return decimals[0]
    quotes = [k for k in range(len(values)) if values[k][0].startswith('"')]
    behind = quotes[-1] + 1 if len(quotes) > 1 else len(values)
    return behind if behind < len(values) and columns.share(behind, _WHOLE_OR_DASH) > 0.95 else None


def _with_number(columns: Columns, number: int | None, last: int) -> tuple[str, Duration | None, str]:
    """The pattern up to the last useful column, the duration, and a remark about its unit."""
    if number is None:
        return columns.pattern(last), None, ""
    texts = columns.values[number]
    if columns.share(number, roles.NUMBER) + columns.share(number, _DASH) < 0.9:
        return columns.pattern(last), number_with_unit(columns.units_of(number)), ""
    columns.told[number] = "number"
    behind = set(columns.values[number + 1]) if number + 1 < len(columns.values) else set()
    if behind and behind <= UNIT_WORDS.keys():
        columns.told[number + 1] = "unit"
        return columns.pattern(max(last, number + 1)), number_with_unit(behind), ""
    values = [float(text) for text in texts if roles.NUMBER.fullmatch(text)]
    unit: Unit = "us" if all(value == int(value) for value in values) else "ms" if max(values) > 100 else "s"
    remark = f"the unit of the duration is told {roles.BY_SIZE}"
    return columns.pattern(last), Duration(field=Field(path="number"), unit=unit), remark
