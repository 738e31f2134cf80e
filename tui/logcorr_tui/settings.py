"""What the user set (tui.toml) and what the app remembers (state.json): theme, keys, last view.

A broken config is told and passed over, never a crash. What is set in tui.toml wins over what is remembered.
"""

import contextlib
import os
import tempfile
import tomllib
from pathlib import Path

import msgspec
import platformdirs

from logcorr_tui.places import OF_A_RUN


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tui.toml`: a theme, the view a run opens with, and keys by the id of what they do (the help names the ids)."""

    theme: str | None = None
    view: str | None = None
    keys: dict[str, str] = {}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered from one session to the next; `views` by the kind of run."""

    theme: str | None = None
    views: dict[str, str] = {}


def config_path() -> Path:
    """Where the user's settings are."""
    return Path(platformdirs.user_config_dir("logcorr", appauthor=False)) / "tui.toml"


def state_path() -> Path:
    """Where the app remembers things."""
    return Path(platformdirs.user_state_dir("logcorr", appauthor=False)) / "tui-state.json"


def load_config(path: Path) -> tuple[Config, str | None]:
    """The settings, and what is wrong with the file, if anything is; then the defaults hold."""
    try:
        config = msgspec.convert(tomllib.loads(path.read_bytes().decode("utf8")), Config)
    except FileNotFoundError:
        return Config(), None
    except RecursionError:
        return Config(), f"{path} is passed over: it is nested too deeply."
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        return Config(), f"{path} is passed over: {error}"
    if config.view is not None and config.view not in OF_A_RUN:
        return config, f"{path}: no view {config.view!r}; there are {', '.join(OF_A_RUN)}."
    return config, None


def load_state(path: Path) -> State:
    """What was remembered; nothing where the file is missing or broken."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return State()


def save_state(path: Path, state: State) -> None:
    """Writes atomically; a disk that cannot be written only costs the memory."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(prefix=".tui-state-", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(state))
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
