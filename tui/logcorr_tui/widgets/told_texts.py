"""What a log is taken for as texts: a sentence, a line for each format to choose from, and the first lines as read."""

from collections.abc import Sequence
from pathlib import PurePath

from rich.text import Text

from logcorr.model.told import Choice, ReadLine, Told, ToldLog
from logcorr.text.fit_columns import Fitted, TextColumn, head
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.time_text import duration_text
from logcorr_tui.state.format_read import formats_told

_LINES = (
    TextColumn("line", right=True),
    TextColumn("event"),
    TextColumn("time", rank=1),
    TextColumn("status", right=True, rank=2),
    TextColumn("took", right=True, rank=3),
    TextColumn("id"),
    TextColumn("endpoint", fill=True, rank=4),
)
_CHOICES = (
    TextColumn(""),
    TextColumn("format"),
    TextColumn("holds", rank=2),
    TextColumn("lines read", right=True, rank=1),
    TextColumn("from", rank=4),
    TextColumn("what", fill=True, rank=3),
)
_HOLDS = {"pairs": "requests and responses", "exchanges": "exchanges"}
_LEAST = 16
# With fewer cells than these, times are without their date.
_DATED = 90
_NUMBER = 4
_ID = 28
_NAME = 40
_MOST_NAMED = 3


def sentence(told: Told, colours: Palette) -> Text:
    """What logs are taken for, or why they cannot be read and what to do."""
    if told.error is not None:
        return Text(f"! {safe(told.error, 700)}", style=colours.bad)
    alone = next((log for log in told.logs.values() if log.is_one_side and len(told.logs) == 1), None)
    if alone is not None:
        said = f"{_formats(told)}: {alone.events[0]}s alone, so the log of the other side is needed"
        return Text(said, style=colours.warn).append(_left_out(told))
    holds = _HOLDS[told.kind or "pairs"] + (" in one log" if "log" in told.logs else "")
    command = "analyses it" if told.kind == "exchanges" else "pairs them"
    text = f": {holds}. ⏎ {command}{_left_out(told)}"
    return Text.assemble((_formats(told), f"bold {colours.ink}"), (text, colours.ink))


def left_out(told: Told) -> str:
    """The files of a folder that are not read, as a sentence; empty where there are none."""
    names = [safe(PurePath(name).name, 80) for name in told.left_out]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"Left out, because no line fits: {', '.join(names[:_MOST_NAMED])}{more}" if names else ""


def _left_out(told: Told) -> str:
    return f"\n{said}" if (said := left_out(told)) else ""


def _formats(told: Told) -> str:
    return ", ".join(safe(found.sentence, 200) for found in formats_told(told))


def choice_lines(choices: Sequence[Choice], width: int) -> list[Text]:
    """A line for each format, with its number."""
    cells = [
        [
            str(number),
            safe(one.name, _NAME),
            _HOLDS[one.kind],
            f"{one.read:,} of {one.lines:,}" + (f", {one.malformed:,} malformed" if one.malformed else ""),
            safe(one.origin, _NAME),
            safe(one.about, 200),
        ]
        for number, one in enumerate(choices, 1)
    ]
    fitted = Fitted(_CHOICES, cells, width, _LEAST)
    return [Text(head(fitted.line(row), width), no_wrap=True, overflow="ellipsis") for row in cells]


def first_lines(told: Told, width: int, most: int, colours: Palette) -> Text:
    """The first lines as read, at most `most` rows of text: those of both logs where there are two."""
    logs = [log for log in told.logs.values() if log.lines]
    text = Text(no_wrap=True, overflow="ellipsis")
    each = max(most // max(len(logs), 1), 2)
    for log in logs:
        text.append_text(_lines_of(log, width, each, colours))
    text.rstrip()
    return text


def _lines_of(log: ToldLog, width: int, most: int, colours: Palette) -> Text:
    lines = log.lines[: most - 1]
    dated = width >= _DATED
    cells = {line.number: _cells(line, dated=dated) for line in lines if line.what in log.events}
    fitted = Fitted(_LINES, list(cells.values()), width, _LEAST)
    text = Text(f"{head(fitted.header(), width)}\n", style=colours.dim)
    for line in lines:
        text.append_text(_line(line, fitted.line(cells[line.number]) if line.number in cells else None, width, colours))
    return text


def _cells(line: ReadLine, *, dated: bool) -> list[str]:
    return [
        f"{line.number:>{_NUMBER}}",
        line.what,
        _time(line.time, dated=dated),
        safe(line.status or "–", 8),
        duration_text(line.duration_us),
        safe(line.id or "–", _ID),
        safe(line.endpoint or "–", 200),
    ]


def _line(line: ReadLine, read: str | None, width: int, colours: Palette) -> Text:
    if read is None:
        bad = line.what.startswith("malformed")
        shown = f"{line.number:>{_NUMBER}}  {line.what + ': ' if bad else ''}{safe(line.text, width)}"
        return Text(f"{head(shown, width)}\n", style=colours.warn if bad else colours.dim)
    text = Text(f"{head(read, width)}\n", style=colours.ink)
    inks = {"request": colours.accent, "response": colours.good}
    text.highlight_words([line.what], inks.get(line.what, colours.info))
    return text


def _time(time: str | None, *, dated: bool) -> str:
    """A time for people, or only the time of the day; to the millisecond where it has no more digits than that."""
    if time is None:
        return "–"
    text = time if dated else time.partition("T")[2] or time
    return safe(text.removesuffix("Z").replace("T", " ").removesuffix("000"), 32)
