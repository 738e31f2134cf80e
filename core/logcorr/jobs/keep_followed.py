"""Logs that are followed are kept: a journal takes what is read, and now and then, and at the end, a run is made of it.

A run is made by a process of its own, so that following goes on meanwhile and its memory stays bounded.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import logcorr
from logcorr.compute import child_process
from logcorr.inputs import standard_input
from logcorr.inputs.files import readable
from logcorr.inputs.follow import resumed
from logcorr.inputs.follow.followed_file import NOT_RESUMED, Resumed
from logcorr.inputs.follow.follower import Follower
from logcorr.inputs.follow.piped import PipedLog
from logcorr.inputs.follow.resumed import Found
from logcorr.jobs.kept_source import KeptSource, TailFile, tails
from logcorr.model.errors import UsageError
from logcorr.model.options import WatchOptions
from logcorr.runs.find_journals import FoundJournal, journal_of_logs
from logcorr.runs.journal import Journal
from logcorr.runs.journal_state import FollowedKind, JournalFile
from logcorr.text.quantities import size
from logcorr.text.zones import shown

# A run is made so often at most, and making runs takes no more than this share of the time.
_SETTLE_S = 600.0
_SETTLE_SHARE = 0.1
_NONE = Found(NOT_RESUMED, {}, [], [], [])


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of logs that were followed: the key of the run, or why there is none, and the journal's name.

    `journal` is None where no line came that tells what the logs are. `problem` tells what could not be kept.
    """

    run: str | None = None
    journal: str | None = None
    problem: str | None = None


class Keeping:
    """Keeps what is followed in a journal below the folder of all runs, which is gone on with where it is `resume`d.

    To be used by one thread, and ended by `finish`. Raises OutputError where the folder cannot be written, InputError
    where another process writes the journal that is to be gone on with, or the journal lost lines.
    """

    def __init__(self, options: WatchOptions, root: Path, *, resume: bool = False, settle_s: float = _SETTLE_S) -> None:
        self._options, self._root, self._settle_s = _absolute(options), root, settle_s
        self._notices: list[str] = []
        self._sources: list[KeptSource] = []
        self._found: dict[int, Found] = {}
        self._tails: dict[int, list[TailFile]] = {}
        self._settling: Settling | None = None
        self._next_settle = time.monotonic() + settle_s
        self._settled_size = 0
        self._failed = False
        places = self._options.logs
        if resume and all(words == (standard_input.NAME,) for words in places):
            raise UsageError("--resume: a pipe cannot be gone on with. Name a file, or leave it out.")
        before = journal_of_logs(root, places)
        self._is_resumed = resume and before is not None
        if resume and before is not None:
            self.journal = self._go_on(before)
        else:
            if resume:
                self._notices.append("these logs were not followed before, or that is not kept: they are read anew.")
            elif before is not None and (at := _died_at(before)) is not None:
                ended = f"following these logs ended without warning at {_clock(at)}"
                self._notices.append(f"{ended}; --resume goes on from there.")
            self.journal = Journal.create(root, places, msgspec.to_builtins(self._options))

    def source(self, log: int, make: Callable[[Resumed], Follower | PipedLog]) -> KeptSource:
        """The source of a log that keeps what it gives: see `follow_logs.SourceMaker`."""
        found = self._found.get(log, _NONE)
        notices, self._notices = self._notices, []
        made = KeptSource(
            self.journal,
            log,
            make(found.resumed),
            found=found,
            tail=self._tails.get(log, ()),
            notices=notices,
        )
        self._sources.append(made)
        return made

    def tend(self, kind: FollowedKind | None) -> None:
        """Makes a run now and then. To be called often, with what the logs were told to be."""
        if kind is not None:
            self.journal.tell_kind(kind)
        if self.journal.failure is not None and not self._failed:
            self._failed = True
            why = self.journal.failure.strerror or str(self.journal.failure)
            self._tell(f"the journal cannot be written: {why}. Following goes on; lines from now on are not kept.")
        if self._settling is not None and not self._settling.is_running:
            ended, self._settling = self._settling, None
            seconds = ended.seconds
            self._next_settle = time.monotonic() + max(self._settle_s, seconds / _SETTLE_SHARE)
            if ended.outcome().problem:
                self._tell(f"the run of what was followed so far could not be made: {ended.outcome().problem}")
        is_new = self.journal.size > self._settled_size and self.journal.state.kind is not None
        if self._settling is None and is_new and time.monotonic() >= self._next_settle:
            self._settled_size = self.journal.size
            self._settling = Settling(self.journal.place, self._options.memory_bytes, gently=True)

    def close(self) -> bool:
        """Ends keeping. Returns whether a run can be made of the journal; one that says nothing is removed.

        The sources must be closed before. To be called once.
        """
        if self._settling is not None:
            self._settling.stop()
        journal, is_told = self.journal, self.journal.size > 0 and self.journal.state.kind is not None
        journal.close(ended=journal.failure is None)
        if not is_told and journal.failure is None:
            if self._is_resumed and journal.size:
                return False  # it has lines of before, which following goes on with the next time
            FoundJournal(place=journal.place, state=journal.state, run=None).remove()
            return False
        return True

    def finish(self, interrupted: Callable[[], bool] = lambda: False) -> Kept:
        """Ends keeping as `close` does, and makes the run of all that was kept.

        Where it is interrupted, the journal is left as it is.
        """
        if not self.close():
            return Kept()
        kept = Settling(self.journal.place, self._options.memory_bytes).wait(interrupted)
        failure, lines = self.journal.failure, self.journal.state.lines_not_kept
        if failure is None:
            return kept
        why = f"{lines:,} lines were followed and not kept: {failure.strerror or failure}."
        return msgspec.structs.replace(kept, problem=f"{why} {kept.problem or ''}".strip())

    def _tell(self, notice: str) -> None:
        self._sources[0].tell(notice)

    def _go_on(self, before: FoundJournal) -> Journal:
        """Opens a journal again, and finds its files."""
        assert before.state is not None  # noqa: S101 - a damaged one is not found by its logs
        ended, saved = before.state.ended, before.state.saved
        journal = Journal.open_again(before.place, msgspec.to_builtins(self._options))
        try:
            self._find_files(journal)
            journal.save()  # it is known from now on that following goes on
        except BaseException:
            journal.abandon()
            raise
        at = _clock(saved)
        how = f"following ended without warning at {at}; it goes on from there" if not ended else f"goes on from {at}"
        self._notices.append(f"{how}: {size(journal.size)} were kept before.")
        return journal

    def _find_files(self, journal: Journal) -> None:
        named = {word for words in self._options.logs for word in words}
        for log, words in enumerate(self._options.logs):
            files = [file for file in journal.state.files if file.log == log]
            self._found[log] = resumed.find(files, words, journal.place, saved=journal.state.saved, named=named)
            for path in self._found[log].missed:
                self._notices.append(f"{readable(str(path))!r} came and was rotated since; it is read too.")
        continued = {file.file for found in self._found.values() for file in found.files.values()}
        for identity, file in [pair for found in self._found.values() for pair in found.files.items()]:
            if file in self._found[file.log].packed:
                file.form, (file.device, file.inode) = "compressed", identity
        for file in journal.state.files:
            if file.form == "compressed" and not file.is_over:
                file.size = file.offset = 0  # it is read again
        cut = journal.settle_ends(lambda file: file.file not in continued)
        if cut:
            self._notices.append(f"{size(cut)} that were read just before following ended are read again.")
        for found in self._found.values():
            for file in found.lost:
                self._lose(file)
        journal.state.ended = False
        options = self._options
        tail_us = options.timeout_us + options.lateness_us + (options.longest_window_us or options.window_us)
        self._tails = tails(journal, options, tail_us)

    def _lose(self, file: JournalFile) -> None:
        file.is_open, file.is_over = False, True
        self._notices.append(f"{file.name!r} is not there any more: lines that were added to it since are lost.")


class Settling:
    """A process that makes the run of a journal."""

    def __init__(self, place: Path, memory_bytes: int, *, gently: bool = False) -> None:
        """Starts it. One that works `gently` leaves the processor to others."""
        self._place, self._begun = place, time.monotonic()
        words = ["runs", "settle", place.name, f"--store={place.parent}", f"--memory={memory_bytes}B"]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "logcorr", *words, *(["--gently"] if gently else [])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_process.environment(logcorr),
            # Ctrl+C is for the process that follows.
            start_new_session=True,
        )
        self._told: tuple[bytes, bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._begun

    def outcome(self) -> Kept:
        """What came of it. Waits for its end."""
        if self._told is None:
            self._told = self._process.communicate()
        out, err = (text.decode("utf8", "replace").strip() for text in self._told)
        if self._process.returncode == 0:
            return Kept(run=out.splitlines()[-1], journal=self._place.name)
        said = [line.partition("error: ")[2] for line in err.splitlines() if "error: " in line]
        problem = said[0] if said else f"its process ended with {self._process.returncode}."
        return Kept(journal=self._place.name, problem=problem)

    def wait(self, interrupted: Callable[[], bool]) -> Kept:
        """What came of it, once it has ended. Ends it where it is interrupted."""
        while self.is_running:
            if interrupted():
                self.stop()
                return Kept(journal=self._place.name, problem="interrupted while the run was made.")
            time.sleep(_LOOK_S)
        return self.outcome()

    def stop(self) -> None:
        """Ends the process; it leaves nothing behind."""
        self._process.terminate()
        try:
            self._told = self._process.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._told = self._process.communicate()


_LOOK_S = 0.02
_PATIENCE_S = 5.0


def _died_at(journal: FoundJournal) -> float | None:
    """About when the process died that wrote a journal, in seconds since 1970; None where it did not."""
    if journal.state is None or journal.state.ended or journal.is_in_use:
        return None
    return journal.state.saved


def _absolute(options: WatchOptions) -> WatchOptions:
    """The options with absolute names of logs and of files of profiles: they are read again from another folder."""
    logs = tuple(tuple(map(_absolute_name, words)) for words in options.logs)
    reading = msgspec.structs.replace(options.reading, files=tuple(map(_absolute_name, options.reading.files)))
    return msgspec.structs.replace(options, logs=logs, reading=reading)


def _absolute_name(name: str) -> str:
    return name if name == standard_input.NAME else str(Path(name).absolute())


def _clock(instant: float) -> str:
    return shown(datetime.fromtimestamp(instant, UTC)).strftime("%Y-%m-%d %H:%M:%S")
