"""`logcorr.Run`: views as lazy frames, exports, runs that are not kept, damaged runs, how it shows itself."""

import gc
import threading
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import logcorr
from logcorr import errors
from logcorr.model.access_report import RunReport
from tests.support.helpers import runs_root, succeed


@pytest.fixture(scope="module")
def paired(pair: Path, tmp_path_factory: pytest.TempPathFactory) -> logcorr.Run[logcorr.Report]:
    return logcorr.correlate(pair / "requests.log", pair / "responses.log", store=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def analysed(access: Path, tmp_path_factory: pytest.TempPathFactory) -> logcorr.Run[logcorr.AccessReport]:
    return logcorr.analyze(access, store=tmp_path_factory.mktemp("runs"))


def test_the_views_of_a_correlation_are_lazy_frames(paired: logcorr.Run[logcorr.Report], pair: Path) -> None:
    inputs = paired.report.inputs
    exchanges = paired.exchanges
    assert isinstance(exchanges, pl.LazyFrame)
    schema = exchanges.collect_schema()
    assert schema["request_time"] == pl.Datetime("us", "UTC")
    assert (schema["duration_us"], schema["request_file"]) == (pl.Int64(), pl.String())
    assert exchanges.select(pl.len()).collect().item() == inputs.requests.matched
    assert exchanges.select("response_file").unique().collect().item() == str(pair / "responses.log")
    orphans = paired.orphans.group_by("side", "file").len().collect()
    assert {side: (count, Path(file).name) for side, file, count in orphans.iter_rows()} == {
        "request": (inputs.requests.orphans, "requests.log"),
        "response": (inputs.responses.orphans, "responses.log"),
    }
    malformed = sum(sum(side.malformed.values()) for side in (inputs.requests, inputs.responses) if side.malformed)
    assert paired.malformed.collect().height == malformed > 0
    assert paired.users.collect()["requests"].sum() > inputs.requests.matched
    assert set(paired.duplicates.collect()["kind"]) <= {"redelivered", "superseded"}


def test_only_what_is_asked_for_is_read(paired: logcorr.Run[logcorr.Report]) -> None:
    plan = paired.exchanges.filter(pl.col("status_code") >= 500).select("duration_us").explain()
    assert "PROJECT 2/" in plan
    assert "SELECTION" in plan
    assert "python_udf" not in plan


def test_the_views_of_an_access_log(analysed: logcorr.Run[logcorr.AccessReport], access: Path) -> None:
    assert analysed.views == (
        "exchanges",
        "slow",
        "errors",
        "malformed",
        "other",
        "skewed",
        "endpoints",
        "ips",
        "windows",
    )
    first = analysed.exchanges.head(1).collect().row(0, named=True)
    assert first["request_time"] == datetime(2026, 3, 4, 5, 6, 1, tzinfo=UTC)
    assert (first["file"], first["line"], first["endpoint"]) == (str(access), 1, "/search")
    assert dict(analysed.endpoints.select("endpoint", "requests").collect().iter_rows()) == {"/cart": 25, "/search": 25}
    assert analysed.ips.collect().height == 50
    assert analysed.windows.collect()["errors_5xx"].to_list() == [10]
    assert analysed.view("errors").collect()["status_code"].to_list() == [503] * 10
    assert analysed.malformed.collect()["text"].to_list() == ["no line of a log"]
    assert analysed.other.collect().height == 0


def test_a_view_that_is_not_there_names_those_that_are(
    paired: logcorr.Run[logcorr.Report], analysed: logcorr.Run[logcorr.AccessReport]
) -> None:
    with pytest.raises(
        errors.NoSuchView, match=r"no view 'users' in this run\. There are: exchanges, slow, errors"
    ) as no:
        analysed.users  # noqa: B018
    assert isinstance(no.value, AttributeError)
    assert no.value.exit_code == 2
    assert [hasattr(analysed, name) for name in ("users", "orphans", "ips")] == [False, False, True]
    with pytest.raises(errors.NoSuchView, match="no view 'nothing'"):
        paired.view("nothing")
    with pytest.raises(errors.NoSuchView, match="no view 'ips'"):
        paired.export("ips", "ips.csv")


@pytest.mark.parametrize(
    ("name", "keywords", "words"),
    [
        ("a.csv", {"columns": ["duration_us", "request_file"]}, ["--columns", "duration_us,request_file"]),
        ("a.ndjson", {"sort": "time"}, ["--sort", "time"]),
        ("a.json", {}, []),
        ("a.parquet", {}, []),
    ],
)
def test_an_export_is_that_of_the_command(
    name: str, keywords: dict[str, object], words: list[str], pair: Path, tmp_path: Path
) -> None:
    run = logcorr.correlate(pair / "requests.log", pair / "responses.log", store=runs_root(tmp_path))
    run.export("exchanges", tmp_path / name, **keywords)  # type: ignore[arg-type]
    succeed("export", run.folder.name, "--view", "exchanges", "-o", f"command-{name}", *words, cwd=tmp_path)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"command-{name}").read_bytes()


def test_an_export_of_chosen_rows(analysed: logcorr.Run[logcorr.AccessReport], tmp_path: Path) -> None:
    analysed.export("exchanges", tmp_path / "words.csv", where="status>=500 endpoint=/search")
    analysed.export(
        "exchanges", tmp_path / "by.csv", where=(pl.col("status_code") >= 500) & (pl.col("endpoint") == "/search")
    )
    rows = pl.read_csv(tmp_path / "words.csv")
    assert rows.equals(pl.read_csv(tmp_path / "by.csv"))
    assert rows.select("status_code", "endpoint").unique().rows() == [(503, "/search")]
    assert rows.height == 5
    analysed.export("errors", tmp_path / "errors.csv", where="endpoint=/search")
    assert pl.read_csv(tmp_path / "errors.csv").height == 5
    analysed.export("exchanges", tmp_path / "all.csv", where=" ")
    assert pl.read_csv(tmp_path / "all.csv").height == 50


def test_what_an_export_refuses(analysed: logcorr.Run[logcorr.AccessReport], access: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("precious")
    refused: list[tuple[type[errors.LogcorrError], str, dict[str, object]]] = [
        (errors.OutputError, "exists", {"path": target}),
        (errors.OutputError, "one of the inputs", {"path": access.with_suffix(".log"), "force": True}),
        (errors.UsageError, "the ending picks the form", {"path": tmp_path / "out.txt"}),
        (errors.UsageError, "nothing here prints", {"path": "-"}),
        (errors.UsageError, "no column 'colour'", {"columns": ["colour"]}),
        (errors.UsageError, "columns: give a list of names", {"columns": "line"}),
        (errors.UsageError, "no 'colour' here", {"where": "colour=red"}),
        (errors.UsageError, "sort 'size'", {"sort": "size"}),
        (errors.UsageError, "where: ", {"where": pl.col("colour") > 1}),
        (errors.UsageError, "where: ", {"where": pl.col("endpoint") > 1}),
    ]
    for kind, what, keywords in refused:
        given = {"path": tmp_path / "new.csv", **keywords}
        if what == "one of the inputs":
            (tmp_path / "link.csv").symlink_to(access)
            given["path"] = tmp_path / "link.csv"
        with pytest.raises(kind, match=what):
            analysed.export("exchanges", **given)  # type: ignore[arg-type]
    assert target.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "out.csv"]
    analysed.export("exchanges", target, force=True)
    assert pl.read_csv(target).height == 50


@pytest.mark.parametrize("ending", ["csv", "json", "ndjson", "parquet"])
def test_a_cancelled_export_leaves_no_file(
    ending: str, analysed: logcorr.Run[logcorr.AccessReport], tmp_path: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(errors.Cancelled):
        analysed.export("exchanges", tmp_path / f"out.{ending}", cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_threads_that_export_to_one_file_leave_a_whole_one(
    paired: logcorr.Run[logcorr.Report], analysed: logcorr.Run[logcorr.AccessReport], tmp_path: Path
) -> None:
    target, start = tmp_path / "out.ndjson", threading.Barrier(4)

    def export(run: logcorr.Run[RunReport]) -> None:
        start.wait()
        run.export("exchanges", target, force=True)

    threads = [threading.Thread(target=export, args=(run,), daemon=True) for run in (paired, analysed) * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    alone = [tmp_path / "paired.ndjson", tmp_path / "analysed.ndjson"]
    paired.export("exchanges", alone[0])
    analysed.export("exchanges", alone[1])
    assert target.read_bytes() in [path.read_bytes() for path in alone]
    assert {path.name for path in tmp_path.iterdir()} == {"out.ndjson", "paired.ndjson", "analysed.ndjson"}


def test_a_run_that_is_not_kept_lives_as_long_as_a_frame_of_it(access: Path, tmp_path: Path) -> None:
    frame = logcorr.analyze(access, store=tmp_path, keep=False).exchanges.filter(pl.col("status_code") == 503)
    gc.collect()
    assert len(list(tmp_path.iterdir())) == 1
    made_of_it = frame.select("endpoint", "file").sort("endpoint")
    del frame
    gc.collect()
    assert made_of_it.collect().height == 10
    assert "_holding" not in made_of_it.explain()
    del made_of_it
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_kept_is_gone_after_its_context(access: Path, tmp_path: Path) -> None:
    with logcorr.analyze(access, store=tmp_path, keep=False) as run:
        assert run.exchanges.collect().height == 50
        assert not run.kept
        folder = run.folder
        again = logcorr.open(folder)
    assert list(tmp_path.iterdir()) == []
    for use in (lambda: run.exchanges, lambda: run.folder, lambda: run.export("exchanges", tmp_path / "a.csv")):
        with pytest.raises(errors.UsageError, match="was not kept, so its views are gone"):
            use()
    assert run.report.total_requests == 50
    run.close()
    with pytest.raises(errors.InputError, match=folder.name):
        again.view("exchanges")


def test_leaving_the_context_of_a_run_that_is_kept_changes_nothing(access: Path, tmp_path: Path) -> None:
    with logcorr.analyze(access, store=tmp_path) as run:
        pass
    assert run.exchanges.collect().height == 50


def test_a_damaged_run_is_an_error(access: Path, tmp_path: Path) -> None:
    run = logcorr.analyze(access, store=tmp_path)
    (run.folder / "exchanges" / "0001.parquet").write_bytes(b"PAR1 no more PAR1")
    with pytest.raises(errors.InputError, match="is gone or damaged"):
        run.view("exchanges")
    with pytest.raises(errors.InputError, match="is gone or damaged"):
        run.export("exchanges", tmp_path / "out.csv")
    (run.folder / "report.json").write_text("{")
    with pytest.raises(errors.InputError, match=r"report\.json is missing or broken"):
        logcorr.open(run.folder)


def test_how_it_shows_itself(paired: logcorr.Run[logcorr.Report], analysed: logcorr.Run[logcorr.AccessReport]) -> None:
    sides = paired.report.inputs
    assert f"{sides.requests.matched:,} matched, {sides.requests.orphans + sides.responses.orphans:,} orphans" in repr(
        paired
    )
    assert repr(analysed).startswith("<logcorr.Run access: 50 requests, 10 failed, p99 ")
    assert repr(str(analysed.folder)) in repr(analysed)
