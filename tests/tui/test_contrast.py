"""Text is readable: the colours of both palettes on all their grounds, and what the kept pictures of screens show."""

import re
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from rich.color import Color, ColorSystem

from logcorr_tui.look.palette import Colours, Look, Palette, blend, palette_of, shade
from tests.tui.contrast import LEAST, contrast
from tests.tui.snapshot_album import KEPT

# What lies below a dialog is dimmed on purpose.
_DIALOGS = ("confirm", "export", "help", "palette", "sort")
_GROUND = re.compile(r"M(\d+) -15h(\d+)v20")


_LOOKS = [(colours, dark) for colours in get_args(Colours) for dark in (True, False)]


@pytest.mark.parametrize(
    "colours",
    [palette_of(Look(colours), dark=dark) for colours, dark in _LOOKS],
    ids=[f"{colours}-{'dark' if dark else 'light'}" for colours, dark in _LOOKS],
)
def test_every_ink_on_every_ground(colours: Palette) -> None:
    hues = (colours.accent, colours.good, colours.warn, colours.bad, colours.info, colours.lost)
    for ink in (colours.ink, colours.dim, *hues):
        for paper in (colours.ground, colours.panel, colours.raised):
            # Of sixteen colours, no other red is lighter on the only dark ground that is not black.
            least = 4.2 if (ink, paper) == ("#ff5555", "#0000aa") else LEAST
            assert contrast(ink, paper) >= least, (ink, paper)
    for badge in (colours.accent, colours.good, colours.warn, colours.bad):
        assert contrast(colours.on_badge, badge) >= LEAST, badge


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_sixteen_colours_are_sent_as_themselves_and_tell_statuses_apart(*, dark: bool) -> None:
    colours = palette_of(Look("sixteen"), dark=dark)

    def sent(colour: str) -> int:
        found = Color.parse(colour).downgrade(ColorSystem.STANDARD)
        assert found.number is not None
        assert Color.from_ansi(found.number).get_truecolor() is not None
        return found.number

    statuses = [colours.good, colours.info, colours.warn, colours.bad, colours.lost]
    assert len({sent(colour) for colour in statuses}) == len(statuses)
    assert sent(colours.ground) not in {sent(colour) for colour in (*statuses, colours.ink, colours.accent)}
    # Few to many goes from the ground to its opposite, and no blend leaves the ramp.
    levels = [contrast(colours.ground, colour) for colour in colours.heat]
    assert levels == sorted(levels)
    assert len({sent(colour) for colour in colours.heat}) == len(colours.heat)
    assert {shade(colours.heat, step / 50) for step in range(51)} == set(colours.heat)
    assert blend(colours.good, colours.ink, 0.4) == colours.good


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_without_colours_failures_differ_from_the_rest_by_brightness(*, dark: bool) -> None:
    colours = palette_of(Look("none"), dark=dark)
    for value in (colours.ground, colours.good, colours.bad, colours.accent, *colours.heat):
        assert value[1:3] == value[3:5] == value[5:7]
    for other in (colours.good, colours.accent, colours.deep):
        assert contrast(colours.bad, other) >= 1.8
    levels = [contrast(colours.ground, colour) for colour in colours.heat]
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"TERM": "xterm-256color"}, "all"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "all"),
        ({"TERM": "xterm"}, "sixteen"),
        ({"TERM": "linux"}, "sixteen"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none"),
        ({"TERM": "dumb"}, "all"),
    ],
)
def test_the_look_of_a_terminal(environ: dict[str, str], colours: str) -> None:
    assert Look.of_terminal(environ).colours == colours


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
