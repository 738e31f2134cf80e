"""The app on runs and logs in a bucket: it opens them, shows their rows and lines, and tells what has changed."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcorr.compute.object_path import path_of
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.work import raw_lines
from logcorr_tui.work.open_run import changed_inputs, open_run
from logcorr_tui.work.raw_lines import RawLineReader
from tests.support.bucket_server import Bucket, bucket_server
from tests.support.helpers import SAMPLE, looks, succeed
from tests.tui.picture import strips_of, text_of

STORE = "s3://bucket/runs"
LOGS = ("s3://bucket/logs/requests.log", "s3://bucket/logs/responses.log")

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A bucket with the sample and a finished run of it."""
    with bucket_server() as bucket:
        for name in ("requests.log", "responses.log"):
            bucket.objects[f"logs/{name}"] = ((SAMPLE / name).read_bytes(), {})
        succeed("correlate", *LOGS, "--engine", "inline", "--store", STORE, cwd=tmp_path_factory.mktemp("work"))
        yield bucket


@pytest.fixture
def run(served: Bucket) -> Iterator[str]:
    """The URI of the run, in the bucket as it was."""
    before = dict(served.objects)
    key = next(name for name in before if name.endswith("/manifest.json")).split("/")[1]
    yield f"{STORE}/{key}"
    served.objects, served.refused = before, 0


def test_the_app_opens_a_run_of_a_bucket(run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # for the files of filters

    async def drive() -> None:
        app = LogcorrApp(run=path_of(run), store=STORE)
        async with app.run_test(size=(120, 36)) as pilot:
            for _ in looks(0.05):
                await pilot.pause(0.05)
                if app.session.run is not None and app.current_mode == "overview":
                    break
            assert str(app.session.run and app.session.run.place) == run
            await pilot.press("4")
            for _ in looks(0.05):
                await pilot.pause(0.05)
                if isinstance(app.screen, TableScreen) and "req-" in _text(app):
                    break
            assert "req-" in _text(app)
            assert app.session.changed_inputs == []

    asyncio.run(drive())


def _text(app: LogcorrApp) -> str:
    return "\n".join(text_of(strips_of(app)))


def test_inputs_that_changed_in_the_bucket_are_told(run: str, served: Bucket) -> None:
    manifest = open_run(path_of(run)).manifest
    assert changed_inputs(manifest) == []
    served.objects["logs/requests.log"] = (b"other", {})
    assert changed_inputs(manifest) == [LOGS[0]]
    del served.objects["logs/responses.log"]
    assert changed_inputs(manifest) == list(LOGS)
    served.refused = 403
    assert changed_inputs(manifest) == list(LOGS)


def test_lines_of_a_log_in_a_bucket_are_fetched_up_to_the_line(
    run: str, served: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = open_run(path_of(run)).manifest.inputs["request"][0]
    lines = (SAMPLE / "requests.log").read_text("utf8", errors="replace").splitlines()
    reader, cancel = RawLineReader(), threading.Event()
    excerpt = reader.read("request", known, 20, cancel)
    assert excerpt.note == ""
    assert (20, lines[19]) in excerpt.lines
    monkeypatch.setattr(raw_lines, "_MOST_FETCHED", known.bytes - 1)
    assert "too large" in reader.read("request", known, 20, cancel).note
    served.refused = 403
    assert "access denied" in reader.read("request", known, 20, cancel).note
