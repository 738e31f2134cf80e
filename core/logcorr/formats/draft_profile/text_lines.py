"""Drafts of profiles for logs of text: the time, the id and the words of lines, then a pattern for each event."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from logcorr.formats.draft_profile import roles, stamps, words
from logcorr.formats.draft_profile.events import Pairs, find_pairs
from logcorr.formats.draft_profile.structured import ORIGIN, Draft
from logcorr.formats.draft_profile.templates import ID, TIME, UNIT_WORDS, Columns, marked, shape, tokens
from logcorr.formats.profile import Duration, Field, Profile, Rule, Status, Time, Unit
from logcorr.formats.server_lines.build import literal

_HEX = r"[0-9a-fA-F]"
# Shapes of ids, the surest first; then names before an id.
_ID_SHAPES = (
    re.compile(rf"(?<!\w)({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})(?!\w)"),
    re.compile(rf"(?<!\w)((?=\w*\d)(?=\w*[a-fA-F]){_HEX}{{16,64}})(?!\w)"),
    re.compile(
        r"(?:request|req|correlation|trace|job|jid|task|rid|tx|id)[-_ ]?(?:id)?[=: #\[]+([\w-]*\d[\w-]*)", re.IGNORECASE
    ),
    re.compile(rf"(?<!\w)((?=\w*\d)(?=\w*[a-fA-F]){_HEX}{{8,15}})(?!\w)"),
)
_VARIABLE = re.compile(r"[#*\"(]")
_MOST_WORDS = 4
# So many columns behind the words of a kind are looked at for a status.
_MORE_COLUMNS = 6
_RETRIED = 503
_LEAST_TIMES, _LEAST_IDS = 0.3, 0.2
_DURATION = re.compile(
    r"(\bin |\bafter |took[ =:]+|elapsed[ =:]+|(?<!Init )Duration[ =:]+|duration[ =:]+|completed_in=|latency[ =:]+)"
    r"(\d[\d.,]*(?:e-?\d+)?)( ?)(ms|msecs|µs|us|micros|seconds|secs|sec|s)?\b"
)


def draft(lines: Sequence[str], name: str) -> Draft:
    """The draft for a log of text."""
    found = [stamps.find(line) for line in lines]
    forms = Counter(place[2] for place in found if place is not None)
    form, count = forms.most_common(1)[0] if forms else (None, 0)
    form = form if count >= _LEAST_TIMES * len(lines) else None
    spans = [place[:2] if place is not None and place[2] == form else None for place in found]
    timed = [marked(line, {TIME: span} if span else {}) for line, span in zip(lines, spans, strict=True)]
    examples = ", ".join(line[span[0] : span[1]] for line, span in zip(lines, spans, strict=True) if span)[:60]
    remark = f"time: {form}: {count} of {len(lines)} lines, e.g. {examples}" if form else "time: no time was found"
    pair = _pair(timed, form, name)
    made = pair or _exchange(timed, form, name)
    return Draft(profile=made.profile, remarks=(remark, *made.remarks), unsure_unit=made.unsure_unit)


def _time(form: str | None) -> Time | None:
    return None if form is None else Time(field=Field(path="time"), form=form)


# Pairs.


def _pair(lines: Sequence[str], form: str | None, name: str) -> Draft | None:
    """The draft of a log whose lines of one id are requests and responses; None where no id joins lines."""
    for id_shape in _ID_SHAPES:
        places = [id_shape.search(line) for line in lines]
        with_id = [place[1] for place in places if place is not None]
        if len(with_id) < max(4, _LEAST_IDS * len(lines)) or len(set(with_id)) < 3:
            continue
        marked_lines = [
            line if place is None else marked(line, {ID: place.span(1)})
            for line, place in zip(lines, places, strict=True)
        ]
        records = [
            {} if place is None else {"@id": place[1], "@kind": _kind(line)}
            for line, place in zip(marked_lines, places, strict=True)
        ]
        pairs = find_pairs(records, ["@id"], ["@kind"], [])
        if pairs is not None:
            kinds = [record.get("@kind", "") for record in records]
            return _pair_draft(marked_lines, kinds, pairs, form, name)
    return None


def _kind(line: str) -> str:
    """The words of a line: what tells one event from another. Numbers, quoted texts and values are left out."""
    words_: list[str] = []
    marks = 0
    for token in tokens(line)[1]:
        seen = ID in token
        words_.append(_word(token))
        if marks and not seen and "=" not in words_[-1]:
            marks += 1
            if _VARIABLE.search(words_[-1]) or marks > _MOST_WORDS:
                break
        marks = max(marks, int(seen))
    return " ".join(words_)


def _word(token: str) -> str:
    """A token without what varies from line to line."""
    if token in roles.METHODS:
        return "<method>"
    if token.startswith('"'):
        return '"'
    if TIME in token and ID not in token:
        return TIME
    if ID in token:
        return ID
    key = re.match(r"[A-Za-z_][\w.-]*=", token)
    if key:
        return key[0]
    if token.startswith("/") or "://" in token:
        return "*"
    return re.sub(r"\d+", "#", token)


def _pair_draft(lines: Sequence[str], kinds: Sequence[str], pairs: Pairs, form: str | None, name: str) -> Draft:
    """The profile of the rules for requests and for each kind of response."""
    events = [("request", pairs.request), *(("response", kind) for kind in pairs.responses)]
    rules, remarks = [], []
    for event, kind in events:
        rows = [line for line, own in zip(lines, kinds, strict=True) if own == kind]
        rule = _rule(rows, kind.split(" "), form, is_request=event == "request")
        rules.append(rule)
        sample = rows[0].replace(TIME, "TIME").replace(ID, "ID")[:110]
        remarks.append(f"{event}: {len(rows)} lines, e.g. {sample}")
    remarks.append(f"{pairs.pairs} of {pairs.requests} requests have a response")
    profile = Profile(
        name=name,
        origin=ORIGIN,
        syntax="text",
        time=_time(form),
        rules=tuple(_once(rules)),
        id=(Field(path="id"),),
    )
    return Draft(profile=profile, remarks=tuple(remarks))


def _once(rules: Sequence[Rule]) -> list[Rule]:
    """The rules without those whose pattern is there twice."""
    once: dict[tuple[str, str | None], Rule] = {}
    for rule in rules:
        once.setdefault((rule.event, rule.match), rule)
    return list(once.values())


def _rule(rows: Sequence[str], kind: Sequence[str], form: str | None, *, is_request: bool) -> Rule:
    """The rule for lines of one kind: a pattern with their time, id and fields. `kind` are the words of the kind."""
    columns = Columns(rows, form, len(kind) + _MORE_COLUMNS)
    last = min(_last_word(kind), len(columns.values) - 1)
    tail, duration, code = "", None, None
    if is_request:
        last = max([last, *(k for k in range(last + 1, len(columns.values)) if columns.is_target(k))])
    else:
        status = columns.status_column(_first_after(kind))
        if status is not None:
            columns.told[status], last = "status", max(last, status)
        word_status = words.status_of(" ".join(kind))
        code = Status(always=word_status)
        if status is not None:
            code = Status(field=Field(path="status"), null_is_none=True)
        # What stands in a line about a new attempt is the wait for it.
        if status is not None or word_status != _RETRIED:
            duration, tail, last = _given_duration(rows, columns, last)
    pattern = columns.pattern(last) + tail
    return Rule(
        event="request" if is_request else "response",
        match=pattern,
        time=None if "time" in columns.groups or form is None else Time(kind="previous"),
        status=code,
        duration=duration,
        **_attributes(columns, wanted=is_request),
    )


def _last_word(kind: Sequence[str]) -> int:
    """The number of the last word that a kind needs: its id, or a word behind it that does not vary."""
    needed = [k for k, word in enumerate(kind) if not _VARIABLE.search(word) or word == "<method>"]
    return max((*needed, *(k for k, word in enumerate(kind) if ID in word or TIME in word)))


def _first_after(kind: Sequence[str]) -> int:
    """The number of the first word behind the id and the time of a kind."""
    return max((k for k, word in enumerate(kind) if ID in word or TIME in word), default=-1) + 1


def _given_duration(rows: Sequence[str], columns: Columns, last: int) -> tuple[Duration | None, str, int]:
    """The duration of lines behind a word such as "in" or "elapsed=".

    With it come the end of the pattern that reads it, and the last column of the pattern. Where the duration stands in
    one column, that column is told, and the end is empty.
    """
    there = [match for row in rows if (match := _DURATION.search(row)) is not None]
    if len(there) < 0.8 * len(rows):
        return None, "", last
    word = Counter(match[1] for match in there).most_common(1)[0][0]
    unit_text = Counter(match[4] or "" for match in there).most_common(1)[0][0]
    unit: Unit = UNIT_WORDS.get(unit_text, "s")  # type: ignore[assignment]
    if not unit_text and word.lower().startswith(("dur", "lat")):
        unit = "ms"
    duration = Duration(field=Field(path="duration"), unit=unit)
    places = Counter(len(tokens(match.string[: match.start(2) + 1])[1]) - 1 for match in there)
    place, count = places.most_common(1)[0]
    if place < len(columns.values) and count == len(rows):
        columns.told[place] = "duration"
        return duration, "", max(last, place)
    blank = " ?" if unit_text else ""
    start = literal(word.rstrip())
    return duration, rf".*?{start}\s*(?P<duration>\d[\d.,e-]*){blank}{unit_text}", last


def _attributes(columns: Columns, *, wanted: bool) -> dict[str, Any]:
    if not wanted:
        return {}
    names = {"method": "method", "endpoint": "target", "ip": "ip", "user_agent": "user_agent", "user": "user"}
    fields: dict[str, Any] = {role: Field(path=group) for role, group in names.items() if group in columns.groups}
    if "bare_target" in columns.groups and "endpoint" in fields:
        fields["endpoint"] = Field(any_of=(fields["endpoint"], Field(path="bare_target")))
    return fields


# Exchanges.


def _exchange(lines: Sequence[str], form: str | None, name: str) -> Draft:
    """The draft of a log whose lines are whole exchanges: the most usual shape of lines that have a status."""
    timed = [line for line in lines if TIME in line] if form is not None else list(lines)
    shapes = Counter(shape(tokens(line)[1]) for line in timed)
    best: tuple[int, Columns, int] | None = None
    for one, count in shapes.most_common(12):
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
        **_attributes(columns, wanted=True),
    )
    remarks = [f"events: {count} of {len(lines)} lines have this shape", *([remark] if remark else [])]
    unsure = duration.unit if duration is not None and remark else None
    return Draft(profile=_profile(name, form, columns, rule), remarks=tuple(remarks), unsure_unit=unsure)


def _profile(name: str, form: str | None, columns: Columns, rule: Rule) -> Profile:
    time = _time(form) if "time" in columns.groups else None
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
    return sum(text in roles.METHODS for text in texts) > 0.8 * len(texts) or all(
        text.startswith("/") for text in texts
    )


def _number_column(columns: Columns, status: int) -> int | None:
    """The column that is a duration: a number with a unit, one before a word that is a unit, or one at the end."""
    values = columns.values
    for k in range(len(values)):
        if columns.share(k, re.compile(r"[\d.,]+(?:ms|s|us|µs|ns|m)")) > 0.95:
            return k
        words_behind = set(values[k + 1]) if k + 1 < len(values) else set()
        if words_behind and words_behind <= UNIT_WORDS.keys() and columns.share(k, roles.NUMBER) > 0.8:
            return k
    decimals = [k for k in range(status + 1, len(values)) if columns.share(k, re.compile(r"\d+\.\d+|-")) > 0.95]
    if decimals:
        return decimals[0]
    quotes = [k for k in range(len(values)) if values[k][0].startswith('"')]
    behind = quotes[-1] + 1 if len(quotes) > 1 else len(values)
    return behind if behind < len(values) and columns.share(behind, re.compile(r"\d+|-")) > 0.95 else None


def _with_number(columns: Columns, number: int | None, last: int) -> tuple[str, Duration | None, str]:
    """The pattern up to the last useful column, the duration, and a remark about its unit."""
    if number is None:
        return columns.pattern(last), None, ""
    texts = columns.values[number]
    if columns.share(number, roles.NUMBER) + columns.share(number, re.compile("-")) < 0.9:
        pattern = columns.pattern(last)
        units = {text: unit for text, unit in columns.units.items() if text != unit}
        return pattern, Duration(field=Field(path="number"), unit_field=Field(path="unit"), units=units), ""  # type: ignore[arg-type]
    columns.told[number] = "number"
    behind = set(columns.values[number + 1]) if number + 1 < len(columns.values) else set()
    if behind and behind <= UNIT_WORDS.keys():
        columns.told[number + 1] = "unit"
        units = {text: UNIT_WORDS[text] for text in behind if UNIT_WORDS[text] != text}
        pattern = columns.pattern(max(last, number + 1))
        return pattern, Duration(field=Field(path="number"), unit_field=Field(path="unit"), units=units), ""  # type: ignore[arg-type]
    values = [float(text) for text in texts if roles.NUMBER.fullmatch(text)]
    unit: Unit = "us" if all(value == int(value) for value in values) else "ms" if max(values) > 100 else "s"
    return (
        columns.pattern(last),
        Duration(field=Field(path="number"), unit=unit),
        f"the unit of the duration is told {roles.BY_SIZE}",
    )
