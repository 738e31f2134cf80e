"""Makes the logs that the pages in docs/jobs speak of, small and always the same: for their pictures and their tests.

python docs/sample_logs.py FOLDER
"""

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from logcorr.generate.access.write_access import AccessOptions, generate_access

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
ROUTES = (("GET", "/cart", 30), ("GET", "/products", 12), ("POST", "/orders", 90), ("POST", "/pay", 220))
OPEN, ANSWERED = "incoming request", "request completed"


def stamp(at_s: float) -> str:
    """The instant so many seconds after the start, in RFC 3339 with microseconds."""
    return (START + timedelta(seconds=at_s)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def in_order(lines: list[tuple[float, dict[str, Any]]]) -> str:
    """The lines by time, an object each."""
    return "".join(json.dumps(line) + "\n" for _, line in sorted(lines, key=lambda pair: pair[0]))


def exchanges(count: int, seed: int) -> Iterator[tuple[int, float, float, str, str, random.Random]]:
    """Number, start and duration in seconds, method and route of requests over ten minutes."""
    dice = random.Random(seed)
    for number in range(count):
        at, (method, route, usual_ms) = dice.uniform(0, 600), dice.choice(ROUTES)
        yield number, at, usual_ms / 1000 * dice.lognormvariate(0, 0.5), method, route, dice


def app_log() -> str:
    """A fastify application that is killed in the seventh minute, and starts again."""
    epoch = START.timestamp()
    lines: list[tuple[float, dict[str, Any]]] = []
    for number, at, took, method, route, dice in exchanges(4000, seed=1):
        pid = 41 if at < 400 else 42
        base = {"level": 30, "pid": pid, "hostname": "shop-1", "reqId": f"req-{number}"}
        asked = {"method": method, "url": route, "remoteAddress": f"192.0.2.{dice.randrange(1, 60)}"}
        lines.append((at, {**base, "time": round((epoch + at) * 1000), "req": asked, "msg": OPEN}))
        # The payment service hangs for a minute: its requests still wait when the process is killed.
        hangs = route == "/pay" and 340 < at < 400
        if not hangs and not (at < 400 < at + took):
            status = {"statusCode": 500 if dice.random() < 0.01 else 200}
            answer = {"time": round((epoch + at + took) * 1000), "res": status, "responseTime": took * 1000}
            lines.append((at + took, {**base, **answer, "msg": ANSWERED}))
    for at, pid in ((0.0, 41), (404.0, 42)):
        said = {"level": 30, "time": round((epoch + at) * 1000), "pid": pid, "hostname": "shop-1"}
        lines.append((at, {**said, "msg": "Server listening at http://0.0.0.0:3000"}))
    return in_order(lines)


def audit_log() -> str:
    """A Kubernetes API server: a webhook makes creating pods slow for two minutes; one account is refused."""
    dice = random.Random(2)
    users = ("system:kube-scheduler", "system:kube-controller-manager", "system:node:node-1", "alice", "ci-deployer")
    calls = (
        ("get", "/api/v1/namespaces/shop/pods/web-{}"),
        ("list", "/api/v1/pods"),
        ("create", "/api/v1/namespaces/shop/pods"),
        ("patch", "/api/v1/nodes/node-{}/status"),
        ("watch", "/api/v1/services"),
    )
    lines: list[tuple[float, dict[str, Any]]] = []
    for number in range(3000):
        at, user, (verb, uri) = dice.uniform(0, 600), dice.choice(users), dice.choice(calls)
        took = 0.008 * dice.lognormvariate(0, 0.6)
        if verb == "create" and 240 < at < 360:
            took += dice.uniform(4, 10)
        if verb == "watch":
            took = dice.uniform(20, 300)
        code = 403 if user == "ci-deployer" and verb == "create" else 200
        event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"{number:08x}"}
        event |= {"requestURI": uri.format(dice.randrange(40)), "verb": verb, "user": {"username": user}}
        event |= {"sourceIPs": [f"10.0.0.{1 + users.index(user)}"], "userAgent": user.rpartition(":")[2]}
        lines.append((at, {**event, "stage": "RequestReceived", "stageTimestamp": stamp(at)}))
        if verb == "watch":
            lines.append((at, {**event, "stage": "ResponseStarted", "stageTimestamp": stamp(at + 0.002)}))
        if at + took < 600:
            done = {"stage": "ResponseComplete", "responseStatus": {"code": code}, "stageTimestamp": stamp(at + took)}
            lines.append((at + took, {**event, **done}))
    return in_order(lines)


def edge_logs() -> tuple[str, str]:
    """The log of an application, and that of the nginx before it, which waits a second and limits some clients."""
    app: list[tuple[float, dict[str, Any]]] = []
    edge: list[tuple[float, dict[str, Any]]] = []
    for number, at, took, method, route, dice in exchanges(4000, seed=3):
        identity = f"{number:032x}"
        line = {"id": identity, "method": method, "uri": route, "ip": f"192.0.2.{dice.randrange(1, 60)}"}
        if dice.random() < 0.02:  # nginx answers by itself
            edge.append((at, {**line, "msec": f"{START.timestamp() + at:.3f}", "status": "429", "took": "0.000"}))
            continue
        app.append((at + 0.001, {"ts": stamp(at + 0.001), "event": "received", "request_id": identity, "path": route}))
        works = took + (2 if route == "/pay" and dice.random() < 0.1 else 0)
        app.append((at + works, {"ts": stamp(at + works), "event": "sent", "request_id": identity, "code": 200}))
        status, told = ("504", 1.0) if works > 1 else ("200", works + 0.002)
        end = at + told
        edge.append((end, {**line, "msec": f"{START.timestamp() + end:.3f}", "status": status, "took": f"{told:.3f}"}))
    return in_order(app), in_order(edge)


def write_logs(folder: Path) -> None:
    """Writes app.log, audit.log, app.json and edge.json, and access.ndjson of two days into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    app, edge = edge_logs()
    for name, text in (("app.log", app_log()), ("audit.log", audit_log()), ("app.json", app), ("edge.json", edge)):
        (folder / name).write_text(text, encoding="utf-8")
    for name, incident in (("yesterday.ndjson", False), ("access.ndjson", True)):
        generate_access(
            AccessOptions(path=str(folder / name), rows=20_000, seed=4, incident=incident, truth=f"{name}.truth")
        )


if __name__ == "__main__":
    write_logs(Path(sys.argv[1]))
