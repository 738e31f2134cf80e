"""Progress while a run goes on: counts what is done, tells it a few times a second, and stops the run when asked."""

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
from logcorr.model.ledger import Log

EVERY_S = 0.1
_LEDGERS: dict[Log, str] = {"request": "requests", "response": "responses", "access": "access"}

Listener = Callable[[Event], None]


class ProgressMeter:
    """The one that knows how far a run is. `tap` is cheap: call it for every morsel, from any thread.

    `read_share` is about how much of the time reading takes; the rest goes by buckets, where there are any.
    """

    def __init__(
        self,
        listener: Listener | None,
        cancel: threading.Event | None,
        memory_bytes: int,
        *,
        read_share: float = 0.5,
    ) -> None:
        self._listener = listener
        self._cancel = cancel
        self._memory = memory_bytes
        self._read_share = read_share
        self._began = time.perf_counter()
        # Held while an event is put together and told, so that events come in the order of what they say.
        self._telling = threading.Lock()
        self._last = -math.inf
        self._most = 0
        self._stage_began = self._began
        self.stage = "read"
        self.seconds: dict[str, float] = {}
        self.steps: dict[str, float] = {}
        self._stepping = threading.Lock()
        self.buckets = (0, 0)
        self.sides: dict[Log, SideProgress] = {}

    def tap(self) -> None:
        """Raises Cancelled where the run was cancelled; tells the listener now and then.

        A thread that finds another one telling goes on at once: what it would say is said next time.
        """
        self._stop_if_asked()
        if not self._due(time.perf_counter()) or not self._telling.acquire(blocking=False):
            return
        try:
            self._tell_progress()
        finally:
            self._telling.release()

    def enter(self, stage: str) -> None:
        """Ends the stage before and begins this one, and says so."""
        with self._telling:
            now = time.perf_counter()
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self._stage_began
            self.stage, self._stage_began, self._last = stage, now, -math.inf
            self._stop_if_asked()
            self._tell_progress()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Counts the time of a step of the work; steps of several threads go on at once, so they may add up to more."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            with self._stepping:
                self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - begun

    def lap(self) -> dict[str, float]:
        """Seconds by stage until now."""
        now = time.perf_counter()
        return {**self.seconds, self.stage: self.seconds.get(self.stage, 0.0) + now - self._stage_began}

    def tell(self, event: Event) -> None:
        """Passes an event on."""
        if self._listener is not None:
            with self._telling:
                self._listener(event)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._began

    @property
    def share_read(self) -> float:
        """How much of the text has been read, as far as can be told."""
        text = sum(file.text_bytes for of in self.sides.values() for file in of.files)
        return min(1.0, sum(sum(of.lines_read.text_bytes) for of in self.sides.values()) / text) if text else 1.0

    def _stop_if_asked(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            message = "interrupted; nothing was kept."
            raise Cancelled(message)

    def _due(self, now: float) -> bool:
        return self._listener is not None and now - self._last >= EVERY_S

    def _tell_progress(self) -> None:
        """To be called by the thread that holds `_telling`: the clock is read anew, as another may have told before."""
        now = time.perf_counter()
        if self._listener is not None and self._due(now):
            self._last = now
            self._listener(self._event(now))

    def _event(self, now: float) -> ProgressEvent:
        files = [
            FileProgress(side=side, file=file.name, bytes_done=_done(file, read), bytes_total=file.bytes)
            for side, of in list(self.sides.items())
            for file, read in zip(of.files, list(of.lines_read.text_bytes), strict=True)
        ]
        total = sum(file.bytes_total for file in files)
        done = total if self.stage != "read" else sum(file.bytes_done for file in files)
        self._most = max(self._most, done)
        lines = sum(sum(side.lines_read.lines) for side in self.sides.values())
        elapsed = now - self._began
        return ProgressEvent(
            stage=self.stage,
            bytes_done=self._most,
            bytes_total=total,
            lines=lines,
            rows_per_s=lines / elapsed if elapsed > 0 else 0.0,
            eta_s=self._eta(elapsed, total),
            buckets_done=self.buckets[0],
            buckets_total=self.buckets[1],
            seconds=elapsed,
            rss_bytes=resources.rss(),
            memory_bytes=self._memory,
            ledger={
                _LEDGERS[side]: {"lines": sum(of.lines_read.lines), **of.ledger} for side, of in self.sides.items()
            },
            files=files,
        )

    def _eta(self, elapsed: float, total: int) -> float | None:
        """Seconds left; None where that cannot be told."""
        read = self._most / total if total else 1.0
        done, of = self.buckets
        if self.stage != "read" and not of:
            return None
        part = self._read_share * read + ((1 - self._read_share) * done / of if of else 0.0)
        return elapsed * (1 - part) / part if part > 0.02 else None


def _done(file: InputFile, text_bytes: int) -> int:
    return min(file.bytes, int(file.bytes * text_bytes / file.text_bytes)) if file.text_bytes else file.bytes
