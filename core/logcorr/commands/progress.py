"""Shows the progress of a job on stderr: as a bar for people, as JSON lines for programs, or not at all.

A progress sink is a context manager, and is called with each event. Where stderr has been closed, it goes silent: the
job goes on.
"""

from __future__ import annotations

import contextlib
import io
import json
from typing import IO, TYPE_CHECKING, Literal, Protocol, Self, TextIO, cast

import msgspec

from logcorr.model.events import DoneEvent, EstimateEvent, Event, ProgressEvent
from logcorr.text.quantities import duration, percent, short, size
from logcorr.text.safe import json_for_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

Mode = Literal["auto", "bar", "json", "none"]

_STAGES = {"read": "reading", "pair": "pairing", "report": "reporting", "export": "exporting"}
_GONE = (OSError, ValueError)  # a closed pipe, a closed file


class _Quiet(io.TextIOBase):
    """A stderr that may be closed: writing to it never fails.

    On a broken pipe rich would end the process, even from its own thread.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with contextlib.suppress(*_GONE):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(*_GONE):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return _is_terminal(self._stream)


class ProgressSink(Protocol):
    """Takes the events of a job while its context is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...

    def __call__(self, event: Event) -> None: ...


class NoProgress:
    """Takes events and drops them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Does nothing: there is nothing to release."""

    def __call__(self, event: Event) -> None:
        """Does nothing."""


class JsonProgress(NoProgress):
    """Writes each event as a JSON object on a line of its own, at once.

    For a terminal, characters that could control it are escaped.
    """

    def __init__(self, stderr: TextIO) -> None:
        self._stderr: TextIO | None = stderr
        self._shown = json_for_terminal if _is_terminal(stderr) else str

    def __call__(self, event: Event) -> None:
        if self._stderr is None:
            return
        try:
            line = msgspec.json.encode(event).decode()
        except UnicodeEncodeError:  # a file name that is not UTF-8
            line = json.dumps(msgspec.to_builtins(event), ensure_ascii=False).encode("utf-8", "replace").decode()
        try:
            self._stderr.write(self._shown(line) + "\n")
            self._stderr.flush()
        except _GONE:
            self._stderr = None


class BarProgress(NoProgress):
    """A bar that shows each stage: bytes while reading, buckets while pairing. At the end the bar is erased."""

    def __init__(self, stderr: TextIO, *, console: Console | None = None) -> None:
        self._stderr, self._console = stderr, console
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._estimate = ""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        quiet = cast("IO[str]", _Quiet(self._stderr))
        console = self._console or Console(file=quiet, highlight=False, markup=False, emoji=False)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False, style="bold"),
            BarColumn(bar_width=None, complete_style="#7aa2f7", finished_style="#9ece6a", pulse_style="#7aa2f7"),
            TaskProgressColumn(),
            TextColumn("{task.fields[facts]}", markup=False, style="#787c99"),
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def __call__(self, event: Event) -> None:
        if self._bar is not None:
            self._update(self._bar, event)

    def _update(self, bar: Progress, event: Event) -> None:
        if isinstance(event, EstimateEvent):
            requests = event.matched + event.orphans
            self._estimate = f"p99 ~{duration(event.p99_ms)}  orphans ~{percent(event.orphans, requests)}"
            return
        if isinstance(event, DoneEvent):
            if self._task is not None:
                task = next(t for t in bar.tasks if t.id == self._task)
                bar.update(self._task, description="done", completed=task.total or 1, total=task.total or 1, facts="")
            return
        done, total = _extent(event)
        if self._task is None:
            self._task = bar.add_task("", total=None, facts="")
        description = _STAGES.get(event.stage, event.stage)
        bar.update(self._task, description=description, completed=done, total=total, facts=self._facts(event))

    def _facts(self, event: ProgressEvent) -> str:
        facts = []
        if event.stage == "pair":
            facts.append(f"{event.buckets_done}/{event.buckets_total} buckets")
            facts += [self._estimate] if self._estimate else []
        elif event.stage == "read":
            facts.append(f"{size(event.bytes_done)} of {size(event.bytes_total)}")
            facts += [f"{short(event.rows_per_s)} lines/s"] if event.rows_per_s else []
        facts += [f"{duration(max(event.eta_s, 0) * 1000)} left"] if event.eta_s is not None else []
        return "  ".join(facts)


def progress_sink(mode: Mode, stderr: TextIO) -> ProgressSink:
    """The sink for a value of `--progress`. `auto` is a bar on a terminal, and nothing elsewhere."""
    if mode == "auto":
        mode = "bar" if _is_terminal(stderr) else "none"
    if mode == "json":
        return JsonProgress(stderr)
    return BarProgress(stderr) if mode == "bar" else NoProgress()


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except _GONE:
        return False


def _extent(event: ProgressEvent) -> tuple[float, float | None]:
    """How much of the stage is done, and how much there is; None where that is unknown, so that the bar only pulses."""
    if event.stage == "pair":
        return event.buckets_done, event.buckets_total or None
    if event.stage == "read":
        return event.bytes_done, event.bytes_total or None
    return 0, None
