"""The sentence of a finding as it is shown: its times stand in the zone in which times are shown.

A report has its sentences in UTC, as all of its times. A sentence of a range of time begins with the range.
"""

from logcorr.model.findings import Finding
from logcorr.text import instants
from logcorr.text.safe import safe

# No time in a range has a blank behind its colon.
_AFTER_TIMES = ": "
_LONGEST = 600


def finding_text(finding: Finding) -> str:
    """The sentence of a finding, safe for a terminal."""
    text = finding.text
    if finding.start is not None and finding.end is not None:
        _, mark, what = text.partition(_AFTER_TIMES)
        text = f"{when(finding.start, finding.end)}{_AFTER_TIMES}{what}" if mark else text
    return safe(text, _LONGEST)


def when(start: str, end: str) -> str:
    """A range between two times of a report, for people, with its zone: `15:03 to 15:11 UTC`.

    With days where they are two.
    """
    first, last = instants.seconds(start), instants.seconds(end)
    clock = "%H:%M" if not (first % 60 or last % 60) else "%H:%M:%S"
    days = [instants.strftime(at, "%d %b") for at in (first, last)]
    form = clock if days[0] == days[1] else f"%d %b {clock}"
    return f"{instants.strftime(first, form)} to {instants.strftime(last, form)} {instants.zone_label(first)}"
