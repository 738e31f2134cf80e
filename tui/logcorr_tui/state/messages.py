"""Messages between widgets, screens and the app: a widget posts what the user asks for, the app decides."""

from dataclasses import dataclass

from textual.message import Message

from logcorr.model.errors import Cancelled
from logcorr.model.events import DoneEvent, EstimateEvent, ProgressEvent
from logcorr.model.options import View
from logcorr_tui.state.session import Logs


@dataclass
class Drill(Message):
    """Show exactly these rows: a view, a filter expression on the view, and the text of the filter's chip."""

    view: View
    expression: str
    label: str


@dataclass
class FindOverRepresented(Message):
    """Show what is over-represented in these rows: a view, a filter expression on the view, a text for people."""

    view: View
    expression: str
    label: str


@dataclass
class ExportView(Message):
    """Ask where to export this view to, as filtered."""

    view: View
    expression: str


@dataclass
class OpenFolder(Message):
    """Open a finished run."""

    folder: str


@dataclass
class StartRun(Message):
    """Correlate or analyse these logs in a child process."""

    logs: Logs


class Progressed(Message):
    """The child's latest progress; a newer one replaces it."""

    def __init__(self, event: ProgressEvent) -> None:
        self.event = event
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the newest progress is of interest."""
        return isinstance(message, Progressed)


class Estimated(Message):
    """The child's latest estimates; newer ones replace them."""

    def __init__(self, event: EstimateEvent) -> None:
        self.event = event
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the newest estimates are of interest."""
        return isinstance(message, Estimated)


@dataclass
class Finished(Message):
    """The child is done, and its run can be opened."""

    event: DoneEvent


@dataclass
class Failed(Message):
    """The child ended without a run: its exit code (negative for a signal) and what it said."""

    code: int
    said: str

    @property
    def cancelled(self) -> bool:
        """Whether the child ended because the user wanted it to."""
        return self.code == Cancelled.exit_code
