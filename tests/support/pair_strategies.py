"""Hypothesis strategies for small and nasty pairs of logs.

Ids, users, statuses and instants come from small pools, so that retries, redeliveries, one-sided ids and equal
instants are frequent; around them stand lines that are wrong, or almost wrong, in every way the SPEC knows.
"""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from logcorr.model.options import CorrelateOptions, Output
from tests.oracle.pair_oracle import File, Record, classify, correlate, lines_of

BOM = b"\xef\xbb\xbf"
SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Where the instants of one case lie: ordinary, around a leap day, around 1970, and at either end of the calendar.
BASES = tuple(
    (datetime(year, month, day, 11, 59, 58, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    for year, month, day in [
        *([(2025, 3, 1)] * 5),
        (2024, 2, 29),
        (1969, 12, 31),
        (2000, 12, 31),
        (1, 1, 2),
        (9999, 12, 29),
    ]
)
STEPS = (0, 0, 1, 999, 1000, 222_000, 999_999, SECOND, SECOND + 1, 2 * SECOND, 9 * SECOND, 60 * SECOND)
LATER = (61 * SECOND, 119 * SECOND + 999_999, 600 * SECOND, 3600 * SECOND, 90_000 * SECOND)

IDS = (
    *("req-1", "req-2", "req-3", "req-4", "a", "REQ-1", "0"),
    *("ид-☃", "𝒳", "e\u0301", "é", "\u00a0", "\u00a0req-1", "req-1\u00a0", "\u2028", "\x85"),
    *('"req-1"', "'", '"', "\\", "\\n", "a b", "a\tb", "nul\x00", "nul", "\x00", "\x1b[31m", "\ufffd", "\ufeff"),
    *("none.", "nulls", "--", "n/a", "request_id", "id", "[/oops]", "#", "\x0b", "x" * 300),
    *("N\u0131L", "undef\u0131ned", "a\rb", "=1+1"),
)
NO_IDS = ("", "-", "null", "none", "nil", "undefined", "NULL", "None", "nIl", "Undefined", "UNDEFINED", "nULL")
USERS = (
    *("", "", "u1", "u1", "u2", "user-123", "U1", "null", "-", "none", "0", "ü", "😀", "Zoë", "\u00a0"),
    *('"', '"q"', "a b", "\x00", "u1\x00", "\ufffd", "x\ry", "\u2029", "\x7f", "'", "{}", "\\u0041"),
)
STATUSES = (
    *("200", "200", "200", "404", "503", "0", "99", "100", "007", "7", "999", "00", "000", "399", "400", "499"),
    *("500", "599", "600", "302", "1", "099", "", "-", "-1"),
)
NO_STATUSES = (
    *("--", "-0", "abc", "1000", "0200", "+200", "-2", "2e2", "200.0", "0x1", "2 0", "2\t0", "٢٠٠", "２００", "²"),
    *("200\u00a0", '"200"', "200\x00", "200\r", "\x0b200", "OK", "1_0"),
)
# Each is a timestamp by the grammar; offsets take some out of the years 0001 to 9999.
EDGE_TIMES = (
    *("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59"),
    *("9999-12-31 23:59:59.999999", "1970-01-01T00:00:00-00:00", "1969-12-31T23:59:59.9999999Z", "2000-02-29T00:00:00"),
    *("1900-02-28t23:59:59z", "2025-01-01T00:00:00.000000999", "2025-03-01T11:59:58.1234567+0530"),
)
NO_TIMES = (
    *("", "-", "x", "timestamp", "2025-02-30T00:00:00Z", "2025-02-29T12:00:00Z", "1900-02-29T00:00:00Z"),
    *("2025-13-01T00:00:00Z", "2025-00-10T00:00:00Z", "2025-01-00T00:00:00Z", "2025-01-32T00:00:00Z"),
    *("2025-04-31T00:00:00Z", "2025-03-01T12:60:00Z", "2025-03-01T24:00:00Z", "2025-03-01T23:59:60Z"),
    *("2025-03-01T12:00:61Z", "2025-03-01T12:00:00.+12Z", "2025-03-01T12:00:00.-12Z", "2025-03-01T12:00:00.1e2Z"),
    *("2025-03-01T12:00:00.Z", "2025-03-01T12:00:00.", "2025-03-01T12:00:00. 1Z", "2025-03-01T12:00:00,5Z"),
    *("2025-03-01T12:00:00.0123456789Z", "2025-03-01T12:00:00.123456789123", "2025-03-01T12:00:00.1_0Z"),
    *("2025-03-01T12:00:00.12 Z", "2025-03-01T12:00:00 Z", "2025-03-01T12:00:00 +01:00", "2025-03-01T12:00:00.1.2Z"),
    *("٢٠٢٥-٠٣-٠١T١٢:٠٠:٠٠Z", "2025-03-01T12:00:0٠Z", "2025-03-01T12:00:00.١Z", "２０２５-03-01T12:00:00Z"),
    *(
        "2025- 2-28T12:00:00Z",
        "2025-03- 1T12:00:00Z",
        "2025-03-01T 1:00:00Z",
        "2025-03-01T12: 0:00Z",
        "2025-3-1T1:2:3Z",
    ),
    *("+2025-03-01T12:00:00Z", "-2025-03-01T12:00:00Z", "+025-03-01T12:00:00Z", "-001-03-01T12:00:00Z"),
    *("0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "10000-01-01T00:00:00Z", "225-03-01T12:00:00Z"),
    *("2025-03-01T12:00:00Z+", "2025-03-01T12:00:00Z+01:00", "2025-03-01T12:00:00ZZ", "2025-03-01T12:00:00Zx"),
    *("2025-03-01T12:00:00+24:00", "2025-03-01T12:00:00+05:60", "2025-03-01T12:00:00-2360", "2025-03-01T12:00:00+99"),
    *("2025-03-01T12:00:00+1", "2025-03-01T12:00:00+1:00", "2025-03-01T12:00:00+123", "2025-03-01T12:00:00+01:0"),
    *("2025-03-01T12:00:00+01:", "2025-03-01T12:00:00+01:00:00", "2025-03-01T12:00:00+", "2025-03-01T12:00:00+-1:00"),
    *(
        "2025-03-01T12:00:00+01-00",
        "2025-03-01T12:00:00+ 100",
        "2025-03-01T12:00:00\u221201:00",
        "2025-03-01T12:00:00UTC",
    ),
    *("2025-03-01  12:00:00Z", "2025-03-01\t12:00:00Z", "2025-03-01_12:00:00Z", "2025-03-01T T12:00:00Z"),
    *("2025-03-01T12:00:00Z x", "2025-03-01T12:00:00Z\x00", "2025-03-01T12:00:00Z\u00a0", "\u00a02025-03-01T12:00:00Z"),
    *(
        "2025-03-01T12:00:00Z\r",
        "\ufeff2025-03-01T12:00:00Z",
        '"2025-03-01T12:00:00Z"',
        "2025-03-01T12:00",
        "2025-03-01",
    ),
    *("2025/03/01T12:00:00Z", "2025-03-01T12.00.00Z", "20250301T120000Z", "2025-W09-6T12:00:00Z", "1740830400"),
    *("2025-03-01T12:00:00.٣", "2025-03-01T12:00:00z0", "2025-03-01T12:00:00.123z+00", "2025-03-01\u00a012:00:00"),
    *("2025-03-01T12:00:00.000000000000Z", "2025-03-01T1２:00:00Z", "2025-03-01\u202812:00:00", "nan", "NaT", "null"),
    *(
        "2025-03-01T12:00:00.Z5",
        "2025-03-01T-1:00:00Z",
        "2025-03-01T12:-1:00Z",
        "2025-03-01T12:00:+1Z",
        "2025-03--1T12:00:00",
    ),
)
HEADERS = (
    *("timestamp,request_id,user_id", "timestamp,request_id,status_code", "TIME,Request-ID,x", "ts, id ,status"),
    *("t,requestid,", "ts,ID", "\t,\tREQUEST_ID\t", "time,request_id,a,b", ",id,", "2025-02-30T00:00:00Z,id,200"),
)
NO_HEADERS = (
    *("2025-03-01T12:00:00Z,request_id,200", "2025-03-01 12:00:01,id,7", "timestamp,user_id,request_id", "request_id"),
    *('"timestamp","request_id","user_id"', "timestamp;request_id;user_id", "ts,request id,x", "ts,\u00a0id,x"),
    *("ts,reque\u017ft_id,x", "ts,\u0131d,x", "# comment", "ts,request__id,x", "ts,id\x00,x"),
)
ENDINGS = ("", "", "", "", "", "", "", ".gz")
SIZES = (0, 1, 2, 3, 5, 8, 12, 16, 20, 24, 27, 30)
BLANKS = ("", "", " ", "\t", " \t  ")
# Blank to a careless eye only.
NOT_BLANK = ("\u00a0", "\x0b", "\x0c", "\u2003", "\r", " \r ", " \x00", "\ufeff", ",", ",,", " , , ", ",,,")
BROKEN = (
    b"\xff",
    b"\xc3",
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x98",
    b"\xf0\x9f\x98",
    b"\xfe",
)
PADS = ("", "", "", "", "", "", " ", "\t", "  ", " \t ")
WHOLE = {
    "blank": [text.encode() for text in BLANKS + NOT_BLANK],
    "header": [text.encode() for text in HEADERS + NO_HEADERS],
}
CLEAN = ("entry", "entry", "entry", "entry", "again")
KINDS = (
    *["entry"] * 20,
    *["again"] * 3,
    *["mixed"] * 3,
    *("edge", "time", "time", "id", "status", "fields", "blank", "header", "broken", "long"),
)


@dataclass(frozen=True)
class Case:
    """Both sides of one correlation as raw files, and how it is to be run.

    `buckets` are for all entries; 0 lets the engine pair what it can while it reads, in chunks of `chunk` bytes.
    """

    requests: tuple[File, ...]
    responses: tuple[File, ...]
    pairing: str = "in-order"
    max_duration_us: int | None = None
    edge_us: int | None = None
    skew_us: int = 0
    window_us: int = 60 * SECOND
    buckets: int = 0
    chunk: int = 60

    def variables(self) -> dict[str, str]:
        """The environment that makes the engine run the case so."""
        return {"LOGCORR_BUCKETS": str(self.buckets or ""), "LOGCORR_CHUNK_BYTES": str(self.chunk)}

    def options(self) -> dict[str, Any]:
        """What the oracle's and the engine's options have in common."""
        names = ("pairing", "max_duration_us", "edge_us", "skew_us", "window_us")
        return {name: getattr(self, name) for name in names}

    def expected(self, bucket_us: int = 60 * SECOND, folder: Path | None = None) -> Record:
        """What the oracle says, for files that lie in `folder`."""
        prefix = f"{folder}/" if folder else ""
        sides = [[(prefix + name, raw) for name, raw in files] for files in (self.requests, self.responses)]
        return correlate(*sides, **self.options(), bucket_us=bucket_us)

    @property
    def is_garbage(self) -> bool:
        """Whether there are lines, and none of them is an entry, blank or a header: nothing can be read."""
        sides = (("request", self.requests), ("response", self.responses))
        classes = {
            classify(side, line, first=not number)
            for side, files in sides
            for _, raw in files
            for number, line in enumerate(lines_of(raw))
        }
        return "entry" not in classes and not classes <= {"blank", "header"}

    def engine_options(
        self, folder: Path, outputs: Sequence[Output], memory_bytes: int = 512 << 20
    ) -> CorrelateOptions:
        """Writes the files into `folder`; options that make the engine read them and keep nothing."""
        paths: list[tuple[str, ...]] = []
        for files in (self.requests, self.responses):
            for name, raw in files:
                (folder / name).write_bytes(gzip.compress(raw, 1) if name.endswith(".gz") else raw)
            paths.append(tuple(f"{folder}/{name}" for name, _ in files))
        return CorrelateOptions(
            requests=paths[0],
            responses=paths[1],
            memory_bytes=memory_bytes,
            store=f"{folder}/store",
            keep=False,
            outputs=tuple(outputs),
            **self.options(),
        )

    def readable(self) -> str:
        """Every line with its number and class, then the options."""
        text = []
        for side, files in (("request", self.requests), ("response", self.responses)):
            for name, raw in files:
                text.append(f"--- {name}: {len(raw)} bytes{', BOM' if raw.startswith(BOM) else ''}, ends {raw[-2:]!r}")
                for number, line in enumerate(lines_of(raw), 1):
                    shown = line if len(line) < 200 else line[:80] + b" [...] " + line[-40:]
                    text.append(f"{number:4} {classify(side, line, first=number == 1):11} {shown!r}")
        return "\n".join([*text, f"{self.options()} buckets={self.buckets} chunk={self.chunk}"])


@st.composite
def timestamps(draw: st.DrawFn, at: int) -> str:
    """One of the many ways to write an instant."""
    zone = draw(st.sampled_from(("Z", "Z", "Z", "", "z", "hh", "hhmm", "hh:mm")))
    offset = timedelta(0)
    if zone.startswith("hh"):
        minutes = draw(st.sampled_from((0, 0, 60, -60, 330, -570, 23 * 60 + 59, -(23 * 60 + 59))))
        if zone == "hh":
            minutes = int(minutes / 60) * 60
        offset = timedelta(minutes=minutes)
        sign = "-" if minutes < 0 or (minutes == 0 and draw(st.booleans())) else "+"
        hours, rest = divmod(abs(minutes), 60)
        zone = sign + zone.replace("hh", f"{hours:02}").replace("mm", f"{rest:02}")
    local = (EPOCH + timedelta(microseconds=at)).astimezone(timezone(offset))
    fraction = f"{local.microsecond:06}".rstrip("0")
    fraction += draw(st.sampled_from(("", "", "zeros", "more")))
    if fraction.endswith("zeros"):
        fraction = fraction.removesuffix("zeros").ljust(draw(st.sampled_from((3, 6, 9))), "0")
    elif fraction.endswith("more"):
        fraction = fraction.removesuffix("more").ljust(6, "0") + draw(st.sampled_from(("9", "99", "999", "5", "001")))
    clock = f"{local.year:04}-{local:%m-%d}{draw(st.sampled_from('TTTTt '))}{local:%H:%M:%S}"
    return clock + (f".{fraction}" if fraction else "") + zone


@dataclass(frozen=True)
class Pool:
    """What the lines of one case are made of."""

    base: int
    ids: list[str]
    steps: list[int]
    kinds: tuple[str, ...]


@st.composite
def _fields(draw: st.DrawFn, side: str, pool: Pool, kind: str) -> list[str]:
    """The fields of one line; `kind` names the one that is to be wrong, `mixed` leaves it to chance."""

    def wrong(name: str, one_in: int) -> bool:
        return kind == name or (kind == "mixed" and draw(st.integers(1, one_in)) == 1)

    time = draw(timestamps(pool.base + draw(st.sampled_from(pool.steps))))
    if wrong("edge", 2):
        time = draw(st.sampled_from(EDGE_TIMES))
    if wrong("time", 4):
        time = draw(st.sampled_from(NO_TIMES))
    request_id = draw(st.sampled_from(NO_IDS if wrong("id", 4) else pool.ids))
    values = USERS if side == "request" else NO_STATUSES if wrong("status", 4) else STATUSES
    fields = [time, request_id, draw(st.sampled_from(values))]
    if wrong("fields", 8):
        extra = draw(st.sampled_from(("", "x", "200", " ")))
        fields = draw(st.sampled_from(([*fields, extra], fields[:2], fields[:1], [*fields, extra, extra])))
    return fields


@st.composite
def _line(draw: st.DrawFn, side: str, pool: Pool, earlier: list[bytes]) -> bytes:
    """One line without its end, of any class."""
    kind = draw(st.sampled_from(pool.kinds))
    if kind in WHOLE or (kind == "again" and earlier):
        return bytes(draw(st.sampled_from(earlier if kind == "again" else WHOLE[kind])))
    fields = draw(_fields(side, pool, kind))
    where = draw(st.integers(0, len(fields) - 1))
    if kind == "long":
        size = draw(st.sampled_from((4000, 4096 - len(",".join(fields).encode()), 4097, 4200)))
        fields[where] += (draw(st.sampled_from("xé☃😀")) * size).encode()[:size].decode(errors="ignore")
    elif kind == "mixed":
        fields[where] += draw(st.sampled_from(("", "", "", "", "\u00a0", "\r", "\x00", "\x0b")))
    if draw(st.integers(0, 3)) == 0:
        fields = [draw(st.sampled_from(PADS)) + field + draw(st.sampled_from(PADS)) for field in fields]
    raw = ",".join(fields).encode()
    if kind == "broken" or (kind == "mixed" and draw(st.integers(1, 8)) == 1):
        where = draw(st.integers(0, len(raw)))
        raw = raw[:where] + draw(st.sampled_from(BROKEN)) + raw[where:]
    return raw


@st.composite
def _files(draw: st.DrawFn, side: str, raw: list[bytes]) -> tuple[File, ...]:
    """Lines spread over one to three files, each with its own idea of BOM, header, line ends and last line."""
    count = draw(st.integers(1, 3))
    cuts = sorted(draw(st.integers(0, len(raw))) for _ in range(count - 1))
    files = []
    for index, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True)):
        own = raw[start:stop]
        if draw(st.integers(0, 2)) == 0:
            header = draw(st.sampled_from(HEADERS + NO_HEADERS + BLANKS)).encode()
            own = [header + draw(st.sampled_from((b"", b"", b"", b"\xff"))), *own]
        style = draw(st.sampled_from(("lf", "lf", "crlf", "any")))
        ends = {"lf": (b"\n",), "crlf": (b"\r\n",), "any": (b"\n", b"\r\n", b"\r\r\n")}[style]
        data = b"".join(line + draw(st.sampled_from(ends)) for line in own)
        if draw(st.integers(0, 2)) == 0:
            data = data.removesuffix(b"\n").removesuffix(b"\r")
        if draw(st.integers(0, 7)) == 0:
            data += draw(st.sampled_from((b"\n", b"\r\n", b"\r", b" ", b"\n\n")))
        bom = draw(st.sampled_from((b"", b"", b"", BOM, BOM + BOM)))
        files.append((f"{side}s-{index}.log{draw(st.sampled_from(ENDINGS))}", bom + data))
    return tuple(files)


@st.composite
def _sides(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """The lines of both sides, 0 to 30 each."""
    steps = draw(st.lists(st.sampled_from(STEPS * 2 + LATER), min_size=2, max_size=8))
    ids = draw(st.lists(st.sampled_from(IDS[:7]), min_size=1, max_size=4)) * 2
    ids += draw(st.lists(st.sampled_from(IDS), max_size=4))
    pool = Pool(draw(st.sampled_from(BASES)), ids, steps, draw(st.sampled_from((CLEAN, KINDS, KINDS))))
    sides = []
    for side in ("request", "response"):
        raw: list[bytes] = []
        for _ in range(draw(st.sampled_from(SIZES))):
            raw.append(draw(_line(side, pool, raw)))
        sides.append(raw)
    return sides[0], sides[1]


_BUCKETS = st.sampled_from((0, 0, 0, 0, 1, 3))
_CHUNKS = st.sampled_from((1, 50, 150, 400, 1000, 1 << 20))
OPTIONS = {
    "pairing": st.sampled_from(("in-order", "in-order", "nearest", "nearest", "first", "last")),
    "max_duration_us": st.sampled_from((*[None] * 8, 0, 1, 1000, SECOND, 2 * SECOND, 60 * SECOND, 3600 * SECOND)),
    "edge_us": st.sampled_from((None, None, None, 0, 1, 1000, SECOND, 60 * SECOND)),
    "skew_us": st.sampled_from((0, 0, 0, -1000, 1000, 250_000, -2 * SECOND, 3600 * SECOND)),
    "window_us": st.sampled_from((60 * SECOND, 60 * SECOND, SECOND, 10 * SECOND, 3600 * SECOND, 250_000)),
    "buckets": _BUCKETS,
    "chunk": _CHUNKS,
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A whole case: both sides as files, and the options."""
    requests, responses = draw(_sides())
    options: dict[str, Any] = {name: draw(strategy) for name, strategy in OPTIONS.items()}
    return Case(draw(_files("request", requests)), draw(_files("response", responses)), **options)


@st.composite
def _split(draw: st.DrawFn, side: str, raw: list[bytes]) -> tuple[File, ...]:
    cuts = sorted(draw(st.integers(0, len(raw))) for _ in range(draw(st.integers(0, 3))))
    parts = [raw[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    return tuple((f"{side}s-{index}.log", b"".join(line + b"\n" for line in part)) for index, part in enumerate(parts))


@st.composite
def shuffles(draw: st.DrawFn) -> tuple[Case, Case]:
    """The same lines and options twice, shuffled and split differently; no line depends on where it stands."""
    options: dict[str, Any] = {name: draw(strategy) for name, strategy in OPTIONS.items()}
    first, second = [], []
    for side, drawn in zip(("request", "response"), draw(_sides()), strict=True):
        kept = [raw for raw in drawn if classify(side, raw, first=True) != "header" and not raw.startswith(BOM)]
        first.append(draw(_split(side, kept)))
        second.append(draw(_split(side, draw(st.permutations(kept)))))
    other = options | {"buckets": draw(_BUCKETS), "chunk": draw(_CHUNKS)}
    return Case(first[0], first[1], **options), Case(second[0], second[1], **other)
