"""The plain oracle of access logs, first half: what each line is, worked out the slow and obvious way.

It shares no code with the engine. Instants and durations are integer microseconds; numbers of JSON stay the text
they are written as, so that none is rounded unasked.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from tests.oracle.golden_formats import profiles
from tests.oracle.pair_oracle import File, Record, lines_of
from tests.oracle.profile_clock import Clock, duration_us
from tests.oracle.profile_oracle import ANSI, Reader, client
from tests.oracle.profile_syntax import JsonError, Number, json_object

FORMATS = ("ndjson", "caddy", "traefik", "nginx", "common", "combined")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST = re.compile(rf"({NAME})(?:[ \t]+(.*?))?[ \t]+[A-Z]+/[0-9]+(?:\.[0-9]+)?", re.DOTALL)
REQUEST_WITHOUT_PROTOCOL = re.compile(rf"({NAME})[ \t]+([^ \t]+)")
HEX = "[0-9a-fA-F]"
IDENTIFIER = re.compile(rf"[0-9]+|(?=.*[0-9]){HEX}{{8,}}|{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}")


class Exchange(NamedTuple):
    """One valid line: its instant, and what is known of the request."""

    at: int
    status: int | None
    took: int | None
    method: str | None
    endpoint: str | None
    ip: str | None
    user_agent: str | None


def parsed(line: str) -> Any:
    """The object of a JSON text, None where it is none."""
    try:
        return json_object(line)
    except JsonError:
        return None


def text(value: Any) -> str | None:
    """The text of a value; None for what is absent, null, empty, `-`, an object or an array."""
    if isinstance(value, bool):
        return "true" if value else "false"
    stripped = value.strip(" \t") if isinstance(value, str) else ""
    return None if stripped in ("", "-") else str(stripped)


def address(value: Any) -> str | None:
    """The client that an address, or a list of addresses, names."""
    told = text(value)
    return None if told is None else text(client(told))


def part_of_request(part: int) -> Callable[[Any], str | None]:
    """Reads the method (1) or the target (2) of a request line such as `GET /x HTTP/1.1`."""

    def read(value: Any) -> str | None:
        line = text(value) or ""
        found = REQUEST.fullmatch(line) or REQUEST_WITHOUT_PROTOCOL.fullmatch(line)
        return text(found[part]) if found else None

    return read


NO_CODE = "no code"


def code(value: Any) -> int | str | None:
    """A status: one to three digits as text, or a number that is a whole one from 0 to 999; None for no status.

    No status are null, nothing, `-` and -1. NO_CODE is for what cannot be read.
    """
    if value is None or (isinstance(value, str) and value.strip(" \t") in ("", "-", "-1")):
        return None
    if isinstance(value, Number):
        number = Decimal(value)
        return int(number) if 0 <= number <= 999 and number == int(number) else NO_CODE
    found = re.fullmatch("[0-9]{1,3}", value.strip(" \t")) if isinstance(value, str) else None
    return int(found[0]) if found else NO_CODE


def duration(unit: str) -> Callable[[Any], int | None]:
    """Reads a duration in a unit, rounded to the nearest µs; none is over 285 years."""

    def read(value: Any) -> int | None:
        told = text(value)
        return None if told is None else duration_us(told, unit)

    return read


def caddy_duration(value: Any) -> int | None:
    """A duration of Caddy: seconds have a fraction or an exponent, nanoseconds five digits or more, ms fewer."""
    told = value if isinstance(value, str) else "true" if value is True else "false" if value is False else ""
    forms = (
        ("s", r"-?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|-?[0-9]+[eE][+-]?[0-9]+|0"),
        ("ns", "[0-9]{5,}"),
        ("ms", "[0-9]{1,4}"),
        ("go", "[0-9.]+[a-zµ].*"),
    )
    unit = next((unit for unit, form in forms if re.fullmatch(form, told, re.DOTALL)), "s")
    return duration(unit)(value)


def clock(form: str) -> Callable[[Any], int | None]:
    """Reads an instant in a form of profiles."""

    def read(value: Any) -> int | None:
        if not isinstance(value, str):
            return None
        moment = Clock("Z", None).read(value, form, None)
        return moment.us if moment else None

    return read


CLF = "%d/%b/%Y:%H:%M:%S %z"
STAMP, UNIX = clock("rfc3339"), clock("epoch_s")


def any_of(*clocks: Callable[[Any], int | None]) -> Callable[[Any], int | None]:
    """Reads an instant that may be written in any of several forms."""
    return lambda value: next((at for clock in clocks if (at := clock(value)) is not None), None)


# Where each dialect keeps what, and in which unit. Of several places the first that holds a value counts.
Places = list[tuple[str, Callable[[Any], Any]]]
DIALECTS: dict[str, dict[str, Places]] = {
    "ndjson": {
        "at": [("timestamp", STAMP)],
        "status": [("status_code", code)],
        "took": [("response_time", duration("ms"))],
        "method": [("method", text)],
        "endpoint": [("endpoint", text)],
        "ip": [("ip", address)],
        "user_agent": [("user_agent", text)],
    },
    "caddy": {
        "at": [
            (
                "ts",
                any_of(
                    UNIX,
                    STAMP,
                    *map(clock, (CLF, "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "epoch_ms", "epoch_ns")),
                ),
            )
        ],
        "status": [("status", code)],
        "took": [("duration", caddy_duration)],
        "method": [("request.method", text)],
        "endpoint": [("request.uri", text)],
        "ip": [(f"request.{name}", address) for name in ("client_ip", "remote_ip", "remote_addr")],
        "user_agent": [("request.headers.User-Agent.0", text)],
    },
    "traefik": {
        "at": [("StartUTC", STAMP), ("time", STAMP)],
        "status": [("DownstreamStatus", code)],
        "took": [("Duration", duration("ns"))],
        "method": [("RequestMethod", text)],
        "endpoint": [("RequestPath", text)],
        "ip": [("ClientHost", address), ("ClientAddr", address)],
        "user_agent": [("request_User-Agent", text)],
    },
    "nginx": {
        "at": [
            ("msec", UNIX),
            *(
                (name, any_of(STAMP, clock(CLF), UNIX))
                for name in ("time_iso8601", "time_local", "time", "timestamp", "@timestamp", "msec")
            ),
        ],
        "status": [("status", code), ("status_code", code)],
        "took": [("request_time", duration("s"))],
        "method": [("request_method", text), ("method", text), ("request", part_of_request(1))],
        "endpoint": [("request_uri", text), ("uri", text), ("request", part_of_request(2))],
        "ip": [("remote_addr", address), ("client_ip", address)],
        "user_agent": [("http_user_agent", text), ("user_agent", text), ("agent", text)],
    },
}


# Names of variables that only nginx has, and keys that only others have.
NGINX_ONLY = (
    *("request", "request_uri", "request_method", "request_time", "remote_addr", "http_user_agent", "time_iso8601"),
    *("time_local", "msec"),
)


def is_other(record: Record, form: str) -> bool:
    """Whether an object is of another kind: a line of the server's own, or of another server."""
    held = {key for key, value in record.items() if value is not None}
    if form == "ndjson":
        return {"request_time", "remote_addr"} <= held
    if form == "nginx":
        return not held & set(NGINX_ONLY) or bool(held & {"ts", "latency_human"}) or {"controller", "action"} <= held
    if form == "caddy":
        return "request" not in held or record.get("msg") not in (None, "handled request", "NOP")
    own = {"RequestMethod", "RequestPath", "Duration", "DownstreamStatus"}
    return "msg" in held and not held & own and "DownstreamStatus" not in record


def value_at(record: Any, path: str) -> Any:
    """What stands at a path of keys, where `0` is the first of an array."""
    for key in path.split("."):
        if key == "0":
            record = (
                next(iter(record), None) if isinstance(record, list) else None if isinstance(record, dict) else record
            )
        else:
            record = record.get(key) if isinstance(record, dict) else None
    return record


def first_of(record: Record, places: Places) -> Any:
    held = ((value_at(record, path), read) for path, read in places)
    return next((read(value) for value, read in held if text(value) is not None), None)


def first_read(record: Record, places: Places) -> Any:
    """Of several instants the first that can be read."""
    return next((at for path, read in places if (at := read(value_at(record, path))) is not None), None)


def status_of(record: Record, places: Places) -> Any:
    """The status under the first key that has a value, else the one that is null; NO_CODE where there is no key."""
    keys = [path for path, _ in places]
    held = [key for key in keys if record.get(key) is not None] or [key for key in keys if key in record]
    return code(record[held[0]]) if held else NO_CODE


def path_of(target: str | None, *, collapse_ids: bool) -> str | None:
    """The endpoint of a request's target: without the query string, and with `*` for ids where that is asked for."""
    path = re.sub("^(?i:https?|wss?)://[^/?#]*/*", "/", target or "").split("?")[0]
    if collapse_ids:
        path = "/".join("*" if IDENTIFIER.fullmatch(segment) else segment for segment in path.split("/"))
    return path or None


def classify(line: bytes, form: str, *, collapse_ids: bool = False) -> Exchange | str:
    """The exchange of a line, or `blank`, or the reason why it is malformed."""
    values = _values(line, form)
    if isinstance(values, str):
        return values
    return Exchange(**values | {"endpoint": path_of(values["endpoint"], collapse_ids=collapse_ids)})


@lru_cache(1 << 16)
def _values(line: bytes, form: str) -> Record | str:
    """What a line says, or why it says nothing; lines are looked at several times."""
    decoded = ANSI.sub("", line.decode(errors="replace"))
    if not decoded.strip(" \t"):
        return "blank"
    values: Record
    if form in DIALECTS:
        bare = decoded.strip(" \t\r")
        if not bare.startswith("{") or (record := parsed(bare)) is None:
            return "json"
        if is_other(record, form):
            return "other"
        special = {"at": first_read, "status": status_of}
        values = {name: special.get(name, first_of)(record, places) for name, places in DIALECTS[form].items()}
    else:
        read = clf_line(decoded, form)
        if isinstance(read, str):
            return read
        values = read
    if values["at"] is None or values["status"] == NO_CODE:
        return "timestamp" if values["at"] is None else "status_code"
    return values


def clf_line(line: str, form: str) -> Record | str:
    """What a line of text says, by the patterns of the catalogue; or its class."""
    read = Reader(profiles()[form], 0, None, None, "").line(2, line, {}, repaired=False)
    if read.kind != "entry":
        return read.reason or read.kind
    texts = {name: read.attributes.get(name) for name in ("method", "endpoint", "ip", "user_agent")}
    return {"at": read.at, "status": read.status, "took": read.given_us, **texts}


def detect(files: Sequence[File]) -> str:
    """The format in which most of the first hundred lines are exchanges, the first of equals; of those that are UTF-8 and not blank.

    Common and combined are two names for the same lines.
    """
    lines = (line for _, data in files for line in lines_of(data) if line.strip(b" \t") and is_utf8(line))
    head = list(islice(lines, 100))
    counts = {form: sum(isinstance(classify(line, form), Exchange) for line in head) for form in FORMATS}
    if any(counts.values()):
        best = max(FORMATS, key=lambda form: counts[form])
        return "combined" if best == "common" else best
    return "combined" if head and not any(line.lstrip(b" \t").startswith(b"{") for line in head) else "ndjson"


def is_utf8(line: bytes) -> bool:
    return line.decode(errors="ignore").encode() == line
