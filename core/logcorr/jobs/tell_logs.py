"""Before a log is read: which profile reads it, and which heads its lines have, told by samples or named."""

import hashlib
from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.formats import profile_checks, profile_to_toml, quick_fields
from logcorr.formats.profile import Profile, Time
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import heads, sample_lines, tell_format
from logcorr.inputs.changes import explained
from logcorr.inputs.files import InputFile
from logcorr.inputs.head_forms import FIELDS, NONE
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
# With so many entries, an id that is on most of them tells nothing.
_LEAST_ENTRIES = 20


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


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Sampled lines of a log without their heads, with a column for each field that the heads tell.

    `first` is the first line as it is in the log. `name` is the name of the first file.
    """

    name: str
    first: str
    lines: list[str]
    heads: tuple[str, ...]
    columns: list[pl.Series]

    @property
    def gives_time(self) -> bool:
        """Whether the heads tell a time."""
        return any(column.name == FIELDS[0] and column.null_count() < column.len() for column in self.columns)


def read_options(reading: Reading, *, collapse_ids: bool) -> ReadOptions:
    """How the reader of a profile reads."""
    return ReadOptions(zone=reading.zone, date=reading.date, client=reading.client, collapse_ids=collapse_ids)


def sample(files: Sequence[InputFile], reading: Reading) -> Sample:
    """Lines from all over the files. Raises InputError."""
    raw: list[bytes] = []
    looked_at = files[:_MOST_FILES]
    for file in looked_at:
        with explained([file]):
            raw += sample_lines.spread_sample(file, most_lines=max(1, _SAMPLE_LINES // len(looked_at)))
    names = reading.unwrap or heads.detect(raw)
    names = () if names == (NONE,) else names
    unwrapped = Unwrapper(names, FIELDS).unwrap(b"".join(line + b"\n" for line in raw))
    told = dict(zip(FIELDS, (unwrapped.time, unwrapped.stream, unwrapped.source), strict=True))
    return Sample(
        name=files[0].name if files else "",
        first=next((line for line in raw if line.strip()), b"").decode(errors="replace"),
        lines=[line.removesuffix("\r") for line in unwrapped.text.decode(errors="replace").split("\n")[:-1]],
        heads=names,
        columns=[column.alias(name) for name, column in told.items() if column is not None],
    )


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
            chosen = self._told(log, side)
            told = True
        else:
            profile = self._of_fields(log, side) if form is None else self._registry.get(form)
            usable = profile_checks.usable(profile, wrapper_gives_time=log.gives_time)
            self._check_date(usable, log)
            chosen, told = self._candidate(usable, log), False
        self._check(chosen, log)
        times = chosen.entries["time"]
        first, last = times.min(), times.max()
        return ToldFormat(
            profile=chosen.profile,
            heads=log.heads,
            told=told,
            first_us=first if isinstance(first, int) else None,
            last_us=last if isinstance(last, int) else None,
        )

    def fits(self, log: Sample, told: ToldFormat) -> bool:
        """Whether a format reads every sampled line of another file of the log."""
        if log.heads != told.heads:
            return False
        one = self._candidate(told.profile, log)
        return one.claims and one.read == one.lines

    def candidates(self, log: Sample) -> list[Candidate]:
        """What each profile that may fit reads of the sampled lines."""
        text = "\n".join(log.lines)
        profiles = map(self._registry.get, self._registry.names())
        return [
            self._candidate(_usable_or_refused(profile, log), log)
            for profile in profiles
            if tell_format.plausible(profile, text)
        ]

    def unreadable(self, log: Sample) -> InputError:
        """The error for a log of which no line is an entry."""
        profiles = map(self._registry.get, self._registry.names())
        near = tell_format.nearest(log.lines, profiles)[:_NEAREST]
        hint = f" Nearest: {'; '.join(f'{name} lacks {lacked}' for name, lacked in near)}." if near else ""
        return InputError(
            f"{safe(log.name)!r}: no line is of a known format. The first line: {safe(log.first[:_SHOWN])!r}.{hint} "
            "`logcorr formats list` names the formats that were looked for, `logcorr formats new FILE` drafts one."
        )

    def _candidate(self, profile: Profile, log: Sample) -> Candidate:
        return tell_format.candidate(profile, log.lines, self._options, log.columns)

    def _told(self, log: Sample, side: Side | None) -> Candidate:
        found = self.candidates(log)
        wanted = [one for one in found if one.profile.is_pair == self._pairs]
        try:
            best = tell_format.told(wanted, side)
        except AmbiguousError as error:
            message = f"{safe(log.name)!r}: {' and '.join(error.names)} read its lines differently. Choose by --format."
            raise InputError(message) from error
        if best is not None:
            self._check_date(best.profile, log)
            return best
        recognised = tell_format.refused(found)
        if recognised is not None:
            raise InputError(f"{safe(log.name)!r}: {recognised.profile.refusal}")
        self._check_kind(log, [one for one in found if one not in wanted])
        raise self.unreadable(log)

    def _check_kind(self, log: Sample, others: list[Candidate]) -> None:
        """Raises InputError where the log is of the other kind: exchanges where pairs are wanted, or pairs."""
        claimants = [one for one in others if one.claims and one.profile.refusal is None]
        if claimants:
            name = max(claimants, key=lambda one: one.values).profile.name
            holds, command = ("whole exchanges", "analyze") if self._pairs else ("requests and responses", "correlate")
            message = f"{safe(log.name)!r} is of the format {name}, which has {holds}. Use `logcorr {command}` for it."
            raise InputError(message)

    def _of_fields(self, log: Sample, side: Side | None) -> Profile:
        first = next((line for line in log.lines if line.strip()), "").lstrip()
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


def _usable_or_refused(profile: Profile, log: Sample) -> Profile:
    """The profile as it can be used for a log, or with the reason for which it cannot."""
    if profile.refusal is not None:
        return profile
    try:
        return profile_checks.usable(profile, wrapper_gives_time=log.gives_time)
    except UsageError as error:
        rules = tuple(msgspec.structs.replace(rule, time=None) for rule in profile.rules)
        return msgspec.structs.replace(profile, refusal=str(error), time=Time(kind="none"), rules=rules)
