"""What the engine is told before polars is imported: in processes of their own, as it holds for a whole process."""

import os
import subprocess
import sys

import pytest

from logcorr.compute import threads

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
