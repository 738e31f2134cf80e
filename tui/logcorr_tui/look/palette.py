"""The colours of the dark and the light theme: as constants for what is drawn by hand, as Theme objects for Textual.

Text reaches a contrast of 4.5 : 1 on its ground in all; frames and grid lines are fainter on purpose. A terminal of
16 colours has palettes of its own, and so has one where NO_COLOR is set: there, brightness alone tells what colours
tell elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from rich.console import Console
from textual.app import App
from textual.theme import Theme

Colours = Literal["all", "sixteen", "none"]


@dataclass(frozen=True)
class Look:
    """How a terminal shows the app: how many colours it has, and whether all is plain text, for screen readers."""

    colours: Colours = "all"
    plain: bool = False

    @classmethod
    def of_terminal(cls, environ: Mapping[str, str], *, plain: bool = False) -> "Look":
        """The look for the terminal that these variables tell of."""
        if environ.get("NO_COLOR") is not None:
            return cls("none", plain)
        found = environ.get("TEXTUAL_COLOR_SYSTEM", "auto")
        if found == "auto":
            found = str(Console(force_terminal=True, _environ=environ).color_system)
        return cls("sixteen" if found == "standard" else "all", plain)


@dataclass(frozen=True)
class Palette:
    """Colours by what they mean, as #rrggbb; `heat` runs from few to many.

    `plain` says that no frames, bars or signs are drawn, but text alone.
    """

    ground: str
    panel: str
    raised: str
    ink: str
    dim: str
    frame: str
    accent: str
    deep: str
    good: str
    warn: str
    bad: str
    info: str
    lost: str
    on_badge: str
    heat: tuple[str, ...]
    plain: bool = False


DARK = Palette(
    ground="#0f111a",
    panel="#161822",
    raised="#23263a",
    ink="#c8d0f5",
    dim="#868cae",
    frame="#343a55",
    accent="#7aa2f7",
    deep="#475d92",
    good="#9ece6a",
    warn="#e0af68",
    bad="#f7768e",
    info="#7dcfff",
    lost="#bb9af7",
    on_badge="#11131c",
    heat=("#1c1235", "#3b1a5c", "#63217a", "#8e2c7a", "#bd3f68", "#e4634c", "#f6923a", "#fcc44e", "#fdf0a8"),
)
LIGHT = Palette(
    ground="#fbfbfd",
    panel="#eff1f7",
    raised="#dfe3ef",
    ink="#1c2033",
    dim="#565c78",
    frame="#bcc2d6",
    accent="#2b59c3",
    deep="#86a3e6",
    good="#3a7015",
    warn="#8f5400",
    bad="#bf1f45",
    info="#0a6a8a",
    lost="#7a3cc2",
    on_badge="#ffffff",
    heat=("#f3e9f4", "#e9cfe6", "#dbabd6", "#c984c0", "#b15da6", "#94398c", "#732072", "#511157", "#2e0738"),
)


# The colours of a terminal of 16, as rich knows them: each of these is sent as itself.
_DARK_16 = Palette(
    ground="#000000",
    panel="#000000",
    raised="#0000aa",
    ink="#ffffff",
    dim="#aaaaaa",
    frame="#555555",
    accent="#55ffff",
    deep="#55ffff",
    good="#55ff55",
    warn="#ffff55",
    bad="#ff5555",
    info="#00aaaa",
    lost="#ff55ff",
    on_badge="#000000",
    heat=("#0000aa", "#aa00aa", "#ff5555", "#ffff55", "#ffffff"),
)
_LIGHT_16 = Palette(
    ground="#ffffff",
    panel="#ffffff",
    raised="#ffff55",
    ink="#000000",
    dim="#000000",
    frame="#aaaaaa",
    accent="#0000aa",
    deep="#5555ff",
    good="#0000aa",
    warn="#aa5500",
    bad="#aa0000",
    info="#5555ff",
    lost="#aa00aa",
    on_badge="#ffffff",
    heat=("#ffff55", "#ff5555", "#aa00aa", "#0000aa", "#000000"),
)
# Greys: what is wrong stands out most. The darkest, the two in between and the lightest are those of 16 colours.
_DARK_GREY = Palette(
    ground="#000000",
    panel="#000000",
    raised="#303030",
    ink="#dddddd",
    dim="#aaaaaa",
    frame="#555555",
    accent="#999999",
    deep="#555555",
    good="#999999",
    warn="#dddddd",
    bad="#ffffff",
    info="#999999",
    lost="#eeeeee",
    on_badge="#000000",
    heat=("#303030", "#555555", "#808080", "#aaaaaa", "#ffffff"),
)
_LIGHT_GREY = Palette(
    ground="#ffffff",
    panel="#ffffff",
    raised="#dddddd",
    ink="#222222",
    dim="#555555",
    frame="#aaaaaa",
    accent="#606060",
    deep="#aaaaaa",
    good="#606060",
    warn="#222222",
    bad="#000000",
    info="#606060",
    lost="#111111",
    on_badge="#ffffff",
    heat=("#dddddd", "#aaaaaa", "#808080", "#555555", "#000000"),
)
_PALETTES: dict[Colours, tuple[Palette, Palette]] = {
    "all": (DARK, LIGHT),
    "sixteen": (_DARK_16, _LIGHT_16),
    "none": (_DARK_GREY, _LIGHT_GREY),
}
# Colours with none in between: a terminal of 16 would show any other of the 16 for a blend of two.
_APART = frozenset(
    colour
    for palette in _PALETTES["sixteen"]
    for colour in (*(value for value in vars(palette).values() if isinstance(value, str)), *palette.heat)
)


def _theme(name: str, colours: Palette, *, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=colours.accent,
        secondary=colours.lost,
        warning=colours.warn,
        error=colours.bad,
        success=colours.good,
        accent=colours.accent,
        foreground=colours.ink,
        background=colours.ground,
        surface=colours.panel,
        panel=colours.raised,
        dark=dark,
        variables={
            "border": colours.accent,
            "border-blurred": colours.frame,
            "footer-background": colours.panel,
            "footer-foreground": colours.dim,
            "footer-key-foreground": colours.accent,
            "footer-description-foreground": colours.dim,
            "text-muted": colours.dim,
            "input-selection-background": f"{colours.accent} 30%",
            "scrollbar": colours.frame,
            "scrollbar-hover": colours.dim,
            "scrollbar-active": colours.accent,
            "scrollbar-background": colours.ground,
            "scrollbar-background-hover": colours.ground,
            "scrollbar-background-active": colours.ground,
            "scrollbar-corner-color": colours.ground,
        },
    )


DARK_THEME = _theme("logcorr-dark", DARK, dark=True)
LIGHT_THEME = _theme("logcorr-light", LIGHT, dark=False)
THEMES = (DARK_THEME, LIGHT_THEME)


def themes(look: Look) -> tuple[Theme, Theme]:
    """The dark and the light theme in a look."""
    dark, light = _PALETTES[look.colours]
    return _theme(DARK_THEME.name, dark, dark=True), _theme(LIGHT_THEME.name, light, dark=False)


@lru_cache
def palette_of(look: Look, *, dark: bool) -> Palette:
    """The palette of the dark or the light theme in a look."""
    found = _PALETTES[look.colours][0 if dark else 1]
    return replace(found, plain=True) if look.plain else found


def look_of(app: App[Any]) -> Look:
    """The look of an app. Any other app than logcorr's has the full look."""
    return app.look if hasattr(app, "look") and isinstance(app.look, Look) else Look()


def of(app: App[Any]) -> Palette:
    """The palette for the app's look and its present theme."""
    return palette_of(look_of(app), dark=app.current_theme.dark)


def badge(colours: Palette) -> tuple[str, str]:
    """The badge of the app at the start of a title line: its text and style."""
    return "logcorr" if colours.plain else " ◆ logcorr ", f"bold {colours.on_badge} on {colours.accent}"


def blend(one: str, other: str, share: float) -> str:
    """The colour at `share` (0 to 1) of the way from one colour to another. Of 16 colours, the nearer of the two."""
    share = min(max(share, 0.0), 1.0)
    if one in _APART and other in _APART:
        return one if share < 0.5 else other
    mixed = (
        round(int(one[k : k + 2], 16) * (1 - share) + int(other[k : k + 2], 16) * share)  # channel by channel
        for k in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def shade(ramp: tuple[str, ...], share: float) -> str:
    """A colour of a ramp, blended between its steps."""
    place = min(max(share, 0.0), 1.0) * (len(ramp) - 1)
    low = min(int(place), len(ramp) - 2)
    # Coarse steps: a terminal sends far fewer bytes for runs of one colour.
    return blend(ramp[low], ramp[low + 1], round((place - low) * 4) / 4)
