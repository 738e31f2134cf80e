"""The script that one writes first: the requests in a dictionary, then the responses line by line.

usage: dictionary.py full|ndjson|json|onelog REQUESTS RESPONSES OUT
`ndjson` writes matched exchanges. `json` reads logs of JSON lines, `onelog` one log that is named twice.
"""

import csv
import gzip
import json
import sys
from datetime import UTC, datetime, timedelta

work, requests, responses, out = sys.argv[1:]


def log(path, names):
    """The fields of each line."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if work == "json":
                record = json.loads(line)
                yield datetime.fromisoformat(record["time"]), *(record[name] for name in names)
            else:
                time, *fields = line.rstrip("\n").split(",")
                yield datetime.fromisoformat(time), *fields


def events(path, msg):
    """The requests or the responses of the one log."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["msg"] == msg:
                time = datetime.fromtimestamp(record["time"] / 1000, UTC)
                yield time, record["reqId"], record.get("res", {}).get("statusCode")


if work == "onelog":
    asking, answering = events(requests, "incoming request"), events(responses, "request completed")
else:
    asking, answering = log(requests, ("request_id", "user_id")), log(responses, ("request_id", "status_code"))
waiting = {request_id: (asked, user_id) for asked, request_id, user_id in asking}

MICROSECOND = timedelta(microseconds=1)
with open(out, "w", encoding="utf-8", newline="") as target:
    table = csv.writer(target)
    if work != "ndjson":
        table.writerow(["request_id", "user_id", "status_code", "request_time", "response_time", "duration_us"])
    for answered, request_id, status_code in answering:
        asked, user_id = waiting.pop(request_id, (None, None))
        if work != "ndjson":
            took = None if asked is None else (answered - asked) // MICROSECOND
            table.writerow([request_id, user_id, status_code, asked, answered, took])
        elif asked is not None:
            took = int((answered - asked) / timedelta(milliseconds=1))
            record = {
                "request_id": request_id,
                "user_id": user_id or None,
                "status_code": int(status_code),
                "duration_ms": took,
            }
            target.write(json.dumps(record) + "\n")
    if work != "ndjson":
        for request_id, (asked, user_id) in waiting.items():
            table.writerow([request_id, user_id, None, asked, None, None])
