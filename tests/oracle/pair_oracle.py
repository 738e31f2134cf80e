"""The plain oracle: what a correlation must give, worked out the slow and obvious way from bytes to dictionaries.

It shares no code with the engine and knows nothing of polars, buckets or streaming. Instants are integer microseconds
since 1970 until a record is made of them. Files come as (name, bytes), in the order in which the user named them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

File = tuple[str, bytes]
Record = dict[str, Any]
HEADER_IDS = {b"request_id", b"request-id", b"requestid", b"id"}
NO_IDS = {b"", b"-", b"null", b"none", b"nil", b"undefined"}
QUANTILES = {"p50_ms": 500, "p90_ms": 900, "p95_ms": 950, "p99_ms": 990, "p999_ms": 999}
TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?"
)
EPOCH, FOUR_CENTURIES = datetime(1970, 1, 1, tzinfo=UTC), 146_097 * 86_400_000_000


class Entry(NamedTuple):
    """One valid line; `value` is the user_id of a request (None when empty), the status code of a response (or None).

    The rest is what only some logs tell: `user` and `given_us` of a response, attributes of either side. `row` is the
    place of the line in its log, `line_hash` tells lines apart that say the same otherwise. Without `clock` the line
    tells no instant, and `at` is 0.
    """

    side: str
    at: int
    request_id: str
    value: Any
    file: str
    line: int
    row: int = 0
    weak: bool = False
    user: str | None = None
    given_us: int | None = None
    attributes: tuple[str | None, ...] = ()
    clock: bool = True
    line_hash: int = 0


class Way(NamedTuple):
    """How entries pair: the policy, the longest distance, and whether lines of one instant are in their order.

    `one_log`: then a request and a response of one instant are, too.
    """

    pairing: str = "in-order"
    max_duration_us: int | None = None
    ties_by_line: bool = False
    one_log: bool = False


Pair = tuple[Entry, Entry]
Verdicts = list[tuple[Entry, str]]


def instant(text: str) -> int | None:
    """The microseconds of a timestamp, None where the text is none."""
    if not (found := TIMESTAMP.fullmatch(text)):
        return None
    *clock, fraction, sign, hours, minutes = found.groups()
    try:
        year, month, day, hour, minute, second = map(int, clock)
        local = (datetime(year, month, day, hour, minute, second, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * 60_000_000
    return local + int((fraction or "").ljust(6, "0")[:6]) - (-offset if sign == "-" else offset)


def rfc3339(at: int) -> str:
    """An instant as text; years that an offset has moved out of 0000 to 9999 have a sign, as in ISO 8601."""
    era, rest = divmod(at, FOUR_CENTURIES)
    moment = EPOCH + timedelta(microseconds=rest)
    year = moment.year + 400 * era
    return f"{year:{'04' if 0 <= year <= 9999 else '+05'}}-{moment:%m-%dT%H:%M:%S}.{at % 1_000_000:06}Z"


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a file, without a BOM at its start, without line ends and without NUL bytes before a line."""
    first, *others = data.split(b"\n")
    first = first.lstrip(b"\0").removeprefix(b"\xef\xbb\xbf")
    *ended, last = first, *(line.lstrip(b"\0") for line in others)
    return [line.removesuffix(b"\r") for line in (*ended, *([last] if last else []))]


def classify(side: str, line: bytes, *, first: bool) -> str:
    """The one class of a line: `blank`, `header`, the reason why it is malformed, or `entry`."""
    fields = [field.strip(b" \t") for field in line.split(b",")]
    timed = instant(fields[0].decode(errors="replace")) is not None
    tests = {
        "blank": not line.strip(b" \t"),
        "header": first and len(fields) > 1 and fields[1].lower() in HEADER_IDS and not timed,
        "encoding": line.decode(errors="ignore").encode() != line,
        "fields": len(fields) != 3,
        "timestamp": not timed,
        "request_id": len(fields) > 1 and fields[1].lower() in NO_IDS,
        "status_code": side == "response" and not re.fullmatch(rb"[0-9]{1,3}|-1|-|", fields[-1]),
    }
    return next((name for name, holds in tests.items() if holds), "entry")


def read(side: str, files: Sequence[File], skew_us: int) -> tuple[list[Entry], list[Record], Counter[str]]:
    """All entries of one side, its malformed lines, and how many lines each class has."""
    entries, malformed, classes = list[Entry](), list[Record](), Counter[str]()
    for file, data in files:
        for number, line in enumerate(lines_of(data), 1):
            name, text = classify(side, line, first=number == 1), line.decode(errors="replace")
            classes[name] += 1
            if name == "entry":
                time, request_id, last = (field.strip(" \t") for field in text.split(","))
                status = None if last in ("", "-", "-1") else last
                value = (last or None) if side == "request" else status and int(status)
                at = (instant(time) or 0) + skew_us
                entries.append(Entry(side, at, request_id, value, file, number, row=classes.total()))
            elif name not in ("blank", "header"):
                cut = text.encode()[:4096].decode(errors="ignore")
                record = {"side": side, "file": file, "line": number, "reason": name}
                malformed.append(record | {"text": cut, "truncated": cut != text})
    return entries, malformed, classes


def said(entry: Entry) -> tuple[Any, ...]:
    """What an entry says besides its id and instant, in the order in which that is compared; None is before all."""
    values = (entry.value, entry.user, entry.given_us, *entry.attributes, entry.line_hash)
    return tuple((value is not None, 0 if value is None else value) for value in values)


def moment(entry: Entry) -> tuple[bool, int]:
    """When an entry is; what has no clock is at one instant, before all others."""
    return entry.clock, entry.at


def in_order(entries: Sequence[Entry], way: Way) -> list[Entry]:
    """The entries of one id and side in pairing order: strong before weak, but for `nearest` within an instant only.

    With `last`, weak ones come first.
    """

    def key(entry: Entry) -> tuple[Any, ...]:
        weak = entry.weak if way.pairing != "last" else not entry.weak
        if way.pairing == "nearest":
            return (moment(entry), entry.row) if way.ties_by_line else (moment(entry), weak, said(entry))
        return (weak, moment(entry), entry.row) if way.ties_by_line else (weak, moment(entry), said(entry))

    return sorted(entries, key=key)


def events_of(requests: list[Entry], responses: list[Entry], open_before: int, way: Way) -> list[Entry]:
    """The entries of one id and instant in the order in which `nearest` takes them."""
    if way.ties_by_line and way.one_log:
        return sorted(requests + responses, key=lambda entry: entry.row)
    early = max(0, min(open_before, len(responses) - len(requests)))
    return responses[:early] + requests + responses[early:]


def nearest_pairs(requests: list[Entry], responses: list[Entry], way: Way) -> tuple[list[Pair], list[Entry]]:
    """The pairs and the left over entries of one id: each response takes the latest request that is open."""
    pairs, left_over, open_requests = list[Pair](), list[Entry](), list[Entry]()
    for now in sorted({moment(entry) for entry in requests + responses}):
        new = [[entry for entry in side if moment(entry) == now] for side in (requests, responses)]
        for entry in events_of(new[0], new[1], len(open_requests), way):
            if entry.side == "request":
                open_requests.append(entry)
            elif open_requests:
                pairs.append((open_requests.pop(), entry))
            else:
                left_over.append(entry)
    return pairs, left_over + open_requests


def pair(requests: list[Entry], responses: list[Entry], way: Way) -> tuple[list[Pair], list[Entry], list[Entry]]:
    """The pairs, the left over and the superseded entries of one request_id; redelivered ones are already gone."""
    requests, responses = in_order(requests, way), in_order(responses, way)
    if way.pairing == "nearest":
        return *nearest_pairs(requests, responses, way), []
    both = min(len(requests), len(responses))
    if way.pairing == "in-order" or not both:
        return list(zip(requests, responses, strict=False)), requests[both:] + responses[both:], []
    keep = 0 if way.pairing == "first" else -1
    return [(requests.pop(keep), responses.pop(keep))], [], requests + responses


def close(request: Entry, response: Entry, way: Way) -> bool:
    """Whether a pair is not too far apart; what has no clock is not."""
    clocks = request.clock and response.clock
    return way.max_duration_us is None or not clocks or abs(response.at - request.at) <= way.max_duration_us


def settle(entries: Sequence[Entry], way: Way) -> tuple[list[Pair], Verdicts, Verdicts]:
    """The pairs; the orphans with their reasons ("" where the edge decides); the repeats with their kinds.

    The entries of each side are in the order of their rows.
    """
    ids: dict[str, dict[str, dict[Any, Entry]]] = defaultdict(lambda: {"request": {}, "response": {}})
    pairs, orphans, repeats = list[Pair](), Verdicts(), Verdicts()
    for entry in entries:
        same = entry.row if way.ties_by_line else (moment(entry), entry.weak, said(entry))
        if ids[entry.request_id][entry.side].setdefault(same, entry) is not entry:
            repeats.append((entry, "redelivered"))
    for one in ids.values():
        couples, left_over, passed_over = pair(list(one["request"].values()), list(one["response"].values()), way)
        kept = [couple for couple in couples if close(*couple, way)]
        pairs += kept
        lonely = [(entry, "too_far") for couple in couples if couple not in kept for entry in couple]
        lonely += [(entry, "repeated_id" if kept else "") for entry in left_over]
        orphans += [(entry, reason) for entry, reason in lonely if not entry.weak]
        repeats += [(entry, "surplus") for entry, _ in lonely if entry.weak]
        repeats += [(entry, "surplus" if entry.weak else "superseded") for entry in passed_over]
    return pairs, orphans, repeats


def nearest(values: list[int], per_mille: int) -> int | None:
    """Nearest rank: the smallest value with at least that share of all values at or below it."""
    return sorted(values)[-(-per_mille * len(values) // 1000) - 1] if values else None


def ms(micros: float | None) -> float | None:
    return None if micros is None else micros / 1000


def durations(pairs: Sequence[Pair]) -> list[int]:
    """The non-negative durations, the only ones that latency looks at."""
    return [response.at - request.at for request, response in pairs if response.at >= request.at]


def failed(response: Entry) -> bool:
    return response.value is None or not 100 <= response.value < 400


def latency(pairs: Sequence[Pair]) -> Record:
    values = durations(pairs)
    result: Record = {"count": len(values), "negative": len(pairs) - len(values), "accuracy": "exact"}
    result |= {name: ms(nearest(values, per_mille)) for name, per_mille in QUANTILES.items()}
    result |= {"min_ms": ms(min(values, default=None)), "max_ms": ms(max(values, default=None))}
    return result | {"mean_ms": ms(sum(values) / len(values) if values else None)}


def tally(pairs: Sequence[Pair], orphans: Sequence[Entry], width_us: int) -> dict[int, Record]:
    """What falls into each aligned stretch of time, by its start; stretches without anything are left out."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    within: dict[int, list[Pair]] = defaultdict(list)
    for request, response in pairs:
        start = request.at // width_us * width_us
        within[start].append((request, response))
        counts[start].update(["requests", f"errors_{(response.value or 0) // 100}xx"])
        counts[response.at // width_us * width_us].update(["responses"])
    for entry in orphans:
        counts[entry.at // width_us * width_us].update([f"{entry.side}s", "orphans"])
    names = ("requests", "responses", "errors_4xx", "errors_5xx", "orphans")
    ranks = {start: durations(within[start]) for start in counts}
    return {
        start: {name: counts[start][name] for name in names}
        | {"p50_ms": ms(nearest(ranks[start], 500)), "p99_ms": ms(nearest(ranks[start], 990))}
        for start in sorted(counts)
    }


def worst_window(pairs: Sequence[Pair], orphans: Sequence[Entry], width_us: int) -> Record | None:
    windows = {at: one for at, one in tally(pairs, orphans, width_us).items() if one["requests"] or one["orphans"]}
    if not windows:
        return None
    names = ("errors_4xx", "errors_5xx", "orphans")
    start = max(windows, key=lambda at: (sum(windows[at][name] for name in names), -at))
    result = {"start": rfc3339(start), "end": rfc3339(start + width_us), "total_requests": windows[start]["requests"]}
    return result | {name: windows[start][name] for name in names}


def users(pairs: Sequence[Pair], orphans: Sequence[Entry]) -> list[Record]:
    rows = []
    lonely = Counter(entry.value for entry in orphans if entry.side == "request")
    for user in {request.value for request, _ in pairs} | lonely.keys():
        own = [(request, response) for request, response in pairs if request.value == user]
        row = {"user_id": user, "requests": len(own) + lonely[user], "errors": sum(failed(last) for _, last in own)}
        rows.append(row | {"orphans": lonely[user], "p99_ms": ms(nearest(durations(own), 990))})
    return sorted(rows, key=lambda row: (-row["requests"], row["user_id"] is not None, row["user_id"] or ""))[:100]


def lone_record(entry: Entry, reason: str) -> Record:
    user_id, status_code = (entry.value, None) if entry.side == "request" else (None, entry.value)
    record = {"side": entry.side, "request_id": entry.request_id, "time": rfc3339(entry.at), "user_id": user_id}
    return record | {"status_code": status_code, "reason": reason, "file": entry.file, "line": entry.line}


def repeat_record(entry: Entry, kind: str) -> Record:
    record = lone_record(entry, "")
    del record["reason"]
    return {"side": entry.side, "kind": kind} | record


def exchange_record(request: Entry, response: Entry) -> Record:
    took = response.at - request.at
    record = {"request_id": request.request_id, "user_id": request.value, "status_code": response.value}
    record |= {"duration_ms": abs(took) // 1000 * (1 if took > 0 else -1), "duration_us": took}
    record |= {"request_time": rfc3339(request.at), "response_time": rfc3339(response.at)}
    record |= {"request_file": request.file, "request_line": request.line}
    return record | {"response_file": response.file, "response_line": response.line}


def correlate(
    requests: Sequence[File],
    responses: Sequence[File],
    *,
    pairing: str = "in-order",
    max_duration_us: int | None = None,
    edge_us: int | None = None,
    skew_us: int = 0,
    window_us: int = 60_000_000,
    bucket_us: int = 60_000_000,
) -> Record:
    """Records of the four views, and `report` with the keys of the SPEC; `bucket_us` is the width of its timeline."""
    files = {"request": requests, "response": responses}
    entries, malformed, classes = {}, list[Record](), {}
    for side, raw in files.items():
        entries[side], bad, classes[side] = read(side, raw, skew_us if side == "response" else 0)
        malformed += bad
    way = Way(pairing, max_duration_us)
    pairs, orphans, repeats = settle([*entries["request"], *entries["response"]], way)

    edge = max(1_000_000, nearest(durations(pairs), 999) or 0) if edge_us is None else edge_us
    last = max((entry.at for entry in entries["response"]), default=None)
    first = min((entry.at for entry in entries["request"]), default=None)
    for index, (entry, reason) in enumerate(orphans):
        in_flight = entry.side == "request" and last is not None and entry.at > last - edge
        before_start = entry.side == "response" and first is not None and entry.at < first + edge
        fallback = "in_flight" if in_flight else "before_start" if before_start else "lost"
        orphans[index] = entry, reason or fallback

    def ledger(side: str) -> Record:
        own = Counter(reason for entry, reason in repeats if entry.side == side)
        reasons = {name: count for name, count in classes[side].items() if name not in ("blank", "header", "entry")}
        result: Record = {"files": [name for name, _ in files[side]], "bytes": sum(len(raw) for _, raw in files[side])}
        result |= {"lines": classes[side].total(), "blank": classes[side]["blank"], "header": classes[side]["header"]}
        result |= {"malformed": reasons, "redelivered": own["redelivered"], "superseded": own["superseded"]}
        result |= {"matched": len(pairs), "orphans": sum(entry.side == side for entry, _ in orphans)}
        result |= {"other": 0, "repaired": 0, "left_out": 0, "surplus": 0}
        return result | {"entries": sum(result[name] for name in ("redelivered", "superseded", "matched", "orphans"))}

    alone = [entry for entry, _ in orphans]
    negative = [response.at - request.at for request, response in pairs if response.at < request.at]
    share, lowest = len(negative) / (len(pairs) or 1), ms(min(negative, default=None))
    report = {
        "inputs": {f"{side}s": ledger(side) for side in files},
        "orphans": {side: dict(Counter(why for entry, why in orphans if entry.side == side)) for side in files},
        "latency": latency(pairs),
        "latency_success": latency([couple for couple in pairs if not failed(couple[1])]),
        "latency_failure": latency([couple for couple in pairs if failed(couple[1])]),
        "status": dict(Counter("none" if last.value is None else str(last.value) for _, last in pairs)),
        "timeline": [{"start": rfc3339(at)} | point for at, point in tally(pairs, alone, bucket_us).items()],
        "worst_window": worst_window(pairs, alone, window_us),
        "skew": {"negative": len(negative), "share": share, "min_ms": lowest, "applied_ms": skew_us / 1000},
        "edge_ms": edge / 1000,
        "users": users(pairs, alone),
    }
    return {
        "exchanges": [exchange_record(*couple) for couple in pairs],
        "orphans": [lone_record(*orphan) for orphan in orphans],
        "malformed": malformed,
        "duplicates": [repeat_record(*repeat) for repeat in repeats],
        "report": report,
    }
