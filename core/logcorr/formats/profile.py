"""A profile: how one kind of log becomes entries. It is data: `profile_toml` reads it from a table in TOML.

A profile says which lines are events, what each event is, and where its fields are. Built-in profiles and the profiles
of users have the same form. Nothing here reads a line.
"""

from typing import Literal

import msgspec

Syntax = Literal["json", "logfmt", "csv", "text"]
Event = Literal["request", "response", "exchange", "ignore", "restart"]
Pairing = Literal["in-order", "nearest", "first", "last"]
Unit = Literal["s", "ms", "us", "ns", "go", "timedelta"]
# The attributes that a profile can name without a table of its own.
ATTRIBUTES = ("endpoint", "method", "ip", "user_agent")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text is: at a path, or a part of the text at a path.

    `path` is a path of keys (json, logfmt), a column (csv) or a group of the pattern (text). `pick` is a pattern with
    one group, which takes a part of the text. With `any_of`, the first of several fields that is there counts; with
    `join_of`, the texts of several fields are joined by a space. Both have no path.
    """

    path: str = ""
    pick: str | None = None
    any_of: tuple["Field", ...] = ()
    join_of: tuple["Field", ...] = ()

    def paths(self) -> tuple[str, ...]:
        """Every path that the field looks at, in order."""
        if self.path:
            return (self.path,)
        return tuple(path for field in (*self.any_of, *self.join_of) for path in field.paths())


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of an entry is, and its form.

    `kind` is "field" (a field of the line), "previous" (the time of the last line above in the same file that had one)
    or "none" (the log has no clock). `form` is `rfc3339`, `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`,
    `epoch_hex_s_ns` or a pattern with `%`. With `any_of`, the first of several times whose field is there counts. The
    field "@time" is the time that a wrapper gives. `at` tells whether the time of an exchange is its start or its end.
    """

    kind: Literal["field", "previous", "none"] = "field"
    field: Field = Field()
    form: str = "rfc3339"
    at: Literal["start", "end"] = "end"
    any_of: tuple["Time", ...] = ()


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition on the text at a path.

    `values`: the text is one of them. `prefix`: it begins so. `match`: the pattern is found at its start. `exists`: it
    is there, or not; JSON null is not there. `null`: it is JSON null, or not. Exactly one of the five is set. A number
    is compared as it is written.
    """

    path: str
    values: tuple[str, ...] | None = None
    prefix: str | None = None
    match: str | None = None
    exists: bool | None = None
    null: bool | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status code of an entry: always `always`, or the number in a field, or what `codes` says of its text.

    `otherwise` is for texts that `codes` does not have; `null` is for a text that is missing, JSON null, empty or `-`.
    `null` of None: there is no status in the profile for such a line, so the line is malformed. `null_is_none`: such an
    entry has no status.
    """

    always: int | None = None
    field: Field | None = None
    codes: dict[str, int] | None = None
    otherwise: int | None = None
    null: int | None = None
    null_is_none: bool = False


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """A duration that a line tells: a number in `field`, in `unit`, or in the unit whose text is in `unit_field`.

    `units` translates texts of units; without a translation the text is the unit itself. With `sum_of` the duration is
    the sum of several fields, and null if one of them is missing or negative. `lenient`: a text that is no duration is
    no duration; else it makes the line malformed.
    """

    field: Field = Field()
    unit: Unit | None = None
    unit_field: Field | None = None
    units: dict[str, Unit] = {}
    sum_of: tuple[Field, ...] = ()
    lenient: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a profile: which lines it takes, what event they are, and where their fields are.

    What is None here is as the profile says. `match` is a pattern of the whole line from its start; its named groups
    are fields. `weak` is for a response that answers only what is still open.
    """

    event: Event
    where: tuple[Condition, ...] = ()
    match: str | None = None
    status: Status | None = None
    duration: Duration | None = None
    weak: bool = False
    time: Time | None = None
    id: tuple[Field, ...] | None = None
    zone: str | None = None
    user: Field | None = None
    endpoint: Field | None = None
    method: Field | None = None
    ip: Field | None = None
    user_agent: Field | None = None
    attributes: dict[str, Field] = {}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of log becomes entries. `origin` names the file it comes from: "built in", or a path.

    `unwrap` names heads to take off each line; None means that they are told by their shape. `ties_by_line`: at one
    instant the lines of a file are in their order. `columns` of csv may be empty: then a header names them, or a line
    that begins with `fields_line` (such as "#Fields:"). `refusal` says why logs of this form cannot be read, and what
    to set at the server: such a profile is only there to be recognised. With `strict` every line is of this log: a line
    that does not fit is malformed, and not a line of another kind.
    """

    name: str
    origin: str
    syntax: Syntax
    rules: tuple[Rule, ...]
    columns: tuple[str, ...] = ()
    separator: str = ","
    quote: str = '"'
    fields_line: str | None = None
    prefix: str | None = None
    unwrap: tuple[str, ...] | None = None
    time: Time | None = None
    zone: str = "Z"
    id: tuple[Field, ...] = ()
    user: Field | None = None
    endpoint: Field | None = None
    method: Field | None = None
    ip: Field | None = None
    user_agent: Field | None = None
    attributes: dict[str, Field] = {}
    pairing: Pairing = "in-order"
    ties_by_line: bool = False
    about: str = ""
    refusal: str | None = None
    strict: bool = False

    @property
    def is_pair(self) -> bool:
        """Whether the log holds requests and responses; else it holds whole exchanges."""
        return any(rule.event in ("request", "response") for rule in self.rules)

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The attributes that entries of this profile have, the four known ones first."""
        holders: tuple[Profile | Rule, ...] = (self, *self.rules)
        own = dict.fromkeys(name for holder in holders for name in holder.attributes)
        known = [name for name in ATTRIBUTES if any(getattr(holder, name) for holder in holders)]
        return (*known, *(name for name in own if name not in known))

    def rules_of(self, event: Event) -> list[Rule]:
        """The rules whose lines are of an event."""
        return [rule for rule in self.rules if rule.event == event]

    def attributes_of(self, event: Event) -> tuple[str, ...]:
        """The attributes that entries of an event have, in the order of `attribute_names`."""
        rules = self.rules_of(event)
        holders: tuple[Profile | Rule, ...] = (self, *rules) if rules else ()
        own = {name for holder in holders for name in holder.attributes}
        known = {name for name in ATTRIBUTES if any(getattr(holder, name) for holder in holders)}
        return tuple(name for name in self.attribute_names if name in own | known)

    @property
    def has_durations(self) -> bool:
        """Whether any rule reads a duration."""
        return any(rule.duration is not None for rule in self.rules)

    @property
    def has_weak(self) -> bool:
        """Whether any rule is weak."""
        return any(rule.weak for rule in self.rules)

    @property
    def clockless(self) -> bool:
        """Whether the log has no clock."""
        return self.time is not None and self.time.kind == "none"
