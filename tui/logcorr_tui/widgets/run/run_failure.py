"""How a run failed: what its exit code means, what the engine said, and what helps."""

from rich.text import Text

from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Failed


def failure(message: Failed, colours: Palette) -> Text:
    """What happened, what the child process said, and what to do."""
    what, todo = _why(message)
    said = "" if message.cancelled else message.said
    text = Text(what, style=f"bold {colours.ink}")
    if said:
        text.append("\n\n")
        for line in said.splitlines()[-12:]:
            text.append(f"  {safe(line, 400)}\n", style=colours.ink)
    text.append(("\n" if said else "\n\n") + todo, style=colours.dim)
    return text


def _why(message: Failed) -> tuple[str, str]:
    """What an exit code means, and what helps."""
    back = "r runs it again, Esc goes back."
    if message.cancelled:
        return "Nothing of it was kept.", back
    if message.code < 0:
        what = f"The engine was ended by signal {-message.code}."
        if message.code == -9:
            what = "The engine was killed, most likely because the machine ran out of memory."
        return what, f"Give it less with --memory, such as --memory 512MB, and see what else takes memory. {back}"
    if message.code == 2 and "`logcorr analyze`" in message.said:
        return "The logs could not be read as asked.", f"Here, open that log alone. {back}"
    if message.code == 2:
        return "The logs could not be read as asked.", f"See above what to name or to change. {back}"
    if message.code == 3:
        return "The disk is full or cannot be written.", f"Free some space, or name another disk with --store. {back}"
    if message.code == 70:
        return "This is a fault of logcorr, not of the logs.", f"Report it with the lines above. {back}"
    return f"The engine ended with code {message.code} and no result.", back
