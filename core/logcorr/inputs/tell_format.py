"""Tells the format of a log by samples of its lines.

A profile claims a log where it reads a request and a response among the samples, or exchanges in half of the lines, and
at most one in a hundred of the lines that its rules take is malformed. Of several claimants the one that takes most
lines is used. Profiles that read the same lines in the same way are no rivals: the one that reads more of each line is
used. Where two read the same lines differently, nothing is guessed.
"""

from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from logcorr.formats import json_fields
from logcorr.formats.profile import Profile
from logcorr.formats.profile_cells import required_paths
from logcorr.formats.profile_reader import EVENTS, ProfileReader, ReadOptions
from logcorr.model.ledger import Side

BUILT_IN = "built in"
_MOST_MALFORMED = 100
_RIVAL_SHARE = 0.9
# A profile that reads far fewer values of the same lines is of a more general log: no rival.
_RIVAL_VALUES = 0.75
# A log of which one line in so many is of a refused form is recognised.
_RECOGNISED = 4
_VALUES = ("request_id", "user_id", "status_code", "given_us")
# What two profiles must agree in to be no rivals.
_DECISIVE = ("kind", "time", "request_id", "status_code", "given_us")
_LEAST_LITERAL = 3


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What a profile reads among sampled lines.

    `lines` are those that are not blank, `taken` those that its rules take for events, `malformed` those of them that
    cannot be read, for want of `lacks` mostly. `values` counts the values that are read. `entries` has the entries by
    row.
    """

    profile: Profile
    lines: int
    taken: int
    malformed: int
    events: dict[str, int]
    values: int
    entries: pl.DataFrame
    lacks: str = ""

    @property
    def read(self) -> int:
        """How many lines are read as entries."""
        return self.taken - self.malformed

    @property
    def claims(self) -> bool:
        """Whether the profile claims the log."""
        both = bool(self.events.get("request") and self.events.get("response"))
        exchanges = self.events.get("exchange", 0) * 2 >= self.lines and self.lines > 0
        return (both or exchanges) and self._sound

    def claims_side(self, side: Side) -> bool:
        """Whether the profile claims a log that holds the entries of one side."""
        return self.events.get(side, 0) > 0 and self._sound

    @property
    def _sound(self) -> bool:
        return self.malformed * _MOST_MALFORMED <= self.taken


def candidate(
    profile: Profile, lines: Sequence[str], options: ReadOptions, extras: Sequence[pl.Series] = ()
) -> Candidate:
    """What a profile reads among lines; `extras` are columns of what a wrapper tells of each line."""
    frame = pl.DataFrame({"line": lines, "row": range(len(lines))}, schema={"line": pl.String, "row": pl.UInt32})
    by_kernel = not any("\n" in line for line in lines)
    read = ProfileReader(profile, options).classify(frame.hstack(list(extras)), by_kernel=by_kernel)
    event = pl.col("kind").is_in(EVENTS)
    bad = event & pl.col("reason").is_not_null()
    taken = read.filter(event)
    entries = read.filter(event & ~bad).sort("row")
    return Candidate(
        profile=profile,
        lines=read.filter(pl.col("kind") != "blank").height,
        taken=taken.height,
        malformed=taken.height - entries.height,
        events=dict(entries["kind"].value_counts().iter_rows()),
        values=sum(entries.height - entries[name].null_count() for name in (*_VALUES, *profile.attribute_names)),
        entries=entries,
        lacks=str(read.filter(bad)["reason"].mode().sort().first() or ""),
    )


def told(candidates: Sequence[Candidate], side: Side | None = None) -> Candidate | None:
    """The candidate that a log is of; None where no candidate reads a line. With `side`, the log holds that side.

    Where no candidate claims the log, one is taken that reads more lines than it refuses.

    Raises AmbiguousError where two candidates read the same lines differently.
    """
    readable = [one for one in candidates if one.profile.refusal is None]
    rivals = _rivals([one for one in readable if (one.claims_side(side) if side else one.claims)])
    if not rivals:
        rivals = _rivals([one for one in readable if one.read > one.malformed])
    if not rivals:
        return None
    own = [one for one in rivals if one.profile.origin != BUILT_IN]
    best = max(own or rivals, key=lambda one: (one.values, one.read))
    equals = [one for one in own or rivals if one is not best and one.values >= _RIVAL_VALUES * best.values]
    against = [one for one in equals if _disagree(best.entries, one.entries)]
    if against:
        raise AmbiguousError(sorted(one.profile.name for one in (best, *against)))
    return best


class AmbiguousError(Exception):
    """Several profiles read the same lines differently: `names`."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def refused(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate that recognises a log which cannot be read, for the reason that its profile names."""
    recognised = [
        one for one in candidates if one.profile.refusal is not None and one.taken * _RECOGNISED >= one.lines > 0
    ]
    return max(recognised, key=lambda one: one.taken, default=None)


def malformed(candidates: Iterable[Candidate]) -> list[tuple[str, str]]:
    """The candidates whose rules take lines that cannot be read: (name, what the lines lack), most lines first."""
    wrong = [one for one in candidates if one.malformed and one.profile.refusal is None]
    wrong.sort(key=lambda one: -one.malformed)
    return [(one.profile.name, f"a readable {one.lacks} in {one.malformed} of {one.lines} lines") for one in wrong]


def _rivals(candidates: list[Candidate]) -> list[Candidate]:
    """The candidates that read nearly as many lines as the one that reads most."""
    most = max((one.read for one in candidates), default=0)
    return [one for one in candidates if one.read >= _RIVAL_SHARE * most]


def _disagree(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two readings have other values for a line; a value that only one of them has is no difference."""
    both = one.join(other, on="row", suffix="_other")
    differ = [pl.col(name) != pl.col(f"{name}_other") for name in _DECISIVE]
    return bool(both.select(pl.any_horizontal(differ).fill_null(value=False).any()).item()) if both.height else False


def nearest(lines: Sequence[str], profiles: Iterable[Profile]) -> list[tuple[str, str]]:
    """The JSON profiles that have most of the fields they read in a log's first object: (name, what they lack)."""
    record = next((one for line in lines if isinstance(one := json_fields.parse(line), dict)), None)
    if record is None:
        return []
    scores = []
    for profile in profiles:
        if profile.syntax != "json" or profile.refusal is not None:
            continue
        wanted = dict.fromkeys(path for rule in profile.rules for path in required_paths(profile, rule))
        there = [path for path in wanted if json_fields.has(record, path)]
        lacked = [path for path in wanted if path not in there]
        if there and lacked:
            scores.append((len(there) / len(wanted), profile.name, ", ".join(lacked[:3])))
    scores.sort(key=lambda score: (-score[0], score[1]))
    return [(name, lacked) for _, name, lacked in scores]
