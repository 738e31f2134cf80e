"""Logs that grow, as the entries of both sides or as exchanges: their formats are told once lines have come."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import polars as pl

from logcorr.formats.own_profiles import own_profile
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import standard_input
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.files import resolve
from logcorr.inputs.follow.followed_log import CLASSES, FollowedLog
from logcorr.inputs.follow.follower import Follower, Piece, Start, paths_of_word
from logcorr.inputs.follow.piped import PipedLog
from logcorr.jobs import last_of_log
from logcorr.jobs.access_formats import access_attributes
from logcorr.jobs.event_sources import entry_columns, of_side
from logcorr.jobs.pair_formats import pair_formats_of
from logcorr.jobs.tell_kind import KindTeller
from logcorr.jobs.tell_logs import Sample, Teller, ToldFormat, read_options, sample_of
from logcorr.model import clock_skew
from logcorr.model.errors import InputError
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import WatchOptions
from logcorr.pairing.rules import Rules

_SAMPLE_LINES = 1000
# A log without lines is waited for so long, once another log has some.
_PATIENCE_S = 2.0
# So much of a log is read at once. What is there at the start is read in many pieces.
_PIECE_BYTES = 1 << 20
_SIDES_OF: dict[Log, tuple[Side, ...]] = {
    "log": SIDES,
    "request": ("request",),
    "response": ("response",),
    "access": (),
}


class Source(Protocol):
    """Gives the lines of a log as they come: `Follower` and `PipedLog`."""

    names: list[str]

    def poll(self, most_bytes: int = ..., is_ahead: Callable[[int], bool] = ...) -> list[Piece]: ...
    @property
    def has_notices(self) -> bool: ...
    def take_notices(self) -> list[str]: ...
    @property
    def behind(self) -> dict[int, int]: ...
    def close(self) -> None: ...


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last time: entries of both sides, or exchanges of access logs. Times are in µs."""

    request: pl.DataFrame | None = None
    response: pl.DataFrame | None = None
    exchange: pl.DataFrame | None = None


class FollowedLogs:
    """The logs that are followed: first `begin` until it is true, then `poll`."""

    def __init__(self, options: WatchOptions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._options, self._clock = options, clock
        found = _starts(options) if options.last_us is not None else None
        self.since_us: int | None = found[0] if found is not None else None
        starts = found[1] if found is not None else {}
        self._sources = [_source(words, starts, clock) for words in options.logs]
        self._waiting: list[list[Piece]] = [[] for _ in self._sources]
        self._first_lines: float | None = None
        self._readers: list[tuple[Log, FollowedLog]] = []
        self._notices: list[str] = []
        self.rules: Rules | None = None
        self.attributes: tuple[str, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether the formats of the logs are known."""
        return bool(self._readers)

    @property
    def ended(self) -> bool:
        """Whether no log can grow any more: all come through a pipe that has ended."""
        return all(isinstance(source, PipedLog) and source.ended for source in self._sources)

    @property
    def behind_bytes(self) -> int:
        """The bytes that were not read yet."""
        return sum(sum(source.behind.values()) for source in self._sources)

    @property
    def counts(self) -> dict[str, int]:
        """Lines by class, and entries, of all logs."""
        return {name: sum(reader.counts[name] for _, reader in self._readers) for name in CLASSES}

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
                frames.setdefault("exchange", []).extend(read.values())
                continue
            for side in _SIDES_OF[log]:
                shift_us = clock_skew.shift_us(side, self._options.skew_us)
                entries = of_side(read, side, self.rules.columns, shift_us)
                if entries.height:
                    frames.setdefault(side, []).append(entries)
        return Entries(**{event: pl.concat(of_event, how="diagonal") for event, of_event in frames.items() if of_event})

    def _begin(self, *, whatever: bool = False) -> bool:
        """Tells the formats once there are lines to tell them by. Returns whether they are known now."""
        lines = [sum(piece.text.count(b"\n") for piece in waiting) for waiting in self._waiting]
        if not any(lines):
            return False
        now = self._clock()
        if self._first_lines is None:
            self._first_lines = now
        if not all(lines) and now - self._first_lines < _PATIENCE_S and not whatever:
            return False
        samples = [self._sample(number) for number in range(len(self._sources))]
        self._tell(samples)
        return True

    def _sample(self, number: int) -> Sample:
        raw: list[bytes] = []
        for piece in self._waiting[number]:
            raw += _lines(piece.text, _SAMPLE_LINES - len(raw))
        names = self._sources[number].names
        return sample_of(names[0] if names else self._options.logs[number][0], raw, self._options.reading)

    def _tell(self, samples: Sequence[Sample]) -> None:
        options = self._options
        known = next(log for log in samples if log.view.has_lines)
        teller = KindTeller(options.reading, options.form)
        if options.sides or (len(samples) == 2 and _are_own(options, samples)):
            kind = "pairs"
        else:
            kind = teller.of_sample(known)[0]
        if kind == "exchanges":
            self._follow_exchanges(samples)
            return
        if len(samples) > 2:
            message = "a pair is two logs: REQUESTS and RESPONSES. For several files a side: --requests, --responses."
            raise InputError(message)
        logs: tuple[Log, ...] = (ONE_LOG,) if len(samples) == 1 else ("request", "response")
        told = pair_formats_of(options.correlation(), dict(zip(logs, samples, strict=True)))
        self._notices += told.notes()
        formats = told.told or {side: ToldFormat(profile=own_profile(side)) for side in SIDES}
        self.rules = told.rules(options.correlation())
        if not told.told:
            self.rules = msgspec.structs.replace(self.rules, columns=entry_columns({s: own_profile(s) for s in SIDES}))
        self.attributes = ("user_id", *self.rules.columns.of_side("request"))
        for log in logs:
            only = None if log == ONE_LOG else _SIDES_OF[log][0]
            self._readers.append((log, FollowedLog(_same_form(formats[log], told.options), only)))

    def _follow_exchanges(self, samples: Sequence[Sample]) -> None:
        """Access logs: each file may be of a form of its own."""
        options = self._options
        read = read_options(options.reading, collapse_ids=options.collapse_ids, collapse=options.collapse)
        teller = Teller(Registry(options.reading.files), options.reading, read, pairs=False)
        first = teller.format_of(next(log for log in samples if log.view.has_lines), options.form)
        if first.told:
            self._notices.append(f"read as {first.profile.name} ({first.profile.origin}).")
        self.attributes = access_attributes([first])

        def form_of(text: bytes) -> FileForm:
            told = first
            log = sample_of("a new file", _lines(text, _SAMPLE_LINES), options.reading)
            if options.form is None and log.view.has_lines and not teller.fits(log, first):
                try:
                    told = teller.format_of(log, None)
                except InputError as error:
                    self._notices.append(f"{error} It is read as {first.profile.name}.")
            return FileForm(reader=ProfileReader(told.profile, read), heads=told.heads)

        for _ in samples:
            self._readers.append(("access", FollowedLog(form_of)))


def _source(words: tuple[str, ...], starts: Mapping[tuple[int, int], Start], clock: Callable[[], float]) -> Source:
    if words == (standard_input.NAME,):
        return PipedLog()
    return Follower(words, start_of=lambda file: starts.get(file.identity, Start()), clock=clock)


def _starts(options: WatchOptions) -> tuple[int, dict[tuple[int, int], Start]] | None:
    """When the last minutes of the logs begin that are there at the start, and where."""
    words = [word for of_log in options.logs for word in of_log if word != standard_input.NAME]
    there = [word for word in words if paths_of_word(word)]
    files = resolve("log", tuple(there)) if there else []
    return last_of_log.starts(files, options.reading, options.form, options.last_us or 0)


def _same_form(told: ToldFormat, read: ReadOptions) -> Callable[[bytes], FileForm]:
    return lambda _: FileForm(reader=ProfileReader(told.profile, read), heads=told.heads)


def _lines(text: bytes, most: int) -> list[bytes]:
    """The first lines of a text that are not blank, without line ends and BOM."""
    if most <= 0:
        return []
    lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n", most)[:most]
    return [line.removesuffix(b"\r") for line in lines if line.strip()]


def _are_own(options: WatchOptions, samples: Sequence[Sample]) -> bool:
    """Whether two logs are of logcorr's own line forms."""
    named: dict[Log, Sample] = dict(zip(SIDES, samples, strict=True))
    try:
        return options.form is None and not pair_formats_of(options.correlation(), named).told
    except InputError:
        return False
