"""The plain oracle of profiles: what each line of a log is, by a profile (a table of TOML), the slow and obvious way.

It shares no code with the engine. Instants and durations are integer microseconds. `profile_pairing` pairs the entries.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tests.oracle.profile_clock import Clock, duration_us
from tests.oracle.profile_fields import field_keys, field_text, holds, paths, pattern, raw_value
from tests.oracle.profile_syntax import SPACE, JsonError, Number, csv_fields, json_object, logfmt_fields

ATTRIBUTES = ("method", "endpoint", "ip", "user_agent")
NULL_STATUS = ("", "-", "-1")
NO_ID = ("", "-", "null", "none", "nil", "undefined")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
HOST = re.compile(r"^(?:https?|wss?)://[^/?#]*/?", re.IGNORECASE)
CRI = re.compile(r"(\S+) (stdout|stderr) ([FP])(?: |$)")
SYSLOG = re.compile(
    r"(?:<\d+>)?(?:(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) |(?:1 )?(?P<time>\d{4}-\d\d-\d\dT\S+) )"
    r"(?P<host>\S+) (?P<source>[^ :\[]+)(?:\[\d+\]: ?|: ?| \S+ \S+ (?:-|\[.*?\]) ?)"
)


class Line(NamedTuple):
    """What one line is: its class, and for an entry its event and its fields. `row` counts from 1."""

    file: int
    row: int
    kind: str  # blank, header, other, malformed or entry
    reason: str = ""
    event: str = ""
    id: str = ""
    at: int | None = None
    user: str | None = None
    status: int | None = None
    given_us: int | None = None
    attributes: Mapping[str, str] = {}
    weak: bool = False
    previous: bool = False  # the time is that of a line above
    doubled: bool = False  # the time is of an hour that occurs twice
    repaired: bool = False  # the line is no UTF-8


class MalformedError(Exception):
    """A rule takes the line, and a part of it cannot be read: the reason."""


def status_of(fields: Mapping[str, Any], spec: Any) -> int | None:
    """The status code, None for no status; MalformedError if there is none to read."""
    if isinstance(spec, int):
        return spec
    table: dict[str, Any] = spec if isinstance(spec, dict) else {"field": spec}
    if isinstance(raw_value(fields, field_keys(table)), (dict, list)):
        raise MalformedError("status_code")
    value = field_text(fields, field_keys(table)) or ""
    text = plain_whole(value) if isinstance(value, Number) else value.strip(SPACE)
    codes = table.get("map", {})
    if text in codes:
        return int(codes[text])
    if text in NULL_STATUS:
        if table.get("null") is None:
            raise MalformedError("status_code")
        return None if table["null"] == "none" else int(table["null"])
    if re.fullmatch("[0-9]{1,3}", text) and not (codes and "else" in table):
        return int(text)
    if "else" in table:
        return int(table["else"])
    raise MalformedError("status_code")


def plain_whole(number: str) -> str:
    """A number of JSON that is a whole one of up to three digits, such as 2e2, without point and exponent."""
    value = Decimal(number)
    return str(int(value)) if abs(value) < 1000 and value == int(value) else number


def given_duration(fields: Mapping[str, Any], spec: Mapping[str, Any]) -> int | None:
    """The duration that a line tells, in µs; None if it tells none; MalformedError if it cannot be read."""
    if "sum" in spec:
        texts = [(field_text(fields, field) or "").strip(SPACE) for field in spec["sum"]]
        each = [None if text in ("", "-") else duration_us(text, spec["unit"]) for text in texts]
        return None if any(part is None or part < 0 for part in each) else sum(part or 0 for part in each)
    text = (field_text(fields, field_keys(spec)) or "").strip(SPACE)
    if text in ("", "-"):
        return None
    unit = spec.get("unit")
    if "unit_field" in spec:
        told = field_text(fields, spec["unit_field"]) or ""
        unit = spec.get("units", {}).get(told, told)
    if unit not in ("s", "ms", "us", "ns", "go", "timedelta") or (us := duration_us(text, unit)) is None:
        if spec.get("else") == "none":
            return None
        raise MalformedError("duration")
    return us


def client(text: str) -> str:
    """A client: the first of a list, without port and zone; IPv6 in its one form, mapped IPv4 as IPv4."""
    first = text.split(",", maxsplit=1)[0].strip(' \t"')
    found = re.fullmatch(r"\[([^\]]*)\](?::[0-9]*)?|([^:\s]+):[0-9]{1,5}", first)
    bare = (found[1] or found[2] or "") if found else first
    try:
        address = ipaddress.ip_address(bare.split("%")[0])
    except ValueError:
        return bare
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def unescaped(text: str) -> str:
    r"""The text of a quoted field of an access log: `\"` and `\\` stand for one character."""
    return re.sub(r'\\(["\\])', r"\1", text)


class Reader:
    """The reader of one file by a profile. `day` is --date, `zone` --zone, `side` the one event that the file has."""

    def __init__(self, table: Mapping[str, Any], file: int, day: date | None, zone: str | None, side: str) -> None:
        self.table, self.file, self.side, self.zone = table, file, side, zone
        self.syntax = table["syntax"]
        self.clock = Clock(zone or table.get("zone", "Z"), day)
        self.columns: list[str] = list(table.get("columns", []))
        self.last_time: int | None = None
        self.restarts = 0

    def line(self, row: int, raw: str, wrapper: Mapping[str, str], *, repaired: bool) -> Line:
        line = ANSI.sub("", raw)
        if not line.strip(SPACE + "\r"):
            return Line(self.file, row, "blank")
        if self.syntax == "csv" and self.is_header(line, row):
            return Line(self.file, row, "header")
        try:
            return self.entry(row, line, wrapper)._replace(repaired=repaired)
        except MalformedError as error:
            return Line(self.file, row, "malformed", str(error), repaired=repaired)

    def is_header(self, line: str, row: int) -> bool:
        """Whether a line of csv names the columns, or is a comment between them."""
        marker = self.table.get("fields_line")
        if marker:
            if line.startswith(marker):
                self.columns = line.removeprefix(marker).split()
            return line.startswith(marker[0])
        texts = [text.strip(SPACE) for text in self.split(line)]
        if not self.columns:
            self.columns = texts
            return True
        return row == 1 and texts == self.columns

    def split(self, line: str) -> list[str]:
        return csv_fields(line, self.table.get("separator", ","), self.table.get("quote", '"'))

    def fields(self, line: str) -> dict[str, Any] | None:
        """The fields of a line, without those of patterns; None if the profile does not speak of the line."""
        before: dict[str, Any] = {}
        if "prefix" in self.table:
            found = pattern(self.table["prefix"]).match(line)
            if not found:
                self.unfit("json" if self.syntax == "json" else "fields")
                return None
            before, line = found.groupdict(), line[found.end() :]
        if self.syntax == "json":
            line = line.lstrip(" \t\r")
            if not line.startswith("{"):
                self.unfit("json")
                return None
            try:
                return {**before, **json_object(line)}
            except JsonError:
                raise MalformedError("json") from None
        if self.syntax == "logfmt":
            return {**before, **logfmt_fields(line)}
        if self.syntax == "csv" and self.table.get("fields_line") and not self.columns:
            self.unfit("fields")
            return None
        if self.syntax == "csv":
            return {**before, **dict(zip(self.columns, self.split(line), strict=False))}
        return before

    def entry(self, row: int, line: str, wrapper: Mapping[str, str]) -> Line:
        fields = self.fields(line)
        for rule in self.table["rule"] if fields is not None else ():
            assert fields is not None
            taken = {**fields, **wrapper}
            if "match" in rule:
                found = pattern(rule["match"]).match(line)
                if not found:
                    continue
                taken |= found.groupdict()
            if all(holds(taken, path, wanted) for path, wanted in rule.get("where", {}).items()):
                return self.event(row, rule, taken)
        if self.syntax in ("text", "csv"):
            self.unfit("fields")
        return Line(self.file, row, "other")

    def unfit(self, reason: str) -> None:
        """A line that is not of the form of the log: malformed by a strict profile, else of another kind."""
        if self.table.get("strict"):
            raise MalformedError(reason)

    def event(self, row: int, rule: Mapping[str, Any], fields: Mapping[str, Any]) -> Line:
        event = rule["event"]
        if event == "restart":
            self.restarts += 1
        if event in ("ignore", "restart") or (self.side and event not in (self.side, "exchange")):
            return Line(self.file, row, "other")
        have = {**{key: value for key, value in self.table.items() if key != "rule"}, **rule}
        self.check_columns(have, fields)
        at, is_previous, doubled = self.time_of(have, fields)
        key = self.id_of(have, fields) if event != "exchange" else ""
        status = status_of(fields, have["status"]) if event != "request" else None
        given = given_duration(fields, have["duration"]) if "duration" in have else None
        user = field_text(fields, have["user"]) if "user" in have else None
        return Line(
            *(self.file, row, "entry", "", event, key, at),
            user=None if user is None or user.strip(SPACE) in ("", "-") else user.strip(SPACE),
            status=status,
            given_us=given,
            attributes=self.attributes_of(have, fields),
            weak=rule.get("weak", False),
            previous=is_previous,
            doubled=doubled,
        )

    def check_columns(self, have: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        """A line of csv with fewer columns than one that is read is malformed."""
        if self.syntax != "csv":
            return
        wanted = [have["time"]] if isinstance(have.get("time"), dict) else []
        wanted += have["id"] if isinstance(have.get("id"), list) else [have["id"]] if "id" in have else []
        wanted += [have[key] for key in ("status", "duration", "user") if not isinstance(have.get(key, 0), int)]
        for path in (path for field in wanted if "sum" not in field for path in paths(field)):
            if path in self.columns and path not in fields:
                raise MalformedError("fields")
        if not self.columns:
            raise MalformedError("fields")

    def time_of(self, have: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[int | None, bool, bool]:
        """The time in µs, whether it is that of a line above, and whether its hour is doubled. Of several times, the
        first that can be read counts.
        """
        spec = have.get("time", "none")
        if spec == "none":
            return None, False, False
        if spec == "previous":
            if self.last_time is None:
                raise MalformedError("timestamp")
            return self.last_time, True, False
        for one in spec.get("any", [spec]):
            text = field_text(fields, field_keys(one))
            if text in (None, "", "-"):
                continue
            moment = self.clock.read(text or "", one.get("form", "rfc3339"), self.zone or have.get("zone"))
            if moment is None:
                continue
            self.last_time = moment.us
            return moment.us, False, moment.doubled
        raise MalformedError("timestamp")

    def id_of(self, have: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
        if "refusal" in self.table:
            return ""
        parts = have["id"] if isinstance(have["id"], list) else [have["id"]]
        texts = [(field_text(fields, part, an_id=True) or "").strip(SPACE) for part in parts]
        if any(text.lower() in (NO_ID if len(texts) == 1 else ("",)) for text in texts):
            raise MalformedError("request_id")
        return "/".join(texts) + (f"#{self.restarts}" if self.restarts else "")

    def attributes_of(self, have: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, str]:
        named = {name: have[name] for name in ATTRIBUTES if name in have} | dict(have.get("attributes", {}))
        texts = {name: (field_text(fields, field) or "").strip(SPACE) for name, field in named.items()}
        if self.syntax == "text":
            texts = {name: unescaped(text) for name, text in texts.items()}
        if "ip" in texts:
            texts["ip"] = client(texts["ip"])
        texts = {name: text for name, text in texts.items() if text not in ("", "-")}
        if "endpoint" in texts:
            texts["endpoint"] = HOST.sub("/", texts["endpoint"]).split("?")[0]
        return {name: text for name, text in texts.items() if text}


def unwrapped(lines: Iterable[str], head: str) -> Iterable[tuple[int, str, dict[str, str]]]:
    """The row of a line, the line without the head that a collector put before it, and the fields of the head."""
    begun = ""
    for row, line in enumerate(lines, 1):
        if head == "docker-json" and line.startswith("{"):
            try:
                value = json_object(line)
            except JsonError:
                yield row, line, {}
                continue
            yield row, str(value.get("log", "")).rstrip("\n"), {"@time": str(value.get("time", ""))}
        elif head == "cri" and (found := CRI.match(line)):
            begun += line[found.end() :]
            if found[3] == "F":
                yield row, begun, {"@time": found[1], "@stream": found[2]}
                begun = ""
        elif head == "syslog" and (found := SYSLOG.match(line)):
            yield row, line[found.end() :], {"@time": found["time"] or "", "@source": found["source"]}
        else:
            yield row, line, {}


def read(
    table: Mapping[str, Any],
    files: Sequence[bytes],
    *,
    day: date | None = None,
    zone: str | None = None,
    side: str = "",
    head: str = "",
) -> list[Line]:
    """Every line of the files, in order. `side` is "request" or "response" where the files have only one of the two."""
    lines = []
    for place, content in enumerate(files):
        reader = Reader(table, place, day, zone, side)
        raw = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        texts = [line.removesuffix(b"\r") for line in (raw if raw[-1] else raw[:-1])]
        bad = [line.decode(errors="replace").encode() != line for line in texts]
        for row, text, wrapper in unwrapped((line.decode(errors="replace") for line in texts), head):
            lines.append(reader.line(row, text, wrapper, repaired=bad[row - 1]))
    return lines


def claims(table: Mapping[str, Any], content: bytes, day: date | None = None) -> int:
    """How many of a file's first 1000 lines a profile takes; 0 if it does not claim the file (FORMATS 1.7)."""
    first = b"\n".join([line for line in content.split(b"\n") if line.strip()][:1000])
    lines = [line for line in read(table, [first], day=day or date(2000, 1, 1)) if line.kind in ("entry", "malformed")]
    entries = [line for line in lines if line.kind == "entry"]
    events = {line.event for line in entries}
    total = first.count(b"\n") + 1
    enough = len(entries) * 2 >= total if events == {"exchange"} else {"request", "response"} <= events
    malformed = len(lines) - len(entries)
    return len(lines) if enough and malformed * 100 <= len(lines) else 0
