"""Lists the finished runs for the app: headline figures, options that are not the defaults, the time covered."""

from typing import Any

import msgspec

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import LogcorrError
from logcorr.model.options import AnalyzeOptions, CorrelateOptions, Reading
from logcorr.model.report import Timeline
from logcorr.runs import list_runs
from logcorr.runs.run_folder import REPORT, RunFolder
from logcorr.text import instants
from logcorr.text.option_words import option_words
from logcorr.text.safe import safe

# The defaults of a format, which a run tells though nobody has given them.
_AS_THE_FORMAT_SAYS = {"pairing": "in-order", "duration": "events"}
# What holds others, and the formats: a run does not tell whether they were given or told by the lines.
_NOT_GIVEN = ("reading", "form", "request_form", "response_form", "files", "formats")


class _Covered(msgspec.Struct):
    """The part of a report that tells which time its logs cover."""

    timeline: Timeline


def run_rows(root: AnyPath) -> list[dict[str, Any]]:
    """The rows of `runs list --json`, newest first, each with `options` and `covers` for people."""
    found = list_runs.rows(root)
    for row in found:
        if "error" not in row:
            row["options"], row["covers"] = _details(RunFolder(root / row["run"]))
    return found


def _details(run: RunFolder) -> tuple[str, str]:
    """The options that were given, and the time that the logs cover. Empty where they cannot be read."""
    try:
        options = given_options(run.manifest.kind, run.manifest.options)
        covered = instants.span(msgspec.json.decode((run.place / REPORT).read_bytes(), type=_Covered).timeline)
    except (LogcorrError, OSError, msgspec.MsgspecError):
        return "", ""
    return options, _span(*covered) if covered is not None else ""


def _span(start: float, end: float) -> str:
    """A span of time, short: the minutes of a day, or the days."""
    first, last = (instants.strftime(at, "%d %b") for at in (start, end))
    if first == last:
        return f"{first} {instants.strftime(start, '%H:%M')}–{instants.strftime(-(-end // 60) * 60, '%H:%M')}"
    return f"{first} – {last}"


def given_options(kind: str, options: dict[str, Any]) -> str:
    """The options of a run that are not the defaults, as the command line names them: `window 5m · collapse-ids`."""
    struct = AnalyzeOptions if kind == "access" else CorrelateOptions
    usual = {field.name: field.default for field in msgspec.structs.fields(struct)}
    usual |= msgspec.structs.asdict(Reading()) | _AS_THE_FORMAT_SAYS
    flat = {**options, **options.get("reading", {})}
    given = {
        name: value
        for name, value in flat.items()
        if name not in _NOT_GIVEN and not _same(value, usual.get(name)) and not isinstance(value, dict)
    }
    told = [found for name, value in given.items() for found in option_words(name, value)]
    words = (name if value == "yes" else f"{name} {value}" for name, value in told)
    return safe(" · ".join(word.replace("_", "-", 1) for word in words), 200)


def _same(value: Any, usual: Any) -> bool:
    return value in (None, [], "") or value == usual or (isinstance(value, list) and tuple(value) == usual)
