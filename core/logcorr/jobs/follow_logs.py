"""Logs that grow, as the entries of both sides or as exchanges: their formats are told once lines have come."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
import polars as pl

from logcorr.formats.own_profiles import OWN, own_profile
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import standard_input
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.files import resolve
from logcorr.inputs.follow.followed_file import NOT_RESUMED, Resumed, Start
from logcorr.inputs.follow.followed_log import CLASSES, PLACE, FollowedLog
from logcorr.inputs.follow.follower import Follower, Piece, paths_of_word
from logcorr.inputs.follow.line_places import Excerpt, Line
from logcorr.inputs.follow.piped import PipedLog
from logcorr.jobs import last_of_log, live_doubts
from logcorr.jobs.access_formats import access_attributes
from logcorr.jobs.event_sources import entry_columns, of_side
from logcorr.jobs.folder_files import own_entries_of
from logcorr.jobs.followed_forms import (
    SAMPLE_LINES,
    FileForms,
    Source,
    are_own,
    form_if_read,
    form_of_told,
    lines_of,
    sides_of_files,
)
from logcorr.jobs.pair_formats import PairFormats, pair_formats_of
from logcorr.jobs.tell_kind import KindTeller
from logcorr.jobs.tell_logs import Sample, Teller, ToldFormat, read_options, sample_of
from logcorr.model import clock_skew
from logcorr.model.errors import InputError
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import WatchOptions
from logcorr.model.told import Kind
from logcorr.pairing.rules import Rules
from logcorr.runs.journal_state import FollowedKind

# A log without lines is waited for so long, once another log has some.
_PATIENCE_S = 2.0
# So long the files of a folder that are to be read yet are waited for, where those before are no logs.
_FOLDER_PATIENCE_S = 20.0
# So much of a log is read at once. What is there at the start is read in many pieces.
_PIECE_BYTES = 1 << 20
# The bits of a place within its log.
_PLACE_BITS = 58
_SIDES_OF: dict[Log, tuple[Side, ...]] = {
    "log": SIDES,
    "request": ("request",),
    "response": ("response",),
    "access": (),
}


class SourceMaker(Protocol):
    """Makes the source of a log, by its number: one that keeps what it gives."""

    def __call__(self, log: int, make: Callable[[Resumed], Follower | PipedLog]) -> Source: ...


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last time: entries of both sides, or exchanges of access logs. Times are in µs.

    The column `place` tells where the line of an entry stands: see `FollowedLogs.line`.
    """

    request: pl.DataFrame | None = None
    response: pl.DataFrame | None = None
    exchange: pl.DataFrame | None = None


class FollowedLogs:
    """The logs that are followed: first `begin` until it is true, then `poll`."""

    def __init__(
        self,
        options: WatchOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        kept: SourceMaker | None = None,
    ) -> None:
        self._options, self._clock = options, clock
        found = _starts(options) if options.last_us is not None else None
        self.since_us: int | None = found[0] if found is not None else None
        starts = found[1] if found is not None else {}
        self._sources: list[Source] = []
        for log, words in enumerate(options.logs):
            make = partial(_source, words, starts, clock)
            self._sources.append(make(NOT_RESUMED) if kept is None else kept(log, make))
        self._waiting: list[list[Piece]] = [[] for _ in self._sources]
        self._first_lines: float | None = None
        self._readers: list[tuple[Log, FollowedLog]] = []
        self._notices: list[str] = []
        # Files that were given for both sides.
        self._on_both_sides: list[str] = []
        self.rules: Rules | None = None
        self.attributes: tuple[str, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether the formats of the logs are known."""
        return bool(self._readers)

    @property
    def kind(self) -> FollowedKind | None:
        """Which run the logs make: of a pair, of one log of both events, or of access logs. None before it is known."""
        if not self.begun:
            return None
        return "access" if self.rules is None else "log" if len(self._sources) == 1 else "pair"

    @property
    def ended(self) -> bool:
        """Whether no log can grow any more: all come through a pipe that has ended."""
        return all(source.ended for source in self._sources)

    @property
    def behind_bytes(self) -> int:
        """The bytes that were not read yet."""
        return sum(sum(source.behind.values()) for source in self._sources)

    @property
    def counts(self) -> dict[str, int]:
        """Lines by class, and entries, of all logs."""
        return {name: sum(reader.counts[name] for _, reader in self._readers) for name in CLASSES}

    def _say(self, notice: str) -> None:
        self._notices.append(notice)

    def doubts(self, matched: int) -> list[str]:
        """What makes the figures doubtful, in sentences. `matched` are the exchanges of a pair."""
        return live_doubts.doubts(self._readers, matched, self._on_both_sides)

    @property
    def has_notices(self) -> bool:
        """Whether something became of logs since notices were taken last."""
        return bool(self._notices) or any(source.has_notices for source in self._sources)

    def take_notices(self) -> list[str]:
        """What became of logs since this was last asked."""
        notices, self._notices = self._notices, []
        for source in self._sources:
            notices += source.take_notices()
        return notices

    def poll(self) -> Entries:
        """What came since the last time. Before the formats are known, nothing. Raises InputError and UsageError.

        Of files that are behind, the one that has come less far in time is read first.
        """
        slowest = self._slowest()
        for number, source in enumerate(self._sources):
            reached = self._readers[number][1].reached if self.begun else {}
            ahead = {file for file, time_us in reached.items() if time_us > slowest}
            self._waiting[number].extend(source.poll(_PIECE_BYTES, ahead.__contains__))
        if not self.begun and not self._begin():
            return Entries()
        return self._read()

    def finish(self) -> Entries:
        """What was taken and not told yet, where few lines came. Raises as `poll` does."""
        if not self.begun and not self._begin(whatever=True):
            return Entries()
        return self._read()

    def _slowest(self) -> float:
        """How far in time the file has come that is behind all others and not read to its end."""
        if not self.begun:
            return float("inf")
        return min(
            (
                reader.reached[number]
                for (_, reader), source in zip(self._readers, self._sources, strict=True)
                for number, behind in source.behind.items()
                if behind > _PIECE_BYTES // 4 and number in reader.reached
            ),
            default=float("inf"),
        )

    def close(self) -> None:
        """Closes all files."""
        for source in self._sources:
            source.close()

    def _read(self) -> Entries:
        frames: dict[str, list[pl.DataFrame]] = {}
        for number, (log, reader) in enumerate(self._readers):
            if not self._waiting[number]:
                continue
            read = reader.read(self._waiting[number])
            self._waiting[number].clear()
            if self.rules is None:
                base = number << _PLACE_BITS
                frames.setdefault("exchange", []).extend(
                    one.with_columns(pl.col(PLACE) + base) for one in read.values()
                )
                continue
            for side in _SIDES_OF[log]:
                shift_us = clock_skew.shift_us(side, self._options.skew_us)
                entries = of_side(read, side, self.rules.columns, shift_us)
                if entries.height:
                    places = read[side][PLACE] + (number << _PLACE_BITS)
                    frames.setdefault(side, []).append(entries.with_columns(places))
        return Entries(**{event: pl.concat(of_event, how="diagonal") for event, of_event in frames.items() if of_event})

    def line(self, place: int) -> Line:
        """Where the line of a place stands, and what it reads. Raises IndexError for a place of no line."""
        number, within = place >> _PLACE_BITS, place & ((1 << _PLACE_BITS) - 1)
        places, source = self._readers[number][1].places, self._sources[number]
        position = places.position(within)
        try:
            excerpt = places.excerpt(within, source.text_at)
        except OSError as error:
            excerpt = Excerpt((), f"The file cannot be read any more: {error.strerror or error}.")
        return Line(file=source.name_of(position.file), line=position.line, lines=excerpt.lines, note=excerpt.note)

    def _begin(self, *, whatever: bool = False) -> bool:
        """Tells the formats once there are lines to tell them by. Returns whether they are known now."""
        lines = [sum(piece.text.count(b"\n") for piece in waiting) for waiting in self._waiting]
        if not any(lines):
            return False
        now = self._clock()
        if self._first_lines is None:
            self._first_lines = now
        waits = now - self._first_lines < _PATIENCE_S and not whatever
        if waits and not all(lines):
            return False
        try:
            self._tell([self._sample(number) for number in range(len(self._sources))])
        except InputError:
            # The other files of a folder may tell more.
            more = self.behind_bytes and now - self._first_lines < _FOLDER_PATIENCE_S and not whatever
            if (waits or more) and any(source.of_folders for source in self._sources):
                return False
            raise
        return True

    def _samples(self, number: int) -> list[Sample]:
        """Sampled lines of each file of a log that has some."""
        source, raw = self._sources[number], dict[int, list[bytes]]()
        for piece in self._waiting[number]:
            lines = raw.setdefault(piece.file, [])
            lines += lines_of(piece.text, SAMPLE_LINES - len(lines))
        return [sample_of(source.name_of(file), lines, self._options.reading) for file, lines in raw.items()]

    def _sample(self, number: int) -> Sample:
        """Sampled lines of a log. Of the files of a folder those count that are of a known form."""
        samples = self._samples(number) if self._sources[number].of_folders else []
        for log in samples:
            if not log.is_binary and (any(own_entries_of(log.view.lines).values()) or self._is_known(log)):
                return log
        raw: list[bytes] = []
        for piece in self._waiting[number]:
            raw += lines_of(piece.text, SAMPLE_LINES - len(raw))
        name = next(filter(None, self._sources[number].names), self._options.logs[number][0])
        return sample_of(name, raw, self._options.reading)

    def _is_known(self, log: Sample) -> bool:
        try:
            KindTeller(self._options.reading, self._options.form).of_sample(log)
        except InputError:
            return False
        return True

    def _tell(self, samples: Sequence[Sample]) -> None:
        options = self._options
        known = next(log for log in samples if log.view.has_lines)
        if len(samples) == 2 and self._sources[0].names == self._sources[1].names:
            samples = self._of_the_same_files(samples)
        if len(samples) == 1 and self._follow_own_folder():
            return
        own = len(samples) == 1 and options.form is None and any(own_entries_of(known.view.lines).values())
        if own or options.sides or (len(samples) == 2 and are_own(options, samples)):
            kind: Kind = "pairs"
        else:
            kind = KindTeller(options.reading, options.form).of_sample(known)[0]
        if kind == "exchanges":
            self._follow_exchanges(samples)
            return
        if len(samples) > 2:
            message = "a pair is two logs: REQUESTS and RESPONSES. For several files a side: --requests, --responses."
            raise InputError(message)
        logs: tuple[Log, ...] = (ONE_LOG,) if len(samples) == 1 else ("request", "response")
        told, formats = self._pair_formats(dict(zip(logs, samples, strict=True)))
        for number, log in enumerate(logs):
            only = None if log == ONE_LOG else _SIDES_OF[log][0]
            form = form_of_told(formats[log], told.options)
            forms = self._forms(number, partial(form_if_read, form, told, formats[log]), form)
            self._readers.append((log, FollowedLog(forms, only)))

    def _pair_formats(self, samples: Mapping[Log, Sample]) -> tuple[PairFormats, Mapping[Log, ToldFormat]]:
        """Tells the formats of a pair, and how its entries pair."""
        told = pair_formats_of(self._options.correlation(), samples)
        self._notices += told.notes()
        self.rules = told.rules(self._options.correlation())
        if not told.told:
            self.rules = msgspec.structs.replace(self.rules, columns=entry_columns({s: own_profile(s) for s in SIDES}))
        self.attributes = ("user_id", *self.rules.columns.of_side("request"))
        return told, told.told or {side: ToldFormat(profile=own_profile(side)) for side in SIDES}

    def _follow_own_folder(self) -> bool:
        """Follows a folder that holds both logs of a pair in logcorr's own line forms. Returns whether it does."""
        options = self._options
        if options.form not in (None, OWN) or options.reading.fields is not None or not self._sources[0].of_folders:
            return False
        samples = {log.name: log for log in self._samples(0)}
        sides = sides_of_files(list(samples.values()))
        if {*sides.values()} != {*SIDES}:
            return False
        first = {side: samples[next(name for name in sides if sides[name] == side)] for side in SIDES}
        told, formats = self._pair_formats(dict(first.items()))

        def form_of(log: Sample) -> FileForm | None:
            side = sides_of_files([log]).get(log.name)
            return None if side is None else form_of_told(formats[side], told.options)

        forms = self._forms(0, form_of, form_of_told(formats["request"], told.options))
        self._readers.append((ONE_LOG, FollowedLog(forms)))
        return True

    def _forms(self, number: int, form_of: Callable[[Sample], FileForm | None], whatever: FileForm) -> FileForms:
        source, reading = self._sources[number], self._options.reading
        return FileForms(source, reading, form_of, lambda _: whatever, say=self._say)

    def _of_the_same_files(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """The samples of two logs of the same files: one log, but where the files are of logcorr's own line forms."""
        if any(own_entries_of(samples[0].view.lines).values()):
            self._on_both_sides = list(self._sources[0].names)
            return samples
        self._sources.pop().close()
        self._waiting.pop()
        return samples[:1]

    def _follow_exchanges(self, samples: Sequence[Sample]) -> None:
        """Access logs: each file may be of a form of its own."""
        options = self._options
        read = read_options(options.reading, collapse_ids=options.collapse_ids, collapse=options.collapse)
        teller = Teller(Registry(options.reading.files), options.reading, read, pairs=False)
        first = teller.format_of(next(log for log in samples if log.view.has_lines), options.form)
        if first.told:
            self._notices.append(f"read as {first.profile.name} ({first.profile.origin}).")
        self.attributes = access_attributes([first])

        def form_of(log: Sample) -> FileForm | None:
            told = first
            if options.form is None and log.view.has_lines and not teller.fits(log, first):
                try:
                    told = teller.format_of(log, None)
                except InputError:
                    return None
            return form_of_told(told, read)

        def whatever(log: Sample) -> FileForm:
            self._notices.append(f"{teller.unreadable(log)} It is read as {first.profile.name}.")
            return form_of_told(first, read)

        for source, _ in zip(self._sources, samples, strict=True):
            forms = FileForms(source, options.reading, form_of, whatever, say=self._say)
            self._readers.append(("access", FollowedLog(forms)))


def _source(
    words: tuple[str, ...],
    starts: Mapping[tuple[int, int], Start],
    clock: Callable[[], float],
    resumed: Resumed,
) -> Follower | PipedLog:
    if words == (standard_input.NAME,):
        return PipedLog()
    return Follower(words, start_of=lambda file: starts.get(file.identity, Start()), resumed=resumed, clock=clock)


def _starts(options: WatchOptions) -> tuple[int, dict[tuple[int, int], Start]] | None:
    """When the last minutes of the logs begin that are there at the start, and where."""
    words = [word for of_log in options.logs for word in of_log if word != standard_input.NAME]
    there = [word for word in words if paths_of_word(word)]
    files = resolve("log", tuple(there)) if there else []
    return last_of_log.starts(files, options.reading, options.form, options.last_us or 0)
