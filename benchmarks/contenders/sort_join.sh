#!/usr/bin/env bash
# coreutils: both logs sorted by id at once, joined, and the rest done by awk. Text in, text out.
# usage: sort_join.sh full|ndjson REQUESTS RESPONSES OUT SPILL_FOLDER CORES
set -euo pipefail
work=$1 requests=$2 responses=$3 out=$4 spill=$5 cores=$6
export LC_ALL=C

by_id() {
  local sorted=(sort -t, -k2,2 -S 20% --parallel="$cores" -T "$spill")
  if [[ $1 == *.gz ]]; then zcat "$1" | "${sorted[@]}"; else "${sorted[@]}" "$1"; fi
}

# Microseconds since 1970; the days of a date are worked out once.
micros='
  function us(t,   day, y, m, d) {
    day = substr(t, 1, 10)
    if (!(day in days)) {
      y = substr(t, 1, 4) + 0; m = substr(t, 6, 2) + 0; d = substr(t, 9, 2) + 0
      if (m < 3) { y--; m += 12 }
      days[day] = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
    }
    return (days[day] * 86400 + substr(t, 12, 2) * 3600 + substr(t, 15, 2) * 60 + substr(t, 18, 2)) * 1000000 \
      + substr(t, 21, 3) * 1000
  }'

if [ "$work" = full ]; then
  join -t, -1 2 -2 2 -a 1 -a 2 -o 0,1.3,2.3,1.1,2.1 <(by_id "$requests") <(by_id "$responses") |
    awk -F, "$micros"'
      BEGIN { print "request_id,user_id,status_code,request_time,response_time,duration_us" }
      $4 == "" { printf "%s,,%s,,%.0f,\n", $1, $3, us($5); next }
      $5 == "" { printf "%s,%s,,%.0f,,\n", $1, $2, us($4); next }
      { q = us($4); s = us($5); printf "%s,%s,%s,%.0f,%.0f,%.0f\n", $1, $2, $3, q, s, s - q }' >"$out"
else
  join -t, -1 2 -2 2 -o 0,1.3,2.3,1.1,2.1 <(by_id "$requests") <(by_id "$responses") |
    awk -F, "$micros"'
      { user = $2 == "" ? "null" : "\"" $2 "\""
        printf "{\"request_id\":\"%s\",\"user_id\":%s,\"status_code\":%d,\"duration_ms\":%d}\n", \
          $1, user, $3, int((us($5) - us($4)) / 1000) }' >"$out"
fi
