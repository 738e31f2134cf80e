"""Runs in a bucket: every command reads them as it reads a folder, by ranges; and nothing of them holds a key."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import logcorr as api
from logcorr.cluster.store import open_store
from logcorr.compute.object_path import ObjectPath
from logcorr.model.errors import UsageError
from logcorr.query.filter_language import parse
from logcorr.query.view_pages import TemporaryFolder, ViewPages
from logcorr.runs.run_folder import MANIFEST, RunFolder
from tests.support.bucket_server import KEY_ID, SECRET, TOKEN, Bucket, bucket_server
from tests.support.helpers import assert_short_error, generated, kept, logcorr, succeed, zstandard

STORE = "s3://bucket/team/runs"
PAIR = ("correlate", "requests.log", "responses.log")


def _upload(folder: Path, store: str) -> None:
    bucket = open_store(store)
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            bucket.put_file(f"{folder.name}/{file.relative_to(folder).as_posix()}", file)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two logs of 20,000 lines and a finished run of them."""
    folder = tmp_path_factory.mktemp("made")
    generated(folder, 20_000)
    succeed(*PAIR, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def served(made: Path) -> Iterator[Bucket]:
    """A bucket that holds the same run."""
    with bucket_server() as bucket:
        _upload(kept(made)[0], STORE)
        yield bucket


@pytest.fixture
def bucket(served: Bucket) -> Iterator[Bucket]:
    """The same bucket, as it was."""
    before = dict(served.objects)
    served.bytes_sent.clear()
    yield served
    served.objects, served.refused = before, 0


def _key(made: Path) -> str:
    return kept(made)[0].name


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    "words",
    [
        ("runs", "show", "{}", "--json"),
        ("sql", "{}", "show tables"),
        ("sql", "{}", "select reason, count(*) as n from orphans group by reason order by n"),
        ("sql", "{}", "select max(duration_us) from slow"),
        ("export", "{}", "--view", "errors", "-o", "-"),
        ("export", "{}", "--view", "malformed", "-o", "-"),
        ("diff", "{}", "{}", "--json"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_commands_give_what_they_give_of_a_folder(made: Path, words: tuple[str, ...]) -> None:
    key = _key(made)
    named = [word.replace("{}", key) for word in words]
    of_folder = succeed(*named, cwd=made)
    assert succeed(*named, "--store", STORE, cwd=made).out == of_folder.out
    by_uri = [word.replace("{}", f"{STORE}/{key}") for word in words]
    assert succeed(*by_uri, cwd=made).out == of_folder.out


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("ending", ["json", "ndjson", "csv", "parquet"])
@pytest.mark.parametrize("view", ["exchanges", "orphans", "users"])
def test_exports_are_those_of_a_folder(made: Path, tmp_path: Path, view: str, ending: str) -> None:
    sort = ("--sort", "time") if view != "users" else ()
    words = ("export", _key(made), "--view", view, *sort, "-o")
    succeed(*words, str(tmp_path / f"folder.{ending}"), cwd=made)
    succeed(*words, str(tmp_path / f"bucket.{ending}"), "--store", STORE, cwd=made)
    assert (tmp_path / f"bucket.{ending}").read_bytes() == (tmp_path / f"folder.{ending}").read_bytes()


@pytest.mark.usefixtures("bucket")
def test_documents_are_those_of_a_folder(made: Path, tmp_path: Path) -> None:
    for name, store in (("folder", ()), ("bucket", ("--store", STORE))):
        page, metrics = tmp_path / f"{name}.html", tmp_path / f"{name}.prom"
        succeed("export", _key(made), "--html", str(page), "--openmetrics", str(metrics), *store, cwd=made)
    assert (tmp_path / "bucket.html").read_bytes() == (tmp_path / "folder.html").read_bytes()
    assert (tmp_path / "bucket.prom").read_bytes() == (tmp_path / "folder.prom").read_bytes()


def test_runs_are_listed_newest_first(made: Path, bucket: Bucket) -> None:
    key = _key(made)
    bucket.objects["team/runs/.work/other/told/plan"] = (b"of a run in progress", {})
    bucket.objects["team/runs/broken/manifest.json"] = (b"{", {})
    rows = [json.loads(line) for line in succeed("runs", "list", "--json", "--store", STORE, cwd=made).out.splitlines()]
    local = json.loads(succeed("runs", "list", "--json", cwd=made).out)
    by_name = {row["run"]: row for row in rows}
    assert by_name[key] == local
    assert "is missing or broken" in by_name["broken"]["error"]
    assert set(by_name) == {key, "broken"}
    assert succeed("runs", "path", key[:5], "--store", STORE, cwd=made).out.decode() == f"{STORE}/{key}\n"
    assert f"run {STORE}/{key}" in succeed("runs", "show", key, "--store", STORE, cwd=made).out.decode()
    nothing = succeed("runs", "list", "--store", "s3://bucket/nothing", cwd=made)
    assert "no runs in s3://bucket/nothing." in nothing.err


def test_nothing_is_copied_whole(made: Path, bucket: Bucket, tmp_path: Path) -> None:
    key = _key(made)
    succeed("export", key, "--view", "orphans", "-o", str(tmp_path / "o.csv"), "--store", STORE, cwd=made)
    sent = {name.removeprefix(f"team/runs/{key}/"): count for name, count in bucket.bytes_sent.items()}
    assert {name.partition("/")[0] for name in sent} == {"manifest.json", "report.json", "orphans"}
    size = len(bucket.objects[f"team/runs/{key}/manifest.json"][0])
    assert sent.pop("manifest.json") == size
    bucket.bytes_sent.clear()
    succeed("sql", key, "select count(*) from exchanges", "--store", STORE, cwd=made)
    whole = sum(len(data) for name, (data, _) in bucket.objects.items() if "/exchanges/" in name)
    exchanges = sum(count for name, count in bucket.bytes_sent.items() if "/exchanges/" in name)
    assert exchanges < whole / 2


@pytest.mark.usefixtures("bucket")
def test_pages_and_filters_of_the_app(made: Path, tmp_path: Path) -> None:
    key = _key(made)
    pages = []
    for run in (RunFolder(ObjectPath(f"{STORE}/{key}")), RunFolder(kept(made)[0])):
        spill = TemporaryFolder(tmp_path / "work")
        view = ViewPages(run, "exchanges", spill)
        slow = view.narrowed(parse("status>=500", view.schema), "duration_us", True, Event())
        pages.append((view.total, view.page(7000, 5), slow.total, slow.page(0, 10)))
        spill.close()
    assert pages[0] == pages[1]


@pytest.mark.usefixtures("bucket")
def test_the_python_api_opens_runs(made: Path, tmp_path: Path) -> None:
    key = _key(made)
    run = api.open(key, store=STORE)
    assert run.report == api.open(key, store=kept(made)[0].parent).report
    assert run.users.collect().height == api.open(kept(made)[0]).users.collect().height
    run.export("orphans", tmp_path / "orphans.csv")
    assert (tmp_path / "orphans.csv").stat().st_size
    assert f"'{STORE}/{key}'" in repr(run)
    with pytest.raises(UsageError, match="is in a bucket"):
        _ = run.folder


def test_the_python_api_makes_runs_in_a_bucket(made: Path, bucket: Bucket) -> None:
    logs = [str(made / "requests.log"), str(made / "responses.log")]
    run = api.correlate(*logs, engine="inline", store="s3://bucket/api")
    local = api.open(kept(made)[0])
    assert isinstance(local.report, api.Report)
    assert run.report.orphans == local.report.orphans
    assert run.orphans.collect().height == local.orphans.collect().height
    assert api.correlate(*logs, engine="inline", store="s3://bucket/api").reused
    before = set(bucket.objects)
    passing = api.correlate(*logs, engine="inline", store="s3://bucket/passing", keep=False)
    assert passing.report.orphans == local.report.orphans
    assert not passing.kept
    assert set(bucket.objects) == before
    with pytest.raises(UsageError, match="was not kept"):
        _ = passing.views


def test_runs_are_removed_manifest_first(made: Path, bucket: Bucket) -> None:
    key = _key(made)
    bucket.asked.clear()
    bucket.objects["team/runs-of-others/x/manifest.json"] = (b"{}", {})
    assert "removed 1 run" in succeed("runs", "remove", key, "--store", STORE, cwd=made).err
    assert list(bucket.objects) == ["team/runs-of-others/x/manifest.json"]
    assert sum(asked.startswith("POST") for asked in bucket.asked) == 2
    _upload(kept(made)[0], STORE)
    assert "removed 1 run" in succeed("runs", "remove", "--all", "--store", STORE, cwd=made).err
    assert list(bucket.objects) == ["team/runs-of-others/x/manifest.json"]


def test_a_run_that_holds_something_else_stays(made: Path, bucket: Bucket) -> None:
    bucket.objects[f"team/runs/{_key(made)}/notes.txt"] = (b"mine", {})
    outcome = logcorr("runs", "remove", _key(made), "--store", STORE, cwd=made)
    assert_short_error(outcome, "'notes.txt' in it is no part of a run")
    assert f"team/runs/{_key(made)}/{MANIFEST}" in bucket.objects


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_part_that_is_damaged_is_told(made: Path, bucket: Bucket, damage: str) -> None:
    name = next(name for name in bucket.objects if "/orphans/" in name)
    data = bucket.objects.pop(name)[0]
    if damage == "cut":
        bucket.objects[name] = (data[:-1], {})
    outcome = logcorr("export", _key(made), "--view", "orphans", "-o", "-", "--store", STORE, cwd=made)
    assert outcome.code == 2
    assert_short_error(outcome, f"'s3://bucket/{name}' is gone or damaged")


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "list"),
        ("runs", "show", "3f2a"),
        ("runs", "remove", "--all"),
        ("export", f"{STORE}/3f2a", "--view", "orphans", "-o", "-"),
        ("sql", "3f2a", "show tables"),
        (*PAIR, "--engine", "inline"),
        ("correlate", "s3://bucket/logs/req*", "responses.log", "--engine", "inline"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_bucket_that_refuses_is_one_line_without_keys(made: Path, bucket: Bucket, words: tuple[str, ...]) -> None:
    bucket.refused = 403
    outcome = logcorr(*words, "--store", STORE, cwd=made)
    assert outcome.code == 3
    assert_short_error(outcome, "access denied on", "(HTTP 403). Check the credentials")
    _check_no_key(f"{outcome.out!r} {outcome.err}")


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            (*PAIR, "--store", STORE),
            f"store {STORE}: a run without an engine is kept in a folder. Add --engine processes.",
        ),
        (
            ("correlate", "s3://bucket/a", "responses.log"),
            "a run without an engine reads files. Add --engine processes.",
        ),
        (("analyze", "s3://bucket/a"), "a run without an engine reads files. Add --engine processes."),
    ],
    ids=["store", "correlate", "analyze"],
)
def test_a_run_without_an_engine_stays_on_this_machine(made: Path, words: tuple[str, ...], says: str) -> None:
    assert_short_error(logcorr(*words, cwd=made), says)
    assert not (made / "s3:").exists()


def test_a_run_from_a_bucket_into_a_bucket(made: Path, bucket: Bucket, tmp_path: Path) -> None:
    for name in ("requests.log", "responses.log"):
        open_store("s3://bucket/logs/day").put_file(name, made / name)
    before = set(bucket.objects)
    logs = ("s3://bucket/logs/day/req*", "s3://bucket/logs/day/responses.log")
    told = tmp_path / "report.json"
    words = ("correlate", *logs, "--engine", "inline", "--store", STORE, "--report", str(told), "--progress", "json")
    outcome = succeed(*words, cwd=made, LOGCORR_CLUSTER_SPLIT_BYTES="300KB", LOGCORR_CLUSTER_BUCKETS="3")
    report, local = (_comparable(path) for path in (told, kept(made)[0] / "report.json"))
    assert report == local
    run = json.loads(outcome.err.splitlines()[-1])["run"]
    assert run.startswith(f"{STORE}/")
    assert {name.split("/")[2] for name in set(bucket.objects) - before} == {run.rpartition("/")[2]}
    again = succeed(*words[:-2], "--force", cwd=made)
    assert "opened the finished run again" in again.out.decode()
    written = b"".join(data for data, _ in bucket.objects.values()) + told.read_bytes()
    _check_no_key(f"{written!r} {outcome} {again}")
    assert any(f"Credential={KEY_ID}/" in authorization for authorization in bucket.authorizations)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_compressed_objects_are_read_as_files_are(made: Path, bucket: Bucket, tmp_path: Path, ending: str) -> None:
    pack = gzip.compress if ending == "gz" else zstandard
    for name in ("requests.log", "responses.log"):
        bucket.objects[f"logs/{name}.{ending}"] = (pack((made / name).read_bytes()), {})
    told = tmp_path / "report.json"
    logs = (f"s3://bucket/logs/requests.log.{ending}", f"s3://bucket/logs/responses.log.{ending}")
    succeed("correlate", *logs, "--engine", "inline", "--store", STORE, "--report", str(told), cwd=made)
    report, local = _comparable(told), _comparable(kept(made)[0] / "report.json")
    # A compressed log has other bytes, and no one knows how long it is before it is read.
    for name in ("orphans", "latency", "status", "histogram", "users", "slowest"):
        assert report[name] == local[name]
    assert [side["lines"] for side in report["inputs"].values()] == [side["lines"] for side in local["inputs"].values()]


def _comparable(report: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(report.read_bytes())
    del content["run"]
    for side in content["inputs"].values():
        del side["files"]
    return content


def _check_no_key(text: str) -> None:
    assert not [key for key in (KEY_ID, SECRET, TOKEN) if key in text]
