"""What is drawn with rich → lines of text for a terminal, the same on every machine."""

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType


def terminal_text(parts: Iterable[RenderableType], width: int, *, color: bool) -> str:
    """The parts as lines of at most `width` cells; without `color` there is no escape in them."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="truecolor" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
