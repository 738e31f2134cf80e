"""A draft of a profile, made by looking at lines of a log: what `logcorr formats new` prints.

The draft is TOML with remarks as comments: what was found where, how often, with examples.
"""

from collections.abc import Sequence

import msgspec

from logcorr.formats import profile_checks, profile_to_toml
from logcorr.formats.draft_profile import lines as log_lines
from logcorr.formats.draft_profile import roles, stamps, structured, text_lines
from logcorr.formats.draft_profile.structured import Draft
from logcorr.formats.profile import Unit
from logcorr.formats.server_lines.build import literal
from logcorr.model.errors import UsageError
from logcorr.text.safe import safe


def draft(lines: Sequence[str], *, name: str = "draft", unwrap: Sequence[str] = ()) -> str:
    """TOML of a profile for a log, from its lines without their heads. `unwrap` names heads that were taken off.

    Raises UsageError where the lines hold nothing to go by.
    """
    return toml(look(lines, name), unwrap)


def toml(found: Draft, unwrap: Sequence[str] = ()) -> str:
    """A draft as TOML, with its remarks as comments."""
    comments = [f"# {safe(remark, 400)}" for remark in found.remarks]
    comments += [f"# heads that were taken off: {', '.join(unwrap)}"] if unwrap else []
    return "\n".join(["# A draft, made by looking at the log. Check it with: logcorr formats test", *comments, ""]) + (
        profile_to_toml.text(found.profile)
    )


def with_unit(found: Draft, unit: Unit) -> Draft:
    """The draft with this unit for all durations that have one."""
    replace = msgspec.structs.replace
    rules = tuple(
        replace(rule, duration=replace(rule.duration, unit=unit))
        if rule.duration is not None and rule.duration.unit is not None
        else rule
        for rule in found.profile.rules
    )
    sure = tuple(remark for remark in found.remarks if not remark.endswith(roles.BY_SIZE))
    return replace(found, profile=replace(found.profile, rules=rules), remarks=sure, unsure_unit=None)


def look(lines: Sequence[str], name: str) -> Draft:
    """The profile and the remarks of a draft. Raises UsageError where the lines hold nothing to go by."""
    clean = log_lines.clean(lines)
    if not clean:
        raise UsageError("the log has no lines to make a draft from.")
    found = _look(clean, name)
    profile_checks.check(found.profile)
    return found


def _look(lines: Sequence[str], name: str) -> Draft:
    if log_lines.is_json(lines):
        return structured.draft(log_lines.json_records(lines), "json", name, {})
    prefixed = log_lines.json_prefix(lines)
    if prefixed is not None:
        return _prefixed(prefixed, name)
    lines = log_lines.cut(lines)
    if log_lines.is_logfmt(lines):
        return structured.draft(log_lines.logfmt_records(lines), "logfmt", name, {})
    return _csv(lines, name) or text_lines.draft(lines, name)


def _prefixed(lines: Sequence[tuple[str, str]], name: str) -> Draft:
    """JSON behind a prefix, in which the time may stand."""
    places = [stamps.find(before) for before, _ in lines]
    records = []
    for (before, text), place in zip(lines, places, strict=True):
        own = {} if place is None else {"time": before[place[0] : place[1]]}
        records += [{**record, **own} for record in log_lines.json_records([text])]
    form = next((place[2] for place in places if place is not None), None)
    starts = {before[: place[0]] for (before, _), place in zip(lines, places, strict=True) if place is not None}
    start = literal(next(iter(starts))) if len(starts) == 1 else "[^{]*?"
    prefix = f"{start}(?P<time>{stamps.pattern_of(form)})[^{{]*" if form is not None else "[^{]*"
    return structured.draft(records, "json", name, {"prefix": prefix})


def _csv(lines: Sequence[str], name: str) -> Draft | None:
    """The draft of a log that is csv and has a time in a column of its own; None for any other."""
    table = log_lines.csv_table(lines)
    if table is None:
        return None
    separator, rows = table
    header = all(cell.strip().replace("_", "").replace("-", "").isalpha() for cell in rows[0])
    columns = tuple(rows[0]) if header else tuple(f"column{k}" for k in range(1, len(rows[0]) + 1))
    records = [dict(zip(columns, row, strict=True)) for row in rows[header:]]
    if not roles.candidates(records, "time"):
        return None
    return structured.draft(records, "csv", name, {"separator": separator, "columns": () if header else columns})
