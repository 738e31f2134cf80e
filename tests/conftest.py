"""What every test shares: its own home and cache folders, repeatable Hypothesis runs, no way to the network."""

import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.kernels_or_numpy import needs_kernels, search, without_kernels

settings.register_profile("logcorr", search(100), database=None)
settings.load_profile("logcorr")
# Textual reads it when it is imported. Pictures on the way to where it scrolls show nothing else, and take time.
os.environ["TEXTUAL_ANIMATIONS"] = "none"
# What limits threads and memory of a process, as it was when the tests began.
_LIMITS = {name: os.environ.get(name) for name in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "_RJEM_MALLOC_CONF")}


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not walk all of it again and again, a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs are kept under the cache folder: no test may see, reuse or leave one in the developer's own."""
    home: Path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for variable, folder in (("CACHE", ".cache"), ("CONFIG", ".config"), ("DATA", ".data"), ("STATE", ".state")):
            patch.setenv(f"XDG_{variable}_HOME", str(home / folder))
        # Processes of the tests need not compile the sources each time, whoever started the tests.
        for variable in ("PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "LOGCORR_STORE"):
            patch.delenv(variable, raising=False)
        yield


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """A command that is run inside of the tests limits the threads of polars for its process: not for the next test.

    Nor does one that a fixture of several tests has run.
    """
    _restore_environment()
    yield
    _restore_environment()


def _restore_environment() -> None:
    for name, value in _LIMITS.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """A test that reaches beyond this machine fails, and says so."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="module", params=[pytest.param("kernels", marks=needs_kernels), "numpy"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """What takes lines apart and finds equal keys: the kernels, or numpy in their place."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            without_kernels(patch)
        yield request.param
