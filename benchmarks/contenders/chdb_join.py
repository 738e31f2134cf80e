"""chDB, which is ClickHouse in a process: one full join in SQL with its default parallel hash join.

usage: chdb_join.py full|ndjson REQUESTS RESPONSES OUT CORES
"""

import sys

import chdb

SETTINGS = """settings max_threads = {cores}, join_use_nulls = 1, date_time_input_format = 'best_effort',
  format_csv_allow_double_quotes = 0, format_csv_allow_single_quotes = 0, output_format_json_quote_64bit_integers = 0,
  output_format_parquet_compression_method = 'lz4', output_format_parquet_string_as_string = 1"""
LOG = "file('{path}', 'CSV', 'time DateTime64(6, ''UTC''), request_id String, {third}')"
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
query = {"full": FULL, "ndjson": NDJSON}[work].format(
    requests=LOG.format(path=requests, third="user_id Nullable(String)"),
    responses=LOG.format(path=responses, third="status_code Int16"),
    out=out,
)
chdb.query(query + SETTINGS.format(cores=cores))
