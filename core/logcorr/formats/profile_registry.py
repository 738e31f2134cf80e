"""All profiles by name: the built-in ones, those in the user's folder, and those of the files that were named.

A later profile replaces an earlier one of the same name. A name such as `nginx:...` is a server's own line of
configuration, which becomes a profile.
"""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

from logcorr.formats import profile_toml, server_lines
from logcorr.formats.profile import Profile
from logcorr.formats.profile_place import Decimal
from logcorr.model.errors import UsageError
from logcorr.text.safe import safe

BUILT_IN = "built in"
_CATALOGUE = "catalogue.toml"


def user_folder() -> Path:
    """The folder whose files `*.toml` hold the user's own profiles."""
    return platformdirs.user_config_path("logcorr", appauthor=False) / "formats"


class Registry:
    """Profiles by name. `files` are the files of `--formats`, in order; all of them are read and checked at once.

    Raises UsageError for a file that cannot be read or holds a fault.
    """

    def __init__(self, files: Sequence[str] = ()) -> None:
        paths = [*_files_of(user_folder()), *map(Path, files)]
        self._own: dict[str, Profile] = {}
        for path in paths:
            self._own |= profile_toml.read(_text(path), str(path))

    def get(self, name: str) -> Profile:
        """The profile of a name, or of a server's own line such as `nginx:...`. Raises UsageError."""
        if name in self._own:
            return self._own[name]
        if name in _tables():
            return _built_in(name)
        if server_lines.is_line(name):
            return server_lines.profile(name)
        near = get_close_matches(name, self.names(), 3, 0.5)
        hint = f"the nearest are {', '.join(near)}" if near else "`logcorr formats list` names them all"
        raise UsageError(f"there is no format {safe(name)!r}; {hint}.")

    def names(self) -> list[str]:
        """The names of all profiles, sorted."""
        return sorted({*_tables(), *self._own})

    def origin(self, name: str) -> str:
        """The file that the profile of a name comes from, or "built in". Raises UsageError where there is none."""
        return self._own[name].origin if name in self._own else self.get(name).origin


def _files_of(folder: Path) -> list[Path]:
    """The files of profiles in a folder. A folder that this user may not look into has none for this user."""
    try:
        return sorted(folder.glob("*.toml"))
    except PermissionError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"file of formats {safe(str(path))!r} is not UTF-8.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"file of formats {safe(str(path))!r} could not be read: {reason}.") from None


@cache
def _tables() -> dict[str, Any]:
    """The tables of the built-in profiles."""
    text = resources.files("logcorr.formats").joinpath(_CATALOGUE).read_text("utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@cache
def _built_in(name: str) -> Profile:
    """A built-in profile. The tests check the catalogue, so only the form of its keys is checked here."""
    return profile_toml.read_table(name, _tables()[name], BUILT_IN)
