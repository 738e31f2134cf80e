"""Kept runs: when one is opened again and when not, listing, showing, removing, exporting, and runs that are damaged."""

import csv
import itertools
import json
import os
import shutil
import stat
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.runs import run_folder, work_folder
from logcorr.runs.views import OF_SOME_RUNS, VIEWS_OF
from tests.support.helpers import (
    REQUESTS,
    RESPONSES,
    SAMPLE,
    Outcome,
    as_it_was,
    assert_short_error,
    files_of,
    kept,
    logcorr,
    runs_root,
    succeed,
    write_pair,
)
from tests.support.kernels_or_numpy import some

PAIR = ("correlate", "requests.log", "responses.log")
FORMS = ("json", "ndjson", "jsonl", "csv", "parquet")
# What each view of the sample holds, counted by hand.
ROWS = {
    "exchanges": 50,
    "errors": 9,
    "orphans": 9,
    "malformed": 10,
    "redelivered": 2,
    "superseded": 0,
    "duplicates": 2,
    "skewed": 1,
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder that holds a small pair of logs."""
    write_pair(tmp_path)
    return tmp_path


def made(folder: Path, *words: str, **env: str) -> tuple[Path, Path]:
    """A folder where a run was made, and a copy of it: as files are known by their paths, tests share the one folder."""
    succeed(*PAIR, *words, cwd=folder, **env)
    return shutil.copytree(folder, folder.with_name(f"{folder.name} once")), folder


def with_sample(folder: Path) -> Path:
    for name in ("requests.log", "responses.log"):
        shutil.copyfile(SAMPLE / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def sample_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return made(with_sample(tmp_path_factory.mktemp("sample")), "-o", "first.ndjson", "--sort", "time")


@pytest.fixture(scope="module")
def parts_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = with_sample(tmp_path_factory.mktemp("parts"))
    return made(folder, "-o", "first.ndjson", "--sort", "time", LOGCORR_BUCKETS="4")


@pytest.fixture(scope="module")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("small")
    write_pair(folder)
    return made(folder, "-o", "first.csv", "--memory", "600MB")


@pytest.fixture
def sample(sample_once: tuple[Path, Path]) -> Path:
    """A folder that holds the sample pair, and one finished run of it."""
    return as_it_was(*sample_once)


@pytest.fixture
def small(small_once: tuple[Path, Path]) -> Path:
    """A folder that holds the small pair of logs, and one finished run of it."""
    return as_it_was(*small_once)


def last_event(cwd: Path, *words: str, **env: str) -> dict[str, Any]:
    """What a run tells when it is done, with all stages it went through."""
    outcome = succeed(*PAIR, *words, "--progress", "json", cwd=cwd, **env)
    events = [json.loads(line) for line in outcome.err.splitlines() if line.startswith("{")]
    done: dict[str, Any] = events[-1]
    assert done["event"] == "done"
    return done | {"stages": {event["stage"] for event in events[:-1] if event["event"] == "progress"}}


def only_run(cwd: Path) -> Path:
    (run,) = kept(cwd)
    return run


# Opened again, or not.


def test_the_same_inputs_and_options_open_the_run_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = last_event(here, LOGCORR_BUCKETS="4")
    assert not first["reused"]
    run = only_run(here)
    assert first["run"] == str(run)
    monkeypatch.setattr(
        "logcorr.inputs.reader.SideReader.entries", lambda *_args: pytest.fail("the logs were read again")
    )
    monkeypatch.setattr("logcorr.pairing.buckets.spill_entries", lambda *_args: pytest.fail("something was spilled"))
    again = last_event(here, LOGCORR_BUCKETS="4")
    assert again["reused"]
    assert again["run"] == str(run)
    assert again["stages"] <= {"export"}
    assert kept(here) == [run]


def test_a_reopened_run_says_so_and_writes_the_same(sample: Path) -> None:
    outcome = succeed(*PAIR, "-o", "second.ndjson", "--sort", "time", cwd=sample)
    assert "again" in outcome.err
    assert str(only_run(sample)) in outcome.err
    assert (sample / "second.ndjson").read_bytes() == (sample / "first.ndjson").read_bytes()


def test_a_reopened_run_gives_the_same_report(sample: Path) -> None:
    succeed(*PAIR, "--report", "again.json", cwd=sample)
    report = json.loads((sample / "again.json").read_bytes())
    shown = json.loads(succeed("runs", "show", only_run(sample).name, "--json", cwd=sample).out)
    assert report == shown
    assert report["inputs"]["requests"]["matched"] == ROWS["exchanges"]


def test_an_appended_line_makes_a_new_run(small: Path) -> None:
    with (small / "responses.log").open("ab") as log:
        log.write(b"2025-03-01T12:00:02.5Z,c,200\n")
    assert not last_event(small, "--report", "report.json")["reused"]
    assert len(kept(small)) == 2
    assert json.loads((small / "report.json").read_bytes())["inputs"]["requests"]["matched"] == 3


def test_other_bytes_at_the_end_make_a_new_run_even_at_the_same_time(here: Path) -> None:
    """Enough lines that the end is far from the start; size and time of change stay."""
    path = here / "responses.log"
    path.write_bytes(RESPONSES * 4000)
    before = path.stat()
    assert not last_event(here)["reused"]
    path.write_bytes((RESPONSES * 4000)[:-2] + b"4\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert not last_event(here)["reused"]
    assert len(kept(here)) == 2


def test_other_bytes_in_the_middle_make_a_new_run(here: Path) -> None:
    path = here / "responses.log"
    raw = RESPONSES * 6000
    path.write_bytes(raw)
    assert not last_event(here)["reused"]
    middle = len(RESPONSES) * 3000
    path.write_bytes(raw[:middle] + RESPONSES.replace(b"503", b"418") + raw[middle + len(RESPONSES) :])
    assert path.stat().st_size == len(raw)
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))
    assert not last_event(here)["reused"]


@pytest.mark.parametrize(
    "words",
    [
        ("--pairing", "first"),
        ("--pairing", "last"),
        ("--max-duration", "1s"),
        ("--edge", "0s"),
        ("--skew", "1"),
        ("--window", "1s"),
    ],
)
def test_other_options_make_a_new_run(small: Path, words: tuple[str, ...]) -> None:
    assert not last_event(small, "-o", "out.csv", *words)["reused"]
    assert len(kept(small)) == 2
    assert last_event(small, *words)["reused"]


@pytest.mark.parametrize(
    "words",
    [
        ("--memory", "700MB"),
        ("--pairing", "in-order"),
        ("--window", "60s"),
        ("--skew", "0"),
        ("--orphans", "orphans.csv", "--sort", "time"),
        ("--fail-if", "p99>1h"),
    ],
)
def test_options_that_change_nothing_open_the_run_again(small: Path, words: tuple[str, ...]) -> None:
    assert last_event(small, *words)["reused"]
    assert len(kept(small)) == 1


def test_swapped_sides_are_another_run(small: Path) -> None:
    succeed("correlate", "responses.log", "requests.log", "-o", "out.csv", cwd=small)
    assert len(kept(small)) == 2


def test_no_store_keeps_no_run(here: Path) -> None:
    done = last_event(here, "--no-store", "-o", "out.csv")
    assert done["run"] is None
    assert kept(here) == []
    assert len((here / "out.csv").read_bytes().splitlines()) == 3


def test_no_store_opens_no_run_again(small: Path) -> None:
    assert not last_event(small, "--no-store")["reused"]


def test_another_store(here: Path) -> None:
    done = last_event(here, "--store", "my/store")
    assert Path(done["run"]).parent == Path("my/store")
    assert kept(here) == []
    listed = succeed("runs", "list", "--json", "--store", "my/store", cwd=here).out
    assert json.loads(listed)["run"] == Path(done["run"]).name


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of no use there")
def test_only_the_owner_may_look(small: Path) -> None:
    for folder in (runs_root(small), only_run(small), *(path for path in only_run(small).iterdir() if path.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of no use there")
def test_only_the_owner_may_look_while_it_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = {}
    real = work_folder.WorkFolder.publish

    def watched(self: work_folder.WorkFolder, key: str) -> run_folder.RunFolder:
        folders = [self.path, *(path for path in self.path.rglob("*") if path.is_dir() and path.parent == self.path)]
        seen.update({str(path): stat.S_IMODE(path.stat().st_mode) for path in folders})
        return real(self, key)

    monkeypatch.setattr(work_folder.WorkFolder, "publish", watched)
    last_event(here, LOGCORR_BUCKETS="2")
    assert len(seen) >= 3
    assert set(seen.values()) == {0o700}


# List, show, remove.


def test_a_list_of_runs(sample: Path) -> None:
    first = only_run(sample).name
    succeed(*PAIR, "--max-duration", "0s", "-o", "none.csv", cwd=sample)
    rows = [json.loads(line) for line in succeed("runs", "list", "--json", cwd=sample).out.splitlines()]
    assert {row["run"] for row in rows} == {path.name for path in kept(sample)}
    assert [row["matched"] for row in rows] == [0, ROWS["exchanges"]], "newest first"
    assert rows[1]["run"] == first
    table = succeed("runs", "list", cwd=sample).out.decode()
    assert [line.split()[0] for line in table.splitlines()] == ["run", *(row["run"] for row in rows)]
    assert succeed("runs", cwd=sample).out.decode() == table


def test_an_empty_list(tmp_path: Path) -> None:
    outcome = succeed("runs", "list", cwd=tmp_path)
    assert outcome.out == b""
    assert "no runs" in outcome.err
    silent = succeed("runs", "list", "--json", cwd=tmp_path)
    assert (silent.out, silent.err) == (b"", "")
    assert not runs_root(tmp_path).exists(), "looking makes nothing"


@pytest.mark.parametrize("digits", [1, 6, 16])
def test_show_by_the_start_of_a_name(sample: Path, digits: int) -> None:
    name = only_run(sample).name
    report = json.loads(succeed("runs", "show", name[:digits], "--json", cwd=sample).out)
    assert report["kind"] == "correlation"
    assert report["inputs"]["requests"]["matched"] == ROWS["exchanges"]


def test_show_by_folder(sample: Path) -> None:
    summary = succeed("runs", "show", str(only_run(sample)), cwd=sample)
    assert "requests.log" in summary.out.decode()
    assert summary.err == ""


def two_alike(cwd: Path) -> tuple[Path, Path]:
    """Two runs whose names start alike."""
    first = only_run(cwd)
    second = first.with_name(first.name[:8] + "x" * 8)
    shutil.copytree(first, second)
    return first, second


def refused(cwd: Path, *words: str, parts: tuple[str, ...] = ()) -> Outcome:
    """A command that must end with 2 and leave everything as it is."""
    before = {path: path.read_bytes() for path in cwd.rglob("*") if path.is_file()}
    outcome = logcorr(*words, cwd=cwd)
    assert outcome.code == 2, outcome.err
    assert_short_error(outcome, *parts)
    assert {path: path.read_bytes() for path in cwd.rglob("*") if path.is_file()} == before
    return outcome


@pytest.mark.parametrize("words", [("show",), ("remove",), ("show", "--json")], ids=["show", "remove", "show as json"])
def test_a_name_of_two_runs_or_of_none(sample: Path, words: tuple[str, ...]) -> None:
    first, _ = two_alike(sample)
    refused(sample, "runs", *words, first.name[:8], parts=("2 runs", first.name[:8]))
    refused(sample, "runs", *words, "zz", parts=("'zz'", "no run"))


def test_the_path_of_a_run(sample: Path, tmp_path: Path) -> None:
    run = only_run(sample)
    for name in (run.name, run.name[:4], str(run)):
        outcome = succeed("runs", "path", name, cwd=sample)
        assert outcome.out == os.fsencode(run) + b"\n"
        assert outcome.err == ""
    # Whatever the name of the store, and however it is given, $(...) gets a path that is there.
    store = tmp_path / os.fsdecode("a b\u2026".encode())
    shutil.copytree(run.parent, store)
    outcome = succeed("runs", "path", run.name, "--store", store.name, cwd=tmp_path)
    assert Path(os.fsdecode(outcome.out.removesuffix(b"\n"))) == store / run.name


@pytest.mark.parametrize("name", ["nope", ""])
def test_the_path_of_no_run(name: str, sample: Path) -> None:
    refused(sample, "runs", "path", name, parts=("run",))
    assert logcorr("runs", "path", name, cwd=sample).out == b""


def test_the_path_of_a_run_of_another_version(sample: Path) -> None:
    """Its files and columns may be others, and a tool would misread them."""
    manifest = only_run(sample) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 2'))
    name = only_run(sample).name
    for words in (("runs", "path", name), ("sql", name, "select 1 as one"), ("sql", name, "show tables")):
        refused(sample, *words, parts=(name, "schema 2", "reads 1"))


def test_an_empty_name_is_no_run(sample: Path) -> None:
    refused(sample, "runs", "remove", "")
    refused(sample, "runs", "show", "")


def test_remove(sample: Path) -> None:
    first, second = two_alike(sample)
    succeed("runs", "remove", second.name, cwd=sample)
    assert kept(sample) == [first]
    succeed("runs", "remove", first.name[:9], cwd=sample)
    assert kept(sample) == []


def test_remove_all_or_nothing(sample: Path) -> None:
    first, _ = two_alike(sample)
    refused(sample, "runs", "remove", first.name, "zz")
    refused(sample, "runs", "remove")
    refused(sample, "runs", "remove", "--all", first.name)
    succeed("runs", "remove", "--all", cwd=sample)
    assert kept(sample) == []


def test_remove_touches_no_folder_that_is_not_a_run(sample: Path) -> None:
    """Browser extensions and web apps have a manifest.json too."""
    app = sample / "app"
    app.mkdir()
    (app / "manifest.json").write_text('{"name": "my app", "manifest_version": 3}', encoding="utf8")
    (app / "app.js").write_text("precious", encoding="utf8")
    refused(sample, "runs", "remove", "app")
    refused(sample, "runs", "remove", str(app))


# Export.


def read(path: Path) -> list[dict[str, Any]]:
    """The records of an export, all values as text."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf8") as file:
            return [dict(row) for row in csv.DictReader(file)]
    rows: list[dict[str, Any]]
    if path.suffix == ".parquet":
        rows = pl.read_parquet(path).to_dicts()
    elif path.suffix == ".json":
        rows = json.loads(path.read_bytes())
    else:
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [{name: as_text(value) for name, value in row.items()} for row in rows]


def as_text(value: Any) -> str:
    """A value of any form as CSV has it. Only Parquet has instants."""
    if isinstance(value, datetime):
        assert value.utcoffset() == timedelta()
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("view", [view for view in VIEWS_OF["correlation"] if view not in OF_SOME_RUNS])
def test_every_view_in_every_form(sample: Path, view: str) -> None:
    name = only_run(sample).name
    found = []
    for form in FORMS:
        succeed("export", name, "--view", view, "-o", f"{view}.{form}", "--sort", "time", cwd=sample)
        found.append(read(sample / f"{view}.{form}"))
    assert all(rows == found[0] for rows in found)
    if view in ROWS:
        assert len(found[0]) == ROWS[view]
    assert [path.name for path in sample.iterdir() if path.name.startswith(".")] == []
    assert kept(sample) == [runs_root(sample) / name]
    stdout = succeed("export", name[:5], "--view", view, "-o", "-", "--sort", "time", cwd=sample)
    assert stdout.out == (sample / f"{view}.ndjson").read_bytes()


def test_views_hold_what_they_say(sample: Path) -> None:
    def export(view: str, *words: str) -> list[dict[str, Any]]:
        out = succeed("export", only_run(sample).name, "--view", view, "-o", "-", *words, cwd=sample).out
        return [json.loads(line) for line in out.splitlines()]

    everything = export("exchanges", "--columns", "duration_us")
    p99 = json.loads(succeed("runs", "show", only_run(sample).name, "--json", cwd=sample).out)["latency"]["p99_ms"]

    def ids(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(row["request_id"] for row in rows)

    assert ids(export("slow")) == ids([row for row in everything if row["duration_us"] > p99 * 1000])
    assert ids(export("errors")) == ids([row for row in everything if not 100 <= row["status_code"] < 400])
    assert ids(export("skewed")) == ids([row for row in everything if row["duration_us"] < 0])
    assert sum(row["requests"] for row in export("users")) == len(everything) + 5, "five requests have no response"
    assert {row["kind"] for row in export("duplicates")} == {"redelivered"}


def test_export_errors(sample: Path) -> None:
    name = only_run(sample).name
    (sample / "there.csv").write_bytes(b"precious")
    before = files_of(sample)
    for code, words in (
        (2, ("zz", "--view", "orphans", "-o", "out.csv")),
        (2, (name, "--view", "orphans", "-o", "out.txt")),
        (2, (name, "--view", "orphans", "-o", "out.csv", "--columns", "request_time")),
        (2, (name, "--view", "slow", "-o", "out.csv", "--columns", "nonsense")),
        (3, (name, "--view", "orphans", "-o", "there.csv")),
        (3, (name, "--view", "orphans", "-o", "nowhere/out.csv")),
    ):
        outcome = logcorr("export", *words, cwd=sample)
        assert outcome.code == code, words
        assert_short_error(outcome)
        assert files_of(sample) == before
        assert len(kept(sample)) == 1
    succeed("export", name, "--view", "orphans", "-o", "there.csv", "--force", cwd=sample)
    assert len((sample / "there.csv").read_bytes().splitlines()) == 1 + ROWS["orphans"]


# Damage.

DAMAGES = {
    "empty": b"",
    "half": b'{"schema": 1, "kind": "corr',
    "no object": b"[]",
    "no text": b"\xff\xfe\x00",
    "without fields": b'{"schema": 1}',
    "of another schema": b'{"schema": 2, "kind": "correlation"}',
    "without a schema": b"{}",
    "too deep": b'{"schema": 1, "kind": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("raw", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("file", ["manifest.json", "report.json"])
def test_a_damaged_run_is_told(sample: Path, file: str, raw: bytes) -> None:
    run = only_run(sample)
    (run / file).write_bytes(raw)
    if file == "manifest.json":
        refused(sample, "export", run.name, "--view", "orphans", "-o", "out.csv", parts=(run.name,))
        row = json.loads(succeed("runs", "list", "--json", cwd=sample).out)
        assert row["run"] == run.name
        assert run.name in row["error"]
        assert run.name in succeed("runs", "list", cwd=sample).out.decode()
    else:
        refused(sample, "runs", "show", run.name, parts=(run.name,))
    succeed("runs", "remove", run.name, cwd=sample)
    assert kept(sample) == []


@pytest.mark.parametrize(
    ("file", "damage"),
    some(
        itertools.product(("manifest.json", "report.json"), ("half", "of another schema", "gone")),
        *(("manifest.json", "half"), ("manifest.json", "gone"), ("report.json", "of another schema")),
    ),
)
def test_a_damaged_run_is_made_anew(sample: Path, file: str, damage: str) -> None:
    """A run that cannot be read must not stand in the way of the same correlation for ever."""
    run = only_run(sample)
    if damage == "gone":
        (run / file).unlink()
    else:
        (run / file).write_bytes(DAMAGES[damage])
    succeed(*PAIR, "-o", "second.ndjson", "--sort", "time", cwd=sample)
    assert (sample / "second.ndjson").read_bytes() == (sample / "first.ndjson").read_bytes()
    assert last_event(sample)["reused"], "the run is whole again"
    assert json.loads(succeed("runs", "list", "--json", cwd=sample).out)["matched"] == ROWS["exchanges"]


@pytest.mark.parametrize("view", ["exchanges", "orphans", "malformed", "duplicates", "users"])
def test_a_view_whose_files_are_gone(sample: Path, view: str) -> None:
    run = only_run(sample)
    for part in (run / view).glob("*.parquet"):
        part.unlink()
    refused(sample, "export", run.name, "--view", view, "-o", "out.csv", parts=(run.name, view))


@pytest.fixture
def parts(parts_once: tuple[Path, Path]) -> tuple[Path, Path]:
    """A finished run of many buckets, and one of the files of its exchanges."""
    here = as_it_was(*parts_once)
    found = sorted((only_run(here) / "exchanges").glob("*.parquet"))
    assert len(found) > 1
    return here, next(path for path in found if pl.read_parquet(path).height)


def test_a_part_of_a_view_that_is_gone_is_noticed(parts: tuple[Path, Path]) -> None:
    """Half a view must not pass for the whole of it."""
    here, part = parts
    part.unlink()
    refused(here, "export", only_run(here).name, "--view", "exchanges", "-o", "out.csv")


def test_a_part_of_a_view_that_is_gone_is_noticed_by_the_next_run(parts: tuple[Path, Path]) -> None:
    here, part = parts
    part.unlink()
    outcome = logcorr(*PAIR, "-o", "second.ndjson", "--sort", "time", cwd=here)
    if outcome.code == 0:
        assert (here / "second.ndjson").read_bytes() == (here / "first.ndjson").read_bytes()
    else:
        assert outcome.code == 2
        assert not (here / "second.ndjson").exists()


def test_a_part_of_a_view_that_is_broken(parts: tuple[Path, Path]) -> None:
    here, part = parts
    part.write_bytes(b"no parquet at all")
    refused(here, "export", only_run(here).name, "--view", "exchanges", "-o", "out.csv", parts=(only_run(here).name,))


def test_a_stale_temporary_file_is_no_run(here: Path) -> None:
    runs_root(here).mkdir(parents=True)
    (runs_root(here) / "notes.txt").write_bytes(REQUESTS)
    succeed(*PAIR, "-o", "out.csv", cwd=here)
    assert len(succeed("runs", "list", "--json", cwd=here).out.splitlines()) == 1
    succeed("runs", "remove", "--all", cwd=here)
    assert [path.name for path in kept(here)] == ["notes.txt"]


@pytest.mark.parametrize("late", [1, 2])
def test_what_a_writer_makes_anew_after_an_interrupt_is_removed_too(
    late: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that was ended has writers left for a moment, and they make their folders where these are gone."""
    looks = [0]
    work = work_folder.WorkFolder(tmp_path)

    def writer(_seconds: float) -> None:
        looks[0] += 1
        if looks[0] == late:
            work.spill.mkdir(parents=True)
            (work.spill / "0.ipc").touch()

    monkeypatch.setattr("time.sleep", writer)
    with work:
        pass
    assert list(tmp_path.iterdir()) == [], "without an error, no writer is left"
    looks[0] = 0
    with pytest.raises(KeyboardInterrupt), work:
        raise KeyboardInterrupt
    assert looks[0] > late
    assert list(tmp_path.iterdir()) == []
