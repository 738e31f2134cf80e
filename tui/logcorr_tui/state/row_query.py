"""The query of a table: its filter and its order; and which rows are counted, where a table has counted rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logcorr.model.options import View

if TYPE_CHECKING:  # the app starts without polars
    from logcorr.query.table_columns import Column

# The order that a view opens with: column and descending. Other views open as stored, in the order of pairing.
DEFAULT_SORT: dict[str, tuple[str, bool]] = {
    "slow": ("duration_us", True),
    "skewed": ("duration_us", False),
    "users": ("requests", True),
    "endpoints": ("requests", True),
    "ips": ("busiest_requests", True),
    "other": ("line", False),
    **dict.fromkeys(("duplicates", "redelivered", "superseded"), ("time", False)),
}
# Kinds of columns that are sorted from the largest value first.
LARGEST_FIRST = ("duration", "number", "status", "truth", "rate")
# The views whose rows stand for many exchanges, by the column of exchanges that they are counted by.
COUNTED_VIEWS: dict[str, str] = {"users": "user_id", "endpoints": "endpoint", "ips": "ip"}
# What the number of rows is called, by view, where rows are no exchanges.
_NUMBERS = {"orphans": "entries", "duplicates": "entries", "malformed": "lines", "other": "lines"}


@dataclass(frozen=True)
class Counting:
    """Counted rows: those of a view for which an expression holds, by the values of a column.

    `with_orphans` counts orphans beside exchanges, `collapse_ids` endpoints with `*` for ids. `label` says for people
    what the expression holds for.
    """

    view: View
    column: str
    expression: str = ""
    label: str = ""
    with_orphans: bool = False
    collapse_ids: bool = False
    sort: str = ""

    @property
    def order(self) -> str:
        """The column that counted rows are sorted by at first, largest first: `sort`, or the number of rows."""
        return self.sort or _NUMBERS.get(self.view, "requests")


@dataclass(frozen=True)
class RowQuery:
    """The drilled filter with the text of its chip, the typed terms, and the order: column and descending."""

    drilled: str = ""
    label: str = ""
    typed: tuple[str, ...] = ()
    sort: tuple[str, bool] | None = None

    @property
    def expression(self) -> str:
        """The whole filter, drilled and typed."""
        return " ".join(part for part in (self.drilled, *self.typed) if part)

    @property
    def chips(self) -> list[str]:
        """The text of a chip for each part of the filter that can be removed."""
        return [*([self.label or self.drilled] if self.drilled else []), *self.typed]

    def without(self, chip: int) -> "RowQuery":
        """The query without the filter of one chip."""
        if self.drilled and chip == 0:
            return replace(self, drilled="", label="")
        at = chip - bool(self.drilled)
        return replace(self, typed=self.typed[:at] + self.typed[at + 1 :])

    def sorted_by(self, name: str | None, columns: "Sequence[Column]") -> "RowQuery":
        """The query sorted by a column, or the other way round where it is sorted by the column. As stored for None."""
        if name is None:
            return replace(self, sort=None)
        if self.sort is not None and self.sort[0] == name:
            return replace(self, sort=(name, not self.sort[1]))
        kinds = {column.name: column.kind for column in columns}
        return replace(self, sort=(name, kinds.get(name) in LARGEST_FIRST))
