"""An access log read the slow way, a line at a time with plain dicts: what the truth of a generated one must equal."""

import json
import math
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.test_generate import instant

FIELDS = ("method", "endpoint", "ip", "response_time", "user_agent")
WINDOW_US = 60_000_000
SUSPICIOUS = 25
MOST_ENDPOINTS = 1000
ID = re.compile(r"[0-9]+|[0-9a-fA-F]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def text(value: object) -> str | None:
    """A value as a text; None where it counts as missing."""
    if value is None or isinstance(value, dict | list):
        return None
    plain = value.strip(" \t") if isinstance(value, str) else json.dumps(value)
    return None if plain in {"", "-"} else plain


def micros(value: object) -> int | None:
    """A response time in µs."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value, re.ASCII):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2**53:
        return None
    return round(value * 1000)


def code(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[0-9]{1,3}", value := value.strip(" \t"), re.ASCII) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == int(value) and 0 <= value <= 999 else None


def refused(constant: str) -> float:
    raise ValueError(constant)


def understood(raw: bytes) -> dict[str, Any] | str:
    """A line that is not blank: an exchange, or the reason why it is none."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        return "encoding"
    try:
        found = json.loads(line, parse_constant=refused)
        json.dumps(found, ensure_ascii=False).encode()
    except ValueError:
        return "json"
    if not isinstance(found, dict):
        return "json"
    stamp = found.get("timestamp")
    if not isinstance(stamp, str) or (at := instant(stamp.strip(" \t"))) is None:
        return "timestamp"
    if (status := code(found.get("status_code"))) is None:
        return "status_code"
    endpoint = text(found.get("endpoint"))
    return {
        "at": at,
        "status": status,
        "failed": status >= 400 or status < 100,
        "method": text(found.get("method")),
        "endpoint": text((endpoint or "").split("?")[0]),
        "ip": text(found.get("ip")),
        "response_time": micros(found.get("response_time")),
        "user_agent": text(found.get("user_agent")),
    }


def latency(rows: list[dict[str, Any]]) -> dict[str, Any]:
    took = sorted(row["response_time"] for row in rows if row["response_time"] is not None)

    def ranked(share: float) -> float | None:
        return took[max(1, math.ceil(len(took) * round(share * 1000) / 1000)) - 1] / 1000 if took else None

    shares = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}
    return {
        "count": len(took),
        "negative": 0,
        "min_ms": ranked(0),
        "mean_ms": sum(took) / len(took) / 1000 if took else None,
        **{name: ranked(share) for name, share in shares.items()},
        "max_ms": ranked(1),
        "accuracy": "exact",
    }


def errors(rows: list[dict[str, Any]], first: int) -> int:
    return sum(first <= row["status"] < first + 100 for row in rows)


def null_first(value: str | None) -> tuple[bool, str]:
    return value is not None, value or ""


def grouped(rows: list[dict[str, Any]], field: str) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """Rows by a field, the largest group first, then by text."""
    groups: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[field]].append(row)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), null_first(item[0])))


def endpoints(rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups = grouped(rows, "endpoint")
    found = {
        name: {
            "endpoint": name,
            "requests": len(group),
            "errors": (failed := sum(row["failed"] for row in group)),
            "errors_4xx": errors(group, 400),
            "errors_5xx": errors(group, 500),
            "error_rate": failed / len(group),
            **{key: value for key, value in latency(group).items() if re.fullmatch("(min|max|p50|p95|p99)_ms", key)},
            "status": {str(status): count for status, count in Counter(row["status"] for row in group).items()},
        }
        for name, group in groups
    }
    timed = [(row["p50_ms"], name) for name, row in found.items() if name is not None and row["p50_ms"] is not None]
    return {
        "fastest_endpoint": min(timed, default=(0, None))[1],
        "slowest_endpoint": min(((-median, name) for median, name in timed), default=(0, None))[1],
        "busiest_endpoint": next((name for name in found if name is not None), None),
        "endpoints": list(found.values())[:MOST_ENDPOINTS],
    }


def collapsed(path: str) -> str:
    return "/".join("*" if ID.fullmatch(part) else part for part in path.split("/"))


def windows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["at"] // WINDOW_US].append(row)
    busy = {
        at: sorted(ip for ip, n in Counter(row["ip"] for row in group).items() if ip is not None and n > SUSPICIOUS)
        for at, group in groups.items()
    }
    suspicious = sorted({ip for found in busy.values() for ip in found})
    told: dict[str, Any] = {"suspicious_ips": suspicious, "suspicious_ip_count": len(suspicious), "worst_window": None}
    if groups:
        at = min(groups, key=lambda at: (-errors(groups[at], 400) - errors(groups[at], 500), at))
        told["worst_window"] = {
            "start": rfc3339(at * WINDOW_US),
            "end": rfc3339((at + 1) * WINDOW_US),
            "total_requests": len(groups[at]),
            "errors_4xx": errors(groups[at], 400),
            "errors_5xx": errors(groups[at], 500),
            "suspicious_ips": busy[at],
        }
    return told


def rfc3339(us: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")


def extreme(rows: list[dict[str, Any]], sign: int) -> dict[str, Any] | None:
    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        texts = (null_first(row[name]) for name in ("endpoint", "method", "ip"))
        return (sign * row["response_time"], row["at"], *texts, row["status"])

    timed = [row for row in rows if row["response_time"] is not None]
    if not timed:
        return None
    row = min(timed, key=order)
    same = {"endpoint": row["endpoint"], "method": row["method"], "ip": row["ip"], "status_code": row["status"]}
    return {**same, "ms": row["response_time"] / 1000, "time": rfc3339(row["at"])}


def reckoned(path: Path) -> dict[str, Any]:
    """What truth.json must say of a log, read the slow way."""
    raw = path.read_bytes()
    lines = [line.removesuffix(b"\r") for line in raw.split(b"\n")[:-1]]
    found = [understood(line) for line in lines if line.strip(b" \t")]
    rows = [row for row in found if isinstance(row, dict)]
    failed = sum(row["failed"] for row in rows)
    counts = Counter(str(row["status"]) for row in rows)
    flat = [{**row, "endpoint": row["endpoint"] and collapsed(row["endpoint"])} for row in rows]
    return {
        "inputs": {
            "access": {
                "bytes": len(raw),
                "lines": len(lines),
                "blank": len(lines) - len(found),
                "malformed": dict(Counter(reason for reason in found if isinstance(reason, str))),
                "exchanges": len(rows),
            }
        },
        "missing": {name: count for name in FIELDS if (count := sum(row[name] is None for row in rows))},
        "total_requests": len(rows),
        "successful_requests": len(rows) - failed,
        "failed_requests": failed,
        "failed_4xx": errors(rows, 400),
        "failed_5xx": errors(rows, 500),
        "status": dict(counts),
        "fastest_request": extreme(rows, 1),
        "slowest_request": extreme(rows, -1),
        **endpoints(rows),
        **windows(rows),
        **{
            f"{field}s": [
                {field: name, "requests": len(group), "errors": sum(row["failed"] for row in group)}
                for name, group in grouped(rows, field)
            ]
            for field in ("method", "user_agent")
        },
        "latency": latency(rows),
        "latency_success": latency([row for row in rows if not row["failed"]]),
        "latency_failure": latency([row for row in rows if row["failed"]]),
        "collapsed": endpoints(flat),
    }
