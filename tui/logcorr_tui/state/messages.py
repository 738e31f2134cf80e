"""Messages between widgets, screens and the app: a widget posts what the user asks for, the app decides."""

from dataclasses import dataclass

from textual.message import Message

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import Cancelled
from logcorr.model.events import DoneEvent, EstimateEvent, ProgressEvent
from logcorr.model.options import View
from logcorr.model.told import Told
from logcorr_tui.state.session import Logs


@dataclass
class Drill(Message):
    """Show exactly these rows: a view, a filter expression on the view, and the text of the filter's chip.

    `whole` rows are counted already: the filters that hold in every view now do not narrow them.
    """

    view: View
    expression: str
    label: str
    whole: bool = False


@dataclass
class FindOverRepresented(Message):
    """Show what is over-represented in these rows: a view, a filter expression on the view, a text for people."""

    view: View
    expression: str
    label: str


@dataclass
class CountRows(Message):
    """Show how many of these rows there are for each value of a column: a view, a filter, a text for people."""

    view: View
    expression: str
    label: str
    column: str
    collapse_ids: bool = False


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
class OpenRows(Message):
    """Open a finished run, unless it is the one that is open, and show these rows of it."""

    folder: AnyPath
    rows: Drill


@dataclass
class WidenRun(Message):
    """Make the run again without one of the options that narrowed it: since, until or where."""

    option: str


@dataclass
class StartRun(Message):
    """Correlate or analyse these logs in a child process. `told` is what they are taken for, where that was asked."""

    logs: Logs
    told: Told | None = None


@dataclass
class TerminalReply(Message):
    """The terminal has answered a question that Textual does not ask: the whole sequence, as it came."""

    text: str


class _Newest(Message):
    """Only the newest message of its kind is of interest: it replaces an older one that still waits."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, type(self))


@dataclass
class Progressed(_Newest):
    """The child's latest progress."""

    event: ProgressEvent


@dataclass
class Estimated(_Newest):
    """The child's latest estimates."""

    event: EstimateEvent


@dataclass
class ToldLogs(Message):
    """The child has told what the logs are."""

    told: Told


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
