"""The screens behind the first keys are imported early, and a screen that is made is not styled twice."""

import subprocess
import sys

from textual.app import App

from logcorr_tui.app import early_imports
from logcorr_tui.app.screen_modes import ScreenModesApp


def test_no_key_of_a_run_imports_a_screen() -> None:
    names = [f"logcorr_tui.screens.{name}" for name in early_imports._SCREENS]
    told = "import sys; from logcorr_tui.app import early_imports; early_imports.import_screens(); "
    look = f"print([name for name in {names!r} if name not in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told + look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_textual_counts_its_styles_as_expected() -> None:
    """`screen_modes` sets this number, which Textual compares."""
    assert isinstance(App()._css_update_count, int)
    screen = ScreenModesApp()._make("run")
    assert screen._css_update_count == 0
