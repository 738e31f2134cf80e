"""What the rules for lines of text have in common: their time, their attributes, and numbers with a unit."""

from typing import Any

from logcorr.formats.draft_profile.templates import UNIT_WORDS, Columns
from logcorr.formats.profile import Duration, Field, Time

_GROUPS = {"method": "method", "endpoint": "target", "ip": "ip", "user_agent": "user_agent", "user": "user"}


def time_of(form: str | None) -> Time | None:
    """The time that stands in the group `time`, in this form."""
    return None if form is None else Time(field=Field(path="time"), form=form)


def attributes_of(columns: Columns) -> dict[str, Any]:
    """The attributes that the pattern of these columns has groups for."""
    fields: dict[str, Any] = {role: Field(path=group) for role, group in _GROUPS.items() if group in columns.groups}
    if "bare_target" in columns.groups and "endpoint" in fields:
        fields["endpoint"] = Field(any_of=(fields["endpoint"], Field(path="bare_target")))
    return fields


def number_with_unit(texts: set[str]) -> Duration:
    """The duration whose number and unit are groups, where these texts are the units."""
    units = {text: UNIT_WORDS[text] for text in sorted(texts) if UNIT_WORDS[text] != text}
    return Duration(field=Field(path="number"), unit_field=Field(path="unit"), units=units)
