"""HTML reports have the colours of the app, and every text in them can be read on every ground it stands on."""

import re

import pytest

from logcorr.render.html import page
from logcorr_tui.look.palette import DARK, LIGHT, Palette
from tests.tui.contrast import LEAST, contrast

_COLOUR = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_TEXTS = ("ink", "dim", "accent", "good", "warn", "bad", "info", "lost")
_GROUNDS = ("ground", "panel", "raised")


def colours() -> dict[str, tuple[str, str]]:
    """The light and the dark colour of each name in the style sheet."""
    return {name: (light, dark) for name, light, dark in _COLOUR.findall(page._style())}


@pytest.mark.parametrize(("place", "palette"), [(0, LIGHT), (1, DARK)], ids=["light", "dark"])
def test_the_page_has_the_colours_of_the_app(place: int, palette: Palette) -> None:
    shown = {name: both[place] for name, both in colours().items()}
    heat = {f"heat{k}": colour for k, colour in enumerate(palette.heat)}
    names = (*_TEXTS, *_GROUNDS, "frame", "on_badge")
    assert shown == {**{name.replace("_", "-"): getattr(palette, name) for name in names}, **heat}


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_texts_can_be_read(place: int) -> None:
    shown = {name: both[place] for name, both in colours().items()}
    pairs = [(text, ground) for text in _TEXTS for ground in _GROUNDS]
    pairs += [("on-badge", ground) for ground in ("accent", "good", "bad")]
    assert not [pair for pair in pairs if contrast(shown[pair[0]], shown[pair[1]]) < LEAST]
