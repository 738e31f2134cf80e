"""NDJSON of all exchanges is written while they are paired: the same bytes as from the finished run, or written anew."""

import errno
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import IO

import msgspec
import polars as pl
import pytest

from logcorr.compute import parquet_slices
from logcorr.jobs.correlate import correlate
from logcorr.jobs.write_views import PairViews
from logcorr.model.errors import OutputError
from logcorr.model.options import CorrelateOptions, Output
from logcorr.runs import export_view, export_while_running, output_files, write_csv_json_parquet, write_ndjson
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.views import EXTRA_COLUMNS
from tests.support.helpers import PATIENCE_S, big_logs, halted, kept, start, succeed, wait_until
from tests.support.kernels_or_numpy import some

# All columns but those of durations that responses tell.
COLUMNS = tuple(name for name in EXTRA_COLUMNS["correlation"] if not name.startswith("given_"))


def line(at: int, name: str, value: str) -> str:
    return f"2025-11-21T14:{at // 60:02}:{at % 60:02}.{at % 3}00Z,{name},{value}\n"


def write_logs(here: Path, again_after: int = 0) -> None:
    """Two files a side, orphans and a malformed line; ids that come again so many lines later, if asked for."""
    ids = [(at, f'id "number" {at}') for at in range(1800)]
    ids += [(at + again_after, name) for at, name in ids if again_after and at % 50 == 0 and at + again_after < 1800]
    ids.sort()
    requests = [line(at, name, f"user-{at}" if at % 5 else "") for at, name in ids if at % 7 != 3]
    responses = [line(at, name, str(200 + at % 5)) for at, name in ids if at % 11 != 3]
    for name, lines in (("q", requests), ("r", responses)):
        (here / f"{name}1.log").write_text("".join(lines[:700]) + "bad\n")
        (here / f"{name}2.log").write_text("".join(lines[700:]))


def options(here: Path, *outputs: Output) -> CorrelateOptions:
    logs = [tuple(str(here / f"{side}{number}.log") for number in (1, 2)) for side in "qr"]
    return CorrelateOptions(
        requests=logs[0], responses=logs[1], memory_bytes=1 << 30, store=str(here / "store"), outputs=outputs
    )


def ndjson_of(here: Path, name: str = "out.ndjson") -> Output:
    return Output(view="exchanges", path=str(here / name), columns=COLUMNS)


def exported(folder: Path | None, here: Path) -> bytes:
    """What `logcorr export` writes of a finished run."""
    assert folder is not None
    export_view.export_view(RunFolder(folder), ndjson_of(here, "exported.jsonl"), here / "store", force=True)
    return (here / "exported.jsonl").read_bytes()


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the outputs that were written from a run folder."""
    real, names = write_csv_json_parquet.write, []

    def write(records: object, path: str, *given: object, **more: object) -> None:
        names.append(Path(path).name)
        real(records, path, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(write_csv_json_parquet, "write", write)
    return names


@pytest.mark.parametrize(
    ("chunk", "buckets"),
    some(itertools.product((1000, 4000, 1 << 23), (None, "3")), (4000, None), (4000, "3"), (1 << 23, None)),
)
def test_the_same_as_from_the_finished_run(
    chunk: int, buckets: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_again: list[str]
) -> None:
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", str(chunk))
    if buckets is not None:
        monkeypatch.setenv("LOGCORR_BUCKETS", buckets)
    monkeypatch.setattr(parquet_slices, "SLICE_ROWS", 100)
    write_logs(tmp_path)
    other = Output(view="exchanges", path=str(tmp_path / "few.JSONL"))
    found = correlate(options(tmp_path, ndjson_of(tmp_path), other))
    assert read_again == []
    assert (tmp_path / "out.ndjson").read_bytes() == exported(found.folder, tmp_path)
    assert (tmp_path / "few.JSONL").read_bytes().count(b"\n") == found.report.inputs.requests.matched > 1000
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


@pytest.mark.parametrize("chunk", some((1000, 4000), 4000))
@pytest.mark.parametrize("distance", [60, 1700])
def test_exchanges_that_are_taken_back(
    chunk: int, distance: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_again: list[str]
) -> None:
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", str(chunk))
    write_logs(tmp_path, again_after=distance)
    found = correlate(options(tmp_path, ndjson_of(tmp_path)))
    assert distance < 1000 or read_again == ["out.ndjson"]
    assert (tmp_path / "out.ndjson").read_bytes() == exported(found.folder, tmp_path)


def test_a_finished_run_is_read_again(tmp_path: Path, read_again: list[str]) -> None:
    write_logs(tmp_path)
    correlate(options(tmp_path, ndjson_of(tmp_path)))
    assert correlate(options(tmp_path, ndjson_of(tmp_path, "second.ndjson"))).reused
    assert read_again == ["second.ndjson"]
    assert (tmp_path / "second.ndjson").read_bytes() == (tmp_path / "out.ndjson").read_bytes()


def test_no_exchanges(tmp_path: Path, read_again: list[str]) -> None:
    write_logs(tmp_path)
    for number in (1, 2):
        (tmp_path / f"r{number}.log").write_bytes(b"")
    correlate(options(tmp_path, ndjson_of(tmp_path)))
    assert (tmp_path / "out.ndjson").read_bytes() == b""
    assert read_again == []


@pytest.mark.parametrize(
    "output",
    [
        Output(view="exchanges", path="out.ndjson", sort_time=True),
        Output(view="exchanges", path=output_files.STDOUT),
        Output(view="exchanges", path="out.json"),
        Output(view="exchanges", path="out.csv"),
        Output(view="exchanges", path="out.parquet"),
        Output(view="slow", path="out.ndjson"),
        Output(view="orphans", path="out.ndjson"),
    ],
)
def test_what_is_only_known_at_the_end(output: Output) -> None:
    assert not export_while_running.can_export_while_running(output)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_frame: pl.DataFrame, file: IO[bytes]) -> None:
        file.write(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(write_ndjson, "write", full)
    write_logs(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError, match=r"out\.ndjson' could not be written: No space left.* about [\d.]+ KB"):
        correlate(options(tmp_path, ndjson_of(tmp_path)))
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "store"]
    assert list((tmp_path / "store").iterdir()) == []


def test_a_part_that_was_removed_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that goes on after its run was abandoned leaves nothing."""
    real = export_while_running.ExportWhileRunning.add

    def late(self: export_while_running.ExportWhileRunning, rows: pl.LazyFrame, count: int) -> None:
        for part in self.unfinished:
            part.unlink(missing_ok=True)
        real(self, rows, count)

    monkeypatch.setattr(export_while_running.ExportWhileRunning, "add", late)
    write_logs(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError, match=r"out\.ndjson' could not be written: No such file"):
        correlate(options(tmp_path, ndjson_of(tmp_path)))
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "store"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended(number: signal.Signals, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before it is told to end, some of the output is there, under a name that the next run knows to remove."""
    logs = big_logs(tmp_path_factory)
    words = ["correlate", str(logs / "requests.log"), str(logs / "responses.log"), "-o", "out.ndjson"]
    mark = tmp_path / "cache" / "reached"
    mark.parent.mkdir()
    with start(halted("report", mark, *words), tmp_path) as process:
        try:
            wait_until(mark.exists, process)
            (part,) = (path for path in tmp_path.iterdir() if path.name != "cache")
            assert part.name.startswith(".out.ndjson.")
            assert part.stat().st_size > 1 << 20
            process.send_signal(number)
            process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert part.exists() == (number == signal.SIGKILL)
    assert len(kept(tmp_path)) == part.exists()
    succeed("runs", "list", cwd=tmp_path)
    succeed(*words, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out.ndjson"]


@pytest.mark.parametrize("again_after", [0, 3, 900], ids=["once", "nearby", "far away"])
@pytest.mark.parametrize("chunk", [4000, 1 << 23])
def test_without_a_run_the_export_and_the_report_are_the_same(
    again_after: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchanges are then not kept, and where ids come again the run is made again from its start."""
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", str(chunk))
    write_logs(tmp_path, again_after)
    kept_views = []
    real = PairViews.__init__

    def seen(views: PairViews, *given: object, **more: object) -> None:
        real(views, *given, **more)  # type: ignore[arg-type]
        kept_views.append(views.keeps_exchanges)

    monkeypatch.setattr(PairViews, "__init__", seen)
    reports = []
    for keep in (True, False):
        outputs = ndjson_of(tmp_path, f"{keep}.ndjson"), Output(view="orphans", path=str(tmp_path / f"{keep}.csv"))
        changed = msgspec.structs.replace(options(tmp_path, *outputs), keep=keep)
        reports.append(msgspec.structs.replace(correlate(changed).report, run=None))
    assert reports[0] == reports[1]
    for name in ("ndjson", "csv"):
        rows = [sorted((tmp_path / f"{keep}.{name}").read_bytes().splitlines()) for keep in (True, False)]
        assert rows[0] == rows[1]
    assert kept_views == ([True, False, True] if again_after else [True, False])


def test_a_view_of_exchanges_needs_them(tmp_path: Path) -> None:
    write_logs(tmp_path)
    outputs = ndjson_of(tmp_path), Output(view="exchanges", path=str(tmp_path / "out.csv"))
    correlate(msgspec.structs.replace(options(tmp_path, *outputs), keep=False))
    rows = [len((tmp_path / name).read_bytes().splitlines()) for name in ("out.csv", "out.ndjson")]
    assert rows[0] == rows[1] + 1 > 1000
