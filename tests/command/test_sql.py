"""`logcorr sql`: what it answers, in which forms, what it refuses before anything is done, and how it is ended."""

import csv
import io
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.query import sql
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from tests.support.helpers import (
    PATIENCE_S,
    SAMPLE,
    Outcome,
    assert_short_error,
    big_logs,
    command,
    files_of,
    kept,
    logcorr,
    start,
    succeed,
    wait_until,
)

COLUMNS = ["request_id", "user_id", "status_code", "request_time", "response_time", "duration_us"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of the sample pair."""
    folder = tmp_path_factory.mktemp("sample")
    succeed("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", cwd=folder)
    return folder


def run_of(folder: Path) -> RunFolder:
    (path,) = kept(folder)
    return RunFolder(path)


def ask(folder: Path, query: str, *words: str) -> Outcome:
    return logcorr("sql", run_of(folder).path.name, query, *words, cwd=folder)


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    outcome = ask(folder, query, "--as", "ndjson")
    assert outcome.code == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_every_view_is_a_table(here: Path) -> None:
    run = run_of(here)
    for view in views.views_of(run.manifest):
        stored = views.scan(run, view).collect()
        assert rows(here, f"select count(*) as n from {view}") == [{"n": stored.height}]
        answered = rows(here, f"select * from {view} limit 1")
        assert not answered or list(answered[0]) == stored.columns
    tables = rows(here, " show TABLES ;")
    assert [row["table"] for row in tables] == list(views.views_of(run.manifest))
    assert {row["table"]: row["rows"] for row in tables}["exchanges"] == 50
    described = rows(here, "describe Exchanges")
    assert [row["column"] for row in described][:6] == COLUMNS
    assert {row["column"]: row["type"] for row in described}["request_time"] == "timestamp[us, UTC]"


def test_answers_are_those_of_polars(here: Path) -> None:
    exchanges = views.scan(run_of(here), "exchanges").collect()
    by_status = rows(here, "select status_code, count(*) as n from exchanges group by 1 order by 2 desc, 1")
    counts = exchanges.group_by("status_code").len("n").sort(["n", "status_code"], descending=[True, False])
    assert by_status == counts.to_dicts()
    (worst,) = rows(here, "select max(duration_us) as most from exchanges where user_id is not null")
    assert worst == {"most": exchanges.filter(pl.col("user_id").is_not_null())["duration_us"].max()}
    joined = rows(
        here, "with f as (select * from orphans) select f.reason from f join users u on f.user_id = u.user_id"
    )
    orphans, users = (views.scan(run_of(here), view).collect() for view in ("orphans", "users"))
    assert sorted(row["reason"] for row in joined) == sorted(orphans.join(users, on="user_id")["reason"])


def test_times_compare_and_are_written_as_in_exports(here: Path) -> None:
    exchanges = views.scan(run_of(here), "exchanges").collect()
    low, high = datetime(2025, 11, 21, 14, 0, 10, 100_000, tzinfo=UTC), datetime(2025, 11, 21, 14, 0, 20, tzinfo=UTC)
    inside = exchanges.filter(pl.col("request_time").is_between(low, high))
    assert 5 < inside.height < 45
    for first, last in (("2025-11-21 14:00:10.1", "2025-11-21 14:00:20"), ("2025-11-21T14:00:10.100000Z",) * 2):
        query = f"select request_time from exchanges where request_time between '{first}' and '{last}' order by 1"
        expected = inside.filter(pl.col("request_time") <= low) if first == last else inside
        assert [datetime.fromisoformat(row["request_time"]) for row in rows(here, query)] == (
            expected["request_time"].sort().to_list()
        )
    query = "select max(response_time - request_time) as took, date_trunc('minute', min(request_time)) as minute"
    assert rows(here, f"{query} from exchanges") == [{"took_us": 1_872_000, "minute": "2025-11-21T14:00:00.000000Z"}]
    names = {name for names in run_of(here).manifest.files.values() for name in names}
    assert {row["file"] for row in rows(here, "select file from malformed")} == names


def test_forms(here: Path, tmp_path: Path) -> None:
    query = "select request_id, status_code, request_time from exchanges order by duration_us desc, request_id limit 3"
    expected = rows(here, query)
    assert len(expected) == 3
    plain = ask(here, query)
    assert plain.out == ask(here, query, "--as", "csv").out, "what is no terminal gets CSV"
    assert list(csv.DictReader(io.StringIO(plain.out.decode()))) == [
        {name: str(value) for name, value in row.items()} for row in expected
    ]
    for form in ("csv", "json", "ndjson", "parquet"):
        succeed("sql", run_of(here).path, query, "-o", tmp_path / f"out.{form}", cwd=here)
    assert (tmp_path / "out.csv").read_bytes() == plain.out
    assert json.loads((tmp_path / "out.json").read_bytes()) == expected
    assert (tmp_path / "out.ndjson").read_bytes() == ask(here, query, "-o", "-").out
    assert pl.read_parquet_schema(tmp_path / "out.parquet")["request_time"] == pl.Datetime("us", "UTC")
    table = ask(here, query, "--as", "table").out.decode().splitlines()
    assert [line.split() for line in table] == [list(expected[0]), *(list(map(str, row.values())) for row in expected)]


def test_a_table_is_limited_and_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from logcorr.commands import sql as command_module

    monkeypatch.setattr(command_module, "_TABLE_ROWS", 10)
    query = "select * from exchanges"
    outcome = ask(here, query, "--as", "table")
    assert len(outcome.out.splitlines()) == 11
    assert "only the first 10 rows are shown" in outcome.err
    for words, lines in ((("--limit", "10"), 11), (("--limit", "50"), 51)):
        outcome = ask(here, query, "--as", "table", *words)
        assert (len(outcome.out.splitlines()), outcome.err) == (lines, "")
    assert len(ask(here, query).out.splitlines()) == 51
    assert len(ask(here, query, "--limit", "7").out.splitlines()) == 8
    assert len(ask(here, f"{query} limit 10", "--as", "table").out.splitlines()) == 11


def test_cells_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    (tmp_path / "q.log").write_text("2025-03-01T12:00:00Z,=1+1,@user\n")
    (tmp_path / "r.log").write_text("2025-03-01T12:00:00Z,=1+1,200\n")
    succeed("correlate", "q.log", "r.log", cwd=tmp_path)
    query = "select request_id, user_id, -1 as n from exchanges"
    assert ask(tmp_path, query).out.splitlines()[1] == b"'=1+1,'@user,-1"
    assert ask(tmp_path, query, "--raw-csv").out.splitlines()[1] == b"=1+1,@user,-1"
    for raw, first in ((("--raw-csv",), b"=1+1"), ((), b"'=1+1")):
        succeed("sql", run_of(tmp_path).path, query, "-o", "out.csv", "--force", *raw, cwd=tmp_path)
        assert (tmp_path / "out.csv").read_bytes().splitlines()[1].startswith(first)


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("select nope from orphans", ("nope", "orphans (side, request_id", "exchanges, slow")),
        ("select * from nope", ("nope", "Tables: exchanges, slow, errors, orphans")),
        ("describe nope", ("nope", "There are: exchanges, slow")),
        ("select * from", ("identifier", "Tables: exchanges")),
        ("select count(* from exchanges", ("exchanges (request_id",)),
        ("select 1; select 2", ("statement",)),
        ("select cast(request_id as int) from exchanges", ("conversion",)),
        ("select nosuch(status_code) from exchanges", ("nosuch",)),
        ("select count(*), count(*) from exchanges", ("duplicate",)),
    ],
)
@pytest.mark.parametrize("words", [(), ("--as", "table"), ("-o", "out.parquet"), ("-o", "out.csv")])
def test_a_query_that_is_wrong(here: Path, query: str, parts: tuple[str, ...], words: tuple[str, ...]) -> None:
    before = files_of(here), kept(here)
    outcome = ask(here, query, *words)
    assert (outcome.code, outcome.out) == (2, b"") or not words
    assert outcome.code == 2
    assert_short_error(outcome, *parts)
    assert outcome.err.count("\n") == 1
    assert (files_of(here), kept(here)) == before


CHANGES = (
    "drop table exchanges",
    "DELETE from exchanges",
    "truncate table exchanges",
    "insert into exchanges values (1)",
    "update exchanges set status_code = 200",
    "create table x as select * from exchanges",
    "alter table exchanges add column x int",
    "copy exchanges to 'out.csv'",
    "explain drop table exchanges",
    "/* select */ drop table exchanges",
    "\n-- select\ndrop table exchanges",
    "attach 'x'",
    "set a = 1",
    "show functions",
    "",
    ";",
)
READERS = ("read_csv", "read_ipc", "read_json", "read_ndjson", "read_parquet")
CALLS = (
    "select * from {name}('{file}')",
    "select * from {upper} ( '{file}' )",
    "select * from \"{name}\"('{file}')",
    "select * from `{name}`('{file}')",
    "select * from '{name}'('{file}')",
    "select * from {name}/* ( */('{file}')",
    "select * from {name}/* /* */ */('{file}')",
    "select * from {name}-- x\n('{file}')",
    "select * from exchanges, {name}\n('{file}')",
    "select * from exchanges e join {name}('{file}') f on true",
    "with f as (select * from {name}('{file}')) select * from f",
    "explain select * from {name}('{file}')",
    "from {name}('{file}')",
    "select (select count(*) from {name}('{file}')) as n from exchanges",
)


@pytest.mark.parametrize("query", CHANGES)
def test_what_does_not_only_read_is_refused(query: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.SQLContext, "execute", None)
    outcome = ask(here, query)
    assert outcome.code == 2
    assert_short_error(outcome, "is no statement that reads")


@pytest.mark.parametrize("name", READERS)
def test_no_file_is_read(name: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine takes each of these for a call, and would read the file: it is not asked."""
    secret = tmp_path / "secret"
    for form in CALLS:
        query = form.format(name=name, upper=name.upper(), file=secret)
        with pytest.raises((pl.exceptions.PolarsError, OSError), match=r"No such file|not found|secret"):
            pl.SQLContext(exchanges=pl.LazyFrame({"a": [1]})).execute(query).collect()
        with monkeypatch.context() as patch:
            patch.setattr(pl.SQLContext, "execute", None)
            outcome = ask(here, query)
        assert outcome.code == 2, query
        assert_short_error(outcome, name if "{upper}" not in form else name.upper(), "reads files")


def test_names_of_files_are_no_tables(here: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for query in (f"select * from '{tmp_path}/secret.csv'", f'select * from "{tmp_path}/secret.csv"'):
        outcome = ask(here, query)
        assert outcome.code == 2
        assert_short_error(outcome, "not found", "Tables: exchanges")


def test_words_that_only_look_like_calls_are_texts(here: Path) -> None:
    assert rows(
        here, "select count(*) as n from exchanges where user_id = '/read_csv' or request_id like 'read_%'"
    ) == [{"n": 0}]
    assert rows(here, "select 'drop table exchanges' as text -- delete\n") == [{"text": "drop table exchanges"}]


def test_a_column_that_csv_cannot_hold(here: Path) -> None:
    query = "select array_agg(request_id) as ids from exchanges group by status_code"
    outcome = ask(here, query)
    assert outcome.code == 2
    assert_short_error(outcome, "'ids'", "CSV cannot hold")
    assert all(isinstance(row["ids"], list) for row in rows(here, query))
    assert ask(here, query, "--as", "table").code == 0


def test_wrong_options(here: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    for words, code in (
        (("--as", "csv", "-o", "out.csv"), 2),
        (("--limit", "0"), 2),
        (("-o", "out.xml"), 2),
        (("-o", str(tmp_path / "out.csv")), 3),
        (("-o", str(SAMPLE / "requests.log.csv" / "x.csv")), 3),
    ):
        outcome = ask(here, "select 1 as one", *words)
        assert outcome.code == code
        assert_short_error(outcome)
    assert (tmp_path / "out.csv").read_text() == "mine"
    succeed("sql", run_of(here).path, "select 1 as one", "-o", tmp_path / "out.csv", "--force", cwd=here)
    assert (tmp_path / "out.csv").read_text() == "one\n1\n"


@pytest.mark.parametrize("query", ["select * from users", "show tables"])
def test_a_damaged_view(query: str, tmp_path: Path) -> None:
    succeed("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", cwd=tmp_path)
    (part,) = (run_of(tmp_path).path / "users").iterdir()
    part.write_bytes(b"\0" * (part.stat().st_size - 4) + b"PAR1")
    outcome = ask(tmp_path, query)
    assert outcome.code == 2
    assert_short_error(outcome, run_of(tmp_path).path.name, "damaged")
    assert ask(tmp_path, "select count(*) as n from exchanges").out == b"n\n50\n", "other views can still be asked"


def test_a_run_without_rows(tmp_path: Path) -> None:
    for name in ("q.log", "r.log"):
        (tmp_path / name).write_bytes(b"")
    succeed("correlate", "q.log", "r.log", cwd=tmp_path)
    assert ask(tmp_path, "select request_id from exchanges").out == b"request_id\n"
    assert ask(tmp_path, "select request_id from exchanges", "--as", "table").out == b"request_id\n"
    succeed("sql", run_of(tmp_path).path, "select request_time from exchanges", "-o", "out.parquet", cwd=tmp_path)
    assert pl.read_parquet(tmp_path / "out.parquet").schema == {"request_time": pl.Datetime("us", "UTC")}


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of 40,000 exchanges."""
    folder, logs = tmp_path_factory.mktemp("big"), big_logs(tmp_path_factory)
    succeed("correlate", logs / "requests.log", logs / "responses.log", cwd=folder)
    return folder


# So many rows that it would take minutes.
ENDLESS = "select a.request_id, b.user_id from exchanges a cross join exchanges b"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(number: signal.Signals, big: Path) -> None:
    run = run_of(big)
    words = command("sql", run.path.name, ENDLESS, "-o", "out.csv")
    with start(words, big) as process:
        try:
            wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in big.glob(".out.csv.*")), process)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert err == "logcorr: interrupted; nothing was kept.\n"
    assert [path.name for path in big.iterdir()] == ["cache"]
    assert kept(big) == [run.path]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_reader_that_has_had_enough(form: str, big: Path) -> None:
    with start(command("sql", run_of(big).path.name, ENDLESS, "--as", form), big) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline()
            process.stdout.close()
            assert process.wait(PATIENCE_S) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_batches_come_while_the_query_goes_on(big: Path) -> None:
    """The first rows of a result of 1.6 thousand million rows are there at once: it is not collected."""
    run = run_of(big)
    first = next(iter(sql.batches(run, sql.query(run, ENDLESS))))
    assert 0 < first.height <= 100_000
