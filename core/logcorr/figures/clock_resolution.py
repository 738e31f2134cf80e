"""The step of the clocks of both sides, added up over exchanges: whether all instants are whole seconds or whole ms."""

import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.model.report import Resolution

# From coarse to fine. Nothing is finer than a microsecond.
_STEPS_US = (1_000_000, 1_000)


class ClockResolution:
    """The coarsest step that divides every instant of a side so far. Null instants do not count."""

    def __init__(self) -> None:
        self._divides = {(side, step): True for side in SIDES for step in _STEPS_US}
        self._seen = False

    def add(self, exchanges: pl.DataFrame) -> None:
        """Looks at exchanges (times as Int64 µs)."""
        due = [key for key, divides in self._divides.items() if divides]
        if not due:
            return
        tests = [
            (pl.col(f"{side}_time") % step == 0).all(ignore_nulls=True).alias(f"{side}_{step}") for side, step in due
        ]
        row = exchanges.select(*tests, seen=pl.col("request_time").is_not_null().any()).row(0, named=True)
        self._seen |= bool(row.pop("seen"))
        for side, step in self._divides:
            self._divides[side, step] &= row.get(f"{side}_{step}", self._divides[side, step])

    def partial(self) -> tuple[bool, list[bool]]:
        """What was seen so far as data: whether there was an instant, and whether each step divided all."""
        return self._seen, list(self._divides.values())

    def merge(self, other: tuple[bool, list[bool]]) -> None:
        """Adds what was seen of other exchanges."""
        seen, divides = other
        self._seen |= seen
        for key, divided in zip(self._divides, divides, strict=True):
            self._divides[key] &= divided

    def resolution(self) -> Resolution | None:
        """The steps of both sides; None where no exchange has a time."""
        if not self._seen:
            return None
        return Resolution(requests_us=self._step("request"), responses_us=self._step("response"))

    def _step(self, side: Side) -> int:
        return next((step for step in _STEPS_US if self._divides[side, step]), 1)
