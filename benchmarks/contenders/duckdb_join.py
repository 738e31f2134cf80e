"""DuckDB: one full join in SQL, all cores, insertion order given up, as its own performance guide advises.

usage: duckdb_join.py full|ndjson REQUESTS RESPONSES OUT SPILL_FOLDER CORES [MEMORY_LIMIT]
"""

import sys

import duckdb

LOG = """read_csv('{path}', header=false, delim=',', quote='', escape='', auto_detect=false,
         columns={{'time': 'TIMESTAMP', 'request_id': 'VARCHAR', '{third}': '{kind}'}})"""

FULL = """
copy (
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
query = {"full": FULL, "ndjson": NDJSON}[work]
con.execute(
    query.format(
        requests=LOG.format(path=requests, third="user_id", kind="VARCHAR"),
        responses=LOG.format(path=responses, third="status_code", kind="SMALLINT"),
        out=out,
    )
)
