"""Traps that logs of real servers hold, each as a small log with the right reading: classes of lines, pairs, durations."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.helpers import Outcome, assert_short_error, logcorr, succeed

UUID = "0b7a1c52-33aa-4c10-9f1e-77d1a0c0de{:02}"


def fastify(at: int, rid: str, msg: str, **more: Any) -> str:
    return json.dumps({"level": 30, "time": 1_780_000_000_000 + at, "pid": 1, "reqId": rid, "msg": msg, **more})


def restify(at: int, event: str, twice: str = "") -> str:
    key = f'"req_id":"{twice}",' if twice else ""
    return (
        f'{{"level":30,"time":{1_780_000_000_000 + at},"req_id":"r1",{key}"res":{{"statusCode":200}},'
        f'"latency":5,"_audit":true,"event":"{event}","msg":"m"}}'
    )


def bunyan(at: str, mark: str, status: int) -> str:
    return (
        f'{{"name":"e","level":30,"req_id":"e-1","method":"GET","url":"/a","status-code":{status},'
        f'"response-time":3.5,"incoming":"{mark}","msg":"m","time":"2026-05-05T10:00:{at}Z"}}'
    )


SLAPD = "6981c8a{}.0{}000000 0x7f0c conn=1 op=1 {}"
RAILS = "I, [2026-05-05T10:00:0{} #4]  INFO -- : [{}] {}"
WORKER = "[2026-05-05 10:00:{}: INFO/Main] Task a.b[{}] {}"
DRAMATIQ = "[2026-05-05 10:00:{}] [PID 4] [Thread-{}] [dramatiq.worker.WorkerThread] [DEBUG] {}"
STRUCTLOG = '{{"event": "{}", "request_id": "s-1", "code": {}, "timestamp": "2026-05-05T10:00:0{}Z"}}'

# For each trap: the format, options, the lines, and what `formats test` says of each.
CLASSES: dict[str, tuple[str, tuple[str, ...], list[str], list[str]]] = {
    "an error line with a status is no response (fastify)": (
        "fastify",
        (),
        [
            fastify(0, "req-1", "incoming request", req={"method": "GET", "url": "/a"}),
            fastify(1, "req-1", "boom", res={"statusCode": 500}, err={"type": "Error"}),
            fastify(2, "req-1", "request completed", res={"statusCode": 500}, responseTime=1.5),
        ],
        ["request", "other", "response 500"],
    ),
    "a request line with a status is no response (restify)": (
        "restify-audit",
        (),
        [restify(0, "pre"), restify(5, "after"), restify(6, "after", "r1"), restify(7, "after", "r2")],
        ["request", "response 200", "response 200", "malformed: json"],
    ),
    "a request line with a status and a duration (express-bunyan)": (
        "express-bunyan",
        (),
        [bunyan("00.100", "-->", 200), bunyan("00.104", "<--", 503)],
        ["request", "response 503"],
    ),
    "the event is only a prefix (hapi-pino)": (
        "hapi-pino",
        (),
        [
            '{"time":1780000000000,"req":{"id":"9:vm"},"msg":"request start"}',
            '{"time":1780000000005,"req":{"id":"9:vm"},"res":{"statusCode":null},"responseTime":5,"msg":"[response] get /a - (5ms)"}',
            '{"level":50,"time":1780000000006,"msg":"connection error"}',
        ],
        ["request", "response 499", "other"],
    ),
    "a hexadecimal clock, and 0 is success (slapd)": (
        "openldap",
        (),
        [
            SLAPD.format(0, 1, 'SRCH base="dc=x" scope=2 deref=0 filter="(a=b)"'),
            SLAPD.format(0, 2, "SEARCH RESULT tag=101 err=0 qtime=0.00001 etime=0.001 nentries=1 text="),
            SLAPD.format(1, 1, "SEARCH RESULT tag=101 err=1 qtime=0.00001 etime=0.001 nentries=0 text="),
        ],
        ["request", "response 200", "response 500"],
    ),
    "control characters in every line (asgi-correlation-id)": (
        "asgi-correlation-id",
        ("--date", "2026-05-05"),
        [
            "INFO:\t\x0810:00:00 app:13 [a-1] rid start GET path=/a",
            'INFO:\t\x0810:00:01 uvicorn.access:482 [a-1] 192.0.2.1:5 - "GET /a HTTP/1.1" 200',
        ],
        ["request", "response 200"],
    ),
    "colours, and durations of Go (gin)": (
        "gin",
        (),
        [
            '[GIN] 2026/05/05 - 10:00:00 |\x1b[97;42m 200 \x1b[0m|      46.457µs |       192.0.2.1 |\x1b[97;44m GET     \x1b[0m "/a"',
            '[GIN] 2026/05/05 - 10:00:01 | 500 |         1m2.5s |             ::1 | POST     "/b"',
        ],
        ["exchange 200 46", "exchange 500 62500000"],
    ),
    "units in the line (uwsgi)": (
        "uwsgi",
        (),
        [
            "[pid: 4|app: 0|req: 1/1] 192.0.2.1 () {28 vars in 3 bytes} [Tue May  5 10:00:00 2026] GET /a => generated 2 bytes in 768 micros (HTTP/1.1 200) 2 headers in 4 bytes (1 switches on core 0)",
            "[pid: 4|app: 0|req: 2/2] 192.0.2.1 () {28 vars in 3 bytes} [Tue May  5 10:00:01 2026] GET /a => generated 2 bytes in 3 msecs (HTTP/1.1 500) 2 headers in 4 bytes (1 switches on core 0)",
        ],
        ["exchange 200 768", "exchange 500 3000"],
    ),
    "a client that left has no status (pino-http)": (
        "pino-http",
        (),
        [
            '{"level":30,"time":1780000000000,"req":{"id":1,"method":"GET","url":"/a"},"res":{"statusCode":null},"responseTime":700,"msg":"request aborted"}'
        ],
        ["exchange 499 700000"],
    ),
    "a dash is no status (hypercorn)": (
        "hypercorn",
        (),
        ['[2026-05-05 10:00:02 +0000] [4] [INFO] 192.0.2.1:5 - - [05/May/2026:10:00:02 +0000] "GET /a 2" - - "-" "x"'],
        ["exchange 499"],
    ),
    "other loggers between (django-structlog)": (
        "django-structlog",
        (),
        [
            STRUCTLOG.format("request_started", 0, 0),
            "Watching for file changes",
            '{"event": "cache miss", "request_id": "s-1"}',
            '{"event": "request_finished", "request_id": "s-1", "ti',
            STRUCTLOG.format("request_finished", 200, 1),
        ],
        ["request", "other", "other", "malformed: json", "response 200"],
    ),
    "no clock in the line (lambda)": (
        "lambda",
        (),
        [
            "START RequestId: f-1 Version: $LATEST",
            "REPORT RequestId: f-1\tInit Duration: 0.3 ms\tDuration: 3.91 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB",
        ],
        ["request", "response 200 3910"],
    ),
    "a thousands comma and whole seconds (koa-logger, in docker's file)": (
        "koa-logger",
        (),
        [
            '{"log":"  <-- GET /a\\n","stream":"stdout","time":"2026-05-05T10:00:00.5Z"}',
            '{"log":"  --> GET /a 200 1,017ms 2b\\n","stream":"stdout","time":"2026-05-05T10:00:01.5Z"}',
            '{"log":"  --> GET /b 500 10s -\\n","stream":"stdout","time":"2026-05-05T10:00:11.5Z"}',
        ],
        ["other", "exchange 200 1017000", "exchange 500 10000000"],
    ),
}


def shown(row: dict[str, Any]) -> str:
    """A line as `formats test` tells it: its class, for a response or an exchange its status and its duration."""
    kind, fields = row["class"], row["fields"]
    if kind not in ("response", "exchange"):
        return str(kind)
    parts = [kind, fields.get("status_code", "none"), *([fields["given_us"]] if "given_us" in fields else [])]
    return " ".join(parts)


@pytest.mark.parametrize("trap", CLASSES)
def test_lines(trap: str, tmp_path: Path) -> None:
    name, options, lines, expected = CLASSES[trap]
    (tmp_path / "x.log").write_text("\n".join([*lines, ""]))
    outcome = succeed("formats", "test", name, "x.log", "--json", *options, cwd=tmp_path)
    found = [shown(json.loads(row)) for row in outcome.out.decode().splitlines()]
    # The duration is looked at where the trap is one.
    assert [
        said if len(want.split()) == len(said.split()) else said.rpartition(" ")[0]
        for said, want in zip(found, expected, strict=True)
    ] == expected


def run(folder: Path, name: str, logs: list[list[str]], *options: str) -> Outcome:
    """Correlates logs of one format, with records and report in the folder."""
    words: list[str] = []
    for number, lines in enumerate(logs):
        (folder / f"{number}.log").write_text("\n".join([*lines, ""]))
        words += ["--log", f"{number}.log"]
    outputs = ("-o", "x.ndjson", "--columns", "duration_us", "--orphans", "o.ndjson", "--report", "r.json", "--force")
    return logcorr("correlate", *words, "--format", name, "--no-store", *outputs, *options, cwd=folder)


def pairs(folder: Path, name: str, logs: list[list[str]], *options: str) -> list[tuple[str, int, int | None]]:
    """The id, duration (µs) and status of each exchange."""
    outcome = run(folder, name, logs, *options)
    assert outcome.code == 0, outcome.err
    rows = map(json.loads, (folder / "x.ndjson").read_text().splitlines())
    return sorted((row["request_id"], row["duration_us"], row["status_code"]) for row in rows)


def orphans(folder: Path) -> int:
    return len((folder / "o.ndjson").read_text().splitlines())


CRASH = [
    *(fastify(0, "req-1", "incoming request"), fastify(10, "req-2", "incoming request")),
    fastify(15, "req-1", "request completed", res={"statusCode": 200}),
    # Here the process ends, with req-2 open, and ids begin anew.
    *(fastify(5000, "req-1", "incoming request"), fastify(5020, "req-2", "incoming request")),
    fastify(5008, "req-1", "request completed", res={"statusCode": 200}),
    fastify(5050, "req-2", "request completed", res={"statusCode": 200}),
]


def test_ids_come_again_after_a_crash(tmp_path: Path) -> None:
    right = [("req-1", 8_000, 200), ("req-1", 15_000, 200), ("req-2", 30_000, 200)]
    assert pairs(tmp_path, "fastify", [CRASH]) == right
    assert orphans(tmp_path) == 1
    shifted = pairs(tmp_path, "fastify", [CRASH], "--pairing", "in-order")
    assert max(duration for _, duration, _ in shifted) == 5_040_000


def test_one_client_sends_one_id_twice(tmp_path: Path) -> None:
    lines = ["c 2026-05-05T10:00:00.000Z GET /a - -", "c 2026-05-05T10:00:00.010Z GET /a - -"]
    lines += ["c 2026-05-05T10:00:00.030Z GET /a 200 20 20 2", "c 2026-05-05T10:00:00.050Z GET /a - - - -"]
    for pairing in ("in-order", "nearest"):
        found = pairs(tmp_path, "morgan-pair", [lines], "--pairing", pairing)
        assert len(found) == 2
        assert {status for *_, status in found} == {200, 499}
        assert sum(duration for _, duration, _ in found) == 70_000


def test_one_id_for_a_whole_session(tmp_path: Path) -> None:
    head = "2026-05-05 10:00:0{}.{:03} UTC [4] 69f.4:{} ann@shop {}"
    lines = [head.format(0, 0, 1, "LOG:  statement: select 1;"), head.format(0, 12, 2, "LOG:  duration: 12.000 ms")]
    # A syntax error has a response, and no request.
    lines += [head.format(1, 0, 3, 'ERROR:  syntax error at or near "x" at character 1')]
    lines += [head.format(2, 0, 4, "LOG:  statement: select 2;"), head.format(2, 7, 5, "LOG:  duration: 7.000 ms")]
    found = pairs(tmp_path, "postgres", [lines])
    assert [(duration, status) for _, duration, status in found] == [(7_000, 200), (12_000, 200)]
    assert orphans(tmp_path) == 1


def test_responses_in_another_stream(tmp_path: Path) -> None:
    one, two = UUID.format(1), UUID.format(2)
    out = [
        f"10:00:01 default: shop.pay(1) ({one})",
        f"10:00:03 default: Job OK ({one})",
        f"10:00:04 default: shop.boom() ({two})",
    ]
    err = [f"10:00:06 Worker w1: job {two}: exception raised while executing (shop.boom)"]
    found = pairs(tmp_path, "rq", [out, err], "--date", "2026-05-05")
    assert found == [(one, 2_000_000, 200), (two, 2_000_000, 500)]


def test_a_response_without_a_clock(tmp_path: Path) -> None:
    lines = [RAILS.format("1.000000", "r-1", 'Started GET "/no" for 192.0.2.1 at 2026-05-05 10:00:01 +0000')]
    lines += ["F, [2026-05-05T10:00:01.004000 #4] FATAL -- : [r-1]   "]
    lines += ['[r-1] ActionController::RoutingError (No route matches [GET] "/no"):']
    assert [status for *_, status in pairs(tmp_path, "rails", [lines])] == [404]


def test_lines_that_are_out_of_order(tmp_path: Path) -> None:
    lines = [WORKER.format("00,100", f"c-{k}", "received").replace("00,100", f"{k:02},100") for k in range(30)]
    lines += [
        WORKER.format("00", f"c-{k}", "succeeded in 0.3244s: 1").replace("10:00:00", f"10:00:{k:02},500")
        for k in range(30)
    ]
    expected = [(f"c-{k}", 400_000, 200) for k in range(30)]
    for _ in range(2):
        assert pairs(tmp_path, "celery", [lines]) == sorted(expected)
        Random(4).shuffle(lines)


def test_success_and_failure_of_one_run_are_both_logged(tmp_path: Path) -> None:
    lines = [DRAMATIQ.format("00,100", 4, "Received message pay(1) with id 'd-1'.")]
    lines += [
        DRAMATIQ.format("00,120", 4, "Failed to process message pay(1) with unhandled exception.").replace(
            "DEBUG", "ERROR"
        )
    ]
    lines += [
        "[2026-05-05 10:00:00,120] [PID 4] [Thread-4] [dramatiq.worker.ConsumerThread(default)] [DEBUG] Acknowledging message 'd-1'."
    ]
    assert pairs(tmp_path, "dramatiq", [lines]) == [("4/Thread-4", 20_000, 500)]
    inputs = json.loads((tmp_path / "r.json").read_text())["inputs"]["responses"]
    assert (inputs["matched"], inputs["surplus"], inputs["orphans"]) == (1, 1, 0)


def test_no_clock_at_all(tmp_path: Path) -> None:
    lines = []
    for number, duration in enumerate(("3.91", "1250.5")):
        lines += [f"START RequestId: f-{number} Version: $LATEST"]
        lines += [f"REPORT RequestId: f-{number}\tDuration: {duration} ms\tBilled Duration: 4 ms\tMemory Size: 128 MB"]
    assert pairs(tmp_path, "lambda", [lines]) == [("f-0", 3_910, 200), ("f-1", 1_250_500, 200)]
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["latency"]["min_ms"], report["latency"]["max_ms"]) == (3.91, 1250.5)
    outcome = run(tmp_path, "lambda", [lines], "--duration", "events")
    assert outcome.code == 2
    assert_short_error(outcome, "lambda", "no clock", "--duration given")


def test_figures_from_given_durations(tmp_path: Path) -> None:
    lines = []
    for number in range(9):
        lines += [fastify(number * 1000, f"req-{number}", "incoming request")]
        lines += [
            fastify(number * 1000 + 20, f"req-{number}", "request completed", res={"statusCode": 200}, responseTime=7.5)
        ]
    for source, expected in (("events", 20.0), ("given", 7.5)):
        pairs(tmp_path, "fastify", [lines], "--duration", source)
        report = json.loads((tmp_path / "r.json").read_text())
        assert report["latency"]["p50_ms"] == pytest.approx(expected, rel=0.02)
    outcome = run(
        tmp_path,
        "asgi-correlation-id",
        [["INFO:\t10:00:00 app:13 [a] rid start"]],
        "--duration",
        "given",
        "--date",
        "2026-05-05",
    )
    assert outcome.code == 2
    assert_short_error(outcome, "asgi-correlation-id", "no duration")


def test_two_logs_of_two_formats(tmp_path: Path) -> None:
    (tmp_path / "req.log").write_text("".join(f"k-{k} 2026-05-05T10:00:0{k}.000Z GET /a - -\n" for k in range(5)))
    responses = [f'{{"ev":"end","rid":"k-{k}","at":{1_777_975_200_250 + k * 1000},"code":200}}\n' for k in range(5)]
    (tmp_path / "res.log").write_text("".join(responses))
    (tmp_path / "mine.toml").write_text(
        '[ends]\nsyntax = "json"\nid = "rid"\ntime = { field = "at", form = "epoch_ms" }\n'
        '[[ends.rule]]\nevent = "request"\nwhere = { ev = "begin" }\n'
        '[[ends.rule]]\nevent = "response"\nwhere = { ev = "end" }\nstatus = "code"\n'
    )
    words = ("correlate", "req.log", "res.log", "--formats", "mine.toml", "--no-store", "--columns", "duration_us")
    for named in ((), ("--requests-format", "morgan-pair", "--responses-format", "ends")):
        outcome = succeed(*words, *named, "-o", "x.ndjson", "--force", cwd=tmp_path)
        found = [json.loads(line) for line in (tmp_path / "x.ndjson").read_text().splitlines()]
        assert sorted((one["request_id"], one["duration_us"]) for one in found) == [
            (f"k-{k}", 250_000) for k in range(5)
        ]
        assert ("read as" in outcome.err) is (not named)


def test_files_of_several_formats_in_one_analysis(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text('[GIN] 2026/05/05 - 10:00:00 | 200 | 1ms | 192.0.2.1 | GET "/a"\n' * 3)
    clf = '192.0.2.2 - - [05/May/2026:10:00:0{} +0000] "GET /b HTTP/1.1" 500 5 "-" "x"\n'
    (tmp_path / "b.log").write_text("".join(map(clf.format, range(4))))
    (tmp_path / "c.log").write_text("")
    outcome = succeed("analyze", "a.log", "b.log", "c.log", "--no-store", "--report", "r.json", cwd=tmp_path)
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["total_requests"], report["failed_requests"]) == (7, 4)
    assert {one["endpoint"] for one in report["endpoints"]} == {"/a", "/b"}
    assert "gin" in outcome.err
    assert "combined" in outcome.err


def test_lines_that_were_collected_twice_count_once(tmp_path: Path) -> None:
    lines = []
    for number in range(12):
        lines += [fastify(number * 1000, f"req-{number}", "incoming request")]
        lines += [fastify(number * 1000 + 20, f"req-{number}", "request completed", res={"statusCode": 200})]
    # A line that the kernels leave to the careful reading, in one of both files.
    lines[5] = lines[5].replace("completed", "\\u0063ompleted")
    found = pairs(tmp_path, "fastify", [lines[:16], lines[4:]])
    assert [duration for _, duration, _ in found] == [20_000] * 12
    inputs = json.loads((tmp_path / "r.json").read_text())["inputs"]
    assert [inputs[side]["redelivered"] for side in ("requests", "responses")] == [6, 6]


def test_equal_lines_of_whole_seconds_are_two_events(tmp_path: Path) -> None:
    begin = "INFO:\t\x0810:00:00 app:13 [same] rid start GET path=/a"
    end = 'INFO:\t\x0810:00:01 uvicorn.access:482 [same] 192.0.2.1:5 - "GET /a HTTP/1.1" 200'
    found = pairs(tmp_path, "asgi-correlation-id", [[begin, begin, end, end]], "--date", "2026-05-05")
    assert found == [("same", 1_000_000, 200)] * 2
