"""What logs are taken for before anything runs: formats, candidates, heads, first lines as read, and errors."""

from pathlib import Path

from logcorr.jobs.tell_first_lines import tell_logs, tell_sides
from logcorr.model.options import Reading
from logcorr.model.told import Told
from tests.support import app_logs

READING = Reading()


def test_one_log_with_both_events(tmp_path: Path) -> None:
    path = app_logs.write(tmp_path / "app.log", app_logs.fastify())
    told = tell_logs([path], READING)
    assert (told.kind, list(told.logs), told.error) == ("pairs", ["log"], None)
    log = told.logs["log"]
    assert (log.format, log.origin, log.told, log.heads) == ("fastify", "built in", True, [])
    assert log.events == ["request", "response"]
    assert not log.is_one_side
    assert [choice.name for choice in log.choices] == ["fastify", "pino-http"]
    assert log.choices[0].read == app_logs.REQUESTS + app_logs.answered()
    first, asked, other, done, *_ = log.lines
    assert (first.number, first.what, first.text, first.id) == (1, "other", "> shop@1.0.0 start", None)
    assert (asked.what, asked.time, asked.endpoint) == ("request", "2026-03-04T09:00:00.000000Z", "/items/0")
    assert other.what == "other"
    assert (done.what, done.status, done.duration_us) == ("response", "200", 19_500)
    assert asked.id == done.id


def test_heads_are_named_and_taken_off_the_lines(tmp_path: Path) -> None:
    path = app_logs.write(tmp_path / "app.log", app_logs.in_docker(app_logs.fastify()))
    log = tell_logs([path], READING).logs["log"]
    assert (log.format, log.heads) == ("fastify", ["docker-json"])
    assert log.lines[0].text == "> shop@1.0.0 start"


def test_exchanges(tmp_path: Path) -> None:
    path = app_logs.write(tmp_path / "access.log", app_logs.combined())
    told = tell_logs([path], READING)
    assert (told.kind, list(told.logs)) == ("exchanges", ["access"])
    log = told.logs["access"]
    assert (log.format, log.events) == ("combined", ["exchange"])
    assert log.choices[0].name == "combined"
    assert len(log.choices) > 1
    assert (log.lines[3].status, log.lines[3].endpoint) == ("404", "/a/0")


def test_another_format_may_be_named(tmp_path: Path) -> None:
    path = app_logs.write(tmp_path / "app.log", app_logs.fastify())
    told = tell_logs([path], READING, "pino-http")
    assert (told.kind, list(told.logs)) == ("exchanges", ["access"])
    log = told.logs["access"]
    assert (log.format, log.told, log.choices) == ("pino-http", False, [])
    wrong = tell_logs([path], READING, "nothing")
    assert wrong.kind is None
    assert "there is no format 'nothing'" in (wrong.error or "")


def test_a_log_of_one_side_says_so(tmp_path: Path) -> None:
    asked, done = (app_logs.write(tmp_path / f"{n}.log", lines) for n, lines in enumerate(app_logs.morgan()))
    assert [log.is_one_side for log in tell_logs([asked], READING).logs.values()] == [True]
    assert tell_logs([done], READING).logs["log"].events == ["response"]
    for told in (tell_logs([asked, done], READING), tell_sides([asked], [done], READING)):
        assert told.kind == "pairs"
        assert {name: (log.format, log.events) for name, log in told.logs.items()} == {
            "request": ("morgan-pair", ["request"]),
            "response": ("morgan-pair", ["response"]),
        }


def test_a_folder_with_a_file_of_each_side_holds_both(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, lines in zip(("a.log", "b.log"), app_logs.morgan(), strict=True):
        app_logs.write(folder / name, lines)
    (folder / "notes.txt").write_text("none of it is a log\n", encoding="utf8")
    told = tell_logs([str(folder)], READING)
    (log,) = told.logs.values()
    assert log.events == ["request", "response"]
    assert not log.is_one_side
    assert [Path(name).name for name in told.left_out] == ["notes.txt"]


def test_logcorrs_own_line_forms(tmp_path: Path) -> None:
    asked = app_logs.write(tmp_path / "req.log", ["2026-03-04T09:00:00Z,r1,u1", "broken"])
    done = app_logs.write(tmp_path / "resp.log", ["2026-03-04T09:00:01Z,r1,503"])
    alone = tell_logs([asked], READING).logs["log"]
    assert (alone.format, alone.is_one_side) == ("logcorr", True)
    both = tell_logs([asked, done], READING)
    assert list(both.logs) == ["request", "response"]
    assert [line.what for line in both.logs["request"].lines] == ["request", "malformed: fields"]
    (line,) = both.logs["response"].lines
    assert (line.id, line.status, line.time) == ("r1", "503", "2026-03-04T09:00:01.000000Z")


def test_several_files_of_one_log(tmp_path: Path) -> None:
    lines = app_logs.fastify()
    parts = [app_logs.write(tmp_path / f"{n}.log", part) for n, part in enumerate((lines[:60], lines[60:]))]
    told = tell_logs(parts, READING)
    assert (told.kind, list(told.logs)) == ("pairs", ["log"])
    assert told.logs["log"].files == parts
    access = [app_logs.write(tmp_path / f"a{n}.log", app_logs.combined()) for n in range(2)]
    assert list(tell_logs(access, READING).logs) == ["access"]


def test_errors_are_told_with_the_log(tmp_path: Path) -> None:
    def error(lines: list[str]) -> tuple[Told, str]:
        told = tell_logs([app_logs.write(tmp_path / "some.log", lines)], READING)
        assert told.kind is None
        return told, told.error or ""

    assert "no line is of a known format" in error(["hello"])[1]
    assert "log_tags" in error(app_logs.refused())[1]
    dateless, said = error(app_logs.dateless())
    assert "--date YYYY-MM-DD" in said
    assert dateless.logs["log"].choices[0].name == "rq"
    assert "no such file" in (tell_logs([str(tmp_path / "nowhere.log")], READING).error or "")
    sides = tell_sides([str(tmp_path / "nowhere.log")], [str(tmp_path / "some.log")], READING)
    assert "request log" in (sides.error or "")


def test_lines_without_a_clock_or_a_date(tmp_path: Path) -> None:
    clockless = tell_logs([app_logs.write(tmp_path / "lambda.log", app_logs.awslambda())], READING).logs["log"]
    assert (clockless.format, clockless.lines[0].time, clockless.lines[3].duration_us) == ("lambda", None, 1_250)
    path = app_logs.write(tmp_path / "rq.log", app_logs.dateless())
    dated = tell_logs([path], Reading(date="2026-03-04")).logs["log"]
    assert (dated.format, dated.lines[0].time) == ("rq", "09:00:00.000000")
