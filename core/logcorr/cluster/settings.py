"""On what engine a run is made: as the command says, else the environment, else `cluster.toml` of the user.

The file lies beside `tui.toml`. A variable is the name of a setting in capitals behind `LOGCORR_CLUSTER_`. Credentials
are no settings: each library takes them from its own standard places.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from logcorr.model.errors import UsageError
from logcorr.model.options import ClusterOptions
from logcorr.text import quantities

FILE = "cluster.toml"
# In place of an engine: this machine, whatever the settings say.
LOCAL = "local"
_PREFIX = "LOGCORR_CLUSTER_"
# Engines whose workers see what this process sees, and share its memory.
OF_THIS_MACHINE = ("processes", "inline")
# What a step took of ten million lines that were cut as small as it goes was 269 MB. Without any data it is 200 MB.
LEAST_WORKER_BYTES = 280 * 10**6


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the user has set. `patience` is a duration; sizes may be written as `4GB`. 0 lets logcorr choose."""

    engine: str | None = None
    store: str | None = None
    worker_memory: str | int | None = None
    slots: int = 0
    tries: int = 3
    patience: str = "10m"
    split_bytes: str | int = 0
    buckets: int = 0
    keep_work: bool = False


def path() -> Path:
    """Where the file of settings is."""
    return Path(platformdirs.user_config_dir("logcorr", appauthor=False)) / FILE


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the user. Raises UsageError, which names the file or the variable, where one is wrong."""
    told: dict[str, Any] = {}
    try:
        told = tomllib.loads(path().read_text("utf8"))
    except (FileNotFoundError, PermissionError):
        pass  # a folder that may not be looked into has no settings for this user
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{str(path())!r} cannot be read: {error}.") from error
    _converted(told, str(path()), strict=True)
    for name in Settings.__struct_fields__:
        value = environment.get(f"{_PREFIX}{name.upper()}")
        if value:
            _converted({name: value}, f"{_PREFIX}{name.upper()}", strict=False)
            told[name] = value
    return _converted(told, "settings of the cluster", strict=False)


def options_of(
    engine: str | None,
    store: str | None,
    worker_memory: int | None,
    spelled: Callable[[str], str],
    memory: int | None = None,
) -> tuple[ClusterOptions | None, str | None]:
    """The options of an engine, and the store, from what a command or a caller gives. No engine is this machine.

    `memory` is that of all processes of this machine. `spelled` spells the name of an option. Raises UsageError.
    """
    own = settings()
    word = engine or own.engine
    if word is None or word == LOCAL:
        if worker_memory is not None:
            raise UsageError(f"{spelled('worker_memory')} goes with {spelled('engine')}.")
        return None, store
    store = store or own.store
    kind = word.partition(":")[0]
    if store is None and kind not in OF_THIS_MACHINE:
        raise UsageError(
            f"{spelled('engine')} {word} needs {spelled('store')}: a folder that all workers see, or s3://BUCKET/PREFIX."
        )
    if store is not None:
        store = _absolute(store)
    _check_memory(word, worker_memory, memory, spelled)
    if worker_memory is None and memory is None and own.worker_memory is not None:
        worker_memory = _bytes(own.worker_memory, "worker_memory")
        _check_enough(worker_memory, "worker_memory of the cluster")
    return ClusterOptions(
        engine=word,
        worker_memory_bytes=worker_memory or 0,
        memory_bytes=memory or 0,
        slots=own.slots,
        tries=max(1, own.tries),
        patience_s=quantities.duration_us(own.patience) / 1_000_000,
        split_bytes=_bytes(own.split_bytes, "split_bytes"),
        buckets=own.buckets,
        keep_work=own.keep_work,
    ), store


def _check_memory(word: str, worker_memory: int | None, memory: int | None, spelled: Callable[[str], str]) -> None:
    """Raises UsageError where the memory of steps is given twice, is not to be shared, or is too little."""
    if worker_memory is not None:
        _check_enough(worker_memory, spelled("worker_memory"))
    if memory is None:
        return
    if worker_memory is not None:
        raise UsageError(f"{spelled('memory')} is shared by the workers: give it or {spelled('worker_memory')}.")
    if word.partition(":")[0] not in OF_THIS_MACHINE:
        raise UsageError(
            f"{spelled('memory')} is that of this machine. With {spelled('engine')} {word} give "
            f"{spelled('worker_memory')}: the most for each step."
        )


def _check_enough(worker_memory: int, name: str) -> None:
    if worker_memory < LEAST_WORKER_BYTES:
        raise UsageError(
            f"{name} {quantities.size(worker_memory)} is too little: a step takes up to 270 MB however small "
            f"the work is cut. Give {quantities.size(LEAST_WORKER_BYTES)} or more; 2 to 4 GB are good."
        )


def _absolute(store: str) -> str:
    """The store by a name that means the same for processes that work elsewhere."""
    folder = store.removeprefix("file://")
    return store if "://" in folder else os.path.abspath(folder)  # noqa: PTH100 - a link stays a link


def _bytes(value: str | int | None, name: str) -> int:
    if isinstance(value, str) and not value.isdecimal():
        try:
            return quantities.size_bytes(value)
        except UsageError as error:
            raise UsageError(f"{name} of the cluster: {error}") from error
    return int(value or 0)


def _converted(told: dict[str, Any], where: str, *, strict: bool) -> Settings:
    try:
        return msgspec.convert(told, Settings, strict=strict)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}.") from error
