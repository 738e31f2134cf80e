"""The screens of each kind of run, with their number keys, and the titles of views.

What differs between a pair of logs and an access log is looked up here by the kind of the run, or goes by the columns
of a view.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from logcorr.model.options import View

Kind = Literal["correlation", "access"]
# The mode of the screen of logs that are followed.
LIVE = "live"

_WORDS: dict[str, str] = {"ips": "IPs"}


@dataclass(frozen=True)
class Place:
    """A screen: its number key, its mode (the name of the view, for a table), its name, and what it shows.

    `tab` says whether the screen always has a tab. `brief` is the name on a narrow tab.
    """

    key: str
    mode: str
    text: str
    tip: str
    tab: bool = True
    short: str = ""

    @property
    def brief(self) -> str:
        return self.short or self.text


_OVERVIEW = Place("1", "overview", "Overview", "Tiles, latency, status, timeline and ledger")
_SLOW = Place("2", "slow", "Slow", "Exchanges slower than the p99")
_ERRORS = Place("3", "errors", "Errors", "Exchanges that failed: status 400 and over, or under 100")
_OTHER = Place("0", "other", "Other", "Lines that the format does not speak of", tab=False)
_MALFORMED = Place("5", "malformed", "Malformed", "Lines that could not be read, by reason", short="Bad")
_RUN = Place("6", "run", "Run", "The run: progress, memory, where every line went")

PLACES: dict[Kind, tuple[Place, ...]] = {
    "correlation": (
        _OVERVIEW,
        _SLOW,
        _ERRORS,
        Place("4", "orphans", "Orphans", "Entries without a partner, by reason"),
        _MALFORMED,
        _RUN,
        Place("7", "duplicates", "Duplicates", "Entries that came again", tab=False),
        Place("8", "skewed", "Skewed", "Exchanges whose response is before the request", tab=False),
        Place("9", "users", "Users", "Requests, errors and orphans by user", tab=False),
        _OTHER,
        Place("E", "endpoints", "Endpoints", "Requests, errors and latency by endpoint", tab=False),
        Place("I", "ips", "IPs", "Requests and errors by address", tab=False),
        Place("W", "windows", "Windows", "What happened in each window of time, the worst first", tab=False),
    ),
    "access": (
        _OVERVIEW,
        _SLOW,
        _ERRORS,
        Place("4", "endpoints", "Endpoints", "Requests, errors and latency by endpoint"),
        _MALFORMED,
        _RUN,
        Place("7", "ips", "IPs", "Requests and errors by address; who asks too much is marked and comes first"),
        Place("8", "windows", "Windows", "What happened in each window of time, the worst first"),
        Place("9", "skewed", "Skewed", "Exchanges with a duration below zero", tab=False),
        _OTHER,
    ),
}
# The screens that only some runs of a kind have: those whose exchanges have attributes, or whose format knows others.
_OF_SOME_RUNS = {"correlation": ("other", "endpoints", "ips", "windows"), "access": ("other",)}
MODES = tuple(dict.fromkeys(place.mode for places in PLACES.values() for place in places))
TABLES = tuple(mode for mode in MODES if mode in get_args(View))
VIEWS_OF_A_RUN = ("overview", *TABLES)
# The views whose rows can be compared with all others.
COMPARED_VIEWS: tuple[View, ...] = ("exchanges", "slow", "errors", "skewed", "orphans")


def places_of(kind: str, views: Collection[str] = ()) -> tuple[Place, ...]:
    """The screens of a run of this kind that has these views; without views, the screens that every such run has."""
    known: Kind = "access" if kind == "access" else "correlation"
    return tuple(place for place in PLACES[known] if place.mode not in _OF_SOME_RUNS[known] or place.mode in views)


def title_of(view: str) -> str:
    """The title of a view."""
    return _WORDS.get(view, view.capitalize())
