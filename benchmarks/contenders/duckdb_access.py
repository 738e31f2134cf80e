"""DuckDB on an access log: the endpoints alone, or every question that the report of `logcorr analyze` answers.

usage: duckdb_access.py endpoints|report ndjson|combined|blanks|alb LOG OUT SPILL_FOLDER CORES [MEMORY_LIMIT]
`combined` takes lines apart by a regular expression, `blanks` the same lines as CSV with blanks for commas.
"""

import sys

import duckdb

NDJSON = """
select try_cast(timestamp as timestamp) as time, method, split_part(endpoint, '?', 1) as endpoint,
       try_cast(status_code as smallint) as status, ip, response_time as ms, user_agent
from read_json('{log}', format='newline_delimited',
               columns={{timestamp: 'VARCHAR', method: 'VARCHAR', endpoint: 'VARCHAR', status_code: 'VARCHAR',
                         ip: 'VARCHAR', response_time: 'DOUBLE', user_agent: 'VARCHAR'}})
"""

# Lines are read as CSV of one column, whose separator is a byte that no line has.
COMBINED = """
select try_strptime(l.time, '%d/%b/%Y:%H:%M:%S +0000') as time, l.method, l.endpoint,
       try_cast(l.status as smallint) as status, l.ip, try_cast(l.s as double) * 1000 as ms, l.user_agent
from (
  select regexp_extract(
    line, '^(\\S+) \\S+ \\S+ \\[([^\\]]*)\\] "(\\S+) ([^ ?"]*)[^"]*" (\\d+) \\S+ "[^"]*" "([^"]*)" ([\\d.]+)',
    ['ip', 'time', 'method', 'endpoint', 'status', 'user_agent', 's']) as l
  from read_csv('{log}', header=false, auto_detect=false, delim='\x01', quote='', escape='',
                columns={{line: 'VARCHAR'}})
)
"""

BLANKS = """
select try_strptime(time, '[%d/%b/%Y:%H:%M:%S') as time, split_part(request, ' ', 1) as method,
       split_part(split_part(request, ' ', 2), '?', 1) as endpoint, status, ip, s * 1000 as ms, user_agent
from read_csv('{log}', header=false, auto_detect=false, delim=' ', quote='"', escape='',
              columns={{ip: 'VARCHAR', ident: 'VARCHAR', "user": 'VARCHAR', time: 'VARCHAR', zone: 'VARCHAR',
                        request: 'VARCHAR', status: 'SMALLINT', bytes: 'VARCHAR', referer: 'VARCHAR',
                        user_agent: 'VARCHAR', s: 'DOUBLE'}})
"""

ALB = """
select time, split_part(request, ' ', 1) as method,
       regexp_extract(split_part(request, ' ', 2), '^[a-z]+://[^/]*([^?]*)', 1) as endpoint, status,
       regexp_replace(client, ':[0-9]+$', '') as ip, (asking + taking + answering) * 1000 as ms, user_agent
from read_csv('{log}', header=false, auto_detect=false, delim=' ', quote='"', escape='',
              columns={{type: 'VARCHAR', time: 'TIMESTAMP', elb: 'VARCHAR', client: 'VARCHAR', target: 'VARCHAR',
                        asking: 'DOUBLE', taking: 'DOUBLE', answering: 'DOUBLE', status: 'SMALLINT',
                        target_status: 'VARCHAR', received: 'VARCHAR', sent: 'VARCHAR', request: 'VARCHAR',
                        user_agent: 'VARCHAR', cipher: 'VARCHAR', protocol: 'VARCHAR', target_group: 'VARCHAR',
                        trace: 'VARCHAR', domain: 'VARCHAR', certificate: 'VARCHAR', priority: 'VARCHAR',
                        created: 'VARCHAR', actions: 'VARCHAR', redirect: 'VARCHAR', error: 'VARCHAR',
                        targets: 'VARCHAR', target_statuses: 'VARCHAR', class: 'VARCHAR', reason: 'VARCHAR'}})
"""
FORMS = {"ndjson": NDJSON, "combined": COMBINED, "blanks": BLANKS, "alb": ALB}

ENDPOINTS = """
copy (
  select endpoint, count(*) as requests, count(*) filter (status >= 400 or status < 100) as errors,
         quantile_disc(ms, [0.5, 0.95, 0.99]) as percentiles
  from {source} group by endpoint order by requests desc
) to '{out}' (format json, array true)
"""

MINUTE = "time_bucket(interval '1 minute', time)"
REPORT = (
    "select count(*), count(*) filter (status >= 400), count(*) filter (status >= 500) from exchanges",
    "select endpoint, method, ms from exchanges order by ms limit 1",
    "select endpoint, method, ms from exchanges order by ms desc limit 100",
    "select endpoint, status, count(*) from exchanges group by all",
    f"""select {MINUTE} as w, count(*), count(*) filter (status >= 400) as bad
        from exchanges group by w order by bad desc""",
    "select distinct ip from windows where requests > 25",
    "select ip, sum(requests) as n, sum(errors), max(requests) from windows group by ip order by n desc limit 100",
    "select status, count(*) from exchanges group by all",
    "select method, count(*), count(*) filter (status >= 400) from exchanges group by all",
    """select user_agent, count(*) as n, count(*) filter (status >= 400)
       from exchanges group by 1 order by n desc limit 100""",
    """select status >= 400, quantile_disc(ms, [0.5, 0.9, 0.95, 0.99, 0.999]), avg(ms), min(ms), max(ms)
       from exchanges group by rollup(1)""",
    """select time_bucket(interval '10 seconds', time), count(*), count(*) filter (status >= 400),
              quantile_disc(ms, [0.5, 0.99]) from exchanges group by 1""",
    "select floor(log10(greatest(ms, 0.001)) * 10), count(*) from exchanges group by 1",
)

what, form, log, out, spill, cores, *limit = sys.argv[1:]
source = FORMS[form].format(log=log)
con = duckdb.connect()
con.execute(f"set threads = {cores}; set preserve_insertion_order = false; set temp_directory = '{spill}'")
if limit:
    con.execute(f"set memory_limit = '{limit[0]}'")
if what == "endpoints":
    con.execute(ENDPOINTS.format(source=f"({source})", out=out))
else:
    con.execute("create temp table exchanges as " + source)
    con.execute(ENDPOINTS.format(source="exchanges", out=out))
    con.execute(f"""create temp table windows as
        select ip, {MINUTE} as w, count(*) as requests, count(*) filter (status >= 400) as errors
        from exchanges group by all""")
    for question in REPORT:
        con.execute(question).fetchall()
