"""Memory of the machine and of this process."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from logcorr.compute.resources import default_memory, peak_rss, rss

_MB = 1 << 20
# What a child holds of its own is small; what its parent holds is not.
_CHILD = "from logcorr.compute.resources import peak_rss; print(peak_rss())"
_PARENT = f"""
import subprocess, sys
held = b"x" * (300 << 20)
subprocess.run([sys.executable, "-c", {_CHILD!r}], check=True)
"""


@pytest.mark.parametrize(
    ("total", "memory"),
    [(10**9, 512 * 10**6), (8 * 10**9, 2 * 10**9), (64 * 10**9, 4 * 10**9), (OSError(), 2 * 10**9)],
)
def test_a_quarter_of_the_memory_within_bounds(
    total: int | OSError, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> SimpleNamespace:
        if isinstance(total, OSError):
            raise total
        return SimpleNamespace(total=total)

    monkeypatch.setattr(psutil, "virtual_memory", told)
    assert default_memory() == memory


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows has no sysconf")
def test_the_machine_has_what_the_system_says() -> None:
    assert psutil.virtual_memory().total == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_memory_that_is_held_is_counted() -> None:
    before = rss()
    held = b"x" * (64 * _MB)
    assert 60 * _MB < rss() - before < 80 * _MB
    assert peak_rss() >= rss() - _MB
    assert len(held) == 64 * _MB


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of other systems does not do that")
def test_large_blocks_are_given_back_once_they_are_freed() -> None:
    """A small block above keeps the heap from shrinking."""
    program = """
from logcorr.compute.resources import rss
from logcorr.compute.threads import limit_engine
limit_engine(256_000_000)
held = [bytearray(1 << 20) for _ in range(64)]
small = [bytearray(1 << 16) for _ in range(64)]
before = rss()
held.clear()
print(before - rss())
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert int(told.stdout) > 60 * _MB


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may count the parent's memory")
def test_the_peak_is_not_that_of_the_parent() -> None:
    told = subprocess.run([sys.executable, "-c", _PARENT], check=True, capture_output=True, text=True, timeout=60)
    assert 0 < int(told.stdout) < 100 * _MB


def test_where_the_system_does_not_tell_it_is_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(psutil, "Process", missing)
    if sys.platform != "win32":
        assert rss() == peak_rss() > 0
