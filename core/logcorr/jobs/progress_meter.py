"""Measures the progress of a job, reports it a few times a second, and stops the job when it is cancelled."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logcorr.compute import resources
from logcorr.inputs.files import InputFile
from logcorr.inputs.reading_progress import SideProgress
from logcorr.model.errors import Cancelled
from logcorr.model.events import Event, FileProgress, ProgressEvent
from logcorr.model.ledger import Log, Side

EVERY_S = 0.1
# About the share of the time that reading takes. The rest of the time is measured by buckets, where there are any.
_READ_SHARE = 0.9
_LEDGERS: dict[Log, str] = {"request": "requests", "response": "responses", "access": "access", "log": "log"}

Listener = Callable[[Event], None]


class ProgressMeter:
    """Knows how far a job is. `tap` is cheap: call it for every chunk or slice, in any thread.

    `listener` gets the events.
    """

    def __init__(self, listener: Listener | None, cancel: threading.Event | None, memory_bytes: int) -> None:
        self._listener = listener
        self._cancel = cancel
        self._memory_bytes = memory_bytes
        self._began = time.perf_counter()
        # Held while an event is made and passed on, so that no event reports less than an event before it.
        self._reporting = threading.Lock()
        self._last_report = -math.inf
        self._most_bytes_done = 0
        self._stage_began = self._began
        self.stage = "read"
        self.seconds: dict[str, float] = {}
        self.steps: dict[str, float] = {}
        self._steps_lock = threading.Lock()
        self.buckets = (0, 0)
        self.sides: dict[Log, SideProgress] = {}
        # What became of the entries of each side, where one log holds both.
        self._entry_ledgers: dict[Side, dict[str, int]] = {}

    def ledger_of(self, side: Side) -> dict[str, int]:
        """The counts of what became of the lines of a side; of its entries, where one log holds both sides."""
        own = self.sides.get(side)
        return own.ledger if own is not None else self._entry_ledgers.setdefault(side, {})

    def tap(self) -> None:
        """Raises Cancelled where the job was cancelled. Reports progress where the last report is long enough ago.

        A thread does not wait for another thread that reports: its progress is in the next report.
        """
        self.stop_if_asked()
        if not self._due(time.perf_counter()) or not self._reporting.acquire(blocking=False):
            return
        try:
            self._tell_progress()
        finally:
            self._reporting.release()

    def stop_if_asked(self) -> None:
        """Raises Cancelled where the job was cancelled."""
        if self._cancel is not None and self._cancel.is_set():
            message = "interrupted; nothing was kept."
            raise Cancelled(message)

    def enter(self, stage: str) -> None:
        """Ends the current stage, begins the next one and reports it. Raises Cancelled where the job was cancelled."""
        with self._reporting:
            now = time.perf_counter()
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self._stage_began
            self.stage, self._stage_began, self._last_report = stage, now, -math.inf
            self.stop_if_asked()
            self._tell_progress()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A context whose time is added to a step of the work.

        Several threads run steps at once, so all steps together may take longer than the job.
        """
        begun = time.perf_counter()
        try:
            yield
        finally:
            with self._steps_lock:
                self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - begun

    def lap(self) -> dict[str, float]:
        """Seconds by stage so far, the current stage included."""
        now = time.perf_counter()
        return {**self.seconds, self.stage: self.seconds.get(self.stage, 0.0) + now - self._stage_began}

    def tell(self, event: Event) -> None:
        """Passes an event to the listener."""
        if self._listener is not None:
            with self._reporting:
                self._listener(event)

    @property
    def elapsed(self) -> float:
        """Seconds since the job began."""
        return time.perf_counter() - self._began

    @property
    def share_read(self) -> float:
        """The share of the text that has been read, as far as the size of the text is known."""
        total = sum(file.text_bytes for side in self.sides.values() for file in side.files)
        read = sum(sum(side.lines_read.text_bytes) for side in self.sides.values())
        return min(1.0, read / total) if total else 1.0

    def _due(self, now: float) -> bool:
        return self._listener is not None and now - self._last_report >= EVERY_S

    def _tell_progress(self) -> None:
        """Reports progress if it is due. To be called by the thread that holds `_reporting`."""
        # The clock is read again: another thread may have reported in the meantime.
        now = time.perf_counter()
        if self._listener is not None and self._due(now):
            self._last_report = now
            self._listener(self._event(now))

    def _event(self, now: float) -> ProgressEvent:
        files = [
            FileProgress(side=log, file=file.name, bytes_done=_done(file, read), bytes_total=file.bytes)
            for log, side in list(self.sides.items())
            for file, read in zip(side.files, list(side.lines_read.text_bytes), strict=True)
        ]
        total = sum(file.bytes_total for file in files)
        done = total if self.stage != "read" else sum(file.bytes_done for file in files)
        self._most_bytes_done = max(self._most_bytes_done, done)
        lines = sum(sum(side.lines_read.lines) for side in self.sides.values())
        elapsed = now - self._began
        return ProgressEvent(
            stage=self.stage,
            bytes_done=self._most_bytes_done,
            bytes_total=total,
            lines=lines,
            rows_per_s=lines / elapsed if elapsed > 0 else 0.0,
            eta_s=self._eta(elapsed, total),
            buckets_done=self.buckets[0],
            buckets_total=self.buckets[1],
            seconds=elapsed,
            rss_bytes=resources.rss(),
            memory_bytes=self._memory_bytes,
            ledger={
                **{
                    _LEDGERS[log]: {"lines": sum(one.lines_read.lines), **one.ledger} for log, one in self.sides.items()
                },
                **{_LEDGERS[side]: dict(ledger) for side, ledger in self._entry_ledgers.items()},
            },
            files=files,
        )

    def _eta(self, elapsed: float, total: int) -> float | None:
        """Seconds that are left; None where they cannot be estimated."""
        read = self._most_bytes_done / total if total else 1.0
        buckets_done, buckets = self.buckets
        if self.stage != "read" and not buckets:
            return None
        share = _READ_SHARE * read + ((1 - _READ_SHARE) * buckets_done / buckets if buckets else 0.0)
        return elapsed * (1 - share) / share if share > 0.02 else None


def _done(file: InputFile, text_bytes: int) -> int:
    """The bytes of the file on disk that so many bytes of its text come to."""
    return min(file.bytes, int(file.bytes * text_bytes / file.text_bytes)) if file.text_bytes else file.bytes
