"""The files of a folder that the user named: what is no log is left out, and the two logs of a pair are told apart.

Only files that a folder brought are left out. A file that the user named, or a pattern, is read, or is an error.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import msgspec
import polars as pl

from logcorr.formats import line_format
from logcorr.formats.own_profiles import OWN
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import CommonForm
from logcorr.inputs.files import InputFile
from logcorr.jobs.tell_logs import Teller, ToldFormat, sample
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import CorrelateOptions, Reading
from logcorr.text.safe import safe

# A log is of responses where so many of its entries are, and of requests where the others are: nearly all users have
# names that are no status.
_SURE = 0.9
_MOST_NAMED = 3


class Chosen(msgspec.Struct, frozen=True):
    """The files to read, by log, and the names of those that are left out."""

    files: dict[Log, list[InputFile]]
    left_out: list[str] = []


def notes(left_out: Sequence[str]) -> list[str]:
    """What the user should know of the files that were left out."""
    if not left_out:
        return []
    named = ", ".join(safe(name, 200) for name in left_out[:_MOST_NAMED])
    more = f" and {len(left_out) - _MOST_NAMED:,} more" if len(left_out) > _MOST_NAMED else ""
    them = "it" if len(left_out) == 1 else "them"
    return [f"left out {named}{more}: no line of {them} is an entry."]


def own_logs(options: CorrelateOptions, files: Mapping[Log, list[InputFile]]) -> Chosen:
    """The logs of logcorr's own line forms among files of folders; all files, where there are no such logs.

    A folder that was given as one log, or for both sides, and that holds both logs of a pair is taken for the pair.
    """
    whole = Chosen(dict(files))
    if not _may_be_own(options) or not any(file.from_folder for of_log in files.values() for file in of_log):
        return whole
    given = list(files.values())
    one_folder = ONE_LOG in files or [file.identity for file in given[0]] == [file.identity for file in given[-1]]
    if one_folder:
        return _two_logs(given[0], options.reading) or whole
    kept: dict[Log, list[InputFile]] = {}
    left_out = []
    for side in SIDES:
        counts = {file.name: own_entries(file, options.reading) for file in files[side]}
        if not any(counts[file.name][side] for file in files[side]):
            return whole
        strangers = [file for file in files[side] if file.from_folder and not any(counts[file.name].values())]
        kept[side] = [file for file in files[side] if file not in strangers]
        left_out += [file.name for file in strangers]
    return Chosen(kept, left_out)


def read_by(told: Mapping[Log, ToldFormat], teller: Teller, files: Mapping[Log, list[InputFile]]) -> Chosen:
    """The files without those of folders of which their format reads no sampled line."""
    kept: dict[Log, list[InputFile]] = {}
    left_out = []
    for log, of_log in files.items():
        strangers = [
            file
            for file in of_log
            if file.from_folder and len(of_log) > 1 and log in told and not teller.reads(file, told[log])
        ]
        kept[log] = [file for file in of_log if file not in strangers] or of_log
        left_out += [file.name for file in strangers if len(strangers) < len(of_log)]
    return Chosen(kept, left_out)


def own_entries(file: InputFile, reading: Reading) -> dict[Side, int]:
    """How many sampled lines are requests, and how many are responses, in logcorr's own line forms."""
    return own_entries_of(sample([file], reading).view.lines)


def own_entries_of(lines: Sequence[str]) -> dict[Side, int]:
    """How many of some lines are requests, and how many are responses, in logcorr's own line forms."""
    frame = pl.DataFrame(
        {"line": lines, "row": range(len(lines)), "refused": [None] * len(lines)}, schema=line_format.LINE_SCHEMA
    )
    return {side: int(PairFormat(side=side, form=CommonForm()).classify(frame)["valid"].sum()) for side in SIDES}


def _may_be_own(options: CorrelateOptions) -> bool:
    forms = {options.form, options.request_form, options.response_form}
    return forms <= {None, OWN} and options.reading.fields is None


def _two_logs(files: Sequence[InputFile], reading: Reading) -> Chosen | None:
    """The files by the side that their lines are of; None where there are not both sides."""
    sides: dict[Log, list[InputFile]] = {"request": [], "response": []}
    left_out = []
    for file in files:
        side = side_of(file.name, own_entries(file, reading))
        if side is None:
            left_out.append(file.name)
        else:
            sides[side].append(file)
    return Chosen(sides, left_out) if all(sides.values()) else None


def side_of(path: str, counts: Mapping[Side, int]) -> Side | None:
    """The side that a file is of, by its lines; where users may be statuses, by its name. None for no log of a pair."""
    requests, responses = counts["request"], counts["response"]
    if not requests:
        return "response" if responses else None
    name = PurePath(path).name.lower()
    if responses >= _SURE * requests:
        return "request" if "req" in name else "response"
    # Requests without a user read as responses without a status too.
    return "response" if "resp" in name and responses * 2 > requests else "request"
