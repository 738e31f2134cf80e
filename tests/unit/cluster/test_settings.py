"""On what engine a run is made: the option, else the environment, else the file of the user."""

from pathlib import Path
from typing import Any

import pytest

from logcorr.cluster import cut_work, settings
from logcorr.cluster.settings import options_of
from logcorr.model.errors import UsageError

GB = 10**9


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cluster.toml"
    monkeypatch.setattr(settings, "path", lambda: path)
    return path


def found(
    engine: str | None = None, store: str | None = None, worker: int | None = None, memory: int | None = None
) -> Any:
    return options_of(engine, store, worker, lambda name: f"--{name}", memory)


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
    how, store = found(store="/mine", worker=GB)
    assert (how.engine, store, how.slots, how.keep_work) == ("exec:true", "/mine", 5, True)
    assert (how.worker_memory_bytes, how.split_bytes) == (GB, 4096)
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
        ("", {}, ("inline", None, 279_000_000), r"^--worker_memory 279 MB is too little: .* Give 280 MB or more; 2 to"),
        ("worker_memory = '1MB'", {}, ("inline",), r"^worker_memory of the cluster 1 MB is too little: "),
        ("", {}, ("inline", None, GB, GB), r"^--memory is shared by the workers: give it or --worker_memory\.$"),
        (
            "",
            {},
            ("ray", "/a", None, GB),
            r"^--memory is that of this machine\. With --engine ray give --worker_memory: ",
        ),
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


@pytest.mark.usefixtures("file")
def test_processes_share_the_memory_of_the_run() -> None:
    settings.path().write_text("worker_memory = '4GB'")
    how, _ = found("processes:4", memory=2 * GB)
    assert cut_work.with_memory(how, 4).worker_memory_bytes == GB // 2
    assert cut_work.with_memory(found("processes:4")[0], 4).worker_memory_bytes == 4 * GB
    with pytest.raises(UsageError, match=r"^memory of 2 GB is too little for 9 steps at once: each takes 280 MB at "):
        cut_work.with_memory(how, 9)


def test_this_machine_takes_memory_as_before(file: Path) -> None:
    assert not file.exists()
    assert found(memory=7) == (None, None)
