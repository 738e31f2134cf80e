"""Text is readable: the colours of both palettes on all their grounds, and what the kept pictures of screens show."""

import re
from xml.etree import ElementTree as ET

import pytest

from logcorr_tui.look.palette import DARK, LIGHT, Palette
from tests.tui.contrast import LEAST, contrast
from tests.tui.snapshot_album import KEPT

# What lies below a dialog is dimmed on purpose.
_DIALOGS = ("confirm", "export", "help", "palette", "sort")
_GROUND = re.compile(r"M(\d+) -15h(\d+)v20")


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_every_ink_on_every_ground(colours: Palette) -> None:
    hues = (colours.accent, colours.good, colours.warn, colours.bad, colours.info, colours.lost)
    for ink in (colours.ink, colours.dim, *hues):
        for paper in (colours.ground, colours.panel, colours.raised):
            assert contrast(ink, paper) >= LEAST, (ink, paper)
    for badge in (colours.accent, colours.good, colours.warn, colours.bad):
        assert contrast(colours.on_badge, badge) >= LEAST, badge


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_text_on_the_screens(theme: str) -> None:
    pictures = [p for p in KEPT.glob(f"*-{theme}.svg") if p.name.split("-")[1] not in _DIALOGS]
    assert pictures
    faint = {f"{found} on {path.name}" for path in pictures for found in _faint(ET.fromstring(path.read_bytes()))}
    assert not faint, "\n".join(sorted(faint))


def _faint(picture: ET.Element) -> set[str]:
    """The texts of a picture that are hard to read."""
    paper, found = picture.findall("{*}g/{*}path")[0].get("fill", ""), set()
    for row in picture.findall("{*}g/{*}g"):
        grounds = [
            (int(x), int(x) + int(wide), path.get("fill", ""))
            for path in row.findall("{*}path")
            for x, wide in _GROUND.findall(path.get("d", ""))
        ]
        for run in row.findall("{*}text"):
            x, ink, text = int(run.get("x", 0)), run.get("fill", ""), run.text or ""
            ground = next((fill for start, end, fill in grounds if start <= x < end), paper)
            if any(map(str.isalnum, text)) and contrast(ink, ground) < LEAST:
                found.add(f"{contrast(ink, ground):.2f} : 1, {ink} on {ground}: {text!r}")
    return found
