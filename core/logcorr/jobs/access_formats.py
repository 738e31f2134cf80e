"""The formats of the files of an access log. Each file may have its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.formats.profile import ATTRIBUTES
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.files import InputFile
from logcorr.jobs import folder_files
from logcorr.jobs.tell_logs import NoFormatError, Sample, Teller, ToldFormat, read_options, sample
from logcorr.model.errors import InputError
from logcorr.model.ledger import LogFormat
from logcorr.model.options import AnalyzeOptions
from logcorr.text.safe import safe

# What an empty log is read as.
_OF_EMPTY = "ndjson"


class AccessFormats(msgspec.Struct, frozen=True, kw_only=True):
    """The format of each file; `samples` are in the order of the files.

    `left_out` names the files of folders of which no line is of a known format.
    """

    files: list[InputFile]
    left_out: list[str]
    told: list[ToldFormat]
    samples: list[Sample]
    teller: Teller
    options: ReadOptions

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of exchanges: those that every access log has, and own ones of the profiles."""
        own = dict.fromkeys(name for told in self.told for name in told.profile.attribute_names)
        return (*_ORDER, *(name for name in own if name not in ATTRIBUTES))

    @property
    def schema(self) -> pl.Schema:
        """The columns of an exchange: request_time and duration_us in µs, status_code, row, attributes."""
        times = {"request_time": pl.Int64(), "duration_us": pl.Int64(), "status_code": pl.Int16(), "row": pl.UInt32()}
        return pl.Schema({**times, **dict.fromkeys(self.attributes, pl.String())})

    @property
    def named(self) -> LogFormat:
        """The names of the formats, and where they come from."""
        formats = dict.fromkeys(told.named for told in self.told)
        names, origins = (dict.fromkeys(getattr(one, key) for one in formats) for key in ("name", "origin"))
        return LogFormat(name=", ".join(names), origin=", ".join(origins))

    def forms(self) -> list[FileForm]:
        """How each file is read."""
        return [FileForm(reader=ProfileReader(told.profile, self.options), heads=told.heads) for told in self.told]

    def notes(self) -> list[str]:
        """What the user should know of how the logs are read."""
        said: dict[str, list[str]] = {}
        for told, log in zip(self.told, self.samples, strict=True):
            if told.told or told.heads:
                heads = f", without the heads {', '.join(told.heads)}" if told.heads else ""
                said.setdefault(f"read as {told.profile.name} ({told.profile.origin}){heads}.", []).append(log.name)
        left_out = folder_files.notes(self.left_out)
        if len(said) < 2:
            return [*said, *left_out]
        return left_out + [
            f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''} {note}" for note, names in said.items()
        ]

    def key(self) -> dict[str, Any]:
        """What of the formats changes the result of a run."""
        return {"formats": [told.key for told in self.told]}

    def unreadable(self) -> InputError:
        """The error for files of which no line is an exchange."""
        logs = list(zip(self.samples, self.told, strict=True))
        log, told = next((one for one in logs if one[0].view.has_lines), logs[0])
        return self.teller.unreadable(log, form=told.profile.name)


_ORDER = ("method", "endpoint", "ip", "user_agent")


def tell_access_formats(options: AnalyzeOptions, files: Sequence[InputFile]) -> AccessFormats:
    """The formats of the files: as the options name them, else told by samples. Raises InputError and UsageError.

    A file of a folder of which no line is of a known format is left out, unless that is all there is.
    """
    read = read_options(options.reading, collapse_ids=options.collapse_ids, collapse=options.collapse)
    registry = Registry(options.reading.files)
    teller = Teller(registry, options.reading, read, pairs=False)
    samples: list[Sample] = []
    told: list[ToldFormat | None] = []
    kept: list[InputFile] = []
    errors: dict[str, InputError] = {}
    for file in files:
        log = sample([file], options.reading)
        last = next((one for one in reversed(told) if one is not None), None)
        try:
            told.append(_format_of(log, teller, options.form, last))
        except NoFormatError as error:
            if not file.from_folder:
                raise
            errors[file.name] = error
            continue
        samples.append(log)
        kept.append(file)
    if errors and not kept:
        raise next(iter(errors.values()))
    some = next((one for one in told if one is not None), None)
    default = some or ToldFormat(profile=registry.get(_OF_EMPTY))
    return AccessFormats(
        files=kept,
        left_out=list(errors),
        told=[one or msgspec.structs.replace(default, told=False) for one in told],
        samples=samples,
        teller=teller,
        options=read,
    )


def _format_of(log: Sample, teller: Teller, form: str | None, last: ToldFormat | None) -> ToldFormat | None:
    """The format of a file; `last` is that of the file before. None for a file without lines."""
    if not log.view.has_lines and form is None:
        return None
    if last is not None and teller.fits(log, last):
        return last
    try:
        return teller.format_of(log, form)
    except NoFormatError as error:
        if not any(folder_files.own_entries_of(log.view.lines).values()):
            raise
        raise InputError(
            f"{safe(log.name)!r} holds lines TIMESTAMP,REQUEST_ID,VALUE of one side of a pair. Use "
            "`logcorr correlate REQUESTS RESPONSES` for them."
        ) from error
