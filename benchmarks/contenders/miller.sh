#!/usr/bin/env bash
# Miller: its unsorted join, which holds the requests in memory. Text in, text out.
# usage: miller.sh full|ndjson|json REQUESTS RESPONSES OUT
# `ndjson` writes matched exchanges, `json` reads logs of JSON lines. Of a .gz file it knows what to do.
set -euo pipefail
work=$1 requests=$2 responses=$3 out=$4

if [ "$work" = json ]; then
  read=(--ijsonl) right=(rename 'time,response_time') left=request_id
  names=(rename 'time,request_time')
else
  read=(--icsvlite --implicit-csv-header) right=(label 'response_time,request_id,status_code') left=2
  names=(rename '1,request_time,2,request_id,3,user_id')
fi
join=(join -u -f "$requests" -l "$left" -r request_id -j request_id)
format='"%Y-%m-%dT%H:%M:%SZ"'
if [ "$work" = ndjson ]; then
  mlr "${read[@]}" --ojsonl "${right[@]}" then "${join[@]}" then "${names[@]}" \
    then put '
      $duration_ms = roundm(strptime($response_time, '"$format"') * 1000 - strptime($request_time, '"$format"') * 1000, 1)' \
    then cut -o -f request_id,user_id,status_code,duration_ms "$responses" >"$out"
else
  mlr "${read[@]}" --ocsvlite "${right[@]}" then "${join[@]}" --ul --ur then "${names[@]}" \
    then template -f request_id,user_id,status_code,request_time,response_time,duration_us \
    then put '
      if ($request_time != "") { $request_time = roundm(strptime($request_time, '"$format"') * 1000000, 1) }
      if ($response_time != "") { $response_time = roundm(strptime($response_time, '"$format"') * 1000000, 1) }
      if ($request_time != "" && $response_time != "") { $duration_us = $response_time - $request_time }' \
    "$responses" >"$out"
fi
