"""The columns of entries, and of what pairing makes of them: exchanges, orphans and repeats. A run has one choice.

An entry of every log has an id, an instant, a user or a status, and a row. Some logs tell more: attributes (the
endpoint, an address), durations, weak responses, the user in the response.
"""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.model.ledger import Side

# Where entries have it, it tells (Boolean) whether their `line_hash` is no hash, but the row of the line.
ALONE = ":alone"
# The names that columns of entries and views have already: no attribute may have one of these names.
RESERVED = frozenset(
    {
        *("request_id", "time", "user_id", "status_code", "row", "given_us", "weak", "line_hash", "number"),
        *("duration_us", "duration_ms", "given_ms", "side", "reason", "kind", "file", "line"),
        *("request_time", "request_row", "request_file", "request_line"),
        *("response_time", "response_row", "response_file", "response_line", "response_id"),
    }
)


class EntryColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Which columns the entries of a run have beyond those that all runs have.

    `attributes` are the names of all attributes, in the order of the views; `request_attributes` and
    `response_attributes` are those that a side has. `given`: responses tell a duration. `weak`: some responses answer
    only what is still open. `response_user`: responses tell a user. `line_hash`: entries of both sides have a hash
    (UInt32) of their whole line, so that different lines of one instant are never one redelivered entry; no view shows
    it. `alone`: entries have the column ALONE. Raises ValueError for names that do not fit.
    """

    attributes: tuple[str, ...] = ()
    request_attributes: tuple[str, ...] = ()
    response_attributes: tuple[str, ...] = ()
    given: bool = False
    weak: bool = False
    response_user: bool = False
    line_hash: bool = False
    alone: bool = False

    def __post_init__(self) -> None:
        if {*self.attributes} != {*self.request_attributes, *self.response_attributes}:
            message = f"each attribute is on a side, and no other is: {self}"
            raise ValueError(message)
        # Names with a colon are columns of pairing itself.
        taken = sorted(name for name in self.attributes if name in RESERVED or ":" in name)
        if taken:
            message = f"no attribute may have the name {', '.join(taken)}"
            raise ValueError(message)

    def of_side(self, side: Side) -> tuple[str, ...]:
        """The attributes that entries of one side have, in the order of `attributes`."""
        own = self.request_attributes if side == "request" else self.response_attributes
        return tuple(name for name in self.attributes if name in own)

    def has_weak(self, side: Side) -> bool:
        """Whether entries of a side have the column `weak` (Boolean)."""
        return self.weak and side == "response"

    def values(self, side: Side) -> tuple[str, ...]:
        """The columns that are the value of an entry, but for `weak`. Values are compared in this order."""
        line = ("line_hash",) * self.line_hash
        if side == "request":
            return ("user_id", *self.of_side(side), *line)
        user, given = ("user_id",) * self.response_user, ("given_us",) * self.given
        return ("status_code", *user, *given, *self.of_side(side), *line)

    def schema(self, side: Side) -> pl.Schema:
        """The columns of entries: id, time (Int64, µs; null where the log has no clock), value, row (UInt32)."""
        weak = {"weak": pl.Boolean()} if self.has_weak(side) else {}
        types = {"status_code": pl.Int16(), "given_us": pl.Int64(), "line_hash": pl.UInt32()}
        values = {name: types.get(name, pl.String()) for name in self.values(side)}
        own = {name: values.pop(name) for name in self.of_side(side)}
        alone = {ALONE: pl.Boolean()} if self.alone else {}
        fixed = {"request_id": pl.String(), "time": pl.Int64()}
        return pl.Schema({**fixed, **values, **weak, **own, **alone, "row": pl.UInt32()})

    @property
    def shared(self) -> tuple[str, ...]:
        """The values that entries of both sides have. An exchange has that of the request, else of the response."""
        user, line = ("user_id",) * self.response_user, ("line_hash",) * self.line_hash
        return (*user, *line, *(name for name in self.of_side("request") if name in self.response_attributes))

    @property
    def hidden(self) -> tuple[str, ...]:
        """The columns that an exchange needs besides its own to become the entries of both sides again."""
        both_sides = [f"{side}:{name}" for name in self.shared for side in ("request", "response")]
        return (*both_sides, *("weak",) * self.weak)

    @property
    def exchanges(self) -> pl.Schema:
        """The columns of exchanges; instants, `duration_us` and `given_us` are µs."""
        return pl.Schema(
            {
                "request_id": pl.String(),
                "user_id": pl.String(),
                "status_code": pl.Int16(),
                "request_time": pl.Int64(),
                "response_time": pl.Int64(),
                "duration_us": pl.Int64(),
                **({"given_us": pl.Int64()} if self.given else {}),
                **dict.fromkeys(self.attributes, pl.String()),
                "request_row": pl.UInt32(),
                "response_row": pl.UInt32(),
            }
        )

    @property
    def orphans(self) -> pl.Schema:
        """The columns of orphans of either side."""
        return self._entries("reason")

    @property
    def repeats(self) -> pl.Schema:
        """The columns of repeats of either side: redelivered, superseded and surplus entries."""
        return self._entries("kind")

    def _entries(self, verdict: str) -> pl.Schema:
        names: Sequence[str] = (*self.attributes, verdict)
        return pl.Schema(
            {
                "side": pl.String(),
                "request_id": pl.String(),
                "time": pl.Int64(),
                "user_id": pl.String(),
                "status_code": pl.Int16(),
                **dict.fromkeys(names, pl.String()),
                "row": pl.UInt32(),
            }
        )
