"""What a path of a log may be to logcorr, by its name and its texts: time, id, status, duration, and attributes."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from logcorr.formats.draft_profile import stamps
from logcorr.formats.draft_profile.events import Record
from logcorr.formats.profile import Unit

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND", "PRI")
REQUEST = re.compile(r"[A-Z]{3,10} \S+(?: [A-Z]+/[\d.]+)?")
ADDRESS = re.compile(r"(?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[?[0-9a-fA-F:]*:[0-9a-fA-F:.]+\]?(?::\d+)?")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
GO = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+")
_STATUS = re.compile(r"[1-9]\d\d|-|0{1,3}|null")
_ID = re.compile(r"[\w.:/+=@#-]{1,200}")
_LEAST_SHARE = 0.02

# Names are compared in small letters, without - and _. The sooner a name stands here, the better it is.
_NAMES: dict[str, tuple[str, ...]] = {
    "time": ("timestamp", "time", "ts", "@timestamp", "msec", "starttime", "startutc", "timeiso8601", "datetime", "t"),
    "id": (
        "requestid",
        "reqid",
        "correlationid",
        "traceid",
        "id",
        "jid",
        "correlation",
        "auditid",
        "xrequestid",
        "rid",
    ),
    "status": ("statuscode", "status", "downstreamstatus", "code", "responsecode", "httpstatus", "responsestatus"),
    "duration": (
        *("duration", "responsetime", "requesttime", "elapsed", "latency", "took", "durationms", "elapsedms"),
        *("responsetimems", "ta", "tt", "timetaken", "elapsedmilliseconds", "runtime", "ms"),
    ),
    "endpoint": (
        *("endpoint", "uri", "url", "path", "requesturi", "requestpath", "target", "route", "originalurl"),
        *("request", "class", "task", "job", "name"),
    ),
    "method": ("method", "requestmethod", "httpmethod", "verb"),
    "ip": ("ip", "clientip", "remoteaddr", "remoteip", "clienthost", "remoteaddress", "client", "addr", "peer"),
    "user": ("userid", "user", "username", "remoteuser", "uid"),
    "user_agent": ("useragent", "httpuseragent", "agent", "requestuseragent"),
}
_UNIT_ENDINGS: tuple[tuple[str, Unit], ...] = (
    *(("milliseconds", "ms"), ("millis", "ms"), ("msecs", "ms"), ("_ms", "ms"), ("Ms", "ms"), ("-ms", "ms")),
    *(("microseconds", "us"), ("micros", "us"), ("_us", "us"), ("Us", "us"), ("nanoseconds", "ns"), ("nanos", "ns")),
    *(("_ns", "ns"), ("Ns", "ns"), ("seconds", "s"), ("secs", "s"), ("_s", "s"), ("_sec", "s"), ("request_time", "s")),
    *(("responseTime", "ms"), ("response-time", "ms"), ("response_time", "ms"), ("elapsed", "s")),
)
_SECOND_NS = 1_000_000_000
BY_SIZE = "by its size: check it"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A path that may have a role: in how many lines it stands, how many texts it has, and some of them."""

    path: str
    lines: int
    distinct: int
    examples: tuple[str, ...]
    note: str = ""


def candidates(records: Sequence[Record], role: str) -> list[Candidate]:
    """The paths that may have a role, the best first."""
    rows: dict[str, list[str]] = {}
    for record in records:
        for path, text in record.items():
            rows.setdefault(path, []).append(text)
    least = max(1, _LEAST_SHARE * len(records))
    fitting = [path for path, texts in rows.items() if len(texts) >= least and _FITS[role](path, texts)]
    found = [_candidate(path, rows[path], role) for path in fitting]
    return sorted(found, key=lambda one: _order(one, role))


def _candidate(path: str, texts: Sequence[str], role: str) -> Candidate:
    counts = Counter(texts)
    examples = tuple(text for text, _ in counts.most_common(4))
    note = (stamps.form_of(texts) or "") if role == "time" else ""
    return Candidate(path=path, lines=len(texts), distinct=len(counts), examples=examples, note=note)


def _order(one: Candidate, role: str) -> tuple[float, ...]:
    """Of times, the finest counts where it stands in as many lines. Of others, the name."""
    rank = name_rank(one.path, role)
    if role == "time":
        return (-one.lines // 10, -stamps.fineness(one.note, one.examples[0]), rank, len(one.path))
    if role == "id":
        return (rank, -one.distinct, len(one.path))
    return (rank, -one.lines, len(one.path))


def name_rank(path: str, role: str) -> int:
    """How well a name fits a role: 0 is best. A name that does not fit comes last."""
    last = path.removesuffix(".0").rpartition(".")[2]
    bare = re.sub(r"[-_]", "", last.lower())
    names = _NAMES[role]
    if bare in names:
        return names.index(bare)
    return len(names) + (not any(name in bare for name in names if len(name) > 3))


def _named(path: str, role: str) -> bool:
    return name_rank(path, role) < len(_NAMES[role])


def _mostly(texts: Sequence[str], fits: Callable[[str], object], share: float = 0.9) -> bool:
    return sum(1 for text in texts if fits(text)) >= share * len(texts)


def _is_id(_path: str, texts: Sequence[str]) -> bool:
    if len(set(texts)) < 3 or stamps.form_of(texts) is not None:
        return False
    return _mostly(texts, _ID.fullmatch) and not _mostly(texts, re.compile(r"-?\d+\.\d+").fullmatch)


def _is_status(path: str, texts: Sequence[str]) -> bool:
    real = [text for text in texts if text not in ("-", "null", "0", "000")]
    return _named(path, "status") and _mostly(texts, _STATUS.fullmatch, 0.95) and len(set(real)) <= 60


def _is_duration(path: str, texts: Sequence[str]) -> bool:
    shape = _mostly(texts, lambda text: NUMBER.fullmatch(text) or GO.fullmatch(text) or text in ("-", "null"))
    fits = name_rank(path, "duration") <= len(_NAMES["duration"])
    return fits and shape and stamps.form_of(texts) is None


def _is_endpoint(path: str, texts: Sequence[str]) -> bool:
    return _named(path, "endpoint") and not _mostly(texts, NUMBER.fullmatch, 0.5)


_FITS: dict[str, Callable[[str, Sequence[str]], bool]] = {
    "time": lambda _path, texts: stamps.form_of(texts) is not None,
    "id": _is_id,
    "status": _is_status,
    "duration": _is_duration,
    "endpoint": _is_endpoint,
    "method": lambda _path, texts: _mostly(texts, METHODS.__contains__, 0.8),
    "ip": lambda path, texts: _named(path, "ip") and _mostly(texts, ADDRESS.fullmatch, 0.7),
    "user": lambda path, _texts: _named(path, "user"),
    "user_agent": lambda path, _texts: _named(path, "user_agent"),
}


def unit_of(path: str, texts: Sequence[str], distances_us: Sequence[tuple[float, int]] = ()) -> tuple[Unit, str]:
    """The unit of a duration, and why. `distances_us` are numbers beside the µs between the two events, for pairs."""
    if _mostly(texts, GO.fullmatch, 0.5):
        return "go", "the unit stands in the text"
    ending = next((unit for ending, unit in _UNIT_ENDINGS if path.endswith(ending)), None)
    scales: tuple[tuple[Unit, float], ...] = (("s", 1e6), ("ms", 1e3), ("us", 1.0), ("ns", 1e-3))
    long = [(number, us) for number, us in distances_us if us >= 20_000 and number > 0]
    if len(long) >= 3:
        votes = Counter(min(scales, key=lambda scale: abs(number * scale[1] / us - 1))[0] for number, us in long)
        return votes.most_common(1)[0][0], "it is about the time between the two events"
    if ending is not None:
        return ending, "by its name"
    numbers = [abs(float(text)) for text in texts if NUMBER.fullmatch(text)]
    whole = all(number == int(number) for number in numbers)
    if not whole and max(numbers, default=0) < 100:
        return "s", BY_SIZE
    if whole and sorted(numbers)[len(numbers) // 2] > _SECOND_NS / 100_000:
        return "ns", BY_SIZE
    return "ms", BY_SIZE
