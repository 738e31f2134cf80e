"""chDB, which is ClickHouse in a process: one full join in SQL with its default parallel hash join.

usage: chdb_join.py full|ndjson|json|onelog REQUESTS RESPONSES OUT CORES
`ndjson` writes matched exchanges. `json` reads logs of JSON lines, `onelog` one log that is named twice.
"""

import sys

import chdb

SETTINGS = """settings max_threads = {cores}, join_use_nulls = 1, date_time_input_format = 'best_effort',
  format_csv_allow_double_quotes = 0, format_csv_allow_single_quotes = 0, output_format_json_quote_64bit_integers = 0,
  input_format_skip_unknown_fields = 1,
  output_format_parquet_compression_method = 'lz4', output_format_parquet_string_as_string = 1"""
LOG = "file('{path}', '{form}', 'time DateTime64(6, ''UTC''), request_id String, {third}')"
EVENTS = """(select fromUnixTimestamp64Milli(time, 'UTC')::DateTime64(6, 'UTC') as time, reqId as request_id, {third}
  from file('{path}', 'JSONEachRow', 'time Int64, reqId String, msg String, res Tuple(statusCode Int16)')
  where msg = '{msg}')"""
FULL = """
select coalesce(q.request_id, s.request_id) as request_id, user_id, status_code, q.time as request_time,
       s.time as response_time, toUnixTimestamp64Micro(s.time) - toUnixTimestamp64Micro(q.time) as duration_us
from {requests} q full join {responses} s on q.request_id = s.request_id
into outfile '{out}' format Parquet
"""
NDJSON = """
select q.request_id as request_id, user_id, status_code,
       intDiv(toUnixTimestamp64Micro(s.time) - toUnixTimestamp64Micro(q.time), 1000) as duration_ms
from {requests} q join {responses} s on q.request_id = s.request_id
into outfile '{out}' format JSONEachRow
"""

work, requests, responses, out, cores = sys.argv[1:]
if work == "onelog":
    asked = EVENTS.format(path=requests, third="null::Nullable(String) as user_id", msg="incoming request")
    answered = EVENTS.format(path=responses, third="res.statusCode as status_code", msg="request completed")
else:
    form = "JSONEachRow" if work == "json" else "CSV"
    asked = LOG.format(path=requests, form=form, third="user_id Nullable(String)")
    answered = LOG.format(path=responses, form=form, third="status_code Int16")
query = (NDJSON if work == "ndjson" else FULL).format(requests=asked, responses=answered, out=out)
chdb.query(query + SETTINGS.format(cores=cores))
