"""The plain oracle of access logs, second half: the exchanges of the lines → the report of `analyze`.

It shares no code with the engine and knows nothing of polars. What a line is, `access_oracle_lines` tells.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.oracle.access_lines_oracle import Exchange, classify, detect, is_utf8
from tests.oracle.pair_oracle import QUANTILES, File, Record, lines_of, ms, nearest, rfc3339


def failed(row: Exchange) -> bool:
    return row.status is None or not 100 <= row.status < 400


def durations(rows: Iterable[Exchange]) -> list[int]:
    """The known durations that are not negative, the only ones that figures are about."""
    return [row.took for row in rows if row.took is not None and row.took >= 0]


def latency(rows: Sequence[Exchange]) -> Record:
    values = durations(rows)
    result: Record = {"count": len(values), "negative": sum((row.took or 0) < 0 for row in rows), "accuracy": "exact"}
    result |= {name: ms(nearest(values, per_mille)) for name, per_mille in QUANTILES.items()}
    result |= {"min_ms": ms(min(values, default=None)), "max_ms": ms(max(values, default=None))}
    return result | {"mean_ms": ms(sum(values) / len(values) if values else None)}


def none_first(value: Any) -> tuple[bool, Any]:
    return value is not None, value or ""


def groups(rows: Iterable[Exchange], name: str) -> dict[Any, list[Exchange]]:
    """Exchanges by one of their values, the most frequent first, equals in order of the value, null first."""
    found: dict[Any, list[Exchange]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), none_first(item[0]))))


def by_window(rows: Iterable[Exchange], width_us: int) -> dict[int, list[Exchange]]:
    found: dict[int, list[Exchange]] = defaultdict(list)
    for row in rows:
        found[row.at // width_us * width_us].append(row)
    return dict(sorted(found.items()))


def errors(rows: Sequence[Exchange]) -> Record:
    classes = Counter(row.status // 100 for row in rows if row.status is not None)
    return {"errors": sum(map(failed, rows)), "errors_4xx": classes[4], "errors_5xx": classes[5]}


def endpoint_row(name: str | None, rows: Sequence[Exchange]) -> Record:
    row: Record = {"endpoint": name, "requests": len(rows)} | errors(rows)
    row |= {figure: latency(rows)[figure] for figure in ("min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")}
    return row | {"error_rate": row["errors"] / len(rows), "status": statuses(rows)}


def ip_row(ip: str, rows: Sequence[Exchange], window_us: int, suspicious: int) -> Record:
    windows = by_window(rows, window_us)
    start = max(windows, key=lambda at: (len(windows[at]), -at))
    row = {"ip": ip, "requests": len(rows)} | errors(rows) | {"suspicious": len(windows[start]) > suspicious}
    return row | {"busiest_requests": len(windows[start]), "busiest_start": rfc3339(start)}


def failing(rows: Sequence[Record], name: str) -> list[Record]:
    some = [row for row in rows if row["errors"]]
    return sorted(some, key=lambda row: (-row["errors"], none_first(row[name])))[:100]


def counted(rows: Iterable[Exchange], name: str) -> list[Record]:
    own = groups(rows, name).items()
    return [{name: value, "requests": len(some), "errors": errors(some)["errors"]} for value, some in own]


def statuses(rows: Iterable[Exchange]) -> dict[str, int]:
    return dict(Counter("none" if row.status is None else str(row.status) for row in rows))


def missing(rows: Iterable[Exchange]) -> dict[str, int]:
    """How many exchanges lack what; `response_time` is what the duration is called there."""
    names = {
        "method": "method",
        "endpoint": "endpoint",
        "ip": "ip",
        "took": "response_time",
        "user_agent": "user_agent",
    }
    return dict(Counter(name for row in rows for field, name in names.items() if getattr(row, field) is None))


def extreme_request(rows: Iterable[Exchange], sign: int) -> Record | None:
    """The exchange with the least `sign * duration`; of equals the earliest."""
    timed = [(row.took, row) for row in rows if row.took is not None and row.took >= 0]

    def rank(one: tuple[int, Exchange]) -> Any:
        took, row = one
        texts = map(none_first, (row.endpoint, row.method, row.ip))
        return sign * took, row.at, *texts, (row.status is not None, row.status or 0)

    if not timed:
        return None
    took, best = min(timed, key=rank)
    result = {"endpoint": best.endpoint, "method": best.method, "ms": ms(took), "status_code": best.status}
    return result | {"ip": best.ip, "time": rfc3339(best.at)}


def extreme_endpoint(rows: Iterable[Exchange], sign: int) -> str | None:
    """The endpoint with the least `sign * median`; of equals the one with the smaller name."""
    medians = {name: nearest(durations(own), 500) for name, own in groups(rows, "endpoint").items() if name is not None}
    ranked = [(sign * median, name) for name, median in medians.items() if median is not None]
    return min(ranked)[1] if ranked else None


def worst_window(rows: Sequence[Exchange], width_us: int, suspicious: int) -> Record | None:
    if not rows:
        return None
    windows = by_window(rows, width_us)
    start = max(windows, key=lambda at: (errors(windows[at])["errors_4xx"] + errors(windows[at])["errors_5xx"], -at))
    own = windows[start]
    result = {"start": rfc3339(start), "end": rfc3339(start + width_us), "total_requests": len(own)} | errors(own)
    del result["errors"]
    busy = [ip for ip, some in groups(own, "ip").items() if ip is not None and len(some) > suspicious]
    return result | {"suspicious_ips": sorted(busy)}


def timeline(rows: Iterable[Exchange], width_us: int) -> list[Record]:
    """The points of the timeline, without those in which nothing happens."""
    points = []
    for start, own in by_window(rows, width_us).items():
        point = {"start": rfc3339(start), "requests": len(own), "responses": len(own), "orphans": 0} | errors(own)
        del point["errors"]
        points.append(point | {name: latency(own)[name] for name in ("p50_ms", "p99_ms")})
    return points


def analyze(
    files: Sequence[File],
    *,
    form: str = "auto",
    window_us: int = 60_000_000,
    suspicious: int = 25,
    collapse_ids: bool = False,
    bucket_us: int = 60_000_000,
) -> Record:
    """The report of access logs, all but `run`, `histogram` and `heatmap`; `bucket_us` is the width of its timeline."""
    form = detect(files) if form == "auto" else form
    verdicts = [classify(line, form, collapse_ids=collapse_ids) for _, data in files for line in lines_of(data)]
    rows = [verdict for verdict in verdicts if isinstance(verdict, Exchange)]
    classes = Counter(verdict for verdict in verdicts if isinstance(verdict, str))
    ledger: Record = {"files": [name for name, _ in files], "bytes": sum(len(data) for _, data in files)}
    ledger |= {"lines": len(verdicts), "exchanges": len(rows)}
    ledger |= {name: classes.pop(name, 0) for name in ("blank", "other")}
    ledger["repaired"] = sum(not is_utf8(line) for _, data in files for line in lines_of(data))

    bad = errors(rows)
    endpoints = [endpoint_row(name, own) for name, own in groups(rows, "endpoint").items()]
    ips = [ip_row(ip, own, window_us, suspicious) for ip, own in groups(rows, "ip").items() if ip is not None]
    suspects = sorted(row["ip"] for row in ips if row["suspicious"])
    return {
        "schema": 1,
        "kind": "access",
        "format": form,
        "inputs": {"access": ledger | {"malformed": dict(classes)}},
        "missing": missing(rows),
        "total_requests": len(rows),
        "successful_requests": len(rows) - bad["errors"],
        "failed_requests": bad["errors"],
        "failed_4xx": bad["errors_4xx"],
        "failed_5xx": bad["errors_5xx"],
        "fastest_request": extreme_request(rows, 1),
        "slowest_request": extreme_request(rows, -1),
        "fastest_endpoint": extreme_endpoint(rows, 1),
        "slowest_endpoint": extreme_endpoint(rows, -1),
        "busiest_endpoint": next((row["endpoint"] for row in endpoints if row["endpoint"] is not None), None),
        "worst_window": worst_window(rows, window_us, suspicious),
        "suspicious_ips": suspects,
        "suspicious_ip_count": len(suspects),
        "endpoints": endpoints[:1000],
        "ips": ips[:100],
        "failing_endpoints": failing(endpoints, "endpoint"),
        "failing_ips": failing(ips, "ip"),
        "methods": counted(rows, "method"),
        "user_agents": counted(rows, "user_agent")[:100],
        "latency": latency(rows),
        "latency_success": latency([row for row in rows if not failed(row)]),
        "latency_failure": latency([row for row in rows if failed(row)]),
        "status": statuses(rows),
        "timeline": timeline(rows, bucket_us),
        "windows": {"window_s": window_us / 1_000_000, "count": len(by_window(rows, window_us))},
    }
