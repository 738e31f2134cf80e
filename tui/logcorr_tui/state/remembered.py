"""What the app remembers from one session to the next (tui-state.json): the theme."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec
import platformdirs


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered from one session to the next. A view is not: each run opens on its Overview."""

    theme: str | None = None


def remembered_path() -> Path:
    """The path of the file that the app remembers things in."""
    return Path(platformdirs.user_state_dir("logcorr", appauthor=False)) / "tui-state.json"


def load_remembered(path: Path) -> Remembered:
    """What the file holds. The defaults where the file is missing or broken."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return Remembered()


def save_remembered(path: Path, state: Remembered) -> None:
    """Writes the file atomically. Where the disk cannot be written, nothing is remembered, without an error."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(prefix=".tui-state-", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(state))
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
