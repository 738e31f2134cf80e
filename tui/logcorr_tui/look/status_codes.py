"""Status codes: the class, the colour and the phrase of a code."""

from http import HTTPStatus

from logcorr_tui.look.palette import Palette

_BRIEF = {0: "Aborted", 500: "Internal Error", 503: "Unavailable"}


def status_class(status: int) -> str:
    """The class of a status code by the look's colours: good, moved, client, odd for 1xx, and server for the rest."""
    return {2: "good", 3: "moved", 4: "client", 1: "odd"}.get(status // 100, "server")


def colour_of(code: int | None, colours: Palette) -> str:
    """The colour of a code's class; what is no HTTP status is as odd as no response."""
    by_class = {2: colours.good, 3: colours.info, 4: colours.warn, 5: colours.bad}
    return by_class.get((code or 0) // 100, colours.lost)


def reason(code: int) -> str:
    """The phrase that goes with a status code, short."""
    if code in _BRIEF:
        return _BRIEF[code]
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"
