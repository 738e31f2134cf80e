"""What holds at the start: what tui.toml says, else what is remembered; and remembering it for the next time."""

from collections.abc import Container

from logcorr_tui import settings
from logcorr_tui.palette import DARK_THEME, LIGHT_THEME
from logcorr_tui.places import OF_A_RUN, places_of


class Preferences:
    """The user's settings and the app's memory; `problem` says what is wrong with the settings, if anything is."""

    def __init__(self) -> None:
        self._config, self.problem = settings.load_config(settings.config_path())
        self._state = settings.load_state(settings.state_path())

    @property
    def keys(self) -> dict[str, str]:
        """Keys by the id of what they do."""
        return self._config.keys

    def theme(self, available: Container[str]) -> str:
        """The theme to start with."""
        for name in (self._config.theme, self._state.theme):
            if name is not None and name in available:
                return name
            if name is not None and name == self._config.theme:
                self.problem = (
                    f"{settings.config_path()}: no theme {name!r}; there are {DARK_THEME.name}, {LIGHT_THEME.name}, ..."
                )
        return DARK_THEME.name

    def view(self, kind: str) -> str:
        """The view that a run of this kind opens with."""
        known = [place.mode for place in places_of(kind)]
        for view in (self._config.view, self._state.views.get(kind)):
            if view in OF_A_RUN and view in known:
                return str(view)
        return "overview"

    def remember(self, *, theme: str | None = None, kind: str = "", view: str = "") -> None:
        """Writes down the theme, or the view of a kind of run, that was last seen."""
        views = {**self._state.views, kind: view} if view else self._state.views
        self._state = settings.State(theme=theme or self._state.theme, views=views)
        settings.save_state(settings.state_path(), self._state)
