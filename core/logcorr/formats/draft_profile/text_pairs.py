"""Logs of text that hold requests and responses → drafts: the ids that join lines, and a pattern for each event."""

import re
from collections import Counter
from collections.abc import Sequence

from logcorr.formats.draft_profile import roles, words
from logcorr.formats.draft_profile.events import Pairs, find_pairs
from logcorr.formats.draft_profile.structured import ORIGIN, Draft
from logcorr.formats.draft_profile.templates import ID, TIME, UNIT_WORDS, Columns, marked, tokens
from logcorr.formats.draft_profile.text_rules import attributes_of, number_with_unit, time_of
from logcorr.formats.profile import Duration, Field, Profile, Rule, Status, Time
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
_LEAST_IDS = 0.2
_DURATION = re.compile(
    r"(\bin |\bafter |took[ =:]+|elapsed[ =:]+|(?<!Init )Duration[ =:]+|duration[ =:]+|completed_in=|latency[ =:]+)"
    r"(\d[\d.,]*(?:e-?\d+)?)( ?)(ms|msecs|µs|us|micros|seconds|secs|sec|s)?\b"
)


def draft(lines: Sequence[str], form: str | None, name: str) -> Draft | None:
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
        time=time_of(form),
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
        status = columns.keyed_status_column() if status is None else status
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
        **(attributes_of(columns) if is_request else {}),
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
        column = columns.number_unit_column(last + 1)
        if column is None:
            return None, "", last
        return number_with_unit(columns.units_of(column)), "", column
    word = Counter(match[1] for match in there).most_common(1)[0][0]
    unit_text = Counter(match[4] or "" for match in there).most_common(1)[0][0]
    unit = UNIT_WORDS.get(unit_text, "s")
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
