"""DuckDB: one full join in SQL, all cores, insertion order given up, as its own performance guide advises.

usage: duckdb_join.py full|ndjson|json|onelog REQUESTS RESPONSES OUT SPILL_FOLDER CORES [MEMORY_LIMIT]
`ndjson` writes matched exchanges. `json` reads logs of JSON lines, `onelog` one log that is named twice.
"""

import sys

import duckdb

TEXT = """(from read_csv('{path}', header=false, delim=',', quote='', escape='', auto_detect=false,
          columns={{'time': 'TIMESTAMP', 'request_id': 'VARCHAR', '{third}': '{kind}'}}))"""
JSON = """(from read_json('{path}', format='newline_delimited',
          columns={{'time': 'TIMESTAMP', 'request_id': 'VARCHAR', '{third}': '{kind}'}}))"""
# The log is read once. It has no users.
ONE_LOG = """
with log as materialized (
  from read_json('{path}', format='newline_delimited', columns={{
    'time': 'BIGINT', 'reqId': 'VARCHAR', 'msg': 'VARCHAR', 'res': 'STRUCT("statusCode" SMALLINT)'}})
)"""
EVENT = """(select make_timestamp_ms(time) as time, reqId as request_id, {third} from log where msg = '{msg}')"""

FULL = """
copy (
  {log}
  select coalesce(q.request_id, s.request_id) as request_id, user_id, status_code,
         q.time as request_time, s.time as response_time, epoch_us(s.time) - epoch_us(q.time) as duration_us
  from {requests} q full join {responses} s on q.request_id = s.request_id
) to '{out}' (format parquet, compression lz4)
"""

NDJSON = """
copy (
  select q.request_id, user_id, status_code, (epoch_us(s.time) - epoch_us(q.time)) // 1000 as duration_ms
  from {requests} q join {responses} s on q.request_id = s.request_id
) to '{out}' (format json)
"""

work, requests, responses, out, spill, cores, *limit = sys.argv[1:]
con = duckdb.connect()
con.execute(f"set threads = {cores}; set preserve_insertion_order = false; set temp_directory = '{spill}'")
if limit:
    con.execute(f"set memory_limit = '{limit[0]}'")
if work == "onelog":
    sides = {
        "log": ONE_LOG.format(path=requests),
        "requests": EVENT.format(third="null::VARCHAR as user_id", msg="incoming request"),
        "responses": EVENT.format(third="res.statusCode as status_code", msg="request completed"),
    }
else:
    read = JSON if work == "json" else TEXT
    sides = {
        "log": "",
        "requests": read.format(path=requests, third="user_id", kind="VARCHAR"),
        "responses": read.format(path=responses, third="status_code", kind="SMALLINT"),
    }
con.execute((NDJSON if work == "ndjson" else FULL).format(out=out, **sides))
