"""The heads that collectors of logs put before a line, each as a pattern.

A pattern describes a head alone: the line itself stands behind it. Its groups `time`, `epoch`, `stream`, `source` and
`flag`, numbered where there are several, are what a head tells of a line. Two heads are JSON objects without a pattern.
"""

import re

DOCKER_JSON, JOURNALD_JSON = "docker-json", "journald-json"
CRI, KUBECTL, COMPOSE, GREP = "cri", "kubectl", "compose", "grep"
SYSLOG, HEROKU, JOURNALD_SHORT = "syslog", "heroku", "journald-short"
# The time that `docker logs` and `kubectl logs` put before a line with --timestamps.
TIMESTAMPS = "timestamps"
# Says that lines have no head.
NONE = "none"
# The fields that heads tell of a line.
TIME, STREAM, SOURCE = "@time", "@stream", "@source"
FIELDS = (TIME, STREAM, SOURCE)

_END = rb"(?: |(?=\r?\n))"
_DATE = rb"\d{4}-\d\d-\d\d"
_CLOCK = rb"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?+"
_RFC3339 = _DATE + rb"T" + _CLOCK + rb"(?:Z|[+-]\d\d:?\d\d)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# RFC 3164 has no zone and no year. Some programs add the year.
_BSD = _MONTH + rb" (?: \d|\d\d) (?:\d{4} )?+" + _CLOCK
_WEEKDAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_PRIORITY = rb"(?:\d{1,8} )?+<\d{1,3}>"  # the count of octets may stand before it
_HOST = rb"(?:[A-Za-z0-9_][\w.-]*+|[0-9a-fA-F]*+:[0-9a-fA-F:.]*[0-9a-fA-F])"
_PROGRAM = rb"[^\s:\[\]\"'{}=|<>,]++"
_PROCESS = rb"(?:\[[\w.-]*+\])?+"
# Of structured data: quotes, backslashes and closing brackets within a value have a backslash before them.
_ELEMENT = rb'\[[^ =\]"\n]++(?: [^ =\]"\n]++="(?:[^"\\\n]++|\\[^\n])*+")*+\]'

_RFC5424 = (
    _PRIORITY
    + rb"1 (?:(?P<time1>" + _RFC3339 + rb")|-) [^ \n]++ (?P<source1>[^ \n]++) [^ \n]++ [^ \n]++ "
    + rb"(?:-|(?:" + _ELEMENT + rb")++)" + _END + rb"(?:\xef\xbb\xbf)?+"
)  # fmt: skip
# Programs that write to the socket of their own machine leave out the host. Only a priority makes that sure.
_RFC3164 = (
    _PRIORITY
    + rb" ?+(?P<time2>" + _BSD + rb"|" + _RFC3339 + rb") (?:" + _HOST + rb" )?"
    + rb"(?P<source2>" + _PROGRAM + rb")" + _PROCESS + rb":" + _END
)  # fmt: skip
_HOST_AND_PROGRAM = (
    rb" (?P<host>" + _HOST + rb") (?P<source3>" + _PROGRAM + rb")(?P<process>" + _PROCESS + rb"):" + _END
)
_JOURNAL_TIME = (
    rb"(?:(?P<time1>" + _BSD + rb"|" + _RFC3339 + rb")"
    + rb"|" + _WEEKDAY + rb" (?P<time2>" + _DATE + rb" " + _CLOCK + rb" (?:[A-Z]{3,5}|[+-]\d\d(?:\d\d)?))"
    + rb"|(?P<epoch>\d{9,11}\.\d{6})"
    + rb"|\[ *+\d++\.\d{6}(?: <[ \d.]++>)?+\])"
)  # fmt: skip

PATTERNS: dict[str, bytes] = {
    CRI: rb"(?P<time1>" + _RFC3339 + rb") (?P<stream>stdout|stderr) (?P<flag>[PF])(?::[^ \n]*+)?+" + _END,
    KUBECTL: rb"\[(?:pod|job|deployment|service)/(?P<source1>[^\]\n ]++)\] ?+",
    HEROKU: (
        rb"(?:(?P<time1>" + _RFC3339 + rb") (?:app|heroku)\[(?P<source1>[A-Za-z][\w./-]*+)\]:" + _END
        + rb"|" + _PRIORITY + rb"1 (?P<time2>" + _RFC3339 + rb") (?:host|d\.[0-9a-f-]++) (?:app|heroku)"
        # Another `-` is the structured data of RFC 5424: the host has the name that Heroku gives to all of them.
        + rb" (?P<source2>[^ \n]++) -" + _END + rb"(?!\[[^ =\]\"\n]+ [^ =\]\"\n]+=\"|-(?: (?!- )|\r?\n)))"
    ),
    SYSLOG: (
        rb"(?:" + _RFC5424 + rb"|" + _RFC3164 + rb"|(?P<time3>" + _BSD + rb"|" + _RFC3339 + rb")"
        + _HOST_AND_PROGRAM + rb")"
    ),
    JOURNALD_SHORT: _JOURNAL_TIME + _HOST_AND_PROGRAM,
    COMPOSE: rb"(?P<source1>[A-Za-z0-9][\w.-]*+) *+\|" + _END,
    # The name of a file, and the number of a line that is no part of a time.
    GREP: rb"(?P<source1>[^\s:\"'{}\[\]<>|=,]++):(?:\d{1,9}:(?!\d\d:\d\d(?!:\d)))?+",
    TIMESTAMPS: rb"(?P<time1>" + _RFC3339 + rb")" + _END,
}  # fmt: skip
NAMES = (DOCKER_JSON, JOURNALD_JSON, *PATTERNS, NONE)

_GROUP = re.compile(rb"\(\?P<([a-z]+)\d*>")


def with_groups(pattern: bytes, kinds: frozenset[str]) -> tuple[bytes, list[str]]:
    """The pattern with the groups of these kinds alone, and the kind of each group in order."""
    found: list[str] = []

    def kept(group: re.Match[bytes]) -> bytes:
        kind = group[1].decode()
        if kind not in kinds:
            return b"(?:"
        found.append(kind)
        return b"("

    return _GROUP.sub(kept, pattern), found
