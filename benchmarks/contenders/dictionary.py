"""The script that one writes first: the requests in a dictionary, then the responses line by line.

usage: dictionary.py full|ndjson REQUESTS RESPONSES OUT
"""

import csv
import json
import sys
from datetime import datetime, timedelta

work, requests, responses, out = sys.argv[1:]
waiting = {}
with open(requests, encoding="utf-8") as log:
    for line in log:
        time, request_id, user_id = line.rstrip("\n").split(",")
        waiting[request_id] = (datetime.fromisoformat(time), user_id)

MICROSECOND = timedelta(microseconds=1)
with open(responses, encoding="utf-8") as log, open(out, "w", encoding="utf-8", newline="") as target:
    table = csv.writer(target)
    if work == "full":
        table.writerow(["request_id", "user_id", "status_code", "request_time", "response_time", "duration_us"])
    for line in log:
        time, request_id, status_code = line.rstrip("\n").split(",")
        answered = datetime.fromisoformat(time)
        asked, user_id = waiting.pop(request_id, (None, None))
        if work == "full":
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
    if work == "full":
        for request_id, (asked, user_id) in waiting.items():
            table.writerow([request_id, user_id, None, asked, None, None])
