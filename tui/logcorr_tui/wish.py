"""What a table is asked to show."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Wish:
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

    def without(self, chip: int) -> "Wish":
        """The same but for one chip."""
        if self.drilled and chip == 0:
            return replace(self, drilled="", label="")
        at = chip - bool(self.drilled)
        return replace(self, typed=self.typed[:at] + self.typed[at + 1 :])

    def sorted_by(self, column: str | None, *, largest_first: bool) -> "Wish":
        """By this column, the other way round where that is so already; as stored for None."""
        if column is None:
            return replace(self, sort=None)
        if self.sort is not None and self.sort[0] == column:
            return replace(self, sort=(column, not self.sort[1]))
        return replace(self, sort=(column, largest_first))
