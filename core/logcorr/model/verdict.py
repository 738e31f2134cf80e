"""How a condition of `--fail-if` came out: told on stderr, and written for CI."""

from typing import Literal

import msgspec


class Verdict(msgspec.Struct, frozen=True):
    """`failed` means that the condition holds; `unjudged`, that there is no figure to compare.

    `condition` is as the user wrote it. `reason` names the figure, or says why there is none.
    """

    condition: str
    outcome: Literal["passed", "failed", "unjudged"]
    reason: str

    @classmethod
    def of(cls, condition: str, figure: str | None, *, holds: bool, lacking: str) -> "Verdict":
        """The verdict on a condition by its figure in words; `lacking` says why there is none, where it is None."""
        if figure is None:
            return cls(condition, "unjudged", lacking)
        return cls(condition, "failed" if holds else "passed", figure)

    @property
    def message(self) -> str | None:
        """What to say of the condition; None where it passed."""
        if self.outcome == "passed":
            return None
        if self.outcome == "unjudged":
            return f"note: {self.condition} cannot be judged: {self.reason}."
        return f"failed: {self.condition} ({self.reason})."
