#!/usr/bin/env bash
# lnav without its screen: its SQL over the lines of a log. It has no percentiles. JSON lines need a format of their own.
# usage: lnav.sh ndjson|combined|alb LOG OUT.json
set -euo pipefail
case $1 in
  ndjson) table=ndjson_log endpoint="substr(endpoint, 1, instr(endpoint || '?', '?') - 1)" status='cast(status_code as integer)' ;;
  combined) table=access_log endpoint=cs_uri_stem status=sc_status ;;
  alb) table=alb_log endpoint="substr(cs_uri_stem, 8 + instr(substr(cs_uri_stem, 8), '/') - 1)" status=elb_status_code ;;
esac
exec lnav -n -q -I "$(dirname "$0")/lnav" \
  -c ";select $endpoint as endpoint, count(*) as requests, sum($status >= 400) as errors
       from $table group by 1 order by 2 desc" \
  -c ":write-json-to $3" "$2"
