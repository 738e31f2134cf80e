"""Before a log is read: which profile reads it, and which heads its lines have, told by samples or named."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import msgspec
import polars as pl

from logcorr.formats import profile_checks, profile_to_toml, quick_fields
from logcorr.formats.endpoint_path import endpoint_groups
from logcorr.formats.profile import Profile, Time
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import heads, sample_lines, tell_format
from logcorr.inputs.changes import explained
from logcorr.inputs.files import InputFile
from logcorr.inputs.head_forms import FIELDS, NAMES, NONE
from logcorr.inputs.plausible_formats import SampledLines, may_read
from logcorr.inputs.tell_format import AmbiguousError, Candidate
from logcorr.inputs.unwrap import Unwrapper
from logcorr.model.errors import InputError, UsageError
from logcorr.model.ledger import LogFormat, Side
from logcorr.model.options import Reading
from logcorr.text.safe import safe

_MOST_FILES = 16
_SAMPLE_LINES = 1000
_SHOWN = 160
_NEAREST = 3
# A line of JSON, logfmt or csv has one of these.
_MARKS_OF_FIELDS = ("{", "=", ",")
_MOST_NAMES = 8
# The bytes that text does not have, and the share of them from which on it is none. Escapes are colours.
_CONTROLS = bytes({*range(9), *range(14, 32), 127} - {27})
_LEAST_BINARY = 0.03
# With so many entries, an id that is on most of them tells nothing.
_LEAST_ENTRIES = 20


class NoFormatError(InputError):
    """No line of a log is of a known format."""


class ToldFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How a log is read: by a profile, without the heads of its lines, which are named from the outermost on.

    `told` says that samples told the profile. `first_us` and `last_us` span the sampled instants, as far as known.
    """

    profile: Profile
    heads: tuple[str, ...] = ()
    told: bool = False
    first_us: int | None = None
    last_us: int | None = None

    @property
    def key(self) -> list[str]:
        """What decides how the log is read: the name of the profile, a hash of all that it says, and the heads."""
        said = hashlib.blake2b(profile_to_toml.text(self.profile).encode(), digest_size=8).hexdigest()
        return [self.profile.name, said, *self.heads]

    @property
    def named(self) -> LogFormat:
        """The name of the profile and where it comes from, for the report."""
        return LogFormat(name=self.profile.name, origin=self.profile.origin)


class View:
    """Sampled lines without their heads, which are named from the outermost on; a column for each field of heads."""

    def __init__(self, heads_of_lines: tuple[str, ...], lines: list[str], columns: list[pl.Series]) -> None:
        self.heads, self.lines, self.columns = heads_of_lines, lines, columns

    @cached_property
    def sampled(self) -> SampledLines:
        """The lines, for a quick look at them."""
        return SampledLines(self.lines)

    @property
    def gives_time(self) -> bool:
        """Whether the heads tell a time."""
        return any(column.name == FIELDS[0] and column.null_count() < column.len() for column in self.columns)

    @property
    def has_lines(self) -> bool:
        """Whether any line is not blank."""
        return any(line.strip() for line in self.lines)


class Sample:
    """Sampled lines of a log. `name` is the name of the first file, `first` the first line as it is in the log."""

    def __init__(self, name: str, raw: list[bytes], heads_of_log: tuple[str, ...]) -> None:
        self.name, self._raw = name, raw
        self.first = next((line for line in raw if line.strip()), b"").decode(errors="replace")
        self._views: dict[tuple[str, ...], View] = {}
        self.view = self.without(heads_of_log)

    @property
    def is_binary(self) -> bool:
        """Whether the lines are no text: a part of their bytes are of no use in a log."""
        return (
            0
            < _LEAST_BINARY * sum(map(len, self._raw))
            < sum(len(line) - len(line.translate(None, _CONTROLS)) for line in self._raw)
        )

    def without(self, names: tuple[str, ...]) -> View:
        """The lines without the heads that are named."""
        if names not in self._views:
            unwrapped = Unwrapper(names, FIELDS).unwrap(b"".join(line + b"\n" for line in self._raw))
            told = dict(zip(FIELDS, (unwrapped.time, unwrapped.stream, unwrapped.source), strict=True))
            lines = [line.removesuffix("\r") for line in unwrapped.text.decode(errors="replace").split("\n")[:-1]]
            columns = [column.alias(name) for name, column in told.items() if column is not None]
            self._views[names] = View(names, lines, columns)
        return self._views[names]


def read_options(reading: Reading, *, collapse_ids: bool, collapse: Sequence[str] = ()) -> ReadOptions:
    """How the reader of a profile reads. Raises UsageError for a group of endpoints that is none."""
    return ReadOptions(
        zone=reading.zone,
        date=reading.date,
        client=reading.client,
        collapse_ids=collapse_ids,
        collapse=endpoint_groups(collapse),
    )


def sample(files: Sequence[InputFile], reading: Reading) -> Sample:
    """Lines from all over the files. Raises InputError."""
    raw: list[bytes] = []
    looked_at = files[:_MOST_FILES]
    for file in looked_at:
        with explained([file]):
            raw += sample_lines.spread_sample(file, most_lines=max(1, _SAMPLE_LINES // len(looked_at)))
    return sample_of(files[0].name if files else "", raw, reading)


def sample_of(name: str, raw: list[bytes], reading: Reading) -> Sample:
    """The sample of a log of which some lines are known. Raises UsageError for a head that is none."""
    return Sample(name, raw, _heads(reading) if reading.unwrap else heads.detect(raw))


def _heads(reading: Reading) -> tuple[str, ...]:
    unknown = [name for name in reading.unwrap if name not in NAMES]
    if unknown:
        raise UsageError(f"--unwrap {unknown[0]!r} is no head; the heads are {', '.join(NAMES)}.")
    return tuple(name for name in reading.unwrap if name != NONE)


class Teller:
    """Tells the formats of logs. `form` is the name of a format, if the user gave one; `wanted` what a log holds."""

    def __init__(self, registry: Registry, reading: Reading, options: ReadOptions, *, pairs: bool) -> None:
        self._registry, self._reading, self._options, self._pairs = registry, reading, options, pairs

    def format_of(self, log: Sample, form: str | None, side: Side | None = None) -> ToldFormat:
        """The format of a log; with `side`, of a log that holds the entries of one side.

        Raises InputError where no profile reads a line, where several read the lines differently, and where the log
        cannot be read: with the reason, and what to do. Raises UsageError for a name that is none.
        """
        if form is None and self._reading.fields is None:
            chosen, view = self._told(log, side)
        else:
            profile = self._of_fields(log, side) if form is None else self._registry.get(form)
            view = self._view(profile, log)
            usable = profile_checks.usable(profile, wrapper_gives_time=view.gives_time)
            self._check_date(usable, log)
            chosen = self._candidate(usable, view)
        self._check(chosen, log)
        times = chosen.entries["time"]
        first, last = times.min(), times.max()
        profile = chosen.profile
        if view.heads and profile.strict:
            # A collector mixes the lines of several streams and programs.
            profile = msgspec.structs.replace(profile, strict=False)
        return ToldFormat(
            profile=profile,
            heads=view.heads,
            told=form is None and self._reading.fields is None,
            first_us=first if isinstance(first, int) else None,
            last_us=last if isinstance(last, int) else None,
        )

    def fits(self, log: Sample, told: ToldFormat) -> bool:
        """Whether a format reads every sampled line of another file of the log."""
        view = self._view(told.profile, log)
        if view.heads != told.heads:
            return False
        one = self._candidate(told.profile, view)
        return one.claims and one.read == one.lines

    def reads(self, file: InputFile, told: ToldFormat) -> bool:
        """Whether a format reads any sampled line of a file, or the file has no line."""
        return self.reads_any(sample([file], self._reading), told)

    def reads_any(self, log: Sample, told: ToldFormat) -> bool:
        """Whether a format reads any sampled line of a log, or the log has no line."""
        return not log.view.has_lines or self._candidate(told.profile, self._view(told.profile, log)).read > 0

    def candidates(self, log: Sample, view: View) -> list[Candidate]:
        """What each profile that may fit reads of the sampled lines."""
        found = []
        for profile in map(self._registry.get, self._registry.names()):
            own = self._view(profile, log) if profile.unwrap is not None else view
            if may_read(profile, own.sampled):
                found.append(self._candidate(_usable_or_refused(profile, own), own))
        return found

    def _view(self, profile: Profile, log: Sample) -> View:
        """The lines without the heads that the user, else the profile, else the lines themselves tell."""
        if profile.unwrap is None or self._reading.unwrap:
            return log.view
        return log.without(profile.unwrap)

    def unreadable(self, log: Sample, found: Sequence[Candidate] | None = None, form: str | None = None) -> InputError:
        """The error for a log of which no line is an entry. It names the formats that would read its lines.

        `found` are what profiles read of the log, if that is known. `form` is the name of the format it was read in.
        """
        tried = self.candidates(log, log.view) if found is None else found
        if form is not None:
            readers = [one for one in tried if one.read > one.malformed and one.profile.refusal is None]
            names = sorted(one.profile.name for one in readers if one.profile.name != form)
            if names:
                return InputError(
                    f"{safe(log.name)!r}: no line is an entry of the format {form}. The first line: "
                    f"{safe(log.first[:_SHOWN])!r}. Formats that read it: {', '.join(names[:_MOST_NAMES])}."
                )
        profiles = map(self._registry.get, self._registry.names())
        near = [*tell_format.malformed(tried), *tell_format.nearest(log.view.lines, profiles)][:_NEAREST]
        hint = f" Nearest: {'; '.join(f'{name} lacks {lacked}' for name, lacked in near)}." if near else ""
        has_fields = any(mark in log.first for mark in _MARKS_OF_FIELDS)
        fields = ", --fields 'time=KEY:FORM id=KEY status=KEY' names its fields" if has_fields else ""
        if log.is_binary:
            return NoFormatError(f"{safe(log.name)!r}: this is no text, so no line of it can be read. Name a log.")
        return NoFormatError(
            f"{safe(log.name)!r}: no line is of a known format. The first line: {safe(log.first[:_SHOWN])!r}.{hint} "
            "`logcorr formats list` names the formats that were looked for, `logcorr formats new FILE` drafts "
            f"one{fields}."
        )

    def _candidate(self, profile: Profile, view: View) -> Candidate:
        return tell_format.candidate(profile, view.lines, self._options, view.columns)

    def _told(self, log: Sample, side: Side | None) -> tuple[Candidate, View]:
        """The candidate that the log is of. A profile may describe heads itself: then it reads the lines with them."""
        found: list[Candidate] = []
        for view in dict.fromkeys([log.view.heads, ()]):
            found = self.candidates(log, log.without(view))
            best = self._best(found, log, side)
            if best is not None:
                self._check_date(best.profile, log)
                heads_of_log = view if best.profile.unwrap is None else best.profile.unwrap
                return best, log.without(heads_of_log)
            others = [one for one in found if one.profile.is_pair != self._pairs and one.profile.refusal is None]
            self._check_kind(log, [one for one in others if one.claims])
            recognised = tell_format.refused(found)
            if recognised is not None:
                raise InputError(f"{safe(log.name)!r}: {recognised.profile.refusal}")
            self._check_kind(log, [one for one in others if one.read > one.malformed and one.read * 10 >= one.lines])
        raise self.unreadable(log, found)

    def _best(self, found: list[Candidate], log: Sample, side: Side | None) -> Candidate | None:
        try:
            return tell_format.told([one for one in found if one.profile.is_pair == self._pairs], side)
        except AmbiguousError as error:
            message = f"{safe(log.name)!r}: {' and '.join(error.names)} read its lines differently. Choose by --format."
            raise InputError(message) from error

    def _check_kind(self, log: Sample, others: list[Candidate]) -> None:
        """Raises InputError where formats read the log that are of the other kind: of exchanges, or of pairs."""
        if others:
            name = max(others, key=lambda one: one.values).profile.name
            holds, command = ("whole exchanges", "analyze") if self._pairs else ("requests and responses", "correlate")
            message = f"{safe(log.name)!r} is of the format {name}, which has {holds}. Use `logcorr {command}` for it."
            raise InputError(message)

    def _of_fields(self, log: Sample, side: Side | None) -> Profile:
        first = next((line for line in log.view.lines if line.strip()), "").lstrip()
        syntax = "json" if first.startswith("{") else "logfmt" if "=" in first else "csv"
        reading = self._reading
        return quick_fields.profile(
            reading.fields or "", reading.where_request, reading.where_response, syntax, side=side
        )

    def _check_date(self, profile: Profile, log: Sample) -> None:
        if self._reading.date is None and ProfileReader(profile).lacks_date:
            raise UsageError(
                f"{safe(log.name)!r}: the clock of the format {profile.name} has no date. Name the date of the first "
                "line: --date YYYY-MM-DD."
            )

    @staticmethod
    def _check(chosen: Candidate, log: Sample) -> None:
        """Raises InputError where one id is on so many entries that they cannot be joined by it."""
        entries, profile = chosen.entries, chosen.profile
        if not profile.is_pair or profile.pairing == "nearest" or entries.height < _LEAST_ENTRIES:
            return
        most = int(entries["request_id"].value_counts()["count"].max() or 0)  # type: ignore[arg-type]
        if most * 2 > entries.height:
            raise InputError(
                f"{safe(log.name)!r}: one id is on {most} of {entries.height} sampled entries, so requests and "
                "responses cannot be joined by it. Log an id of each request, and name its field as the id."
            )


def _usable_or_refused(profile: Profile, view: View) -> Profile:
    """The profile as it can be used for a log, or with the reason for which it cannot."""
    if profile.refusal is not None:
        return profile
    try:
        return profile_checks.usable(profile, wrapper_gives_time=view.gives_time)
    except UsageError as error:
        rules = tuple(msgspec.structs.replace(rule, time=None) for rule in profile.rules)
        return msgspec.structs.replace(profile, refusal=str(error), time=Time(kind="none"), rules=rules)
