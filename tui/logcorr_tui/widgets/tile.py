"""One headline figure: its name, its value, what it means, how it went over time, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from logcorr_tui.messages import Drill


@dataclass(frozen=True)
class Tile:
    name: str
    value: str
    note: str
    ink: str
    trend: Sequence[float | None]
    target: Drill | None
