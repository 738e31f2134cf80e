"""What holds for a whole profile: its patterns compile, its fields are there, its events fit together, it has a time.

`check` is for every profile of a file. `usable` is for a profile that is about to be used.
"""

from collections.abc import Callable, Iterator

import msgspec

from logcorr.formats import patterns
from logcorr.formats.profile import ATTRIBUTES, Field, Profile, Rule, Time
from logcorr.formats.profile_place import Place
from logcorr.formats.profile_values import WRAPPER_TIME
from logcorr.model.errors import UsageError

_ENTRIES = ("request", "response", "exchange")
_FIELDS = ("user", *ATTRIBUTES)


def check(profile: Profile) -> None:
    """Raises ProfileError for the first fault of a profile, but for a missing time."""
    _check_syntax(profile)
    _check_patterns(profile)
    _check_events(profile)
    if profile.syntax == "text" or profile.columns:
        _check_fields(profile)
    if profile.refusal is None:
        _check_ids(profile)
        if profile.clockless and not profile.has_durations:
            _place(profile).at("time").fail('"none" wants a rule with a duration: there is nothing else to measure by')


def usable(profile: Profile, *, wrapper_gives_time: bool) -> Profile:
    """The profile with the time that it is read with: its own, the wrapper's, or none for pairs that tell durations.

    Raises UsageError where its logs cannot be read: they have no time, or the profile says why.
    """
    if profile.refusal is not None:
        raise UsageError(f"logs of the format {profile.name!r} cannot be read: {profile.refusal}")
    if profile.time is not None or all(rule.time is not None for rule in entry_rules(profile)):
        if not wrapper_gives_time and WRAPPER_TIME in _required_times(profile):
            raise _no_time(profile)
        return profile
    if wrapper_gives_time:
        return msgspec.structs.replace(profile, time=Time(field=Field(path=WRAPPER_TIME)))
    if profile.is_pair and profile.has_durations:
        return msgspec.structs.replace(profile, time=Time(kind="none"))
    raise _no_time(profile)


def entry_rules(profile: Profile) -> list[Rule]:
    """The rules whose lines are entries: requests, responses, exchanges."""
    return [rule for rule in profile.rules if rule.event in _ENTRIES]


def _required_times(profile: Profile) -> set[str]:
    """The paths of the times that a profile cannot do without: each that stands alone."""
    times = [profile.time, *(rule.time for rule in profile.rules)]
    return {time.field.path for time in times if time is not None and time.kind == "field" and not time.any_of}


def _no_time(profile: Profile) -> UsageError:
    return UsageError(
        f"the lines of the format {profile.name!r} ({profile.origin}) have no time. Read a log whose lines were "
        "collected with a time (docker json-file, CRI, journald, syslog), or name one: time = { field, form }."
    )


def _place(profile: Profile, rule: int | None = None) -> Place:
    return Place(origin=profile.origin, profile=profile.name, rule=rule)


def _check_syntax(profile: Profile) -> None:
    """Keys that only some syntaxes have, and those that go together."""
    place = _place(profile)
    if profile.syntax != "csv":
        for key in ("columns", "fields_line"):
            if getattr(profile, key):
                place.at(key).fail(f"it is for syntax csv, not {profile.syntax}")
    if profile.columns and profile.fields_line is not None:
        place.at("fields_line").fail("columns and fields_line exclude each other")
    if profile.prefix is not None and profile.syntax not in ("json", "logfmt"):
        place.at("prefix").fail(f"it is for syntax json and logfmt, not {profile.syntax}")
    if profile.syntax == "text":
        for number, rule in enumerate(profile.rules, 1):
            if rule.match is None and not (rule.where and all(item.path.startswith("@") for item in rule.where)):
                _place(profile, number).at("match").fail(
                    "it is missing: a rule of syntax text takes lines by a pattern"
                )


def _check_patterns(profile: Profile) -> None:
    """Every pattern compiles; every `pick` has one group."""
    place = _place(profile)
    if profile.prefix is not None:
        _groups(profile.prefix, place.at("prefix"))
    for number, rule in enumerate(profile.rules, 1):
        within = _place(profile, number)
        if rule.match is not None:
            _groups(rule.match, within.at("match"))
        for condition in rule.where:
            if condition.match is not None:
                _groups(condition.match, within.at("where").at(condition.path).at("match"))
    for key, field, holder in _all_fields(profile):
        for pick in _picks(field):
            at = _place(profile, holder).at(key).at("pick")
            if len(_groups(pick, at)) != 1:
                at.fail(f"the pattern {pick!r} wants exactly one group: the part that is taken")


def _groups(pattern: str, place: Place) -> tuple[str, ...]:
    try:
        return patterns.groups(pattern)
    except UsageError as error:
        place.fail(f"the pattern does not compile: {str(error).rstrip('.')}")


def _picks(field: Field) -> Iterator[str]:
    if field.pick is not None:
        yield field.pick
    for inner in (*field.any_of, *field.join_of):
        yield from _picks(inner)


def _all_fields(profile: Profile) -> Iterator[tuple[str, Field, int | None]]:
    """Every field: the key that it stands under, the field, and the number of its rule."""
    holders: list[tuple[Profile | Rule, int | None]] = [(profile, None)]
    holders += [(rule, number) for number, rule in enumerate(profile.rules, 1)]
    for holder, number in holders:
        times = () if holder.time is None else holder.time.any_of or (holder.time,)
        yield from (("time", time.field, number) for time in times if time.kind == "field")
        yield from (("id", part, number) for part in holder.id or ())
        named = ((key, getattr(holder, key)) for key in _FIELDS)
        yield from ((key, field, number) for key, field in named if field is not None)
        yield from ((f"attributes.{name}", field, number) for name, field in holder.attributes.items())
        if isinstance(holder, Rule):
            yield from ((key, field, number) for key, field in _measures(holder))


def _measures(rule: Rule) -> Iterator[tuple[str, Field]]:
    """The fields of a rule's status and duration."""
    if rule.status is not None and rule.status.field is not None:
        yield "status", rule.status.field
    if rule.duration is not None:
        yield from (("duration", field) for field in rule.duration.sum_of or (rule.duration.field,))
        if rule.duration.unit_field is not None:
            yield "duration.unit_field", rule.duration.unit_field


def _check_events(profile: Profile) -> None:
    """A profile has exchanges, or requests and responses."""
    place, events = _place(profile), {rule.event for rule in profile.rules}
    if not events.intersection(_ENTRIES):
        place.at("rule").fail("no rule makes an entry: a request, a response or an exchange")
    if "exchange" in events and events & {"request", "response"}:
        number = next(k for k, rule in enumerate(profile.rules, 1) if rule.event == "exchange")
        _place(profile, number).at("event").fail("a profile has exchanges, or requests and responses, not both")
    for one, other in (("request", "response"), ("response", "request")):
        if one in events and other not in events:
            place.at("rule").fail(f"there are {one}s without {other}s: no rule has event = {other!r}")
    for number, rule in enumerate(profile.rules, 1):
        if rule.weak and rule.event != "response":
            _place(profile, number).at("weak").fail("only a response can be weak")


def _check_ids(profile: Profile) -> None:
    """Every request and response has an id."""
    for number, rule in enumerate(profile.rules, 1):
        if rule.event in ("request", "response") and not (profile.id if rule.id is None else rule.id):
            _place(profile, number).at("id").fail(f"a {rule.event} needs an id, here or in the profile")


def _check_fields(profile: Profile) -> None:
    """Text and csv with columns: every field is a group of the rule's pattern, or a column.

    A field of the profile must be there for every entry where an entry needs it (time, id), else for one rule at least.
    """
    known = [frozenset((*profile.columns, *patterns.named_groups(rule.match or ""))) for rule in profile.rules]
    for key, field, holder in _all_fields(profile):
        names = known[holder - 1] if holder is not None else frozenset().union(*known)
        for path in field.paths():
            if path not in names and not path.startswith("@"):
                _place(profile, holder).at(key).fail(f"{path!r} is {_no_field(profile, holder)}")
    for k, rule in enumerate(profile.rules):
        for condition in rule.where:
            if condition.path not in known[k] and not condition.path.startswith("@"):
                place = _place(profile, k + 1).at("where").at(condition.path)
                place.fail(f"{condition.path!r} is {_no_field(profile, k + 1)}")
        if rule.event in _ENTRIES:
            _check_needed(profile, rule, k + 1, known[k])


def _no_field(profile: Profile, number: int | None) -> str:
    pattern = "no group of the pattern" if number is not None else "no group of any rule's pattern"
    return pattern if profile.syntax == "text" else f"no column and {pattern}"


def _check_needed(profile: Profile, rule: Rule, number: int, names: frozenset[str]) -> None:
    """The profile's time and id can be read in the lines of a rule that has none of its own."""
    if rule.time is None and profile.time is not None and profile.time.kind == "field":
        times = profile.time.any_of or (profile.time,)
        if not any(_is_there(time.field, names) for time in times):
            path = times[0].field.paths()[0]
            _place(profile, number).at("match").fail(f"it has no group {path!r}, which the profile's time is read from")
    if rule.id is None and rule.event != "exchange":
        for part in profile.id:
            if not _is_there(part, names):
                _place(profile, number).at("match").fail(
                    f"it has no group {part.paths()[0]!r}, which the profile's id is read from"
                )


def _is_there(field: Field, names: frozenset[str]) -> bool:
    every: Callable[..., bool] = any if field.any_of else all
    if field.path:
        return field.path in names or field.path.startswith("@")
    return every(_is_there(inner, names) for inner in (*field.any_of, *field.join_of))
