"""A place in a file of profiles, and the errors about what stands there.

An error names the file, the profile, the number of the rule (from 1) and the key.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

import msgspec

from logcorr.model.errors import UsageError
from logcorr.text.safe import safe


class ProfileError(UsageError):
    """A fault in a profile."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a profile or of one of its rules (`rule` counts from 1), in the file `origin`."""

    origin: str
    profile: str = ""
    rule: int | None = None
    key: str = ""

    def at(self, key: str) -> "Place":
        """The place of a key, or of a key within the value of this key."""
        return msgspec.structs.replace(self, key=f"{self.key}.{key}" if self.key else key)

    def fail(self, what: str) -> NoReturn:
        """Raises ProfileError: where, then `what`, which ends without a full stop."""
        parts = [f"profile {safe(self.profile)!r}"] if self.profile else []
        parts += [f"rule {self.rule}"] if self.rule is not None else []
        parts += [f"key {safe(self.key)!r}"] if self.key else []
        where = f"{safe(self.origin)}: {', '.join(parts)}" if parts else safe(self.origin)
        raise ProfileError(f"{where}: {what}.")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest known name, for the end of an error; else all known names if these are few."""
    names = list(known)
    close = get_close_matches(name, names, 1, 0.6)
    if close:
        return f"; the nearest is {close[0]!r}"
    return f"; known are {', '.join(names)}" if len(names) <= 16 else ""


def check_keys(table: Mapping[str, Any], known: Iterable[str], place: Place) -> None:
    """Raises ProfileError where a table has a key that is not known."""
    names = list(known)
    for key in table:
        if key not in names:
            place.at(key).fail(f"unknown key{nearest(key, names)}")


def one_of(value: Any, known: Iterable[str], place: Place) -> str:
    """A text that must be one of the known. Raises ProfileError."""
    names = list(known)
    word = text(value, place)
    if word not in names:
        place.fail(f"{safe(word)!r} is unknown{nearest(word, names)}")
    return word


def text(value: Any, place: Place) -> str:
    """A text. Raises ProfileError for any other value."""
    if not isinstance(value, str) or isinstance(value, Decimal):
        place.fail(f"a text is wanted, not {kind(value)}")
    return value


def boolean(value: Any, place: Place) -> bool:
    """True or false. Raises ProfileError for any other value."""
    if not isinstance(value, bool):
        place.fail(f"true or false is wanted, not {kind(value)}")
    return value


def table(value: Any, place: Place) -> dict[str, Any]:
    """A table. Raises ProfileError for any other value."""
    if not isinstance(value, dict):
        place.fail(f"a table is wanted, not {kind(value)}")
    return value


class Decimal(str):
    """A number with a fraction or an exponent, as TOML has it: its digits are kept as they are written."""

    __slots__ = ()


def kind(value: Any) -> str:
    """What a value of TOML is, for an error."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | Decimal):
        return "a number"
    names = ((str, "a text"), (list, "a list"), (dict, "a table"))
    return next((name for type_, name in names if isinstance(value, type_)), "a date or time")
