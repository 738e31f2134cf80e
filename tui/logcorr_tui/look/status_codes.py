"""Status codes: the class, the colour and the phrase of a code."""

from logcorr.model.status import class_of, phrase
from logcorr_tui.look.palette import Palette


def status_class(status: int | None) -> str:
    """The name of a code's class: good for 2xx, moved for 3xx, client for 4xx, odd for 1xx, server for the rest."""
    return {2: "good", 3: "moved", 4: "client", 1: "odd"}.get((status or 0) // 100, "server")


def colour_of(code: int | None, colours: Palette) -> str:
    """The colour of a status code's class. A code that is no HTTP status has the colour of a missing response."""
    by_class = {2: colours.good, 3: colours.info, 4: colours.warn, 5: colours.bad}
    return by_class.get(class_of(code), colours.lost)


def reason(code: int | None) -> str:
    """The reason phrase of a status code, short."""
    return phrase(code) or "Unknown"
