"""What is seen of logs that grow, as lines: one an interval for people, or a JSON object for programs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from logcorr.model.live import Exchange, Request, Response, Snapshot
from logcorr.text.instants import EPOCH, text_or_none
from logcorr.text.quantities import duration, percent, rate, short
from logcorr.text.safe import one_line
from logcorr.text.zones import shown

_SHOWN_PERCENTILES = ("p50", "p95", "p99")
_SHOWN_REQUESTS = 5
_MOST_POINTS = 120
_TOTALS = (
    ("lines", "lines"),
    ("malformed", "malformed"),
    ("requests", "requests"),
    ("responses", "responses"),
    ("matched", "exchanges"),
    ("failures", "failed"),
    ("open", "in flight"),
    ("overdue", "overdue"),
    ("late", "answered late"),
    ("unasked", "responses without a request"),
    ("redelivered", "redelivered"),
    ("given_up", "given up"),
    ("too_late", "too old for the window"),
    ("left_out", "left out by --where"),
)
# Counts that are told only where there are some.
_RARE = frozenset({"malformed", "unasked", "redelivered", "given_up", "too_late", "late", "left_out"})


def line(snapshot: Snapshot) -> str:
    """A snapshot on one line. Times are in the zone of `zones.shown_in`."""
    window, counts = snapshot.window, snapshot.counts
    if window is None or snapshot.now_us is None:
        return "no entries yet"
    words = [_clock(snapshot.now_us), f"{rate(window.requests / window.seconds)} requests"]
    failed = percent(window.failures, window.exchanges)
    words.append(f"errors {failed}")
    words += [f"{name} {duration(window.percentiles_ms[name])}" for name in _SHOWN_PERCENTILES]
    if "open" in counts:
        words.append(f"in flight {short(counts['open'])}")
        overdue = f"overdue {short(counts['overdue'])}"
        if snapshot.overdue:
            overdue += f" (oldest {_age(snapshot.overdue[0], snapshot.now_us)})"
        words.append(overdue)
    words += [f"{name} {short(counts[key])}" for key, name in _TOTALS if key in _RARE and counts.get(key)]
    if snapshot.quiet_s > QUIET_S:
        words.append(f"nothing for {duration(int(snapshot.quiet_s) * 1000)}")
    if snapshot.behind_bytes > _MUCH_BEHIND:
        words.append(f"{short(snapshot.behind_bytes)}B to read")
    return "  ".join(words)


_MUCH_BEHIND = 1 << 20
# Logs from which nothing came for so long are told to be quiet.
QUIET_S = 10


def record(snapshot: Snapshot, *, last: bool = False, places: bool = False) -> dict[str, Any]:
    """A snapshot as an object of JSON: times in UTC as RFC 3339, durations in ms, shares from 0 to 1.

    With `places`, rows have the places of their lines, and `ended` tells that no line will come any more.
    """
    window = snapshot.window
    made: dict[str, Any] = {
        "kind": "end" if last else "snapshot",
        "time": text_or_none(snapshot.now_us),
        "watermark": text_or_none(snapshot.watermark_us),
        "counts": dict(snapshot.counts),
        "behind_bytes": snapshot.behind_bytes,
        "notices": list(snapshot.notices),
        "doubts": list(snapshot.doubts),
        "quiet_s": round(snapshot.quiet_s, 3),
    }
    if places:
        made["ended"] = snapshot.ended
    if window is not None:
        made["window"] = {
            "from": text_or_none(window.from_us),
            "to": text_or_none(window.to_us),
            "requests": window.requests,
            "responses": window.responses,
            "exchanges": window.exchanges,
            "failures": window.failures,
            "overdue": window.overdue,
            "error_rate": round(window.error_rate, 6),
            "requests_per_s": round(window.requests / window.seconds, 3),
            "status": dict(window.status),
            **{f"{name}_ms": value for name, value in window.percentiles_ms.items()},
            "rates": {"requests": _points(window.requests_per_s), "failures": _points(window.failures_per_s)},
        }
    names = snapshot.attributes
    overdue = {id(one) for one in snapshot.overdue}
    made["in_flight"] = [
        {**_request(one, names, snapshot.now_us), "overdue": id(one) in overdue, **_places(places, one)}
        for one in snapshot.oldest
    ]
    for name in ("slowest", "failed", "late"):
        exchanges = getattr(snapshot, name)
        made[name] = [{**_exchange(one, names), **_places(places, one.request, one.response)} for one in exchanges]
    return made


def _places(told: bool, *entries: Request | Response) -> dict[str, Any]:
    return {"places": [entry.place for entry in entries]} if told else {}


def _points(rates: Sequence[float]) -> list[float]:
    """Rates of a second each, averaged over equal parts where there are many."""
    step = -(-len(rates) // _MOST_POINTS) or 1
    parts = [rates[at : at + step] for at in range(0, len(rates), step)]
    return [round(sum(part) / len(part), 3) for part in parts]


def closing(snapshot: Snapshot) -> str:
    """What was seen in all, on a few lines, with the oldest requests that are open."""
    counts = snapshot.counts
    told = [f"{counts[key]:,} {name}" for key, name in _TOTALS if key in counts and (counts[key] or key not in _RARE)]
    lines = ["in all: " + ", ".join(told), *(f"doubtful: {doubt}" for doubt in snapshot.doubts)]
    if snapshot.now_us is not None and snapshot.oldest:
        lines.append("without an answer for longest:")
        for request in snapshot.oldest[:_SHOWN_REQUESTS]:
            values = " ".join(
                f"{name}={value}" for name, value in zip(snapshot.attributes, request.values, strict=True) if value
            )
            lines.append(f"  {one_line(request.request_id)}  {_age(request, snapshot.now_us)}  {one_line(values)}")
    return "\n".join(lines)


def _clock(instant_us: int) -> str:
    return shown(EPOCH + timedelta(microseconds=instant_us)).strftime("%H:%M:%S")


def _age(request: Request, now_us: int) -> str:
    return duration((now_us - request.time_us) / 1000)


def _request(request: Request, names: Any, now_us: int | None) -> dict[str, Any]:
    values = dict(zip(names, request.values, strict=True))
    age = {} if now_us is None else {"age_ms": (now_us - request.time_us) / 1000}
    return {"request_id": request.request_id, "time": text_or_none(request.time_us), **age, **values}


def _exchange(exchange: Exchange, names: Any) -> dict[str, Any]:
    return {
        **_request(exchange.request, names, None),
        "response_time": text_or_none(exchange.response.time_us),
        "status_code": exchange.response.status,
        "duration_ms": None if exchange.duration_us is None else exchange.duration_us / 1000,
        "late": exchange.late,
    }
