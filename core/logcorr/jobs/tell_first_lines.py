"""What logs are taken for before anything runs: kind, format, other formats that read them, the first lines as read."""

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from logcorr.compute import resources
from logcorr.formats.line_format import LINE_SCHEMA
from logcorr.formats.own_profiles import OWN
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import CommonForm
from logcorr.inputs.decompress import check_text
from logcorr.inputs.files import InputFile, resolve
from logcorr.inputs.head_forms import NONE
from logcorr.inputs.tell_format import Candidate
from logcorr.jobs import folder_files
from logcorr.jobs.access_formats import tell_access_formats
from logcorr.jobs.pair_formats import tell_pair_formats
from logcorr.jobs.tell_kind import KindTeller
from logcorr.jobs.tell_logs import ToldFormat
from logcorr.jobs.try_format import TriedLine, first_lines, try_format
from logcorr.model.errors import InputError, LogcorrError
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import AnalyzeOptions, CorrelateOptions, Reading
from logcorr.model.told import Choice, Kind, ReadLine, Told, ToldLog
from logcorr.text import instants

_EVENTS = ("request", "response", "exchange")
_MOST_CHOICES = 9
_SHOWN_LINES = 40
_SHOWN_TEXT = 240
# Among so many files of a log, those of the other side are looked for.
_MOST_FILES = 16


def tell_logs(words: Sequence[str], reading: Reading, form: str | None = None) -> Told:
    """What the named logs are taken for. `form` is the name of a format, if the user gave one.

    Two words name the logs of requests and of responses, unless each of them holds exchanges or both events. All other
    words name one log. What is wrong with a log is told in its `error`.
    """
    if len(words) != 2:
        return _one(words, reading, form)
    singles = [_one([word], reading, form) for word in words]
    kinds = {one.kind if not any(log.is_one_side for log in one.logs.values()) else None for one in singles}
    if kinds in ({"pairs"}, {"exchanges"}):
        return _one(words, reading, form)
    return tell_sides(words[:1], words[1:], reading, form)


def tell_sides(requests: Sequence[str], responses: Sequence[str], reading: Reading, form: str | None = None) -> Told:
    """What a log of requests and a log of responses are taken for."""
    words: dict[Side, Sequence[str]] = {"request": requests, "response": responses}
    files: dict[Log, list[InputFile]] = {}
    for side in SIDES:
        try:
            files[side] = _files(side, words[side])
        except LogcorrError as error:
            return Told(kind=None, logs={side: ToldLog(files=list(words[side]), error=str(error))})
    return _sides(files, reading, form)


def _sides(files: Mapping[Log, list[InputFile]], reading: Reading, form: str | None) -> Told:
    """What the files of both sides are taken for, or those of one log that are of both sides."""
    options = _options(reading, form)
    own = folder_files.own_logs(options, files)
    files = own.files
    try:
        formats = tell_pair_formats(options, files)
        told, chosen = formats.told, folder_files.read_by(formats.told, formats.teller, files)
        files = chosen.files
    except LogcorrError as error:
        names = [file.name for of_log in files.values() for file in of_log]
        return Told(kind=None, logs={"request": ToldLog(files=names, error=str(error))})
    logs: dict[Log, ToldLog] = {}
    for side in SIDES:
        names = [file.name for file in files[side]]
        if side in told:
            logs[side] = _told_log(files[side], reading, told[side], [])
        else:
            logs[side] = _own(names, _own_lines(files[side][0], side))
    return Told(kind="pairs", logs=logs, left_out=[*own.left_out, *chosen.left_out])


def _options(reading: Reading, form: str | None) -> CorrelateOptions:
    return CorrelateOptions(form=form, reading=reading, memory_bytes=resources.default_memory())


def _one(words: Sequence[str], reading: Reading, form: str | None) -> Told:
    """What one log is taken for."""
    try:
        files = _files("log", words)
    except LogcorrError as error:
        return Told(kind=None, logs={"log": ToldLog(files=list(words), error=str(error))})
    if "request" in folder_files.own_logs(_options(reading, form), {ONE_LOG: files}).files:
        return _sides({ONE_LOG: files}, reading, form)
    names = [file.name for file in files]
    choices: list[Choice] = []
    try:
        teller = KindTeller(reading, form)
        if form is None and reading.fields is None:
            choices = _choices(teller.candidates(files))
        kind, log, told = teller.told(files)
    except LogcorrError as error:
        own = _own_lines(files[0], "request") if isinstance(error, InputError) and not choices else []
        if any(line.what == "request" for line in own):
            return Told(kind="pairs", logs={"log": _own(names, own)})
        return Told(kind=None, logs={"log": ToldLog(files=names, error=str(error), choices=choices)})
    left_out = _left_out(files, kind, reading, form)
    files = [file for file in files if file.name not in left_out]
    shown = [file for file in files if file.name == log.name] or files
    one = _told_log([*shown, *(file for file in files if file not in shown)], reading, told, choices)
    return Told(kind=kind, logs={"access" if kind == "exchanges" else "log": one}, left_out=left_out)


def _left_out(files: list[InputFile], kind: Kind, reading: Reading, form: str | None) -> list[str]:
    """The files of folders that a job would leave out; none where it would say that a file cannot be read."""
    if not any(file.from_folder for file in files):
        return []
    try:
        if kind == "exchanges":
            words = tuple(file.name for file in files)
            options = AnalyzeOptions(files=words, form=form, reading=reading, memory_bytes=resources.default_memory())
            return tell_access_formats(options, files).left_out
        formats = tell_pair_formats(_options(reading, form), {ONE_LOG: files})
        return folder_files.read_by(formats.told, formats.teller, {ONE_LOG: files}).left_out
    except LogcorrError:
        return []


def _files(log: Log, words: Sequence[str]) -> list[InputFile]:
    """The files of a log, checked. Raises InputError."""
    files = resolve(log, tuple(words))
    for file in files:
        check_text(file)
    return files


def _told_log(files: Sequence[InputFile], reading: Reading, told: ToldFormat, choices: list[Choice]) -> ToldLog:
    """A log that is read in a format, with the first lines of its first file."""
    profile, without_heads = told.profile, msgspec.structs.replace(reading, unwrap=told.heads or (NONE,))
    tried = try_format(profile, files[0], without_heads)
    events = set(tried.counts)
    for file in files[1:_MOST_FILES]:
        # Requests and responses may lie in files of their own.
        if len(events & set(SIDES)) != 1:
            break
        events |= try_format(profile, file, without_heads).counts.keys()
    chosen = [choice for choice in choices if choice.name == profile.name]
    return ToldLog(
        files=[file.name for file in files],
        format=profile.name,
        origin=profile.origin,
        about=profile.about,
        told=told.told,
        heads=list(told.heads),
        events=[event for event in _EVENTS if event in events],
        choices=[*chosen, *(choice for choice in choices if choice not in chosen)],
        lines=[_read_line(line) for line in tried.lines[:_SHOWN_LINES]],
    )


def _read_line(line: TriedLine) -> ReadLine:
    fields = line.fields if line.kind in _EVENTS else {}
    given = fields.get("given_us")
    return ReadLine(
        number=line.line,
        what=line.kind,
        text=line.text[:_SHOWN_TEXT],
        time=fields.get("time") or fields.get("clock"),
        id=fields.get("request_id"),
        status=fields.get("status_code"),
        duration_us=None if given is None else int(given),
        endpoint=fields.get("endpoint"),
    )


def _choices(found: Sequence[Candidate]) -> list[Choice]:
    """The formats that read lines and may be chosen, the best first."""
    readable = [one for one in found if one.read and one.profile.refusal is None]
    readable.sort(key=lambda one: (not one.claims, -one.values, -one.read, one.profile.name))
    return [
        Choice(
            name=one.profile.name,
            origin=one.profile.origin,
            about=one.profile.about,
            kind="pairs" if one.profile.is_pair else "exchanges",
            lines=one.lines,
            read=one.read,
            malformed=one.malformed,
        )
        for one in readable[:_MOST_CHOICES]
    ]


def _own(names: list[str], lines: list[ReadLine]) -> ToldLog:
    """A log of one side in logcorr's own line form."""
    sides = [event for event in _EVENTS if any(line.what == event for line in lines)]
    return ToldLog(files=names, format=OWN, origin="built in", about=_OWN_ABOUT, events=sides, lines=lines)


_OWN_ABOUT = "TIMESTAMP,REQUEST_ID,USER_ID or STATUS_CODE"


def _own_lines(file: InputFile, side: Side) -> list[ReadLine]:
    """The first lines of a file in logcorr's own line form."""
    texts = [line.removesuffix(b"\r").decode(errors="replace") for line in first_lines(file)][:_SHOWN_LINES]
    columns = {"line": texts, "row": range(len(texts)), "refused": [None] * len(texts)}
    read = PairFormat(side=side, form=CommonForm()).classify(pl.DataFrame(columns, schema=LINE_SCHEMA)).sort("row")
    return [_own_line(row, side) for row in read.iter_rows(named=True)]


def _own_line(row: dict[str, object], side: Side) -> ReadLine:
    number, text = int(str(row["row"])) + 1, str(row["line"])[:_SHOWN_TEXT]
    if not row["valid"]:
        return ReadLine(number=number, what="blank" if row["blank"] else f"malformed: {row['reason']}", text=text)
    status = row.get("status_code")
    return ReadLine(
        number=number,
        what=side,
        text=text,
        time=instants.text(int(str(row["time"]))),
        id=str(row["request_id"]),
        status=None if status is None else str(status),
    )
