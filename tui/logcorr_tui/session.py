"""What the app is looking at: a finished run, or the logs of one in progress."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from logcorr.events import EstimateEvent, ProgressEvent
from logcorr.model import Report
from logcorr.store import RunFolder


@dataclass
class Session:
    """The app's one state. Handlers on the UI thread own it; workers only post messages."""

    run: RunFolder | None = None
    report: Report | None = None
    requests: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    progress: ProgressEvent | None = None
    estimate: EstimateEvent | None = None
    changed_inputs: list[str] = field(default_factory=list)


class WithSession(Protocol):
    """An app as screens that look at a run need it."""

    session: Session


class WithRoot(WithSession, Protocol):
    """The same, with the folder that the runs are in."""

    root: Path
