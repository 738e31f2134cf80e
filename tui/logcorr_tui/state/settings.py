"""Reads the settings of the user (tui.toml): theme, keys, first view.

A setting wins over what the app remembers. A broken file is passed over with a warning, and is never a crash.
"""

import tomllib
from collections.abc import Collection, Container
from pathlib import Path

import msgspec
import platformdirs

from logcorr_tui.look.palette import DARK_THEME, LIGHT_THEME
from logcorr_tui.state import remembered
from logcorr_tui.state.navigation import VIEWS_OF_A_RUN, places_of


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tui.toml`: a theme, the view a run opens with, and keys by the id of what they do (the help names the ids)."""

    theme: str | None = None
    view: str | None = None
    keys: dict[str, str] = {}


def settings_path() -> Path:
    """The path of the file of settings."""
    return Path(platformdirs.user_config_dir("logcorr", appauthor=False)) / "tui.toml"


def load_settings(path: Path) -> tuple[Settings, str | None]:
    """The settings, and what is wrong with the file, if anything is. The defaults hold for a broken file."""
    try:
        settings = msgspec.convert(tomllib.loads(path.read_bytes().decode("utf8")), Settings)
    except FileNotFoundError:
        return Settings(), None
    except RecursionError:
        return Settings(), f"{path} is passed over: it is nested too deeply."
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        return Settings(), f"{path} is passed over: {error}"
    if settings.view is not None and settings.view not in VIEWS_OF_A_RUN:
        return settings, f"{path}: no view {settings.view!r}; there are {', '.join(VIEWS_OF_A_RUN)}."
    return settings, None


class Preferences:
    """The settings of the user, and else what the app remembers. `problem` says what is wrong with the settings."""

    def __init__(self) -> None:
        self._settings, self.problem = load_settings(settings_path())
        self._state = remembered.load_remembered(remembered.remembered_path())

    @property
    def keys(self) -> dict[str, str]:
        """Keys by the id of the action that they do."""
        return self._settings.keys

    def theme(self, available: Container[str]) -> str | None:
        """The theme that the user has chosen. None where the terminal tells whether it is dark or light."""
        for name in (self._settings.theme, self._state.theme):
            if name is not None and name in available:
                return name
            if name is not None and name == self._settings.theme:
                self.problem = f"{settings_path()}: no theme {name!r}; there are {DARK_THEME.name}, {LIGHT_THEME.name}."
        return None

    def view(self, kind: str, views: Collection[str] = ()) -> str:
        """The view that a run of this kind opens with; `views` are those that the run has."""
        known = [place.mode for place in places_of(kind, views)]
        view = self._settings.view
        return str(view) if view in VIEWS_OF_A_RUN and view in known else "overview"

    def remember(self, *, theme: str) -> None:
        """Writes down the theme that was chosen."""
        self._state = remembered.Remembered(theme=theme)
        remembered.save_remembered(remembered.remembered_path(), self._state)
