#!/usr/bin/env bash
# GoAccess: all of its panels as JSON; endpoints are in three of them (requests, static requests, not found).
# usage: goaccess.sh LOG OUT.json
set -euo pipefail
exec goaccess "$1" -o "$2" --no-global-config --no-progress --no-query-string --max-items=100000 \
  --date-format=%Y-%m-%d --time-format=%H:%M:%S --log-format='{ "timestamp": "%dT%t.%^", "method": "%m",
  "endpoint": "%U", "status_code": "%s", "ip": "%h", "response_time": "%L", "user_agent": "%u" }'
