"""The formats of the logs of a correlation: logcorr's own two line forms, or profiles of one or two logs."""

from collections.abc import Mapping
from typing import Any

import msgspec

from logcorr.formats import line_format
from logcorr.formats.own_profiles import OWN, own_profile
from logcorr.formats.pair_lines import first_line
from logcorr.formats.profile import Field, Profile, Rule, Time
from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.formats.timestamps import CommonForm, common_form
from logcorr.inputs.files import InputFile
from logcorr.inputs.sample_lines import first_lines
from logcorr.jobs.event_sources import entry_columns
from logcorr.jobs.folder_files import own_entries_of
from logcorr.jobs.pair_reading import PairReading
from logcorr.jobs.tell_logs import Sample, Teller, ToldFormat, read_options, sample
from logcorr.model.errors import InputError, UsageError
from logcorr.model.ledger import ONE_LOG, SIDES, Log, LogFormat, Side
from logcorr.model.options import CorrelateOptions
from logcorr.pairing.rules import Rules
from logcorr.text.safe import safe

# Zones in which times of logcorr's own line forms are as they are written.
_UTC = (None, "Z", "UTC")
_OWN_FORMAT = LogFormat(name=OWN, origin="built in")


# What a log without lines is read as.
_EMPTY = Profile(
    name="empty",
    origin="built in",
    syntax="json",
    time=Time(field=Field(path="time")),
    id=(Field(path="id"),),
    rules=(Rule(event="request"), Rule(event="response")),
)


class PairFormats(msgspec.Struct, frozen=True, kw_only=True):
    """The format of each log of a correlation; `told` is empty for logcorr's own two line forms."""

    told: dict[Log, ToldFormat]
    samples: dict[Log, Sample]
    teller: Teller
    options: ReadOptions

    def profiles(self) -> dict[Side, Profile]:
        """The profile that reads each side."""
        one = self.told.get(ONE_LOG)
        return {side: (one or self.told[side]).profile for side in SIDES}

    @property
    def more_views(self) -> tuple[str, ...]:
        """The views that a run has only with these formats: profiles leave other lines."""
        return ("other",) if self.told else ()

    def notes(self) -> list[str]:
        """What the user should know of how the logs are read."""
        said = []
        for log, told in self.told.items():
            which = "" if log == ONE_LOG or len({*map(str, self.told.values())}) == 1 else f"{log}s: "
            heads = f", without the heads {', '.join(told.heads)}" if told.heads else ""
            if told.told or told.heads:
                said.append(f"{which}read as {told.profile.name} ({told.profile.origin}){heads}.")
        return list(dict.fromkeys(said))

    def key(self) -> dict[str, Any]:
        """What of the formats changes the result of a run."""
        return {"formats": {log: told.key for log, told in self.told.items()}} if self.told else {}

    def named(self, log: Log) -> LogFormat | None:
        """The name of a log's format, for the ledger; None for a log without lines, which may be of any format."""
        if log in self.told:
            return self.told[log].named if self.samples[log].view.has_lines or self.told[log].told else None
        return _OWN_FORMAT

    def rules(self, options: CorrelateOptions) -> Rules:
        """The rules of pairing. Raises UsageError for a duration that the log does not tell."""
        if not self.told:
            if options.duration == "given":
                raise _no_durations(OWN)
            return Rules(policy=options.pairing or "in-order", max_duration_us=options.max_duration_us)
        profiles = self.profiles()
        columns = entry_columns(profiles)
        response = profiles["response"]
        clockless = any(profile.clockless for profile in profiles.values())
        if options.duration == "given" and not columns.given:
            raise _no_durations(response.name)
        if options.duration == "events" and clockless:
            message = f"the format {response.name} has no clock, so only --duration given is possible."
            raise UsageError(message)
        return Rules(
            policy=options.pairing or response.pairing,
            max_duration_us=options.max_duration_us,
            duration="given" if clockless else options.duration or "events",
            ties_by_line=response.ties_by_line,
            one_log=ONE_LOG in self.told,
            columns=columns,
        )

    def reading(self, files: Mapping[Log, list[InputFile]], shifts_us: Mapping[Side, int]) -> PairReading:
        """How the entries of the logs are read. `shifts_us` is added to every instant of a side. Raises InputError."""
        stamps = {} if self.told else {side: _stamps(files[side]) for side in SIDES}
        return PairReading(told=self.told, stamps=stamps, options=self.options, shifts_us=dict(shifts_us))

    def span(self) -> tuple[int | None, int | None] | None:
        """About the first and the last instant (µs) of logs that profiles read."""
        if not self.told:
            return None
        firsts = [told.first_us for told in self.told.values() if told.first_us is not None]
        lasts = [told.last_us for told in self.told.values() if told.last_us is not None]
        return min(firsts, default=None), max(lasts, default=None)

    def unreadable(self) -> InputError:
        """The error for logs of which no line is an entry."""
        log = next((name for name, one in self.samples.items() if one.view.has_lines), next(iter(self.samples)))
        form = self.told[log].profile.name if log in self.told else OWN
        return self.teller.unreadable(self.samples[log], form=form)


def as_one_log(options: CorrelateOptions, files: Mapping[Log, list[InputFile]]) -> dict[Log, list[InputFile]]:
    """The files by log. Files that were given for both sides are one log, but for logcorr's own line forms."""
    if ONE_LOG in files or options.form == OWN:
        return dict(files)
    both = [{file.place for file in files[side]} for side in SIDES]
    if both[0] != both[1] or options.request_form or options.response_form:
        return dict(files)
    lines = sample(files["request"], options.reading).view.lines
    own = any(_has_own_line(lines, side) for side in SIDES)
    return dict(files) if own or not any(line.strip() for line in lines) else {ONE_LOG: files["request"]}


def tell_pair_formats(options: CorrelateOptions, files: Mapping[Log, list[InputFile]]) -> PairFormats:
    """The formats of the logs: as the options name them, else told by samples. Raises InputError and UsageError."""
    return pair_formats_of(options, {log: sample(of_log, options.reading) for log, of_log in files.items()})


def pair_formats_of(options: CorrelateOptions, samples: Mapping[Log, Sample]) -> PairFormats:
    """The formats of logs by their samples. Raises as `tell_pair_formats` does."""
    read = read_options(options.reading, collapse_ids=options.collapse_ids, collapse=options.collapse)
    registry = Registry(options.reading.files)
    teller = Teller(registry, options.reading, read, pairs=True)
    forms: dict[Log, str | None] = dict.fromkeys(samples, options.form)
    forms |= {"request": options.request_form or options.form, "response": options.response_form or options.form}
    told: dict[Log, ToldFormat] = {}
    if ONE_LOG in samples:
        told[ONE_LOG] = _one_log(samples[ONE_LOG], forms[ONE_LOG], teller)
    elif not _is_own(samples, forms, options):
        told = _of_sides(teller, samples, forms)
    elif options.reading.zone not in _UTC or any(samples[side].view.heads for side in SIDES):
        told = {side: ToldFormat(profile=own_profile(side), heads=samples[side].view.heads) for side in SIDES}
    return PairFormats(told=told, samples=dict(samples), teller=teller, options=read)


def _one_log(log: Sample, form: str | None, teller: Teller) -> ToldFormat:
    """The format of a log that holds both events. Raises InputError where it holds one side."""
    if form is None and not log.view.has_lines:
        return ToldFormat(profile=_EMPTY)
    if form in (None, OWN) and any(_has_own_line(log.view.lines, side) for side in SIDES):
        raise InputError(
            f"{safe(log.name)!r} holds lines TIMESTAMP,REQUEST_ID,VALUE of one side. Name the log of the other side "
            "too: REQUESTS RESPONSES."
        )
    return teller.format_of(log, form)


def _of_sides(teller: Teller, samples: Mapping[Log, Sample], forms: Mapping[Log, str | None]) -> dict[Log, ToldFormat]:
    """The formats of two logs. A log without lines is taken to be of the format of the other one."""
    told: dict[Log, ToldFormat] = {
        side: teller.format_of(samples[side], forms[side], side)
        for side in SIDES
        if samples[side].view.has_lines or forms[side]
    }
    other = next(iter(told.values()), ToldFormat(profile=_EMPTY))
    return {side: told.get(side) or msgspec.structs.replace(other, told=False) for side in SIDES}


def _is_own(samples: Mapping[Log, Sample], forms: Mapping[Log, str | None], options: CorrelateOptions) -> bool:
    """Whether two logs are of logcorr's own line forms: so named, or with such a line, or with headers alone."""
    if any(forms[side] for side in SIDES):
        return all(forms[side] == OWN for side in SIDES)
    if options.reading.fields is not None:
        return False
    own_lines = [side for side in SIDES if _has_own_line(samples[side].view.lines, side)]
    no_text = next((log for log in samples.values() if log.is_binary), None)
    if len(own_lines) == 1 and no_text is not None and not any(own_entries_of(no_text.view.lines).values()):
        raise InputError(f"{safe(no_text.name)!r}: this is no text, so no line of it can be read. Name a log.")
    return bool(own_lines) or all(_only_headers(samples[side].view.lines) for side in SIDES)


def _only_headers(lines: list[str]) -> bool:
    """Whether every line is blank, or a header of logcorr's own line forms."""
    return all(not (first_line(line) or "").strip(line_format.SPACE) for line in lines)


def _has_own_line(lines: list[str], side: Side) -> bool:
    return own_entries_of(lines)[side] > 0


def _stamps(files: list[InputFile]) -> CommonForm:
    """The form of most timestamps of a log of logcorr's own line forms."""
    return common_form([line.split(",", 1)[0].strip(line_format.SPACE) for line in first_lines(files)])


def _no_durations(name: str) -> UsageError:
    return UsageError(f"--duration given: responses of the format {name} tell no duration.")
