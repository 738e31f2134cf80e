"""How many threads a job has, and what the engine is told before polars is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logcorr.compute import threads

_GB = 1 << 30


def pretend(
    monkeypatch: pytest.MonkeyPatch, folder: Path, cgroup: str, files: dict[str, str], usable: int = 16
) -> None:
    """Has the process run on so many cores, in a control group with these files."""
    for name, text in files.items():
        path = folder / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "cgroup").write_text(cgroup)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(usable)), raising=False)
    monkeypatch.setattr(threads, "_CGROUPS", folder / "fs")

    def path_of(name: str) -> Path:
        return folder / "cgroup" if name == "/proc/self/cgroup" else Path(name)

    monkeypatch.setattr(threads, "Path", path_of)


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/\n", {}, 16),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 3),
        ("0::/a/b\n", {"a/cpu.max": "400000 100000\n", "a/b/cpu.max": "max 100000\n"}, 4),
        ("0::/not/seen/in/here\n", {"cpu.max": "50000 100000\n"}, 1),
        ("4:cpu,cpuacct:/x\n9:pids:/x\n", {"cpu,cpuacct/x/cpu.cfs_quota_us": "200000", "cpu,cpuacct/x/cpu.cfs_period_us": "100000"}, 2),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ("nonsense\n", {"cpu.max": "garbage"}, 16),
    ],
)  # fmt: skip
def test_cores_within_the_quotas_of_control_groups(
    cgroup: str, files: dict[str, str], cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, cgroup, files)
    assert threads.cores() == cores


def test_threads_by_memory_and_as_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "", {}, usable=8)
    assert [threads.count(memory) for memory in (1, 256 << 20, 512 << 20, _GB, 4 * _GB)] == [1, 2, 5, 8, 8]
    assert threads.count(256 << 20, 12) == 12
    pretend(monkeypatch, tmp_path, "", {}, usable=1)
    assert threads.count(4 * _GB) == 1


_VARIABLE = "_RJEM_MALLOC_CONF"
_MB = 10**6
_CHILD = (
    "import os, sys\n"
    "from logcorr.compute import threads\n"
    "threads.limit_engine(int(sys.argv[1]))\n"
    f"print(os.environ['{_VARIABLE}'])\n"
)


def told(memory_bytes: int, inherited: str | None) -> str:
    """What the allocator of a process is told that inherits a value of the variable."""
    environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    if inherited is not None:
        environment[_VARIABLE] = inherited
    words = [sys.executable, "-c", _CHILD, str(memory_bytes)]
    return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_the_smaller_the_budget_the_less_freed_memory_is_kept() -> None:
    assert not threads.keeps_freed(256 * _MB)
    assert threads.keeps_freed(512 * _MB)
    assert "dirty_decay_ms:50," in told(256 * _MB, None)
    assert "decay" not in told(512 * _MB, None)
    assert told(4000 * _MB, None).endswith("dirty_decay_ms:-1")


def test_a_variable_of_the_user_stays() -> None:
    assert told(256 * _MB, "narenas:7") == "narenas:7"
    assert told(256 * _MB, f"{threads._SET_BY_POLARS},narenas:7") == "narenas:7"


@pytest.mark.parametrize("memory_bytes", [256 * _MB, 4000 * _MB])
def test_what_polars_has_set_in_a_parent_does_not_stay(memory_bytes: int) -> None:
    """The app has polars, and starts runs: they keep within their own budget."""
    words = [sys.executable, "-c", f"import os, polars; print(os.environ['{_VARIABLE}'])"]
    environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    of_polars = subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    assert told(memory_bytes, of_polars) == told(memory_bytes, None) != of_polars


def test_more_threads_than_memory_has_room_for_are_not_made() -> None:
    asked = {memory: threads.count(memory << 20, 10**9) for memory in (1, 64, 512, 1 << 20)}
    assert asked == {1: 1, 64: 4, 512: 32, 1 << 20: 256}
    assert threads.count(512 << 20, 6) == 6
