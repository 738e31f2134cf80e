"""Drives the steps of a run on an engine, phase by phase. The store is the truth: what is noted there is done.

An engine may run a step twice or lose it. A driver that starts again goes on where another one was: it takes over the
plan and the notes that are there.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from logcorr.cluster import canary
from logcorr.cluster.clean import BEAT_S, tell_alive
from logcorr.cluster.engines.base import Engine, Item
from logcorr.cluster.plan import (
    Failure,
    Note,
    Plan,
    WorkNames,
    decoded_plan,
    encoded_plan,
    index_of,
    plan_mark,
    plan_name,
)
from logcorr.cluster.store import Store, each
from logcorr.cluster.stored_names import WORK
from logcorr.compute.struct_bytes import to_bytes
from logcorr.model import errors
from logcorr.model.errors import EngineError, InputError, LogcorrError, UsageError
from logcorr.runs.run_folder import MANIFEST

_POLL_S = 0.1
# So often the store is asked for notes that the engine did not tell of.
_LOOK_S = 1.0
_ENDED = object()

OnNote = Callable[[int, Note], None]


class PhaseTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What a phase came to: steps, how many were noted before it began, and times and memory of all."""

    steps: int
    resumed: int
    retried: int
    seconds: float
    cpu_s: float
    peak_rss_bytes: int
    bytes: int
    workers: int


class Driver:
    """Runs the phases of one run. `tap` is called often, and may raise to end the run.

    A step that fails is tried `tries` times. Where no step ends for `patience_s`, the run ends.
    """

    def __init__(
        self, store: Store, engine: Engine, *, tap: Callable[[], None], tries: int = 3, patience_s: float = 600.0
    ) -> None:
        self.store, self._engine, self._tap = store, engine, tap
        self._tries, self._patience_s = tries, patience_s
        self._noted = 0
        self._last_beat = -BEAT_S
        self._mark = ""
        self.plan: Plan
        self.names: WorkNames
        self.phases: dict[str, PhaseTimes] = {}

    @property
    def key(self) -> str:
        return self.plan.key

    @property
    def is_gone(self) -> bool:
        """Whether the work files were removed: another driver has ended the run, or it was cleaned away."""
        return self.adopted and plan_mark(self.store, self.key) != self._mark

    @property
    def adopted(self) -> bool:
        """Whether the run has a plan, its own or one that was begun."""
        return bool(self._mark)

    def adopt(self, plan: Plan) -> None:
        """Begins a run, or goes on with one of the same key that was begun: then its plan holds.

        Raises InputError where that was begun by other versions.
        """
        name, data = plan_name(plan.key), encoded_plan(plan)
        if not self.store.create(name, data):
            data = self._begun(name, plan.key)
        self._mark, self.plan = decoded_plan(data)
        self.names = WorkNames(plan.key, self._mark)
        # What an interrupted run of another plan has left.
        left = _files(self.store, f"{WORK}{plan.key}/")
        self.store.delete([old for old in left if not old.startswith(self.names.folder)])

    def _begun(self, name: str, key: str) -> bytes:
        """The plan of a run that was begun. Raises InputError where other versions began it."""
        there = "a version that is not read here"
        try:
            data = self.store.get(name)
            _, begun = decoded_plan(data)
            if canary.agrees(begun.canary, begun.versions):
                return data
            there = ", ".join(f"{of} {version}" for of, version in begun.versions.items() if of in canary.MUST_AGREE)
        except msgspec.MsgspecError:
            pass
        raise InputError(
            f"run {key} was begun with {there}. Remove it with `logcorr runs clean --store {self.store.uri}`, "
            "or go on with that version."
        )

    def tell(self, name: str, value: object) -> None:
        """Tells the steps of a phase something: a struct, in which there may be frames, or bytes."""
        data = value if isinstance(value, bytes) else to_bytes(value)
        self.store.put(self.names.told(name), data)

    def phase(self, name: str, indices: Sequence[int], on_note: OnNote = lambda _index, _note: None) -> dict[int, Note]:
        """Runs the steps that are not noted yet, and returns the notes of all, in the order of the indices.

        Raises the error that a step has told where that would come again, and EngineError where steps do not end.
        """
        began = time.perf_counter()
        notes: dict[int, Note] = {}
        wanted = frozenset(indices)
        self._take_noted(name, wanted, notes, on_note)
        resumed, rounds = len(notes), 0
        while len(notes) < len(wanted):
            self._check_failures(name, wanted - notes.keys(), rounds)
            if rounds == self._tries:
                raise self._not_ended(name, sorted(wanted - notes.keys()), len(wanted))
            left = [index for index in dict.fromkeys(indices) if index not in notes]
            self._round(name, left, notes, on_note)
            rounds += 1
        self.phases[name] = _times(notes, resumed, max(0, rounds - 1), time.perf_counter() - began)
        return {index: notes[index] for index in indices}

    def _round(self, phase: str, left: list[int], notes: dict[int, Note], on_note: OnNote) -> None:
        """Asks the engine for steps once, and takes the notes of those that ended."""
        items: list[Item] = [(self.store.uri, self.key, phase, index) for index in left]
        wanted = frozenset(left)
        for indices in self._ended(items):
            if indices:
                self._take(phase, [index for index in dict.fromkeys(indices) if index not in notes], notes, on_note)
            else:
                self._take_noted(phase, wanted, notes, on_note)
        self._take_noted(phase, wanted, notes, on_note)

    def _ended(self, items: Sequence[Item]) -> Iterator[list[int]]:
        """The indices that the engine gives, some at a time; none now and then, to look into the store.

        The engine runs in a thread, so that a run can be cancelled while steps go on.
        """
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def run() -> None:
            try:
                for index in self._engine.run(items):
                    ended.put(index)
                ended.put(_ENDED)
            except Exception as error:  # noqa: BLE001 - raised in the thread of the driver
                ended.put(error)

        threading.Thread(target=run, name="engine", daemon=True).start()
        last_look = last_end = time.monotonic()
        while True:
            self._tap()
            now = time.monotonic()
            if now - self._last_beat >= BEAT_S:
                self._last_beat = now
                tell_alive(self.store, self.names)
            try:
                found = ended.get(timeout=_POLL_S)
            except queue.Empty:
                if now - last_look >= _LOOK_S:
                    last_look, noted = now, self._noted
                    yield []
                    last_end = now if self._noted != noted else last_end
                    if now - last_end > self._patience_s:
                        raise self._stuck(items[0][2]) from None
                continue
            if found is _ENDED:
                return
            if isinstance(found, LogcorrError):
                raise found
            if isinstance(found, Exception):
                raise EngineError(f"the engine failed: {type(found).__name__}: {found}") from found
            last_end = now
            yield [found, *_waiting(ended)]

    def _take_noted(self, phase: str, wanted: frozenset[int], notes: dict[int, Note], on_note: OnNote) -> None:
        """Takes the notes in the store that were not taken yet."""
        new = []
        for name in self.store.list(self.names.notes(phase)):
            index = index_of(name)
            if index in wanted and index not in notes:
                new.append(index)
        self._take(phase, new, notes, on_note)

    def _take(self, phase: str, indices: Sequence[int], notes: dict[int, Note], on_note: OnNote) -> None:
        for index, note in zip(indices, each(partial(self._note, phase), indices), strict=True):
            if note is not None:
                notes[index] = note
                self._noted += 1
                on_note(index, note)

    def _note(self, phase: str, index: int) -> Note | None:
        """The note of a step; None where the step failed, and told so."""
        try:
            return msgspec.msgpack.decode(self.store.get(self.names.note(phase, index)), type=Note)
        except FileNotFoundError:
            return None

    def _check_failures(self, phase: str, missing: Sequence[int] | frozenset[int], rounds: int) -> None:
        """Raises the error of a step that would fail again, or that has failed too often."""
        if self.is_gone:
            raise removed(self.key)
        failures: dict[int, list[str]] = {}
        for name in self.store.list(self.names.failures(phase)):
            index = index_of(name)
            if index in missing:
                failures.setdefault(index, []).append(name)
        for index, names in sorted(failures.items()):
            told = [msgspec.msgpack.decode(self.store.get(name), type=Failure) for name in names]
            final = next((failure for failure in told if failure.final), None)
            if final is not None:
                self.store.delete(names)
                kind = getattr(errors, final.kind, InputError)
                raise (kind if issubclass(kind, UsageError | EngineError) else InputError)(final.text)
            if rounds >= self._tries:
                last = told[-1]
                raise EngineError(
                    f"step {phase} {index} failed {len(told)} times, last on worker {last.worker}: "
                    f"{last.kind}: {last.text}"
                )

    def _not_ended(self, phase: str, missing: list[int], steps: int) -> EngineError:
        said = self._engine.said.get(missing[0])
        why = f"the engine says {said!r}" if said else "workers end in it, most likely out of memory"
        return EngineError(
            f"step {phase} {missing[0]} of {steps} was lost {self._tries} times"
            f"{f', and {len(missing) - 1} more' if len(missing) > 1 else ''}: {why}. Give fewer slots a machine, or "
            "another --worker-memory. The work so far is kept: "
            f"start again to go on, or remove it with `logcorr runs clean --store {self.store.uri}`."
        )

    def _stuck(self, phase: str) -> EngineError:
        return EngineError(
            f"no step of {phase} has ended for {self._patience_s:.0f} s. Look whether the engine has workers, and "
            "whether they see the store. Start again to go on."
        )


def removed(key: str) -> EngineError:
    """The error for a run whose work files are gone."""
    return EngineError(f"run {key}: its work files were removed while it was made. Start it again.")


def _waiting(ended: "queue.SimpleQueue[Any]") -> list[int]:
    """The indices that are in the queue already. Whatever else is in it is put back, for the next look."""
    found: list[int] = []
    while True:
        try:
            item = ended.get_nowait()
        except queue.Empty:
            return found
        if not isinstance(item, int):
            ended.put(item)
            return found
        found.append(item)


def clean(store: Store, key: str) -> int:
    """Removes what a run has left that is not finished: work files, and parts of views. Returns their bytes."""
    store.delete([plan_name(key)])  # first, so that steps that still run leave nothing behind
    found = _files(store, f"{WORK}{key}/")
    if f"{key}/{MANIFEST}" not in store.list(f"{key}/"):
        found |= store.list(f"{key}/") | store.unfinished(f"{key}/")
    store.delete(list(found))
    return sum(found.values())


def _files(store: Store, folder: str) -> dict[str, int]:
    """The files in the folders of a folder, whole or not. A plan that another driver just writes is not among them."""
    found = store.list(folder) | store.unfinished(folder)
    return {name: size for name, size in found.items() if "/" in name.removeprefix(folder)}


def _times(notes: dict[int, Note], resumed: int, retried: int, seconds: float) -> PhaseTimes:
    of_all = list(notes.values())
    return PhaseTimes(
        steps=len(of_all),
        resumed=resumed,
        retried=retried,
        seconds=round(seconds, 3),
        cpu_s=round(sum(note.cpu_s for note in of_all), 3),
        peak_rss_bytes=max((note.peak_rss_bytes for note in of_all), default=0),
        bytes=sum(sum(note.sizes.values()) for note in of_all),
        workers=len({note.worker for note in of_all}),
    )
