"""What the tests of comparisons share: runs made by hand, and the plain way to judge their users and endpoints."""

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import msgspec
import polars as pl

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.diff import Diff
from logcorr.model.group_rows import Windows
from logcorr.model.ledger import AccessInputs, AccessLedger, Inputs, Orphans
from logcorr.model.manifest import Manifest
from logcorr.model.report import Report, Timeline
from logcorr.query.compare import compare_runs
from logcorr.runs.run_folder import RunFolder
from tests.support import pair_reports

QUANTILES = ("min_us", "p50_us", "p95_us", "p99_us", "max_us")


class User(NamedTuple):
    """A row of the view `users`: errors and orphans together are at most the requests."""

    name: str | None
    requests: int
    errors: int
    orphans: int = 0

    @property
    def bad(self) -> int:
        return self.errors + self.orphans


class Endpoint(NamedTuple):
    """A row of the view `endpoints`; durations in µs."""

    name: str | None
    requests: int
    errors: int
    spread: tuple[int | None, ...] = (None,) * 5


def pair_report(users: list[User], **changed: Any) -> Report:
    """A report whose totals are those of the users."""
    whole = pair_reports.busy()
    requests, errors = sum(user.requests for user in users), sum(user.errors for user in users)
    orphans = sum(user.orphans for user in users)
    pairs = requests - orphans
    asked = msgspec.structs.replace(whole.inputs.requests, matched=pairs, orphans=orphans, superseded=0)
    answered = msgspec.structs.replace(whole.inputs.responses, matched=pairs, orphans=0, superseded=0)
    told: dict[str, Any] = {
        "inputs": Inputs(requests=asked, responses=answered),
        "orphans": Orphans(request={"lost": orphans} if orphans else {}, response={}),
        "latency": whole.latency if pairs else msgspec.structs.replace(whole.latency, count=0, negative=0),
        "latency_failure": msgspec.structs.replace(whole.latency_failure, count=errors, negative=0),
        "status": {code: n for code, n in (("200", pairs - errors), ("500", errors)) if n},
        "skew": msgspec.structs.replace(whole.skew, negative=0, share=0.0),
        "users": [],
    }
    return msgspec.structs.replace(whole, **{**told, **changed})


def pair_run(folder: Path, users: list[User], **changed: Any) -> RunFolder:
    """A finished correlation with these users."""
    schema = {"user_id": pl.String, "requests": pl.Int64, "errors": pl.Int64, "orphans": pl.Int64}
    view = pl.DataFrame([tuple(user) for user in users], schema=schema, orient="row")
    return made(folder, pair_report(users, **changed), "users", view)


def access_report(endpoints: list[Endpoint], **changed: Any) -> AccessReport:
    """A report whose totals are those of the endpoints."""
    whole = pair_reports.busy()
    requests, errors = sum(one.requests for one in endpoints), sum(one.errors for one in endpoints)
    ledger = AccessLedger(files=["access.log"], bytes=1, lines=requests, blank=0, malformed={}, exchanges=requests)
    none = ("fastest_request", "slowest_request", "fastest_endpoint", "slowest_endpoint", "busiest_endpoint")
    lists = ("suspicious_ips", "endpoints", "failing_endpoints", "ips", "failing_ips", "methods", "user_agents")
    empty: dict[str, Any] = {**dict.fromkeys((*none, "worst_window")), **{name: [] for name in lists}}
    told = {
        "schema": 1,
        "kind": "access",
        "format": "ndjson",
        "inputs": AccessInputs(access=ledger),
        "missing": {},
        "total_requests": requests,
        "successful_requests": requests - errors,
        "failed_requests": errors,
        "failed_4xx": 0,
        "failed_5xx": errors,
        "suspicious_ip_count": 0,
        "latency": msgspec.structs.replace(whole.latency, negative=0),
        "latency_success": whole.latency_success,
        "latency_failure": whole.latency_failure,
        "status": {code: n for code, n in (("200", requests - errors), ("500", errors)) if n},
        "histogram": [],
        "timeline": Timeline(bucket_s=1.0, points=[]),
        "heatmap": whole.heatmap,
        "windows": Windows(window_s=60.0, count=0),
        "run": whole.run,
    }
    return AccessReport(**{**empty, **told, **changed})


def access_run(folder: Path, endpoints: list[Endpoint], **changed: Any) -> RunFolder:
    """A finished analysis with these endpoints."""
    names = ("endpoint", "requests", "errors", *QUANTILES)
    schema = {name: pl.String if name == "endpoint" else pl.Int64 for name in names}
    rows = [(one.name, one.requests, one.errors, *one.spread) for one in endpoints]
    view = pl.DataFrame(rows, schema=schema, orient="row")
    return made(folder, access_report(endpoints, **changed), "endpoints", view)


def made(folder: Path, report: RunReport, view: str, rows: pl.DataFrame) -> RunFolder:
    """A run folder of a report and one view, in two files."""
    (folder / view).mkdir(parents=True)
    half = rows.height // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        part.write_parquet(folder / view / f"{number:04d}.parquet")
    parts = {f"{view}/{file.name}": file.stat().st_size for file in sorted((folder / view).iterdir())}
    kind = report.kind
    files = {"request": ["requests.log"], "response": ["responses.log"]} if kind != "access" else {"access": ["a.log"]}
    manifest = Manifest(
        schema=1,
        kind=kind,
        key=folder.name,
        version="0.1.0",
        created="2025-11-21T16:00:00Z",
        options={"window_us": 60_000_000},
        inputs={},
        files=files,
        parts=parts,
        attributes=[],
        rows={view: rows.height},
        headline={"requests": 1, "orphans": 0, "p50_ms": 1.0, "p99_ms": 2.0},
    )
    run = RunFolder(folder)
    run.write(manifest, report)
    return run


def compared(folder: Path, a: list[User], b: list[User], top: int = 10**6) -> Diff:
    """The comparison of two runs with these users."""
    return compare_runs.diff(pair_run(folder / "a", a), pair_run(folder / "b", b), top=top)


# The plain way, a user at a time.


def sigma(bad_a: int, of_a: int, bad_b: int, of_b: int) -> float | None:
    """The signed root of the log-likelihood ratio of two rates; where few are expected, at most that of the tail."""
    if not of_a or not of_b:
        return None
    rate = (bad_a + bad_b) / (of_a + of_b)
    seen = (bad_a, of_a - bad_a, bad_b, of_b - bad_b)
    expected = (of_a * rate, of_a * (1 - rate), of_b * rate, of_b * (1 - rate))
    ratio = 2 * sum(n * math.log(n / e) for n, e in zip(seen, expected, strict=True) if n)
    size = math.sqrt(max(ratio, 0))
    if min(of_a, of_b) * min(rate, 1 - rate) < 5:
        more, of = (bad_b, of_b) if bad_b * of_a > bad_a * of_b else (bad_a, of_a)
        size = min(size, sigma_of_tail(more, bad_a + bad_b, of, of_a + of_b))
    return math.copysign(size, bad_b * of_a - bad_a * of_b)


def sigma_of_tail(hits: int, whole: int, chosen: int, rows: int) -> float:
    """The sigma of the chance that so many of the chosen rows have what `whole` of all rows have, term by term."""
    if hits * rows <= chosen * whole:
        return 0.0

    def log_comb(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    first = log_comb(whole, hits) + log_comb(rows - whole, chosen - hits) - log_comb(rows, chosen)
    ratio = (whole - hits) * (chosen - hits) / ((hits + 1) * (rows - whole - chosen + hits + 1))
    log_chance = first - math.log(1 - ratio)
    if log_chance > -600:
        return max(-NormalDist().inv_cdf(min(math.exp(log_chance), 0.5)), 0.0)
    # Beyond the smallest floats: the tail of z is nearly that of its density over z.
    found = math.sqrt(-2 * log_chance)
    for _ in range(50):
        found = math.sqrt(-2 * log_chance - math.log(2 * math.pi) - 2 * math.log(found))
    return found


def judged(a: list[User], b: list[User]) -> dict[str | None, tuple[str, float | None, float | None]]:
    """{user: (verdict as if known to both, extra failures, sigma)}."""
    before, after = ({user.name: user for user in side if user.requests} for side in (a, b))
    whole = sum(user.bad for user in a), sum(user.requests for user in a)
    least = max(3.0, NormalDist().inv_cdf(1 - 0.0026998 / 2 / max(len(a), len(b), 1)))
    found = {}
    for name in {*before, *after}:
        own, other = before.get(name), after.get(name)
        bad_a, of_a = (own.bad, own.requests) if own else whole
        bad_b, of_b = (other.bad, other.requests) if other else (0, 0)
        sure = sigma(bad_a, of_a, bad_b, of_b)
        extra = bad_b - of_b * (bad_a / of_a) if of_b and of_a else None
        verdict = "same"
        if sure is not None and abs(sure) >= least:
            rates = bad_a / of_a, bad_b / of_b
            verdict = "worse" if rates[1] > rates[0] * 1.01 else "better" if rates[0] > rates[1] * 1.01 else "same"
        found[name] = verdict, extra, sure
    return found


def ranked(a: list[User], b: list[User]) -> list[str | None]:
    """All users: worse by extra failures, better likewise, then the busiest; the nameless before the named on a tie."""
    requests = {user.name: 0 for user in (*a, *b)}
    for user in (*a, *b):
        requests[user.name] = max(requests[user.name], user.requests)
    places = {"worse": 0, "better": 1, "same": 2}

    def place(row: tuple[str | None, tuple[str, float | None, float | None]]) -> tuple[Any, ...]:
        name, (verdict, extra, _) = row
        much = abs(extra or 0) if verdict != "same" else 0.0
        return (places[verdict], -much, -requests[name], name is not None, name or "")

    return [name for name, _ in sorted(judged(a, b).items(), key=place)]
