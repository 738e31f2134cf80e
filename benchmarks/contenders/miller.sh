#!/usr/bin/env bash
# Miller: its unsorted join, which holds the requests in memory. Text in, text out.
# usage: miller.sh full|ndjson REQUESTS RESPONSES OUT
set -euo pipefail
work=$1 requests=$2 responses=$3 out=$4

names=(label response_time,request_id,status_code)
join=(join -u -f "$requests" -l 2 -r request_id -j request_id)
format='"%Y-%m-%dT%H:%M:%SZ"'
if [ "$work" = full ]; then
  mlr --icsvlite --ocsvlite --implicit-csv-header "${names[@]}" then "${join[@]}" --ul --ur \
    then rename 1,request_time,2,request_id,3,user_id \
    then template -f request_id,user_id,status_code,request_time,response_time,duration_us \
    then put '
      if ($request_time != "") { $request_time = roundm(strptime($request_time, '"$format"') * 1000000, 1) }
      if ($response_time != "") { $response_time = roundm(strptime($response_time, '"$format"') * 1000000, 1) }
      if ($request_time != "" && $response_time != "") { $duration_us = $response_time - $request_time }' \
    "$responses" >"$out"
else
  mlr --icsvlite --ojsonl --implicit-csv-header "${names[@]}" then "${join[@]}" \
    then rename 1,request_time,3,user_id \
    then put '
      $duration_ms = roundm(strptime($response_time, '"$format"') * 1000 - strptime($request_time, '"$format"') * 1000, 1)' \
    then cut -o -f request_id,user_id,status_code,duration_ms "$responses" >"$out"
fi
