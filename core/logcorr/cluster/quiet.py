"""The progress of reading within a step: nobody listens, as the notes of steps are the progress of a run."""

from contextlib import AbstractContextManager, nullcontext

from logcorr.inputs.reading_progress import SideProgress
from logcorr.model.ledger import Log


class Quiet:
    """Takes reports of progress, and does nothing with them: see `ReadingProgress`."""

    def __init__(self) -> None:
        self.sides: dict[Log, SideProgress] = {}

    def tap(self) -> None:
        """Does nothing: a step ends with its worker."""

    def step(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the name of a time that nobody asks for
        """A context that measures nothing."""
        return nullcontext()
