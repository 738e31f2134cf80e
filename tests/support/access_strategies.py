"""Hypothesis strategies for small and nasty access logs of every format.

Endpoints, addresses, statuses and instants come from small pools, so that ties, busy addresses and full windows are
frequent. Lines of JSON are built from raw tokens, not from values, so that what no writer would write can stand there.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.oracle.access_lines_oracle import DIALECTS, FORMATS, MONTHS, Exchange, classify, detect
from tests.oracle.access_oracle import analyze
from tests.oracle.pair_oracle import File, Record, lines_of
from tests.support.access_pools import (
    BYSTANDERS,
    CLF_ZONES,
    EDGE_UNIX,
    LAYOUTS,
    NO_CLF_TIMES,
    NO_JSON,
    NO_UNIX,
    ODD_TOKENS,
    REQUESTS,
    TEXTS,
    TOKENS,
    WHOLE,
    Slot,
)
from tests.support.helpers import zstandard
from tests.support.pair_strategies import (
    BASES,
    BLANKS,
    BOM,
    BROKEN,
    EDGE_TIMES,
    EPOCH,
    LATER,
    NO_TIMES,
    NOT_BLANK,
    SECOND,
    STEPS,
    timestamps,
)

KINDS = (
    *["entry"] * 18,
    *["again"] * 3,
    *["odd"] * 5,
    *("mixed", "mixed", "pad", "no json", "cut", "blank", "whole", "broken", "torn"),
)
CLEAN = ("entry", "entry", "entry", "again")
ENDINGS = ("", "", "", "", "", "", ".gz", ".zst")
SIZES = (0, 1, 2, 3, 5, 8, 12, 16, 20, 24, 30)


@dataclass(frozen=True)
class AccessCase:
    """Access logs as raw files, and how they are to be analyzed."""

    files: tuple[File, ...]
    form: str = "auto"
    window_us: int = 60 * SECOND
    suspicious: int = 25
    collapse_ids: bool = False

    def options(self) -> dict[str, Any]:
        """What makes a case beside its files."""
        return {name: getattr(self, name) for name in ("form", "window_us", "suspicious", "collapse_ids")}

    def expected(self, bucket_us: int = 60 * SECOND) -> Record:
        """What the oracle says."""
        return analyze(self.files, **self.options(), bucket_us=bucket_us)

    def write(self, folder: Path) -> list[str]:
        """Writes the files, packed where their names say so; the words that make the command read them."""
        for name, raw in self.files:
            packed = gzip.compress(raw, 1) if name.endswith(".gz") else zstandard(raw) if name.endswith(".zst") else raw
            (folder / name).write_bytes(packed)
        words = [
            *(name for name, _ in self.files),
            "--format",
            self.form,
            "--unwrap",
            "none",
            "--window",
            f"{self.window_us}us",
        ]
        return [*words, "--suspicious", str(self.suspicious), *["--collapse-ids"] * self.collapse_ids]

    def readable(self) -> str:
        """Every line with its number and class, then the options."""
        form = detect(self.files) if self.form == "auto" else self.form
        shown = []
        for name, raw in self.files:
            shown.append(f"--- {name}: {len(raw)} bytes{', BOM' if raw.startswith(BOM) else ''}, ends {raw[-2:]!r}")
            for number, line in enumerate(lines_of(raw), 1):
                verdict = classify(line, form, collapse_ids=self.collapse_ids)
                kind = "exchange" if isinstance(verdict, Exchange) else verdict
                short = line if len(line) < 400 else line[:200] + b" [...] " + line[-80:]
                shown.append(f"{number:4} {kind:11} {short!r}")
        return "\n".join([*shown, f"{self.options()}, read as {form}"])


@dataclass(frozen=True)
class Pool:
    """What the lines of one case are made of."""

    form: str
    base: int
    steps: list[int]
    kinds: tuple[str, ...]
    texts: dict[str, list[str]]


@st.composite
def _clf_time(draw: st.DrawFn, at: int) -> str:
    zone = draw(st.sampled_from(CLF_ZONES))
    minutes = (int(zone[1:3]) * 60 + int(zone[3:])) * (-1 if zone[0] == "-" else 1)
    local = (EPOCH + timedelta(microseconds=at)).astimezone(timezone(timedelta(minutes=minutes)))
    return f"{local.day:02}/{MONTHS[local.month - 1]}/{local.year:04}:{local:%H:%M:%S} {zone}"


@st.composite
def _unix(draw: st.DrawFn, at: int) -> str:
    """Seconds since 1970 with as many digits as a writer may give them."""
    digits = draw(st.sampled_from((0, 3, 3, 6, 7, 9)))
    more = draw(st.sampled_from(("000", "200", "400", "999")))
    fraction = (f"{abs(at) % SECOND:06}{more if at >= 0 else '000'}")[:digits]
    return f"{'-' if at < 0 else ''}{abs(at) // SECOND}{'.' + fraction if fraction else ''}"


def _quoted(value: str, style: int) -> str:
    """A text as a JSON token: escaped as little as can be, as much as is usual, or more than anybody needs."""
    token = json.dumps(value, ensure_ascii=style == 1)
    return token.replace("/", "\\/").replace("G", "\\u0047") if style == 2 else token


@st.composite
def _token(draw: st.DrawFn, kind: str, pool: Pool, *, odd: bool) -> str:
    """A raw JSON token for one place; `odd` for one that may be no value of that place, or no usual one."""
    at = pool.base + draw(st.sampled_from(pool.steps))
    style = draw(st.sampled_from((0, 0, 0, 1, 2)))
    if kind in TOKENS:
        return draw(st.sampled_from(TOKENS[kind][odd]))
    if odd and kind in TEXTS:
        token = draw(st.sampled_from(ODD_TOKENS))
        shapes = (token, f"[{token}]", f'[{token},"b"]', '"curl"', "[[]]") if kind == "agents" else (token,)
        return draw(st.sampled_from(shapes))
    if kind in ("unix", "unix text"):
        token = draw(st.sampled_from(EDGE_UNIX + NO_UNIX)) if odd else draw(_unix(at))
        return token if kind == "unix" or token.startswith('"') else f'"{token}"'
    if kind == "iso":
        return _quoted(draw(st.sampled_from(EDGE_TIMES + NO_TIMES)) if odd else draw(timestamps(at)), style)
    if kind == "clf":
        return _quoted(draw(st.sampled_from(NO_CLF_TIMES)) if odd else draw(_clf_time(at)), style)
    if kind == "request":
        target = draw(st.sampled_from(pool.texts["target"]))
        return _quoted(draw(st.sampled_from(REQUESTS)) if odd else f"GET {target} HTTP/1.1", style)
    token = _quoted(draw(st.sampled_from(pool.texts[kind])), style)
    return f"[{token}]" if kind == "agents" else token


def _object(leaves: Sequence[Slot], space: str) -> str:
    """Raw JSON of (path, token): paths that begin alike share an object, keys may stand there twice."""
    shared: dict[str, list[Slot]] = {}
    members: list[tuple[str, str | None]] = []
    for path, token in leaves:
        key, _, rest = path.partition(".")
        if not rest or key not in shared:
            members.append((key, None if rest else token))
        if rest:
            shared.setdefault(key, []).append((rest, token))
    texts = (_object(shared[key], space) if token is None else token for key, token in members)
    return "{" + f",{space}".join(f'"{key}":{space}{text}' for (key, _), text in zip(members, texts, strict=True)) + "}"


@st.composite
def _json_lines(draw: st.DrawFn, form: str, pool: Pool, kind: str) -> list[str]:
    """One line of JSON, or two that one object has been torn into."""
    leaves: list[Slot] = []
    layout = LAYOUTS[form]
    wrong = draw(st.integers(0, len(layout) - 1)) if kind == "odd" else None
    for number, places in enumerate(layout):
        odd = number == wrong or (kind == "mixed" and draw(st.integers(0, 3)) == 0)
        if odd and draw(st.integers(0, 2)) == 0:
            continue
        path, what = draw(st.sampled_from(places))
        leaves.append((path, draw(_token(what, pool, odd=odd))))
        if odd and draw(st.booleans()):
            path, what = draw(st.sampled_from(places))
            leaves.append((path, draw(_token(what, pool, odd=draw(st.booleans())))))
    if kind in ("pad", "no json"):
        pad = draw(st.sampled_from(BYSTANDERS if kind == "pad" else NO_JSON))
        leaves.insert(draw(st.integers(0, len(leaves))), ("pad", pad))
    if draw(st.integers(0, 4)) == 0:
        leaves.reverse()
    line = _object(leaves, draw(st.sampled_from(("", "", " "))))
    if kind == "cut":
        return [draw(_spoilt(line))]
    if kind == "torn":
        # Joined by a comma, as an array of lines would be, both halves make one object.
        joints = [index for index in range(len(line)) if line.startswith(',"', index)] or [len(line) // 2]
        joint = draw(st.sampled_from(joints))
        halves = (line[:joint], line[joint + 1 :]), ('{"x":[{}', "{}]}"), (line[:-1] + ',"x":[{}', "{}]}")
        return list(draw(st.sampled_from(halves)))
    return [line]


@st.composite
def _spoilt(draw: st.DrawFn, line: str) -> str:
    """An object that is followed, led, wrapped or ended by what makes it no object, or still leaves it one."""
    shapes = [f"{line[:-1]},}}", f"{line},{line}", line + line, f"{line},", f",{line}", f"[{line}]", json.dumps(line)]
    shapes += [f"{line} x", f" \t{line}\t ", f"{line}\u00a0", f"{line}\r", "{" + line, line + "}"]
    return draw(st.sampled_from([*shapes, line[: draw(st.integers(1, len(line)))]]))


@st.composite
def _clf_line(draw: st.DrawFn, form: str, pool: Pool, kind: str) -> str:
    def one(*texts: str) -> str:
        return draw(st.sampled_from(texts))

    def odd() -> bool:
        return kind in ("odd", "mixed") and draw(st.integers(1, 4)) == 1

    target, agent, host = (one(*pool.texts[name]) for name in ("target", "agent", "ip"))
    target, agent = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (target, agent))
    at = pool.base + draw(st.sampled_from(pool.steps))
    time = one(*NO_CLF_TIMES) if odd() else draw(_clf_time(at))
    request = one(*REQUESTS) if odd() else f"{one('GET', 'GET', 'POST')} {target} HTTP/1.1"
    status = (
        one("-", "1000", "20x", "200.0", "", "٢٠٠") if odd() else one("200", "200", "404", "503", "0", "007", "600")
    )
    line = f'{host.strip() or "-"} - {one("-", "zoë")} [{time}] "{request}" {status} {one("12", "-")}'
    usual = f'"-" "{agent}"'
    if form == "combined" and odd():
        line += " " + one(
            usual[:-1], '"-"', '"-" -', f'"-"  "{agent}"', f'"{agent}""-"', f"{usual}x", '"\\"" "\\\\"', "-"
        )
    elif form == "combined":
        line += " " + one(usual, usual, f'"http://192.0.2.80/a?b" "{agent}" "-" rt=0.004')
    if kind == "pad":
        return one(
            f" {line}\t", line.replace(" ", "  ", 1), line.replace(" ", "\t", 1), line + " x" * 3000, f"{line}\r"
        )
    if kind in ("cut", "torn", "no json"):
        return one(line[: draw(st.integers(1, len(line)))], *(line.replace(mark, "", 1) for mark in '"[] '))
    return line


@st.composite
def _lines(draw: st.DrawFn, pool: Pool, earlier: list[bytes]) -> list[bytes]:
    """One line without its end, of any class; two where an object is torn."""
    kind = draw(st.sampled_from(pool.kinds))
    if kind == "again" and earlier:
        return [draw(st.sampled_from(earlier))]
    if kind in ("blank", "whole"):
        return [draw(st.sampled_from(BLANKS + NOT_BLANK if kind == "blank" else WHOLE)).encode()]
    form = draw(st.sampled_from(FORMATS)) if kind == "mixed" and draw(st.booleans()) else pool.form
    lines = draw(_json_lines(form, pool, kind)) if form in DIALECTS else [draw(_clf_line(form, pool, kind))]
    raw = [line.encode() for line in lines]
    if kind == "broken":
        where = draw(st.integers(0, len(raw[0])))
        raw[0] = raw[0][:where] + draw(st.sampled_from(BROKEN)) + raw[0][where:]
    return raw


@st.composite
def _log(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A format, and 0 to 30 lines that are mostly of it."""
    texts = {name: draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4)) for name, pool in TEXTS.items()}
    steps = draw(st.lists(st.sampled_from(STEPS * 2 + LATER), min_size=1, max_size=6))
    kinds = draw(st.sampled_from((CLEAN, KINDS, KINDS)))
    pool = Pool(draw(st.sampled_from(FORMATS)), draw(st.sampled_from(BASES)), steps, kinds, texts)
    raw: list[bytes] = []
    for _ in range(draw(st.sampled_from(SIZES))):
        raw += draw(_lines(pool, raw))
    return pool.form, raw


@st.composite
def _files(draw: st.DrawFn, raw: list[bytes]) -> tuple[File, ...]:
    """Lines spread over one to three files, each with its own idea of BOM, line ends and last line."""
    cuts = sorted(draw(st.integers(0, len(raw))) for _ in range(draw(st.integers(0, 2))))
    files = []
    for index, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True)):
        ends = draw(st.sampled_from(((b"\n",), (b"\n",), (b"\r\n",), (b"\n", b"\r\n", b"\r\r\n"))))
        data = b"".join(line + draw(st.sampled_from(ends)) for line in raw[start:stop])
        if draw(st.integers(0, 2)) == 0:
            data = data.removesuffix(b"\n").removesuffix(b"\r")
        data += draw(st.sampled_from((*[b""] * 8, b"\n", b"\r\n", b"\r", b" ", b"\n\n")))
        bom = draw(st.sampled_from((b"", b"", b"", BOM, BOM + BOM)))
        files.append((f"access-{index}.log{draw(st.sampled_from(ENDINGS))}", bom + data))
    return tuple(files)


@st.composite
def _options(draw: st.DrawFn, form: str) -> dict[str, Any]:
    return {
        "form": draw(st.sampled_from((form, form, form, *FORMATS))),
        "window_us": draw(st.sampled_from((60 * SECOND, 60 * SECOND, SECOND, 10 * SECOND, 3600 * SECOND, 250_000))),
        "suspicious": draw(st.sampled_from((1, 1, 2, 3, 5, 25))),
        "collapse_ids": draw(st.booleans()),
    }


@st.composite
def access_cases(draw: st.DrawFn) -> AccessCase:
    """A whole case: logs and options."""
    form, raw = draw(_log())
    return AccessCase(draw(_files(raw)), **draw(_options(form)))


@st.composite
def access_shuffles(draw: st.DrawFn) -> tuple[AccessCase, AccessCase]:
    """The same lines and options twice, shuffled, split and packed differently; no line depends on where it stands."""
    form, raw = draw(_log())
    options = draw(_options(form))
    kept = [line for line in raw if not line.startswith(BOM)]
    cases = []
    for order in (kept, draw(st.permutations(kept))):
        cuts = sorted(draw(st.integers(0, len(kept))) for _ in range(draw(st.integers(0, 3))))
        parts = [order[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(kept)], strict=True)]
        ends = [draw(st.sampled_from(ENDINGS)) for _ in parts]
        files = [
            (f"access-{index}.log{end}", b"".join(line + b"\n" for line in part))
            for index, (part, end) in enumerate(zip(parts, ends, strict=True))
        ]
        cases.append(AccessCase(tuple(files), **options))
    return cases[0], cases[1]
