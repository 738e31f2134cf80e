"""The session: the finished run that is open, or the logs of the run in progress."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from textual.widget import Widget

from logcorr.compute.object_path import AnyPath
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.errors import UsageError
from logcorr.model.events import EstimateEvent, ProgressEvent
from logcorr.model.told import Told
from logcorr.runs.run_folder import RunFolder
from logcorr.text import zones
from logcorr_tui.state.kept_filter import KeptFilter, with_kept, without_kept
from logcorr_tui.state.navigation import Kind, Place, places_of


@dataclass(frozen=True)
class Logs:
    """The logs of a run, by side, and how they are read.

    `kind` is None where the lines of the logs have to tell it. `form` is the name of the format (None: told by the
    lines). `reading` are more words of the command line on how lines are read, such as --zone=+05:30, and `reported`
    those on what of the logs is reported, such as --since=15:00.
    """

    kind: Kind | None
    files: dict[str, tuple[str, ...]]
    form: str | None = None
    collapse_ids: bool = False
    reading: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()

    @classmethod
    def pair(cls, requests: Sequence[str], responses: Sequence[str]) -> "Logs":
        """A pair of logs, to be correlated."""
        return cls("correlation", {"request": tuple(requests), "response": tuple(responses)})

    @classmethod
    def access(cls, files: Sequence[str], form: str | None = None, *, collapse_ids: bool = False) -> "Logs":
        """Access logs to be analysed, all of one form."""
        return cls("access", {"access": tuple(files)}, form, collapse_ids)

    @classmethod
    def untold(cls, words: Sequence[str]) -> "Logs":
        """Logs whose kind is to be told by their lines."""
        return cls(None, {"log": tuple(words)})

    def as_told(self, told: Told) -> "Logs":
        """The same logs, once it is told what they are."""
        words = next(iter(self.files.values()))
        # The job itself tells the two logs of a folder apart.
        names = list(told.logs) if len(words) >= len(told.logs) else ["log"]
        files = (
            {names[0]: words} if len(names) == 1 else {name: (word,) for name, word in zip(names, words, strict=True)}
        )
        kind: Kind = "access" if told.kind == "exchanges" else "correlation"
        return replace(self, kind=kind, files={str(name): named for name, named in files.items()})


@dataclass(frozen=True)
class ChosenTime:
    """The time that is chosen on the timeline, as filters on it: `latency` has the terms on the duration, or nothing.

    `label` names the time, and `latency_label` the latency, for people.
    """

    time: str
    label: str
    latency: str = ""
    latency_label: str = ""

    def filter(self, columns: Collection[str]) -> tuple[str, str]:
        """The filter on rows with these columns, and the text of its chip. Both are empty where rows have no time."""
        if not any(name in columns for name in ("time", "request_time", "window_start")):
            return "", ""
        if self.latency and "duration_us" in columns:
            return f"{self.time} {self.latency}", f"{self.label}, {self.latency_label}"
        return self.time, self.label


@dataclass
class Session:
    """The one state of the app. Handlers on the UI thread own the state; threads only post messages.

    `told` is what the logs of the run in progress were taken for, where that was asked. `views` are those of the run.
    `chosen_time` is what is chosen on its timeline.
    `kept` are the filters that hold in every view of the open run. Another run starts without them.
    `copy_by` is how the user wants texts to be copied, once this was asked: the name of a way, or "terminal".
    `zone` is the zone that times are shown in, as the user has chosen it. Else it is the zone of the run, or UTC.
    """

    run: RunFolder | None = None
    report: RunReport | None = None
    logs: Logs | None = None
    told: Told | None = None
    views: tuple[str, ...] = ()
    progress: ProgressEvent | None = None
    estimate: EstimateEvent | None = None
    changed_inputs: list[str] = field(default_factory=list)
    chosen_time: ChosenTime | None = None
    kept: tuple[KeptFilter, ...] = ()
    copy_by: str = ""
    zone: str = ""

    @property
    def filters(self) -> tuple[KeptFilter, ...]:
        """The filters that hold in every view: what is chosen on the timeline, and what was kept in a table."""
        chosen = self.chosen_time
        if chosen is None:
            return self.kept
        found = [KeptFilter("time", chosen.time, chosen.label)]
        if chosen.latency:
            found.append(KeptFilter("duration", chosen.latency, chosen.latency_label))
        return (*found, *(one for one in self.kept if all(one.kind != other.kind for other in found)))

    def keep(self, one: KeptFilter) -> None:
        """Makes a filter hold in every view, in place of the one of its kind, also of one chosen on the timeline."""
        self.chosen_time = None
        self.kept = with_kept(self.kept, one)

    def choose(self, time: ChosenTime | None) -> None:
        """Takes what is chosen on the timeline now. It takes the place of a time that was typed."""
        self.chosen_time = time
        if time is not None:
            self.kept = tuple(one for one in self.kept if one.kind != "time")

    def drop(self, one: KeptFilter) -> None:
        """Gives up a filter that holds in every view. A latency goes without its time, a time with its latency."""
        if self.chosen_time is not None and one in self.filters[:2] and one not in self.kept:
            self.chosen_time = (
                replace(self.chosen_time, latency="", latency_label="") if one.kind == "duration" else None
            )
        self.kept = without_kept(self.kept, one)

    @property
    def typed_time(self) -> KeptFilter | None:
        """The time that was typed in a table and holds in every view; None where the timeline has another."""
        return next((one for one in self.filters if one.span is not None), None)

    def show_times(self) -> None:
        """Shows times in the zone of the session from now on."""
        of_run = self.report.run.options.get("tz") if self.report is not None else None
        with contextlib.suppress(UsageError):  # a run of a machine that knows more zones
            zones.show_in(zones.zone_of(self.zone or str(of_run or "UTC")))
        self.kept = tuple(one.labelled for one in self.kept)

    @property
    def kind(self) -> Kind:
        """The kind of the run that is shown: by its report, or else by its logs."""
        if self.report is not None:
            return "access" if isinstance(self.report, AccessReport) else "correlation"
        return (self.logs.kind if self.logs is not None else None) or "correlation"

    @property
    def places(self) -> tuple[Place, ...]:
        """The screens of the run."""
        return places_of(self.kind, self.views)


class WithSession(Protocol):
    """An app with a session, for screens that show a run."""

    session: Session


class WithRoot(WithSession, Protocol):
    """An app with a session, with the folder that holds the runs, and with that of work folders.

    They are the same but where the runs are in a bucket.
    """

    runs: AnyPath
    root: Path


class RunningProcess(Protocol):
    """A child process, as far as screens show it."""

    @property
    def running(self) -> bool:
        """Whether the process still has to end."""


class WithRuns(WithRoot, Protocol):
    """An app that cancels and compares runs, for the Open and the Run screen."""

    @property
    def child(self) -> RunningProcess | None:
        """The child process of the last run that this app started."""

    def cancel_run(self) -> None:
        """Asks, then cancels the run."""

    def compare(self, folder: AnyPath) -> None:
        """Asks with which other run to compare this one, and shows the comparison."""

    def ask(self, question: str, detail: str, then: Callable[[], Any]) -> object:
        """Asks a yes or no question, and calls `then` on yes."""

    def action_step_back(self) -> None:
        """One step back."""


def session_of(widget: Widget) -> Session:
    """The session of the app that a widget lives in. An empty session where the app has none."""
    return cast("WithSession", widget.app).session if hasattr(widget.app, "session") else Session()
