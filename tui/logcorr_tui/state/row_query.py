"""What a table is asked to show, and which row to go to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from logcorr.columns import Column

# Rows are stored as they were paired; these views come with what one looks for on top: column and descending.
DEFAULT_SORT: dict[str, tuple[str, bool]] = {
    "slow": ("duration_us", True),
    "skewed": ("duration_us", False),
    "users": ("requests", True),
    "endpoints": ("requests", True),
    "ips": ("busiest_requests", True),
    **dict.fromkeys(("duplicates", "redelivered", "superseded"), ("time", False)),
}
# Kinds of columns of which the largest is what one looks for.
LARGEST_FIRST = ("duration", "number", "status", "truth")


@dataclass(frozen=True)
class RowQuery:
    """Which rows, in which order: the drilled filter with its chip's text, the typed terms, column and descending."""

    drilled: str = ""
    label: str = ""
    typed: tuple[str, ...] = ()
    sort: tuple[str, bool] | None = None

    @property
    def expression(self) -> str:
        """The whole filter."""
        return " ".join(part for part in (self.drilled, *self.typed) if part)

    @property
    def chips(self) -> list[str]:
        """A text for each part that can be removed."""
        return [*([self.label or self.drilled] if self.drilled else []), *self.typed]

    def without(self, chip: int) -> "RowQuery":
        """The same but for one chip."""
        if self.drilled and chip == 0:
            return replace(self, drilled="", label="")
        at = chip - bool(self.drilled)
        return replace(self, typed=self.typed[:at] + self.typed[at + 1 :])

    def sorted_by(self, name: str | None, columns: Sequence[Column]) -> "RowQuery":
        """By this one of the columns, the other way round where that is so already; as stored for None."""
        if name is None:
            return replace(self, sort=None)
        if self.sort is not None and self.sort[0] == name:
            return replace(self, sort=(name, not self.sort[1]))
        kinds = {column.name: column.kind for column in columns}
        return replace(self, sort=(name, kinds.get(name) in LARGEST_FIRST))
