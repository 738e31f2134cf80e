"""The colours of the dark and the light theme: as constants for what is drawn by hand, as Theme objects for Textual.

Text reaches a contrast of 4.5 : 1 on its ground in both; frames and grid lines are fainter on purpose.
"""

from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """Colours by what they mean, as #rrggbb; `heat` runs from few to many."""

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


def of(app: App[Any]) -> Palette:
    """The palette for the app's present theme: one of the two, also for a theme that is not ours."""
    return DARK if app.current_theme.dark else LIGHT


def badge(colours: Palette) -> tuple[str, str]:
    """The badge of the app at the start of a title line: its text and style."""
    return " ◆ logcorr ", f"bold {colours.on_badge} on {colours.accent}"


def blend(one: str, other: str, share: float) -> str:
    """The colour at `share` (0 to 1) of the way from one colour to another."""
    share = min(max(share, 0.0), 1.0)
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
