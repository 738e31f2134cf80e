#!/usr/bin/env bash
# GoAccess: all of its panels as JSON; endpoints are in three of them (requests, static requests, not found).
# usage: goaccess.sh ndjson|combined|alb LOG OUT.json
set -euo pipefail
case $1 in
  ndjson)
    read=(--date-format=%Y-%m-%d --time-format=%H:%M:%S --log-format='{ "timestamp": "%dT%t.%^", "method": "%m",
      "endpoint": "%U", "status_code": "%s", "ip": "%h", "response_time": "%L", "user_agent": "%u" }') ;;
  combined)
    read=(--date-format=%d/%b/%Y --time-format=%H:%M:%S --log-format='%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T') ;;
  alb) read=(--log-format=AWSALB) ;;
esac
exec goaccess "$2" -o "$3" --no-global-config --no-progress --no-query-string --max-items=100000 "${read[@]}"
