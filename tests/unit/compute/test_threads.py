"""How many threads a job has: by the cores that the process may use, and by its memory."""

import os
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


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    monkeypatch.delenv("_RJEM_MALLOC_CONF", raising=False)
    threads.limit_engine(_GB, 3)
    assert (os.environ["POLARS_MAX_THREADS"], os.environ["_RJEM_MALLOC_CONF"]) == ("7", "narenas:3")
