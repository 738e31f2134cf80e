"""Drafts of profiles for JSON, logfmt and csv: the roles of their paths, found by names, texts and counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from logcorr.formats.draft_profile import roles, words
from logcorr.formats.draft_profile.events import Pairs, Record, find_pairs, kind_paths, with_first_words
from logcorr.formats.draft_profile.roles import Candidate
from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Syntax, Time
from logcorr.formats.server_lines.build import PICK_BARE_TARGET, PICK_METHOD, PICK_TARGET, literal

ORIGIN = "draft"
_KIND_NAMES = ("msg", "event", "message", "type", "stage", "phase", "action", "incoming", "kind", "name", "state")
_SCOPE_NAMES = ("pid", "hostname", "host", "process", "tid", "thread", "worker", "instance", "pod")
# Words of these paths tell nothing about requests and responses.
_NO_KINDS = ("level", "severity", "method", "status", "code", "lvl", "proto", "protocol", "scheme", "version")
_ATTRIBUTES = ("user", "endpoint", "method", "ip", "user_agent")
_MOST_IDS = 12
# An id of so many characters is unique for ever.
_LEAST_GLOBAL = 16


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that was found by looking, and remarks about it, which become comments.

    `unsure_unit` is the unit of the durations where only their size told it.
    """

    profile: Profile
    remarks: tuple[str, ...]
    unsure_unit: str | None = None


def draft(records: Sequence[Record], syntax: Syntax, name: str, base: Mapping[str, Any]) -> Draft:
    """The draft for a log whose lines are these records. `base` are keys of the profile that are known already."""
    found = {role: roles.candidates(records, role) for role in ("time", "id", "status", "duration", *_ATTRIBUTES)}
    records = with_first_words(records, _KIND_NAMES)
    scopes = [
        path for path in dict.fromkeys(path for record in records for path in record) if _last(path) in _SCOPE_NAMES
    ]
    kinds = [path for path in kind_paths(records, preferred=_KIND_NAMES) if _last(path) not in _NO_KINDS]
    ids = [one.path for one in found["id"] if one.path not in scopes][:_MOST_IDS]
    pairs = find_pairs(records, ids, kinds[:_MOST_IDS], scopes)
    times = found["time"]
    time = Time(field=Field(path=times[0].path), form=times[0].note) if times else None
    remarks = [_remark(role, found[role]) for role in ("time", "id", "status", "duration") if found[role]]
    if pairs is None:
        rules, own, more = _exchange(records, found)
    else:
        rules, own, more = _pair(records, found, pairs)
    profile = Profile(name=name, origin=ORIGIN, syntax=syntax, time=time, rules=rules, **(own | dict(base)))
    units = [rule.duration.unit for rule in rules if rule.duration is not None]
    unsure = units[0] if units and any(remark.endswith(roles.BY_SIZE) for remark in more) else None
    return Draft(profile=profile, remarks=(*remarks, *more), unsure_unit=unsure)


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _remark(role: str, found: Sequence[Candidate]) -> str:
    """The candidates for a role, with counts and examples."""
    texts = (
        f"{one.path} {one.note}".rstrip()
        + f": {one.lines} lines, {one.distinct} texts, e.g. {', '.join(one.examples[:3])[:80]}"
        for one in found[:4]
    )
    return f"{role}: {'; '.join(texts)}"


def _pair(
    records: Sequence[Record], found: Mapping[str, Sequence[Candidate]], pairs: Pairs
) -> tuple[tuple[Rule, ...], dict[str, Any], list[str]]:
    """The rules of a log that holds requests and responses, the profile's own keys, and remarks."""
    requests = [record for record in records if record.get(pairs.kind) == pairs.request]
    responses = [record for record in records if record.get(pairs.kind) in pairs.responses]
    ignored = _doubled(records, pairs)
    rules = [Rule(event="ignore", where=(Condition(path=ignored, exists=True),))] if ignored else []
    rules.append(Rule(event="request", where=(_is(pairs.kind, (pairs.request,)),), **_attributes(found, requests)))
    duration, why = _duration(responses, roles.candidates(responses, "duration"), _distances(records, found, pairs))
    rules += _response_rules(responses, pairs, duration)
    remarks = [
        f"requests: {pairs.kind} = {pairs.request!r}: {pairs.requests} lines",
        f"responses: {', '.join(map(repr, pairs.responses))}: {pairs.pairs} requests have one",
        *([f"ids come again: {pairs.repeated} requests"] if pairs.repeated else []),
        *([f"the unit of the duration is told {why}"] if why else []),
    ]
    own: dict[str, Any] = {"id": tuple(Field(path=path) for path in pairs.id)}
    # Ids that are unique for ever come again with each new attempt, in order; counters begin anew.
    counters = sum(map(len, (record[pairs.id[-1]] for record in requests if pairs.id[-1] in record)))
    if len(pairs.id) > 1 or (pairs.repeated and counters < _LEAST_GLOBAL * len(requests)):
        own["pairing"] = "nearest"
    user = next((one.path for one in found["user"]), None)
    if user is not None:
        own["user"] = Field(path=user)
    return tuple(rules), own, remarks


def _response_rules(responses: Sequence[Record], pairs: Pairs, duration: Duration | None) -> list[Rule]:
    """A rule for the responses that state a status, and one for each status that only the words of others tell."""
    status = next((one.path for one in roles.candidates(responses, "status")), None)
    stated = {record[pairs.kind] for record in responses if status is not None and status in record}
    codes = {word: words.status_of(word) for word in pairs.responses if word not in stated}
    statuses = {code: Status(always=code) for code in codes.values()}
    named = {code: tuple(word for word in codes if codes[word] == code) for code in statuses}
    rules = [(named[code], told) for code, told in statuses.items()]
    if status is not None and stated:
        own_words = tuple(word for word in pairs.responses if word in stated)
        rules.insert(0, (own_words, Status(field=Field(path=status), null_is_none=True)))
    return [
        Rule(event="response", where=(_is(pairs.kind, texts),), status=told, duration=duration) for texts, told in rules
    ]


def _is(path: str, texts: tuple[str, ...]) -> Condition:
    """The condition that a path has one of these texts, or begins with one where only first words were looked at."""
    if not path.startswith("^"):
        return Condition(path=path, values=texts)
    if len(texts) == 1:
        return Condition(path=path[1:], prefix=texts[0])
    return Condition(path=path[1:], match=f"(?:{'|'.join(literal(text) for text in texts)})")


def _doubled(records: Sequence[Record], pairs: Pairs) -> str | None:
    """A path that all second responses have and no first one has: lines that repeat a response."""
    if not pairs.doubles:
        return None
    doubles = set(pairs.doubles)
    others = [
        record
        for row, record in enumerate(records)
        if row not in doubles and record.get(pairs.kind) in (pairs.request, *pairs.responses)
    ]
    common = set.intersection(*(set(records[row]) for row in doubles))
    only = [path for path in common if not any(path in record for record in others)]
    # The shortest path: the object itself, where all that is in it is new.
    shortest = min(only, key=lambda path: (len(path), path), default=None)
    return None if shortest is None else shortest.partition(".")[0] if _is_new(shortest, others) else shortest


def _is_new(path: str, others: Sequence[Record]) -> bool:
    first = path.partition(".")[0]
    return not any(other == first or other.startswith(f"{first}.") for record in others for other in record)


def _exchange(
    records: Sequence[Record], found: Mapping[str, Sequence[Candidate]]
) -> tuple[tuple[Rule, ...], dict[str, Any], list[str]]:
    """The rule of a log whose lines are whole exchanges: those that have a status, or else a duration."""
    status = next((one.path for one in found["status"]), None)
    measured = next((one.path for one in found["duration"]), None)
    lines = [record for record in records if (status or measured) in record]
    duration, why = _duration(lines, roles.candidates(lines, "duration"), [])
    marker = measured if measured is not None and sum(measured in record for record in lines) == len(lines) else status
    rule = Rule(
        event="exchange",
        where=(Condition(path=marker, exists=True),) if marker is not None else (),
        status=Status(field=Field(path=status), null_is_none=True) if status is not None else None,
        duration=duration,
        **_attributes(found, lines or records, ("user", *_ATTRIBUTES)),
    )
    remarks = [f"events: no id joins two lines, so {len(lines)} lines are exchanges"]
    if marker is None:
        remarks = ["events: no id joins two lines, and no status or duration was found: say what an event is"]
    return (rule,), {}, [*remarks, *([f"the unit of the duration is told {why}"] if why else [])]


def _attributes(
    found: Mapping[str, Sequence[Candidate]], lines: Sequence[Record], names: Sequence[str] = _ATTRIBUTES[1:]
) -> dict[str, Any]:
    """The attributes that stand in these lines. A whole request line gives method and endpoint."""
    fields: dict[str, Any] = {}
    for role in names:
        there = (one.path for one in found[role] if sum(one.path in record for record in lines) * 2 >= len(lines))
        path = next(there, None)
        if path is not None:
            fields[role] = Field(path=path)
    endpoint = fields.get("endpoint")
    whole = [record[endpoint.path] for record in lines if endpoint is not None and endpoint.path in record]
    if endpoint is not None and sum(1 for text in whole if roles.REQUEST.fullmatch(text)) * 2 > len(whole):
        picks = (PICK_TARGET, PICK_BARE_TARGET)
        fields["endpoint"] = Field(any_of=tuple(Field(path=endpoint.path, pick=pick) for pick in picks))
        fields.setdefault("method", Field(path=endpoint.path, pick=PICK_METHOD))
    return fields


def _duration(
    lines: Sequence[Record], found: Sequence[Candidate], distances: Sequence[Mapping[str, tuple[float, int]]]
) -> tuple[Duration | None, str]:
    """The duration that lines tell, and how its unit was told."""
    if not found:
        return None, ""
    path = found[0].path
    texts = [record[path] for record in lines if path in record and record[path] not in ("-", "null")]
    unit, why = roles.unit_of(path, texts, [pair[path] for pair in distances if path in pair])
    return Duration(field=Field(path=path), unit=unit), why


def _distances(
    records: Sequence[Record], found: Mapping[str, Sequence[Candidate]], pairs: Pairs
) -> list[dict[str, tuple[float, int]]]:
    """For each pair: the numbers of its response, each beside the µs between the two events."""
    if not found["time"]:
        return []
    time, starts = found["time"][0], {}
    distances = []
    for record in records:
        key = tuple(record.get(path) for path in pairs.id)
        moment = _us(record.get(time.path, ""), time.note)
        if moment is None or None in key:
            continue
        if record.get(pairs.kind) == pairs.request:
            starts[key] = moment
        elif record.get(pairs.kind) in pairs.responses and key in starts:
            numbers = {path: float(text) for path, text in record.items() if roles.NUMBER.fullmatch(text)}
            distances.append({path: (number, moment - starts[key]) for path, number in numbers.items()})
    return distances


def _us(text: str, form: str) -> int | None:
    """The µs of a time whose form is an epoch or RFC 3339; None for others, as only distances matter here."""
    scales = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}
    if form in scales:
        return int(float(text) * scales[form])
    clock = text[11:].rstrip("Z")
    parts = clock.replace(",", ".").split(":")
    if form != "rfc3339" or len(parts) < 3 or not roles.NUMBER.fullmatch(parts[2][:9]):
        return None
    return int((int(parts[0]) * 3600 + int(parts[1]) * 60) * 1e6 + float(parts[2][:9]) * 1e6)
