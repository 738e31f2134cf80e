"""Drafts of profiles for logs of text: the time of lines is found first, then pairs, or else exchanges."""

from collections import Counter
from collections.abc import Sequence

from logcorr.formats.draft_profile import stamps, text_exchanges, text_pairs
from logcorr.formats.draft_profile.structured import Draft
from logcorr.formats.draft_profile.templates import TIME, marked

_LEAST_TIMES = 0.3


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
    made = text_pairs.draft(timed, form, name) or text_exchanges.draft(timed, form, name)
    return Draft(profile=made.profile, remarks=(remark, *made.remarks), unsure_unit=made.unsure_unit)
