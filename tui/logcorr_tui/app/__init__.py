"""The app: its screens, its keys and commands, and its runs."""

from logcorr_tui.app.app import LogcorrApp

__all__ = ["LogcorrApp"]
