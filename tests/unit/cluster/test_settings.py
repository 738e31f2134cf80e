"""On what engine a run is made: the option, else the environment, else the file of the user."""

from pathlib import Path
from typing import Any

import pytest

from logcorr.cluster import settings
from logcorr.cluster.settings import options_of
from logcorr.model.errors import UsageError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cluster.toml"
    monkeypatch.setattr(settings, "path", lambda: path)
    return path


def found(engine: str | None = None, store: str | None = None, memory: int | None = None) -> Any:
    return options_of(engine, store, memory, lambda name: f"--{name}")


def test_nothing_is_this_machine(file: Path) -> None:
    assert not file.exists()
    assert found() == (None, None)
    assert found(store="runs") == (None, "runs")


def test_the_file_and_what_overrules_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('engine = "processes:2"\nstore = "/shared"\nworker_memory = "1GB"\nslots = 3\npatience = "30s"\n')
    how, store = found()
    assert (how.engine, store, how.worker_memory_bytes, how.slots, how.patience_s) == (
        *("processes:2", "/shared", 1_000_000_000, 3, 30.0),
    )
    monkeypatch.setenv("LOGCORR_CLUSTER_ENGINE", "exec:true")
    monkeypatch.setenv("LOGCORR_CLUSTER_SLOTS", "5")
    monkeypatch.setenv("LOGCORR_CLUSTER_KEEP_WORK", "true")
    monkeypatch.setenv("LOGCORR_CLUSTER_SPLIT_BYTES", "4096")
    how, store = found(store="/mine", memory=7)
    assert (how.engine, store, how.slots, how.keep_work) == ("exec:true", "/mine", 5, True)
    assert (how.worker_memory_bytes, how.split_bytes) == (7, 4096)
    assert found("local", "runs") == (None, "runs")


def test_stores_of_workers_elsewhere(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not file.exists()
    monkeypatch.chdir(file.parent)
    assert found("processes:2")[1] is None
    assert found("dask:tcp://a:1", "runs")[1] == str(file.parent / "runs")
    assert found("dask:tcp://a:1", "file:///shared")[1] == "/shared"
    assert found("dask:tcp://a:1", "s3://bucket/runs")[1] == "s3://bucket/runs"


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("text", "variables", "given", "message"),
    [
        ("", {}, ("dask", None, None), r"^--engine dask needs --store: a folder that all workers see, or s3://BUCKET"),
        ("", {}, (None, None, 5), r"^--worker_memory goes with --engine\.$"),
        ("engin = 'x'", {}, (), r"cluster\.toml: Object contains unknown field `engin`\.$"),
        ("slots = 'many'", {}, (), r"cluster\.toml: Expected `int`, got `str` - at `\$\.slots`\.$"),
        ("slots = ", {}, (), r"cluster\.toml' cannot be read: "),
        ("", {"SLOTS": "many"}, (), r"^LOGCORR_CLUSTER_SLOTS: Expected `int`, got `str`"),
        ("engine = 'inline'\nsplit_bytes = 'big'", {}, (), r"^split_bytes of the cluster: 'big' is not a size"),
    ],
)
def test_settings_that_are_wrong(
    text: str, variables: dict[str, str], given: tuple[Any, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text:
        settings.path().write_text(text)
    for name, value in variables.items():
        monkeypatch.setenv(f"LOGCORR_CLUSTER_{name}", value)
    with pytest.raises(UsageError, match=message):
        found(*given)
