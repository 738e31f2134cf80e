"""The plain oracle of access logs, first half: what each line is, worked out the slow and obvious way.

It shares no code with the engine. Instants and durations are integer microseconds; numbers of JSON stay the text
they are written as, so that none is rounded unasked.
"""

import json
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from tests.oracle.pair_oracle import File, Record, instant, lines_of

FORMATS = ("ndjson", "caddy", "traefik", "nginx", "common", "combined")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CLF_TIME = re.compile(rf"([0-9]{{2}})/({'|'.join(MONTHS)})/([0-9]{{4}}):([0-9:]{{8}}) ([+-][0-9]{{4}})")
QUOTED = r'"((?:[^"\\]|\\.)*)"'
USER = r"(?:-|(?!-[ \t]).*?)"
CLF_LINE = re.compile(rf"(?!\ufeff)([^ \t]+) [^ \t]+ {USER} \[([^\]]*)\] {QUOTED} ([^ \t]+) [^ \t]+([ \t].*)?")
CLF_TAIL = re.compile(rf" {QUOTED} {QUOTED}(?:[ \t].*)?")
NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST = re.compile(rf"({NAME})(?:[ \t]+(.*?))?[ \t]+[A-Z]+/[0-9]+(?:\.[0-9]+)?", re.DOTALL)
REQUEST_WITHOUT_PROTOCOL = re.compile(rf"({NAME})[ \t]+([^ \t]+)")
ADDRESS = re.compile(r"\[([^\]]*)\](?::[0-9]*)?|([^:]*):[0-9]*")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
HEX = "[0-9a-fA-F]"
IDENTIFIER = re.compile(rf"[0-9]+|(?=.*[0-9]){HEX}{{8,}}|{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}")


class Number(str):
    """A number of a JSON text, as it is written there."""

    __slots__ = ()


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
    """The value of a JSON text, None where it is none."""
    try:
        everything = json.loads(line, object_pairs_hook=list, parse_int=str, parse_float=str, parse_constant=int)
        # A lone surrogate cannot be encoded, wherever it hides: in a key, or in a value that a later one replaces.
        json.dumps(everything, ensure_ascii=False).encode()
        return json.loads(line, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        return None


def text(value: Any) -> str | None:
    """The text of a value; None for what is absent, null, empty, `-`, an object or an array."""
    if isinstance(value, bool):
        return "true" if value else "false"
    stripped = value.strip(" \t") if isinstance(value, str) else ""
    return None if stripped in ("", "-") else str(stripped)


def host(value: Any) -> str | None:
    """An address without its port, and without the brackets that a port makes necessary."""
    found = ADDRESS.fullmatch(text(value) or "")
    return text(found[1] or found[2]) if found else text(value)


def part_of_request(part: int) -> Callable[[Any], str | None]:
    """Reads the method (1) or the target (2) of a request line such as `GET /x HTTP/1.1`."""

    def read(value: Any) -> str | None:
        line = text(value) or ""
        found = REQUEST.fullmatch(line) or REQUEST_WITHOUT_PROTOCOL.fullmatch(line)
        return text(found[part]) if found else None

    return read


def code(value: Any) -> int | None:
    """A status: one to three digits as text, or a number that is a whole one from 0 to 999."""
    if isinstance(value, Number):
        whole = micros(value, 0, ROUND_FLOOR)
        return whole if whole is not None and 0 <= whole <= 999 and Decimal(value) == whole else None
    found = re.fullmatch("[0-9]{1,3}", value.strip(" \t")) if isinstance(value, str) else None
    return int(found[0]) if found else None


def unescaped(value: str | None) -> str | None:
    r"""A text in quotes without the backslashes that stand before a quote or another backslash."""
    return None if value is None else re.sub(r'\\(["\\])', r"\1", value)


def micros(value: Any, places: int, rounding: str) -> int | None:
    """A number, or a plain decimal number as text, times 10^places as an integer; None outside of 64 bits."""
    if not isinstance(value, Number) and not (isinstance(value, str) and PLAIN_NUMBER.fullmatch(value.strip(" \t"))):
        return None
    try:
        result = int(Decimal(value.strip(" \t")).quantize(Decimal(1).scaleb(-places), rounding).scaleb(places))
    except ArithmeticError:
        return None
    return result if -(2**63) <= result < 2**63 else None


def duration(places: int) -> Callable[[Any], int | None]:
    """Reads a duration in units of 10^places microseconds, rounded to the nearest one; none is over 285 years."""

    def read(value: Any) -> int | None:
        took = micros(value, places, ROUND_HALF_EVEN)
        return took if took is not None and abs(took) < 2**53 else None

    return read


def grammar(value: Any) -> int | None:
    """An instant in the grammar of the SPEC."""
    return instant(value.strip(" \t")) if type(value) is str else None


def clf(value: Any) -> int | None:
    """An instant in the form of the common log format, such as `10/Oct/2000:13:55:36 -0700`."""
    if not isinstance(value, str) or not (found := CLF_TIME.fullmatch(value.strip(" \t"))):
        return None
    day, month, year, clock, zone = found.groups()
    return instant(f"{year}-{MONTHS.index(month) + 1:02}-{day}T{clock}{zone}")


def unix(value: Any) -> int | None:
    """An instant as seconds since 1970, within the years of the grammar; digits beyond the microsecond are cut off."""
    at = micros(value, 6, ROUND_FLOOR)
    return at if at is not None and -62_135_596_800_000_000 <= at < 253_402_300_800_000_000 else None


def any_of(*clocks: Callable[[Any], int | None]) -> Callable[[Any], int | None]:
    """Reads an instant that may be written in any of several forms."""
    return lambda value: next((at for clock in clocks if (at := clock(value)) is not None), None)


# Where each dialect keeps what, and in which unit. Of several places the first that holds a value counts.
Places = list[tuple[str, Callable[[Any], Any]]]
DIALECTS: dict[str, dict[str, Places]] = {
    "ndjson": {
        "at": [("timestamp", grammar)],
        "status": [("status_code", code)],
        "took": [("response_time", duration(3))],
        "method": [("method", text)],
        "endpoint": [("endpoint", text)],
        "ip": [("ip", text)],
        "user_agent": [("user_agent", text)],
    },
    "caddy": {
        "at": [("ts", any_of(grammar, unix))],
        "status": [("status", code)],
        "took": [("duration", duration(6))],
        "method": [("request.method", text)],
        "endpoint": [("request.uri", text)],
        "ip": [("request.client_ip", text), ("request.remote_ip", text), ("request.remote_addr", host)],
        "user_agent": [("request.headers.User-Agent.0", text)],
    },
    "traefik": {
        "at": [("StartUTC", grammar), ("time", grammar)],
        "status": [("DownstreamStatus", code)],
        "took": [("Duration", duration(-3))],
        "method": [("RequestMethod", text)],
        "endpoint": [("RequestPath", text)],
        "ip": [("ClientHost", text), ("ClientAddr", host)],
        "user_agent": [("request_User-Agent", text)],
    },
    "nginx": {
        "at": [
            (name, any_of(grammar, clf, unix))
            for name in ("time_iso8601", "time_local", "time", "timestamp", "@timestamp", "msec")
        ],
        "status": [("status", code)],
        "took": [("request_time", duration(6))],
        "method": [("request_method", text), ("method", text), ("request", part_of_request(1))],
        "endpoint": [("request_uri", text), ("uri", text), ("request", part_of_request(2))],
        "ip": [("remote_addr", text), ("client_ip", text)],
        "user_agent": [("http_user_agent", text), ("user_agent", text), ("agent", text)],
    },
}


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


def path_of(target: str | None, *, collapse_ids: bool) -> str | None:
    """The endpoint of a request's target: without the query string, and with `*` for ids where that is asked for."""
    path = (target or "").split("?")[0]
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
    if not line.strip(b" \t"):
        return "blank"
    try:
        decoded = line.decode()
    except UnicodeDecodeError:
        return "encoding"
    values: Record
    if form in DIALECTS:
        if not isinstance(record := parsed(decoded), dict):
            return "json"
        values = {name: first_of(record, places) for name, places in DIALECTS[form].items()}
    else:
        found = CLF_LINE.fullmatch(decoded.strip(" \t"))
        if not found:
            return "fields"
        values = {"ip": text(found[1]), "at": clf(found[2]), "status": code(found[4]), "took": None}
        values["method"] = part_of_request(1)(found[3])
        values["endpoint"] = unescaped(part_of_request(2)(found[3]))
        tail = CLF_TAIL.fullmatch(found[5] or "")
        values["user_agent"] = text(unescaped(tail[2])) if tail else None
    if values["at"] is None or values["status"] is None:
        return "timestamp" if values["at"] is None else "status_code"
    return values


def detect(files: Sequence[File]) -> str:
    """The format in which most of the first hundred lines are exchanges, the first of equals; of those that are UTF-8 and not blank.

    Common and combined have the same lines: it is combined where one of them has a referer and a user agent.
    """
    lines = (line for _, data in files for line in lines_of(data) if line.strip(b" \t") and is_utf8(line))
    head = list(islice(lines, 100))
    counts = {form: sum(isinstance(classify(line, form), Exchange) for line in head) for form in FORMATS}
    if any(counts.values()):
        best = max(FORMATS, key=lambda form: counts[form])
        return "combined" if best == "common" and any(map(has_tail, head)) else best
    return "combined" if head and not any(line.lstrip(b" \t").startswith(b"{") for line in head) else "ndjson"


def is_utf8(line: bytes) -> bool:
    return line.decode(errors="ignore").encode() == line


def has_tail(line: bytes) -> bool:
    found = CLF_LINE.fullmatch(line.decode(errors="replace").strip(" \t"))
    return bool(found and CLF_TAIL.fullmatch(found[5] or ""))
