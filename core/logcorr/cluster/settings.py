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
# Engines whose workers see what this process sees.
_OF_THIS_MACHINE = ("processes", "inline")


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
    engine: str | None, store: str | None, worker_memory: int | None, spelled: Callable[[str], str]
) -> tuple[ClusterOptions | None, str | None]:
    """The options of an engine, and the store, from what a command or a caller gives. No engine is this machine.

    `spelled` spells the name of an option. Raises UsageError.
    """
    own = settings()
    word = engine or own.engine
    if word is None or word == LOCAL:
        if worker_memory is not None:
            raise UsageError(f"{spelled('worker_memory')} goes with {spelled('engine')}.")
        return None, store
    store = store or own.store
    kind = word.partition(":")[0]
    if store is None and kind not in _OF_THIS_MACHINE:
        raise UsageError(
            f"{spelled('engine')} {word} needs {spelled('store')}: a folder that all workers see, or s3://BUCKET/PREFIX."
        )
    if store is not None:
        store = _absolute(store)
    memory = worker_memory if worker_memory is not None else _bytes(own.worker_memory, "worker_memory")
    return ClusterOptions(
        engine=word,
        worker_memory_bytes=memory,
        slots=own.slots,
        tries=max(1, own.tries),
        patience_s=quantities.duration_us(own.patience) / 1_000_000,
        split_bytes=_bytes(own.split_bytes, "split_bytes"),
        buckets=own.buckets,
        keep_work=own.keep_work,
    ), store


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
